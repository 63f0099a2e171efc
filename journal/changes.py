"""Which articles have changed since what is worked out of them came so far, in batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from journal.models import Article

BATCH = 200
#: An article may be saved long before its transaction is done; what is as young as this is looked at again.
OVERLAP = timedelta(minutes=2)
LONG_AGO = datetime(1970, 1, 1, tzinfo=timezone.get_default_timezone())


@dataclass(frozen=True, slots=True)
class Mark:
    """Changes up to `at` are in, and what the calendar brought up to `day`."""

    at: datetime
    day: date

    @classmethod
    def beginning(cls) -> "Mark":
        return cls(LONG_AGO, LONG_AGO.date())


def changed(since: Mark, today: date) -> "QuerySet[Article]":
    """Saved since then, or brought onto the site, or made free, by a day that has come."""
    came = Q(published_online__gt=since.day, published_online__lte=today)
    came |= Q(free_from__gt=since.day, free_from__lte=today)
    if since.day < today:
        came |= Q(pk__in=_activity_changed(since.day.isoformat(), today.isoformat()))
    return Article.objects.filter(Q(updated_at__gte=since.at - OVERLAP) | came)


def _activity_changed(since: str, today: str) -> list[int]:
    """Articles whose CME activity a new day has opened or ended. Asked once a day: there is no index for it."""
    told = Article.objects.exclude(activity=None).values_list("pk", "activity__from", "activity__until")
    return [pk for pk, first, last in told if since < first <= today or since <= last < today]


def in_batches(articles: "QuerySet[Article]") -> Iterator[list[Article]]:
    """By the row's number, without holding a cursor open."""
    last = 0
    while batch := list(articles.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield batch
        last = batch[-1].pk
