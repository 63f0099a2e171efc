"""A clock that stands in the middle of last month, and readers with browsers."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from subscriptions.counter import middleware, months, processing, recording

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CAMPUS = "192.0.2.7"


class Clock:
    """The moment at which uses happen. It moves only when told."""

    def __init__(self) -> None:
        last_month = months.before(months.first_day(timezone.localdate()))
        self.month = last_month
        self.now = months.begins(last_month) + timedelta(days=14, hours=10)

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def name(self) -> str:
        return f"{self.month:%Y-%m}"

    def at(self) -> datetime:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """What earlier tests left in the buffer is no part of this one."""
    recording.buffer.waiting.clear()
    recording.buffer.lost = 0
    clock = Clock()
    monkeypatch.setattr(middleware, "timezone", SimpleNamespace(now=clock.at))
    yield clock
    recording.buffer.waiting.clear()
    recording.buffer.lost = 0


def browser(ip: str = "198.51.100.4", agent: str = BROWSER) -> Client:
    return Client(REMOTE_ADDR=ip, headers={"user-agent": agent})


def counted() -> None:
    """What the recorder's thread and the nightly job do."""
    recording.buffer.flush()
    processing.process()
