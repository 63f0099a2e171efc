"""Months of usage: they begin and end in the site's time zone."""

import calendar
from collections.abc import Iterator
from datetime import date, datetime, time

from django.utils import timezone


def first_day(day: date) -> date:
    return day.replace(day=1)


def last_day(month: date) -> date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def before(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def between(first: date, last: date) -> Iterator[date]:
    """Each month from `first` to `last`, both included."""
    month = first_day(first)
    while month <= last:
        yield month
        month = after(month)


def begins(month: date) -> datetime:
    return timezone.make_aware(datetime.combine(month, time()))


def name(month: date) -> str:
    """As COUNTER's tables write it."""
    return f"{calendar.month_abbr[month.month]}-{month.year}"
