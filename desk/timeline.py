"""Everything that happened to a person, newest first: one list merged in one statement, page by page, or of one source.

A source is a query with a column `at` and the words for its rows; an app adds its own by `@source(…)`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from desk.asking import Row, merged

A_PAGE = 40
Told = tuple[str, str]  # words, and the address of the row in the admin (or none)


@dataclass(frozen=True, slots=True)
class Source:
    name: str
    words: str
    rows: Callable[[User], "QuerySet[Any, Any]"]
    tell: Callable[[Row], Told]
    permission: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    source: str
    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Page:
    """`before`: where the next page begins, as text for its address; empty on the last one."""

    entries: list[Entry]
    before: str


SOURCES: dict[str, Source] = {}


def source(
    name: str, words: str, *, permission: str = ""
) -> Callable[[Callable[[User], "QuerySet[Any, Any]"]], Callable[[Callable[[Row], Told]], None]]:
    """`@source("mails", "Mail")` on the query (a column `at`); the words of a row are given to what it returns."""

    def add(rows: Callable[[User], "QuerySet[Any, Any]"]) -> Callable[[Callable[[Row], Told]], None]:
        def tell(words_of: Callable[[Row], Told]) -> None:
            SOURCES[name] = Source(name, words, rows, words_of, permission)

        return tell

    return add


def page_of(person: User, may: Callable[[str], bool], only: str = "", before: datetime | None = None) -> Page:
    """The newest entries, or those before a moment; of all sources this member of the staff may see, or of one."""
    asked = {
        one.name: _slice(one.rows(person), before)
        for one in SOURCES.values()
        if only in ("", one.name) and (not one.permission or may(one.permission))
    }
    found = merged(asked, A_PAGE + 1)
    entries = [Entry(at, SOURCES[name].words, *SOURCES[name].tell(row)) for name, at, row in found]
    return Page(entries[:A_PAGE], found[A_PAGE - 1][1].isoformat() if len(found) > A_PAGE else "")


def _slice(rows: "QuerySet[Any, Any]", before: datetime | None) -> "QuerySet[Any, Any]":
    """Up to a page of one source; what is in the future (the end of a right) has not happened yet."""
    return rows.filter(at__lt=before or timezone.now()).order_by("-at")[: A_PAGE + 1]


def choices(may: Callable[[str], bool]) -> list[tuple[str, str]]:
    return [(one.name, one.words) for one in SOURCES.values() if not one.permission or may(one.permission)]


def read_before(text: str) -> datetime | None:
    """The moment of an address; nothing where somebody wrote one by hand that is none."""
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    return found if timezone.is_aware(found) else None
