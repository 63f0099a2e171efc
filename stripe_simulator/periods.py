"""Billing periods: the n-th month or year after an anchor, on the anchor's day or the last one the month has."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

MONTHS = {"month": 1, "year": 12}
DAYS = {"day": 1, "week": 7}


def step(anchor: int, interval: str, steps: int) -> int:
    """`anchor` (seconds, UTC) moved by so many intervals; 31 January + 1 month is the last of February."""
    start = datetime.fromtimestamp(anchor, UTC)
    if interval in DAYS:
        return int((start + timedelta(days=DAYS[interval] * steps)).timestamp())
    months = start.year * 12 + start.month - 1 + MONTHS[interval] * steps
    year, month = divmod(months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


def period_after(anchor: int, recurring: dict[str, int | str], moment: int) -> tuple[int, int]:
    """The period that holds `moment`, counted from the anchor so that its day is never lost."""
    interval, count = str(recurring["interval"]), int(recurring["interval_count"])
    steps = 0
    while step(anchor, interval, (steps + 1) * count) <= moment:
        steps += 1
    return step(anchor, interval, steps * count), step(anchor, interval, (steps + 1) * count)
