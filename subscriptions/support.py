"""What support reads on the phone: the state of a right in words, whose an identifier is, and why a page is closed."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format

from accounts import incidents
from accounts.models import SignInIncident
from subscriptions import sync
from subscriptions.models import Entitlement, Order, Payment, Receipt, StripeCustomer, Subscription, SyncTarget

NUMBER = re.compile(r"^([0-9A-Z]{4})[- ]?([0-9A-Z]{4})$")


def moment(when: datetime) -> str:
    """`Nov 22, 2026, 2:05 PM`, in the site's time zone."""
    return date_format(timezone.localtime(when), "M j, Y, g:i A")


def state_of(right: Entitlement, now: datetime | None = None) -> str:
    """One right at `now` (an aware datetime, default: this moment), in words."""
    now = now or timezone.now()
    if right.revoked_at:
        return f"Revoked {moment(right.revoked_at)}: {right.revoke_reason or 'no reason given'}"
    if right.starts_at > now:
        return f"Starts {moment(right.starts_at)}"
    if right.reading_seconds is not None and right.opened_at is None:
        open_by = f" {moment(right.open_by)}" if right.open_by else ""
        lapsed = right.open_by is not None and right.open_by <= now
        return f"Was never started, lapsed{open_by}" if lapsed else f"Paid, not started; can be until{open_by}"
    if right.ends_at is None:
        return "In force, without end"
    if right.ends_at <= now:
        return f"Ended {moment(right.ends_at)}"
    grace = ", renewal failing" if right.grace_since else ""
    return f"In force until {moment(right.ends_at)}{grace}"


def rights_by_source(orders: Sequence[Order]) -> dict[Any, Entitlement]:
    """What each order brought: {order id: right}, in one statement."""
    sources = {source: order.pk for order in orders for source in _sources(order)}
    rights = Entitlement.objects.filter(source__in=sources).select_related("user", "article", "issue", "journal")
    return {sources[right.source]: right for right in rights}


def _sources(order: Order) -> list[str]:
    return [f"subscription:{order.subscription_id}"] if order.subscription_id else [f"order:{order.pk}"]


def order_behind(right: Entitlement) -> Order | None:
    """The order a sold right came from."""
    kind, _, key = right.source.partition(":")
    if kind == "order":
        return Order.objects.filter(pk=key).first()
    subscription = Subscription.objects.filter(stripe_id=key).select_related("order").first()
    return subscription.order if kind == "subscription" and subscription else None


def people_behind(text: str) -> set[int]:
    """The accounts an identifier belongs to: order or receipt number, error reference, or any of Stripe's ids."""
    text = text.strip()
    spoken = NUMBER.match(text.upper())
    number = f"{spoken[1]}-{spoken[2]}" if spoken else text
    found = [
        Order.objects.filter(Q(number=number) | Q(session_id=text) | Q(payment_intent_id=text)),
        Order.objects.filter(subscription_id=text),
        Subscription.objects.filter(stripe_id=text),
        StripeCustomer.objects.filter(stripe_id=text),
        Payment.objects.filter(Q(charge_id=text) | Q(payment_intent_id=text) | Q(invoice_id=text)),
        SignInIncident.objects.filter(reference=incidents.spoken(text) or text.upper(), user__isnull=False),
    ] if text else []  # fmt: skip
    if text.isdigit() and len(text) < 10:
        found.append(Receipt.objects.filter(number=int(text)))
    return {user for rows in found for user in rows.values_list("user_id", flat=True)}


def re_read(kind: str, key: str) -> str:
    """Read one target from Stripe now. Returns the empty text, or a sentence that says why it could not be read."""
    sync.hint(kind, key)
    if sync.run(kind, key):
        return ""
    target = SyncTarget.objects.get(kind=kind, key=key)
    if target.last_error:
        return f"Stripe did not answer as hoped: {target.last_error}"
    return "A worker is reading it at this moment; look again in a few seconds."


def stripe_address(stripe_id: str) -> str:
    """Where staff see an object in Stripe's dashboard; empty where there is none (the local Stripe)."""
    if settings.STRIPE_API_BASE != "https://api.stripe.com" or not stripe_id:
        return ""
    pages = {
        "pi": "payments",
        "ch": "payments",
        "sub": "subscriptions",
        "cus": "customers",
        "in": "invoices",
        "evt": "events",
    }
    mode = "" if settings.STRIPE_LIVEMODE else "test/"
    page = pages.get(stripe_id.partition("_")[0])
    found = f"{page}/{stripe_id}" if page else f"search?query={stripe_id}"
    return f"https://dashboard.stripe.com/{mode}{found}"
