"""Re-read from Stripe, derive, write. Called by the webhook's job, the return page, the sweep and the admin alike.

A hint raises `dirty`; a worker claims the target with a lease and a fence, reads Stripe outside any transaction, and
writes only if the fence is still its own. So a hint is never lost, two workers never mix their answers, and a worker
that was paused for a minute cannot overwrite what came after (design 4.6; chaos_model.py falsified simpler schemes).
"""

import logging
import random
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from subscriptions import fulfilment, gateway
from subscriptions.models import Order, SyncTarget

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP_AFTER = 20
FREE = datetime(1970, 1, 1, tzinfo=UTC)  # a lease that nobody holds, whatever the clocks say

_HINT = """
INSERT INTO subscriptions_synctarget
       (kind, key, dirty, clean, fence, attempts, last_error, dead, lease_until, next_at)
VALUES (%s, %s, 1, 0, 0, 0, '', false, 'epoch', clock_timestamp())
ON CONFLICT (kind, key) DO UPDATE
SET dirty = subscriptions_synctarget.dirty + 1, next_at = clock_timestamp(), dead = false
"""
_CLAIM = """
UPDATE subscriptions_synctarget SET lease_until = clock_timestamp() + make_interval(secs => %s), fence = fence + 1
WHERE kind = %s AND key = %s AND dirty > clean AND lease_until <= clock_timestamp()
RETURNING dirty, fence
"""


def hint(kind: str, key: str) -> None:
    """Something about this object may have changed. Commits with the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_HINT, [kind, key])


def run(kind: str, key: str) -> bool:
    """Bring one target up to date. False when somebody else is at it, nothing is due, or Stripe did not answer."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [LEASE.total_seconds(), kind, key])
        claimed = cursor.fetchone()
    if claimed is None:
        return False
    generation, fence = claimed
    try:
        found = _read(kind, key)
    except gateway.GatewayError as error:
        _failed(kind, key, fence, error)
        return False
    written = _write(kind, key, generation, fence, found)
    if written and isinstance(found, fulfilment.FoundOrder) and found.session.subscription_id:
        run(SyncTarget.Kind.SUBSCRIPTION, found.session.subscription_id)
    return written


def run_due(limit: int = 100) -> int:
    """The sweep: everything that is due, oldest first. Returns how many were brought up to date."""
    due = list(SyncTarget.objects.due().values_list("kind", "key")[:limit])
    return sum(run(kind, key) for kind, key in due)


def _read(kind: str, key: str) -> "fulfilment.Found | None":
    if kind == SyncTarget.Kind.SUBSCRIPTION:
        return fulfilment.read_subscription(key)
    order = Order.objects.filter(pk=key).first()
    return fulfilment.read_order(order) if order and order.session_id else None


def _write(kind: str, key: str, generation: int, fence: int, found: "fulfilment.Found | None") -> bool:
    with transaction.atomic():
        target = SyncTarget.objects.select_for_update().get(kind=kind, key=key)
        if target.fence != fence:
            log.warning("%s %s: another worker took over; this answer is dropped", kind, key)
            return False
        if found is not None:
            fulfilment.apply(found)
        if isinstance(found, fulfilment.FoundOrder) and found.session.subscription_id:
            # The subscription is a target of its own, with its own fence: it must not be written under the order's.
            hint(SyncTarget.Kind.SUBSCRIPTION, found.session.subscription_id)
        target.clean = max(target.clean, generation)
        target.lease_until = FREE
        target.attempts, target.last_error = 0, ""
        target.save()
    return True


def _failed(kind: str, key: str, fence: int, error: Exception) -> None:
    """Try later with growing pauses; after twenty refusals give up and leave it for a person (admin: Sync targets)."""
    log.warning("%s %s: Stripe did not answer as hoped: %s", kind, key, error)
    with transaction.atomic():
        target = SyncTarget.objects.select_for_update().get(kind=kind, key=key)
        if target.fence != fence:
            return
        target.attempts += 1
        pause = min(timedelta(seconds=2**target.attempts), LONGEST_PAUSE) * random.uniform(0.5, 1)  # noqa: S311  (jitter)
        target.next_at = timezone.now() + pause
        target.lease_until = FREE
        target.last_error = str(error)[:1000]
        target.dead = isinstance(error, gateway.Rejected) and target.attempts >= GIVE_UP_AFTER
        target.save()
