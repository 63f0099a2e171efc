"""Re-read from Stripe, derive, write. Called by the webhook's job, the return page, the sweep and the admin alike.

A hint raises `dirty`; a worker claims the target with a lease and a fence, reads Stripe outside any transaction, and
writes only if the fence is still its own. So a hint is never lost, two workers never mix their answers, and a worker
that was paused for a minute cannot overwrite what came after (design 4.6; chaos_model.py falsified simpler schemes).
"""

import contextlib
import logging
import math
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from django.db import connection, models, transaction
from django.db.models.functions import Greatest
from django.utils import timezone

from subscriptions import fulfilment, gateway
from subscriptions.models import SyncTarget

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP_AFTER = 20
FOLLOWED = 3  # a payment leads to its order, an order to its subscription, and those to a payment's disputes
MOST_LOOKS = 10  # at one target in a row, while hints go on to come
AWAY_AFTER = 3  # so many targets in a row without an answer from Stripe, and a sweep leaves the rest for the next
FREE = datetime(1970, 1, 1, tzinfo=UTC)  # a lease that nobody holds, whatever the clocks say

_HINT = """
INSERT INTO subscriptions_synctarget
       (kind, key, dirty, clean, fence, attempts, last_error, dead, lease_until, next_at)
VALUES (%s, %s, 1, 0, 0, 0, '', false, 'epoch', clock_timestamp())
ON CONFLICT (kind, key) DO UPDATE
SET dirty = subscriptions_synctarget.dirty + 1, next_at = clock_timestamp(), dead = false
RETURNING dirty = clean + 1 OR attempts > 0
"""
_CLAIM = """
UPDATE subscriptions_synctarget SET lease_until = clock_timestamp() + make_interval(secs => %s), fence = fence + 1
WHERE kind = %s AND key = %s AND dirty > clean AND lease_until <= clock_timestamp()
RETURNING dirty, fence
"""


def hint(kind: str, key: str) -> bool:
    """Something about this object may have changed. Commits with the caller's transaction.

    Returns whether a worker should be called: not for a target that waits for one already, or is being read (who reads
    it looks again at the end), so that a burst of ten events costs one or two looks.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HINT, [kind, key])
        return bool(cursor.fetchone()[0])


class Outcome(Enum):
    """Of one attempt: brought up to date; not (nothing is due, another worker has it, Stripe refuses); no answer."""

    DONE, NOT, AWAY = range(3)


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's hold on a target: the hint it answers, and the fence that must still stand when it writes."""

    kind: str
    key: str
    generation: int
    fence: int


def run(kind: str, key: str, depth: int = FOLLOWED) -> bool:
    """Bring one target up to date, and what follows from it; again while hints came meanwhile.

    False when somebody else is at it, nothing is due, or Stripe did not answer.
    """
    return _run(kind, key, depth) is Outcome.DONE


def _run(kind: str, key: str, depth: int = FOLLOWED) -> Outcome:
    outcome = _look(kind, key, depth)
    looks = 1
    while outcome is Outcome.DONE and looks < MOST_LOOKS and _is_behind(kind, key):
        _look(kind, key, depth)
        looks += 1
    return outcome


def _is_behind(kind: str, key: str) -> bool:
    return SyncTarget.objects.filter(kind=kind, key=key, dirty__gt=models.F("clean")).exists()


def _look(kind: str, key: str, depth: int) -> Outcome:
    claim = take(kind, key)
    if claim is None:
        return Outcome.NOT
    try:
        found = read(claim)
    except gateway.GatewayError as error:
        _failed(claim, error)
        return Outcome.AWAY if isinstance(error, gateway.Unreachable) else Outcome.NOT
    following = write(claim, found)
    if following is None:
        return Outcome.NOT
    for next_kind, next_key in following if depth else []:
        run(next_kind, next_key, depth - 1)
    return Outcome.DONE


def run_due(limit: int = 100, seconds: float = math.inf) -> int:
    """The sweep: everything that is due, oldest first, for so long. Returns how many were brought up to date."""
    done = 0
    with contextlib.suppress(gateway.Unreachable):
        for is_done in run_each(list(SyncTarget.objects.due().values_list("kind", "key")[:limit]), seconds):
            done += is_done
    return done


def run_each(targets: Iterable[tuple[str, str]], seconds: float = math.inf) -> Iterator[bool]:
    """One after the other: whether each was brought up to date. Ends after so many seconds.

    A Stripe that hangs costs each target half a minute, and whatever else waits for this worker waits, too: after a few
    without an answer it raises Unreachable, and the rest are left for the next sweep.
    """
    ends, away = time.monotonic() + seconds, 0
    for kind, key in targets:
        outcome = _run(kind, key)
        away = away + 1 if outcome is Outcome.AWAY else 0
        yield outcome is Outcome.DONE
        if away >= AWAY_AFTER:
            raise gateway.Unreachable(f"{away} objects in a row were asked for in vain")
        if time.monotonic() > ends:
            return


def take(kind: str, key: str) -> Claim | None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [LEASE.total_seconds(), kind, key])
        claimed = cursor.fetchone()
    return Claim(kind, key, *claimed) if claimed else None


def read(claim: Claim) -> "fulfilment.Found | None":
    return fulfilment.read(claim.kind, claim.key)


def write(claim: Claim, found: "fulfilment.Found | None") -> "fulfilment.Targets | None":
    """Write what was read, unless another worker took over meanwhile (None). Returns what must be read next.

    Hints at other targets are raised after this one's row is free again (two writers that hint at each other would
    wait for each other), and before this one counts as clean (a crash in between means once more, not never).
    """
    with transaction.atomic():
        if not _still_holds(claim):
            log.warning("%s %s: another worker took over; this answer is dropped", claim.kind, claim.key)
            return None
        following = fulfilment.apply(found) if found is not None else []
        if not following:
            _done(claim)
    for kind, key in following:
        hint(kind, key)
    if following:
        _done(claim)
    return following


def _still_holds(claim: Claim) -> bool:
    target = SyncTarget.objects.select_for_update().get(kind=claim.kind, key=claim.key)
    return target.fence == claim.fence


def _done(claim: Claim) -> None:
    """True up to the hint this worker answered, and free for the next; a zombie's word counts for nothing."""
    SyncTarget.objects.filter(kind=claim.kind, key=claim.key, fence=claim.fence).update(
        clean=Greatest("clean", claim.generation), lease_until=FREE, attempts=0, last_error=""
    )


def _failed(claim: Claim, error: Exception) -> None:
    """Try later with growing pauses; after twenty refusals give up and leave it for a person (admin: Sync targets)."""
    log.warning("%s %s: Stripe did not answer as hoped: %s", claim.kind, claim.key, error)
    with transaction.atomic():
        target = SyncTarget.objects.select_for_update().get(kind=claim.kind, key=claim.key)
        if target.fence != claim.fence:
            return
        target.attempts += 1
        pause = min(timedelta(seconds=2**target.attempts), LONGEST_PAUSE) * random.uniform(0.5, 1)  # noqa: S311  (jitter)
        target.next_at = timezone.now() + pause
        target.lease_until = FREE
        target.last_error = str(error)[:1000]
        target.dead = isinstance(error, gateway.Rejected) and target.attempts >= GIVE_UP_AFTER
        target.save()
