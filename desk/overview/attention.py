"""Asking after every matter at once: one statement of bounded counts, whatever the site holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, F, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince

from desk.overview.matters import MATTERS, Matter
from journal.search import fulltext

A_MINUTE = timedelta(minutes=1)
MOST = 1000  # is counted to; more are “more than 1,000”


@dataclass(frozen=True, slots=True)
class Found:
    """A matter that needs attention: how many, since when the oldest, and when the first is due."""

    matter: Matter
    count: int
    oldest: datetime | None
    due: datetime | None
    now: datetime

    @property
    def number(self) -> str:
        return f"More than {MOST:,}" if self.count > MOST else f"{self.count:,}"

    @property
    def words(self) -> str:
        return self.matter.words(self.count)

    @property
    def address(self) -> str:
        if not self.matter.page:
            return ""
        address = reverse(f"admin:{self.matter.page}_changelist")
        return f"{address}?{self.matter.query}" if self.matter.query else address

    @property
    def age(self) -> str:
        """`3 days ago`"""
        if self.oldest is None:
            return ""
        return "just now" if self.now - self.oldest < A_MINUTE else f"{timesince(self.oldest, self.now, depth=1)} ago"

    @property
    def is_overdue(self) -> bool:
        return self.due is not None and self.due < self.now


@dataclass(frozen=True, slots=True)
class Attention:
    found: tuple[Found, ...]
    looked_at: tuple[str, ...]
    at: datetime
    no_index: bool = False

    @property
    def is_quiet(self) -> bool:
        return not self.found and not self.no_index


def of(request: HttpRequest) -> Attention | None:
    """What needs this staff member's attention; None when there is nothing they may look at."""
    seen = [matter for matter in MATTERS if request.user.has_perm(matter.permission)]
    if not seen:
        return None
    now = timezone.now()
    names = tuple(dict.fromkeys(matter.many for matter in seen if matter.many))
    return Attention(tuple(look(seen, now)), names, now, request.user.has_perm("journal.add_article") and _no_index())


def look(matters: Sequence[Matter], now: datetime) -> Iterable[Found]:
    """What is there of `matters`: what has a day to be done by comes first, the rest in the order of the list."""
    told = {key: (count, oldest, due) for key, count, oldest, due in _ask(matters, now)}
    counts = {key: count for key, (count, _, _) in told.items()}
    found = [Found(matter, *told[matter.key], now) for matter in matters if _is_shown(matter, counts)]
    return sorted(found, key=lambda one: (not one.is_overdue, one.due is None))


def _is_shown(matter: Matter, counts: dict[str, int]) -> bool:
    return matter.is_shown(counts) if matter.is_shown else counts[matter.key] > 0


def _ask(matters: Sequence[Matter], now: datetime) -> Sequence[tuple[str, int, datetime | None, datetime | None]]:
    parts, told = statement(matters, now)
    with connection.cursor() as cursor:
        cursor.execute(parts, told)
        found: Sequence[tuple[str, int, datetime | None, datetime | None]] = cursor.fetchall()
    return found


def statement(matters: Sequence[Matter], now: datetime) -> tuple[str, list[Any]]:
    parts, told = [], list[Any]()
    for matter in matters:
        due: Any = F(matter.due) if matter.due else Value(None, output_field=DateTimeField())
        rows = matter.rows(now).annotate(oldest_at=F(matter.since), first_due=due)
        rows = rows if matter.since in ("failed_at", "scheduled_at") else rows.order_by(matter.since)
        sql, values = rows.values_list("oldest_at", "first_due")[: MOST + 1].query.sql_with_params()
        parts.append(f"SELECT %s::text, count(*), min(t.at), min(t.due)::timestamptz FROM ({sql}) AS t(at, due)")  # noqa: S608  (ours)
        told += [matter.key, *values]
    return " UNION ALL ".join(parts), told


def _no_index() -> bool:
    try:
        fulltext.current()
    except fulltext.Unusable:
        return True
    return False
