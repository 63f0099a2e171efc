"""What follows from what Stripe says: the only writer of orders' outcomes and of the rights that come from selling.

Derivation is a function of what was read, never of what an event claimed, so any order and number of hints ends alike.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from subscriptions import gateway, mail
from subscriptions.models import Entitlement, Offer, Order, Payment, Receipt, StripeCustomer, Subscription
from subscriptions.models.sales import RENTAL_OPEN_DAYS

# Access is held back while money is in question (Stripe, Dispute.status); inquiries (warning_*) do not count.
MONEY_IN_QUESTION = frozenset(
    {"needs_response", "under_review", "lost", "appeal_needs_response", "appeal_under_review"}
)


@dataclass(frozen=True, slots=True)
class FoundOrder:
    order_id: Any
    session: gateway.Session


@dataclass(frozen=True, slots=True)
class FoundSubscription:
    state: gateway.SubscriptionState
    charges: tuple[tuple[str, gateway.Charge], ...]  # (invoice id, charge)


Found = FoundOrder | FoundSubscription


# --- reading (no transaction is open while Stripe is asked) ----------------------------------------------------------


def read_order(order: Order) -> FoundOrder:
    assert order.session_id
    return FoundOrder(order.pk, gateway.read_session(order.session_id))


def read_subscription(subscription_id: str) -> FoundSubscription:
    state = gateway.read_subscription(subscription_id)
    charges = [
        (invoice.id, charge)
        for invoice in state.invoices
        for intent in invoice.payment_intent_ids
        if (charge := gateway.read_charge(intent))
    ]
    return FoundSubscription(state, tuple(charges))


# --- writing (inside the caller's transaction) -----------------------------------------------------------------------


def apply(found: Found) -> None:
    if isinstance(found, FoundSubscription):
        apply_subscription(found)
    else:
        apply_order(found)


def apply_order(found: FoundOrder) -> None:
    order = Order.objects.select_for_update().get(pk=found.order_id)
    session = found.session
    order.state = order_state(order, session)
    order.session_expires_at = session.expires_at
    order.payment_intent_id = session.payment_intent_id
    order.subscription_id = session.subscription_id or ""
    if order.state in (Order.State.PAID, Order.State.REFUNDED, Order.State.DISPUTED):
        # Stripe's clock may be ahead of ours; a right must not begin in our future.
        charged = session.charge.created if session.charge else timezone.now()
        order.paid_at = order.paid_at or min(charged, timezone.now())
    if session.charge:
        order.amount_paid = session.charge.amount
        order.amount_refunded = session.charge.amount_refunded
    order.synced_at = timezone.now()
    order.save()
    if session.charge:
        payment = _payment(session.charge, order.user, order=order)
        _receipt(payment, order.description, order.consent_text)
    if order.kind != Offer.Kind.SUBSCRIPTION and order.paid_at:
        _grant_order(order)


def order_state(order: Order, session: gateway.Session) -> str:
    """What an order is, from what its session is. Stripe, Checkout Session: `status` and `payment_status`."""
    state = Order.State
    if session.status != "complete":
        return state.EXPIRED if session.status == "expired" else state.OPEN
    if session.payment_status == "unpaid":
        return state.FAILED if session.payment_failed else state.PROCESSING
    if session.currency != order.currency or session.amount_subtotal != order.amount:
        return state.REVIEW
    charge = session.charge
    if charge and charge.dispute in MONEY_IN_QUESTION:
        return state.DISPUTED
    if charge and 0 < charge.amount <= charge.amount_refunded:
        return state.REFUNDED
    return state.PAID


def _grant_order(order: Order) -> None:
    """One right for one order: made once, then only ended or given back; a rental's clock is the reader's."""
    source = f"order:{order.pk}"
    assert order.paid_at
    fields: dict[str, Any] = {
        "user": order.user, "article": order.article, "kind": order.kind, "starts_at": order.paid_at,
        "reading_seconds": order.reading_seconds,
    }  # fmt: skip
    if order.kind == Offer.Kind.RENTAL:
        fields["open_by"] = order.paid_at + timedelta(days=RENTAL_OPEN_DAYS)
    right, _ = Entitlement.objects.get_or_create(source=source, defaults=fields)
    reason = {Order.State.REFUNDED: "The payment was refunded", Order.State.DISPUTED: "The payment is disputed"}
    _set_revoked(right, reason.get(Order.State(order.state), ""))


def _set_revoked(right: Entitlement, reason: str) -> None:
    """Take a right back, or give it back when `reason` is empty; what staff have revoked stays revoked."""
    if right.revoked_by_id:
        return
    if bool(reason) == bool(right.revoked_at) and reason == right.revoke_reason:
        return
    right.revoked_at = timezone.now() if reason else None
    right.revoke_reason = reason
    right.save(update_fields=["revoked_at", "revoke_reason", "updated_at"])


def apply_subscription(found: FoundSubscription) -> None:
    state = found.state
    user, order = _owner(state)
    if user is None:
        return  # another site's subscription on the same Stripe account
    journal = order.journal if order else Subscription.objects.get(stripe_id=state.id).journal
    unpaid = min((invoice.created for invoice in state.invoices if invoice.status == "open"), default=None)
    open_invoice = next((i.hosted_invoice_url for i in reversed(state.invoices) if i.status == "open"), "")
    subscription, _ = Subscription.objects.update_or_create(
        stripe_id=state.id,
        defaults={
            "user": user, "journal": journal, "order": order, "status": state.status, "amount": state.amount,
            "currency": state.currency, "interval": state.interval, "period_start": state.period_start,
            "period_end": state.period_end, "ends_at": state.ends_at, "ended_at": state.ended_at,
            "unpaid_since": unpaid, "hosted_invoice_url": open_invoice, "synced_at": timezone.now(),
        },
    )  # fmt: skip
    for invoice_id, charge in found.charges:
        payment = _payment(charge, user, order=order, subscription=subscription, invoice_id=invoice_id)
        description = order.description if order else f"Subscription to {journal.title}"
        _receipt(payment, description, order.consent_text if order else "")
    _grant_subscription(subscription)


def _owner(state: gateway.SubscriptionState) -> tuple[User | None, Order | None]:
    """Whose subscription it is: by our order's id, which we put into its metadata; else by the customer we made."""
    if state.metadata.get("site") != settings.SITE_TAG:
        return None, None
    order = _order_named(state.metadata.get("order", ""))
    if order:
        return order.user, order
    known = Subscription.objects.filter(stripe_id=state.id).select_related("user").first()
    if known:
        return known.user, known.order
    customer = StripeCustomer.objects.filter(stripe_id=state.customer_id).first()
    if customer:
        mail.alert_staff(f"subscription:{state.id}", f"Stripe has subscription {state.id} without an order of ours.")
    return None, None


def _order_named(text: str) -> Order | None:
    """The order a metadata value names. Somebody at Stripe's dashboard may have typed anything."""
    try:
        return Order.objects.select_related("user", "journal").filter(pk=UUID(text)).first()
    except ValueError:
        return None


def subscription_end(subscription: Subscription) -> datetime | None:
    """Until when a subscription opens the journal, or None when it opens nothing (design 4.4)."""
    period_end, ends_at = subscription.period_end, subscription.ends_at
    grace = timedelta(days=settings.GRACE_DAYS)
    if subscription.status in ("active", "trialing"):
        if ends_at:
            return ends_at
        # Stripe drafts the renewal an hour after the period's end and may retry: nobody is locked out meanwhile.
        return period_end + timedelta(hours=settings.RENEWAL_SLACK_HOURS) if period_end else None
    if subscription.status == "past_due":
        since = subscription.unpaid_since or period_end
        return since + grace if since else None
    if subscription.status == "canceled":
        return subscription.ended_at
    return None


def _grant_subscription(subscription: Subscription) -> None:
    """One right for one subscription, moved along as periods pass; without payment it begins nowhere."""
    ends_at = subscription_end(subscription)
    source = f"subscription:{subscription.stripe_id}"
    right = Entitlement.objects.filter(source=source).first()
    if ends_at is None or subscription.period_start is None:
        if right:
            _set_revoked(right, f"Stripe reports the subscription as {subscription.status}")
        return
    right = right or Entitlement(source=source, kind=Entitlement.Kind.SUBSCRIPTION)
    right.starts_at = min(right.starts_at, subscription.period_start)
    right.user, right.journal = subscription.user, subscription.journal
    right.ends_at = max(ends_at, right.starts_at)
    right.grace_since = subscription.unpaid_since if subscription.status == "past_due" else None
    if not right.revoked_by_id:
        right.revoked_at, right.revoke_reason = None, ""
    right.save()


def _payment(charge: gateway.Charge, user: User, **links: Any) -> Payment:
    payment, _ = Payment.objects.update_or_create(
        charge_id=charge.id,
        defaults={
            "payment_intent_id": charge.payment_intent_id, "user": user, "amount": charge.amount,
            "currency": charge.currency, "amount_refunded": charge.amount_refunded,
            "disputed": charge.dispute in MONEY_IN_QUESTION, "card_brand": charge.card_brand,
            "card_last4": charge.card_last4, "paid_at": charge.created, **links,
        },
    )  # fmt: skip
    return payment


def _receipt(payment: Payment, description: str, terms: str) -> None:
    receipt = Receipt.objects.filter(payment=payment).first()
    if receipt is None:
        receipt = Receipt.objects.create(payment=payment, user=payment.user, description=description, terms=terms)
        mail.receipt(receipt)


# --- the reader's part -----------------------------------------------------------------------------------------------


def open_rental(right_id: int, user: User) -> Entitlement:
    """Start a rental's clock. Pressing twice changes nothing. Raises Entitlement.DoesNotExist for anybody else's."""
    with transaction.atomic():
        rentals = Entitlement.objects.select_for_update().filter(user=user, kind=Entitlement.Kind.RENTAL)
        right = rentals.get(pk=right_id)
        now = timezone.now()
        may_open = right.opened_at is None and right.revoked_at is None and right.open_by and right.open_by > now
        if may_open and right.reading_time:
            right.opened_at, right.ends_at = now, now + right.reading_time
            right.save(update_fields=["opened_at", "ends_at", "updated_at"])
        return right
