"""What support can do for a person, from their page."""

from collections.abc import Iterable

from django.http import HttpRequest

from accounts.models import User


def actions_for(request: HttpRequest, person: User) -> Iterable[tuple[str, str, str]]:
    """(words of the link, address, group) of what this member of the staff may do for `person`, group by group."""
    return ()
