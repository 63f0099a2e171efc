"""Orders that need another look, whatever the webhooks did, and the order behind a right."""

import contextlib
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from subscriptions import sync
from subscriptions.models import Entitlement, Finding, Order, Subscription, SyncTarget

AFTER_EXPIRY = timedelta(minutes=2)
STALE = timedelta(hours=24)
MANY = 500


def hint_overdue() -> int:
    """Hint at what is overdue, and let go of orders that never reached Stripe. Returns how many were let go."""
    for kind, key in overdue():
        sync.hint(kind, key)
    abandoned = Order.objects.filter(
        state=Order.State.NEW, session_id=None, created_at__lt=timezone.now() - STALE
    )  # fmt: skip
    return abandoned.update(state=Order.State.EXPIRED)


def overdue() -> list[tuple[str, str]]:
    """Undecided orders past their session's end, settling ones of yesterday, and subscriptions at a turn."""
    now = timezone.now()
    undecided = Order.objects.filter(state__in=Order.UNDECIDED, session_id__isnull=False)
    over = undecided.filter(session_expires_at__lt=now - AFTER_EXPIRY).exclude(synced_at__gt=now - timedelta(hours=1))
    turning = Subscription.objects.filter(status__in=Subscription.LIVE, period_end__lt=now)
    stale = turning.filter(synced_at__lt=now - timedelta(hours=1)) | Subscription.objects.filter(
        status__in=Subscription.LIVE, synced_at__lt=now - STALE
    )
    orders = [(str(SyncTarget.Kind.ORDER), str(pk)) for pk in over.values_list("pk", flat=True)[:MANY]]
    ids = stale.order_by("synced_at").values_list("stripe_id", flat=True)[:MANY]
    return orders + [(str(SyncTarget.Kind.SUBSCRIPTION), stripe_id) for stripe_id in ids]


def after_review(finding: Finding) -> None:
    """Staff have settled a finding: a subscription that waited for their look is read again, and opens."""
    kind, _, name = finding.key.partition(":")
    order = Order.objects.filter(pk=name).exclude(subscription_id="").first() if kind == "review" else None
    if order:
        sync.hint(SyncTarget.Kind.SUBSCRIPTION, order.subscription_id)


def number_behind(entitlement_id: int) -> str:
    """The number of the order a right came from, as its receipt and its PDFs say it; empty for every other right."""
    source = Entitlement.objects.filter(pk=entitlement_id).values_list("source", flat=True).first() or ""
    kind, _, name = source.partition(":")
    if kind == "order":
        with contextlib.suppress(ValueError):  # a source is text, and migrated ones may say anything
            return _number(Order.objects.filter(pk=UUID(name)))
    if kind == "subscription":
        return _number(Order.objects.filter(subscriptions__stripe_id=name))
    return ""


def _number(orders: QuerySet[Order]) -> str:
    return orders.values_list("number", flat=True).first() or ""
