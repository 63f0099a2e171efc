"""How much of a web process may wait for Stripe: few threads at a time, not for long, and not again and again.

A thread that waits for Stripe answers no reader. So of a process's threads half ask Stripe at a time, one stays free of
it in any case, and who finds no place within a moment is turned away before anything was asked. When calls were given
up one after the other, nobody is let through for some seconds. Jobs and commands wait as long as they need to.

Turned away means: nothing was sent, so nothing can have been charged.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

log = logging.getLogger(__name__)

MOMENT = 0.5  # seconds for a place
SLOW = 3.5  # a call that failed after so many seconds held a thread for nothing
IN_A_ROW, PAUSE = 2, 15.0  # so many of those one after the other, and for so many seconds nobody asks

_somebody_waits: ContextVar[bool] = ContextVar("somebody_waits_for_a_page", default=False)


class TurnedAway(Exception):
    """No place to ask Stripe from, or Stripe is known to hang: nothing was sent."""


@contextmanager
def of_a_page() -> Iterator[None]:
    """What is asked of Stripe meanwhile is asked while somebody waits for a page (subscriptions/middleware.py)."""
    token = _somebody_waits.set(True)
    try:
        yield
    finally:
        _somebody_waits.reset(token)


def somebody_waits() -> bool:
    return _somebody_waits.get()


@dataclass
class Call:
    """What became of one; it succeeds unless it is said to have failed, or raises."""

    has_failed: bool = False


class Places:
    """Where the threads of a process ask Stripe from."""

    def __init__(self, threads: int, now: Callable[[], float] = time.monotonic) -> None:
        asking = max(1, threads // 2)
        self._asking = threading.BoundedSemaphore(asking)
        self._inside = threading.BoundedSemaphore(max(asking, threads - 1))
        self._now = now
        self._lock = threading.Lock()
        self._given_up, self._closed_until = 0, 0.0

    @contextmanager
    def one(self) -> Iterator[Call]:
        """A place to ask from. Raises TurnedAway."""
        if self._now() < self._closed_until:
            raise TurnedAway("Stripe did not answer a moment ago; it is not asked for some seconds")
        if not self._inside.acquire(blocking=False):
            raise TurnedAway("all threads that may are asking Stripe or wait to")
        try:
            if not self._asking.acquire(timeout=MOMENT):
                raise TurnedAway("the threads that may ask Stripe are all waiting for it")
            try:
                with self._watched() as call:
                    yield call
            finally:
                self._asking.release()
        finally:
            self._inside.release()

    @contextmanager
    def _watched(self) -> Iterator[Call]:
        call, began = Call(), self._now()
        try:
            yield call
        except Exception:
            call.has_failed = True
            raise
        finally:
            self._note(call, self._now() - began)

    def _note(self, call: Call, seconds: float) -> None:
        if not call.has_failed:
            with self._lock:
                self._given_up = 0
        elif seconds >= SLOW:
            self._gave_up()

    def _gave_up(self) -> None:
        """After the pause one more that is given up is enough for the next."""
        with self._lock:
            self._given_up += 1
            if self._given_up >= IN_A_ROW:
                self._closed_until = self._now() + PAUSE
                log.warning("Stripe does not answer: pages do not ask it for %d seconds", PAUSE)


@lru_cache(maxsize=1)
def places() -> Places:
    """This process's."""
    return Places(settings.WEB_THREADS)
