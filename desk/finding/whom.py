"""The one person that a text means, for programs and the shell; or why it is not one."""

from accounts.models import User
from desk import finding


class NotOne(Exception):
    """Nobody, or more than one: the message says which."""


def person(text: str) -> User:
    """Whoever the desk's search would open the page of. Asks with all permissions: the shell is the administrator's."""
    found = finding.find(text, lambda _: True)
    if found.problem:
        raise NotOne(found.problem)
    people = {hit.person for hit in found.hits if hit.person}
    only = found.only
    if only and only.person:
        return User.objects.get(pk=only.person)
    if len(people) == 1 and not found.more:
        return User.objects.get(pk=people.pop())
    if not people:
        raise NotOne(f"Nobody was found for “{found.typed}”.")
    names = ", ".join(hit.what for hit in found.hits if hit.person)
    raise NotOne(
        f"“{found.typed}” may be several people: {names}{', and more' if found.more else ''}. Name one of them."
    )
