"""Rows as selling leaves them, made by its own writers: what was read from Stripe is told, what follows is derived."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from journal.models import Article
from subscriptions import fulfilment
from subscriptions.models import Entitlement, Order, Payment, Receipt, Subscription
from subscriptions.standing import Paid
from tests.make import make_journal, make_offer

NUMBER = "7KQ4-9ACM"


def ordered(user: User | None, article: Article, kind: str = "purchase", **fields: Any) -> Order:
    """An order at the payment page, unless the fields say otherwise."""
    usual = {
        "number": NUMBER, "amount": 3000, "currency": "usd", "state": "open", "session_id": f"cs_{article.pk}_{kind}",
        "description": f"Article: “{article.title}”",
    }  # fmt: skip
    offer = make_offer(kind, active=False)
    return Order.objects.create(
        user=user, offer=offer, kind=kind, article=article, journal=article.journal, **{**usual, **fields}
    )


def bought(
    user: User | None, article: Article, kind: str = "purchase", *, refunded: int = 0, disputes: tuple[str, ...] = (),
    at: datetime | None = None, **fields: Any,
) -> Order:  # fmt: skip
    """A paid order, with its payment, its receipt and what the payment's standing makes of the right."""
    at = at or timezone.now() - timedelta(hours=2)
    state = "refunded" if refunded else "disputed" if disputes else "paid"
    paid = {"state": state, "paid_at": at, "amount_paid": fields.get("amount", 3000)}
    if kind == "rental":
        paid["reading_seconds"] = 48 * 3600
    order = ordered(user, article, kind, payment_intent_id=f"pi_{article.pk}_{kind}", **{**paid, **fields})
    payment = Payment.objects.create(
        charge_id=f"ch_{article.pk}_{kind}", payment_intent_id=order.payment_intent_id, user=user, order=order,
        amount=order.amount, currency=order.currency, amount_refunded=refunded, disputed=bool(disputes), paid_at=at,
        card_brand="visa", card_last4="4242",
    )  # fmt: skip
    Receipt.objects.create(payment=payment, user=user, description=order.description)
    fulfilment.grant_order(order, Paid(order.amount, refunded, disputes))
    return order


def subscribed(user: User, status: str = "active", **fields: Any) -> Subscription:
    """A subscription as Stripe tells it, and the right that follows from it."""
    now = timezone.now()
    usual = {
        "stripe_id": "sub_heron", "journal": make_journal(), "amount": 900, "currency": "usd", "interval": "month",
        "period_start": now - timedelta(days=5), "period_end": now + timedelta(days=25),
        "paid_until": now + timedelta(days=25), "synced_at": now,
    }  # fmt: skip
    row = Subscription.objects.create(user=user, status=status, **{**usual, **fields})
    fulfilment._grant_subscription(row, ())
    return row


def right_of(user: User) -> Entitlement:
    return Entitlement.objects.get(user=user)
