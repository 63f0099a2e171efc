"""Who is one person among the authors: everybody with the same ORCID iD; without one, everybody of the same name.

A name is not a person, so articles that carry an iD are never put together with those that do not, and the page of a
name says so. An address under `/authors/` ends in an iD or in a name.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from journal.topic_models import ArticleAuthor

_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")


@dataclass(frozen=True, slots=True)
class Person:
    """`key` as it stands in the address. `others` of that name may be the same person, or not."""

    key: str
    name: str
    orcid: str = ""
    articles: int = 0
    others: tuple["Person", ...] = ()


def is_orcid(key: str) -> bool:
    return _ORCID.fullmatch(key) is not None


def _with_id(orcid: str) -> Any:
    return ArticleAuthor.objects.filter(orcid__filled=orcid)


def rows_of(key: str) -> Any:
    """The rows of one person."""
    return _with_id(key) if is_orcid(key) else ArticleAuthor.objects.filter(key=key, orcid="")


def rows_of_name_or_person(key: str) -> Any:
    """For alerts: who asked about a name hears of everybody of that name, whether with an iD or without."""
    return _with_id(key) if is_orcid(key) else ArticleAuthor.objects.filter(key=key)


def name_of(key: str) -> str:
    """The name for an address; empty when nobody has it."""
    found: str | None = rows_of_name_or_person(key.replace("\x00", "")).values_list("name", flat=True).first()
    return found or ""


def find(key: str) -> Person | None:
    """Who an address means. A name that only one iD has means that person: then `key` is the iD, not what was asked."""
    own = rows_of_name_or_person(key).values_list("key", "name", "orcid").annotate(number=Count("pk"))
    counted = list(own.order_by("-number", "name"))
    if not counted:
        return None
    name = counted[0][1]
    if is_orcid(key):
        keys = {one for one, *_ in counted}
        return Person(key, name, key, others=_people(ArticleAuthor.objects.filter(key__in=keys).exclude(orcid=key)))
    people = _people(ArticleAuthor.objects.filter(key=key)) if any(orcid for *_, orcid, _ in counted) else ()
    with_id = tuple(one for one in people if one.orcid)
    return with_id[0] if len(people) == len(with_id) == 1 else Person(key, name, others=with_id)


def _people(rows: Any) -> tuple[Person, ...]:
    counted = rows.order_by("orcid", "name").values_list("orcid", "key", "name").annotate(number=Count("pk"))
    found: dict[str, Person] = {}
    for orcid, key, name, number in counted:
        known = found.get(orcid or key)
        found[orcid or key] = Person(orcid or key, name, orcid, number + (known.articles if known else 0))
    return tuple(found.values())


def beginning_with(initial: str, most: int) -> list[Person]:
    """Everybody under a letter, in the order of their surnames. Where several have one name, each is told apart."""
    rows = ArticleAuthor.objects.filter(initial=initial).order_by("sort", "key", "orcid")
    people = {orcid or key: Person(orcid or key, name, orcid) for key, name, orcid in
              rows.values_list("key", "name", "orcid").distinct()[:most]}  # fmt: skip
    return list(people.values())
