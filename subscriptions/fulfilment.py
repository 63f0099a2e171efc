"""What follows from what Stripe says: the only writer of orders' outcomes and of the rights that come from selling.

Derivation is a function of what was read, never of what an event claimed, so any order and number of hints ends alike.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from subscriptions import credits, duplicates, gateway, mail, payments, policy, standing
from subscriptions.institutions import licenses
from subscriptions.models import (
    Entitlement,
    Finding,
    Offer,
    Order,
    Payment,
    PriceNotice,
    Refund,
    StripeCustomer,
    Subscription,
    SyncTarget,
)
from subscriptions.models.sales import RENTAL_OPEN_DAYS


@dataclass(frozen=True, slots=True)
class FoundOrder:
    order_id: Any
    session: gateway.Session


@dataclass(frozen=True, slots=True)
class FoundRefund:
    """A refund we asked for: what Stripe made of it, or why it refused."""

    request: str
    refund: gateway.Refund | None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class FoundSubscription:
    state: gateway.SubscriptionState
    charges: tuple[tuple[str, gateway.Charge], ...]  # (invoice id, charge)


Found = FoundOrder | FoundSubscription | gateway.PaymentFacts | FoundRefund | licenses.FoundLicense
Targets = list[tuple[str, str]]


# --- reading (no transaction is open while Stripe is asked) ----------------------------------------------------------


def read(kind: str, key: str) -> Found | None:
    """What Stripe says about a target now; None when there is nothing to ask (an order that never reached Stripe)."""
    match kind:
        case SyncTarget.Kind.SUBSCRIPTION:
            return read_subscription(key)
        case SyncTarget.Kind.PAYMENT:
            return gateway.read_payment(key)
        case SyncTarget.Kind.REFUND:
            return carry_out_refund(key)
        case SyncTarget.Kind.LICENSE:
            return licenses.read(key)
    order = Order.objects.filter(pk=key).first()
    return FoundOrder(order.pk, gateway.read_session(order.session_id)) if order and order.session_id else None


def read_subscription(subscription_id: str) -> FoundSubscription:
    state = gateway.read_subscription(subscription_id)
    paid = {intent: invoice for invoice in state.invoices for intent in invoice.payment_intent_ids}
    if not paid:
        return FoundSubscription(state, ())
    since = min(invoice.created for invoice in paid.values())
    charges = gateway.read_charges(paid, customer_id=state.customer_id, since=since)
    return FoundSubscription(state, tuple((paid[intent].id, charge) for intent, charge in charges.items()))


def carry_out_refund(request: str) -> FoundRefund:
    """Ask Stripe for a refund that was requested here: the one thing a sync does rather than reads, and does once."""
    refund = Refund.objects.select_related("payment").get(request=request)
    if refund.state != Refund.State.REQUESTED:
        return FoundRefund(request, None)  # done by a worker that died before it could say so
    intent = refund.payment.payment_intent_id
    try:
        found = gateway.find_refund(intent, request) or gateway.create_refund(
            payment_intent_id=intent, amount=refund.amount, reason=refund.reason, request=request
        )
    except gateway.Rejected as refusal:
        return FoundRefund(request, None, str(refusal))
    return FoundRefund(request, found)


# --- writing (inside the caller's transaction); each returns the targets that must be read next ----------------------


def apply(found: Found) -> Targets:
    if isinstance(found, FoundSubscription):
        return apply_subscription(found)
    if isinstance(found, FoundOrder):
        return apply_order(found)
    if isinstance(found, licenses.FoundLicense):
        return licenses.apply(found)
    return apply_refund(found) if isinstance(found, FoundRefund) else apply_facts(found)


def apply_order(found: FoundOrder) -> Targets:
    rows = Order.objects.select_for_update(of=("self",)).select_related("user", "article")
    order = rows.get(pk=found.order_id)
    session, charge = found.session, found.session.charge
    paid = payments.standing_of(charge) if charge else None
    derived = standing.order_state(order, session, paid)
    order.state = credits.settle(order, derived, paid=session.amount_total)
    order.session_expires_at = session.expires_at
    order.payment_intent_id = session.payment_intent_id
    order.subscription_id = session.subscription_id or ""
    if order.state in (Order.State.PAID, Order.State.REFUNDED, Order.State.DISPUTED):
        # Stripe's clock may be ahead of ours; a right must not begin in our future.
        charged = charge.created if charge else timezone.now()
        order.paid_at = order.paid_at or min(charged, timezone.now())
    if charge:
        order.amount_paid, order.amount_refunded = charge.amount, charge.amount_refunded
    order.synced_at = timezone.now()
    order.save()
    credits.payment_came_back(order)
    payment = None
    if charge and paid:
        payment = payments.record_charge(
            charge, order.user, order.description, order.consent_text, session.tax, paid, order=order
        )
    if order.state == Order.State.PAID and session.payment_status == "no_payment_required":
        mail.confirmation(order)
    if derived == Order.State.REVIEW:
        _ask_for_review(order, session)
    if order.kind != Offer.Kind.SUBSCRIPTION and order.paid_at and order.state != Order.State.REVIEW:
        grant_order(order, paid)
        duplicates.find_paid_twice(order)
    _refund_if_warned(payment, paid)
    return _targets_after_order(order, charge)


def _targets_after_order(order: Order, charge: gateway.Charge | None) -> Targets:
    """The subscription and the payment are targets of their own: they must not be written under the order's fence."""
    wanted: Targets = []
    if order.subscription_id:
        wanted.append((SyncTarget.Kind.SUBSCRIPTION, order.subscription_id))
    if charge and payments.has_unseen_dispute(charge):
        wanted.append((SyncTarget.Kind.PAYMENT, charge.payment_intent_id))
    return wanted


def _ask_for_review(order: Order, session: gateway.Session) -> None:
    asked = f"{session.amount_subtotal} less {session.amount_discount} {session.currency}"
    agreed = f"{order.price}, less {order.credited} paid before" if order.credit else str(order.price)
    about = f"Order {order.number} costs {agreed}; the payment page asked {asked} (minor units)."
    remedy = "Compare it with Stripe; refund the payment, or give the access."
    if order.kind == Offer.Kind.SUBSCRIPTION:
        remedy = "Compare it with Stripe; cancel and refund it, or mark this as settled: then it opens."
    Finding.objects.get_or_create(
        key=review_key(order), defaults={"kind": Finding.Kind.REVIEW, "about": about, "remedy": remedy}
    )
    mail.alert_staff(f"review:{order.pk}", f"{about} No access was given. {remedy}")


def _refund_if_warned(payment: Payment | None, paid: standing.Paid | None) -> None:
    from subscriptions import refunds  # noqa: PLC0415  (refunds asks for a sync, which leads here)

    if not (payment and paid and paid.warned):
        return
    if policy.rules()[policy.Happening.FRAUD_WARNING].consequence == policy.REFUND:
        refunds.by_policy(payment, policy.Happening.FRAUD_WARNING, "The card's issuer warned of fraud.")


def grant_order(order: Order, paid: standing.Paid | None = None) -> None:
    """One right for one order: made once, then only ended or given back; a rental's clock is the reader's.

    A guest's order opens nothing by itself: the right begins when an account claims it (claiming.py).
    """
    if order.user is None:
        return
    source = f"order:{order.pk}"
    assert order.paid_at
    kind = Entitlement.Kind.PURCHASE if order.kind == Offer.Kind.ISSUE else order.kind
    fields: dict[str, Any] = {
        "user": order.user, "article": order.article, "issue": order.issue, "kind": kind, "starts_at": order.paid_at,
        "reading_seconds": order.reading_seconds,
    }  # fmt: skip
    if order.kind == Offer.Kind.RENTAL:
        fields["open_by"] = order.paid_at + timedelta(days=RENTAL_OPEN_DAYS)
    right, _ = Entitlement.objects.get_or_create(source=source, defaults=fields)
    _set_revoked(right, standing.objection(paid, policy.rules()) if paid and not paid.is_untroubled else "")


def _set_revoked(right: Entitlement, reason: str) -> None:
    """Take a right back, or give it back when `reason` is empty; what staff have revoked stays revoked."""
    if right.revoked_by_id:
        return
    if bool(reason) == bool(right.revoked_at) and reason == right.revoke_reason:
        return
    right.revoked_at = timezone.now() if reason else None
    right.revoke_reason = reason
    right.save(update_fields=["revoked_at", "revoke_reason", "updated_at"])


def apply_subscription(found: FoundSubscription) -> Targets:
    state = found.state
    known = Subscription.objects.filter(stripe_id=state.id).select_related("user", "order", "journal").first()
    user, order = _owner(state, known)
    journal = order.journal if order else known.journal if known else None
    if user is None or journal is None:
        return []  # another site's subscription on the same Stripe account
    subscription = _mirror(known, state, {"user": user, "journal": journal, "order": order})
    description = order.description if order else f"Subscription to {journal.title}"
    terms = f"{order.consent_text} {_new_price_told(subscription)}".strip() if order else ""
    links = {"order": order, "subscription": subscription}
    taxes = {invoice.id: invoice.tax for invoice in state.invoices}
    charges = [charge for _, charge in found.charges]
    stand, known_payments = payments.standings_of(charges), payments.known_of(charges)
    for invoice_id, charge in found.charges:
        payment = payments.record_charge(
            charge, subscription.user, description, terms, taxes.get(invoice_id), stand[charge.id],
            known_payments.get(charge.id), invoice_id=invoice_id, **links,
        )  # fmt: skip
        _refund_if_warned(payment, stand[charge.id])
    latest = max(charges, key=lambda charge: charge.created, default=None)
    _grant_subscription(subscription, stand[latest.id] if latest else None)
    _tell_of_unpaid(subscription, state)
    duplicates.find_second_subscription(subscription)
    return [
        (SyncTarget.Kind.PAYMENT, charge.payment_intent_id) for charge in charges if payments.has_unseen_dispute(charge)
    ]


def _new_price_told(subscription: Subscription) -> str:
    """What was announced after the order, for a receipt's terms; empty when the price is the order's."""
    notices = PriceNotice.objects.filter(subscription=subscription, state=PriceNotice.State.MOVED)
    moved = notices.order_by("applies_at").last()
    if moved is None or moved.amount != subscription.amount:
        return ""
    return f"From {mail.day(moved.applies_at)} the price is {moved.price}, as announced on {mail.day(moved.told_at)}."


def _mirrored(state: gateway.SubscriptionState) -> dict[str, Any]:
    unpaid = min((i for i in state.invoices if i.status == "open"), key=lambda i: i.created, default=None)
    latest = next((invoice for invoice in state.invoices if invoice.status != "draft"), None)
    trial_end = state.period_end if state.status == "trialing" else None
    return {
        "status": state.status, "amount": state.amount, "currency": state.currency, "interval": state.interval,
        "period_start": state.period_start, "period_end": state.period_end, "ends_at": state.ends_at,
        "ended_at": state.ended_at, "unpaid_since": unpaid.created if unpaid else None,
        "unpaid_invoice_id": unpaid.id if unpaid else "",
        "hosted_invoice_url": unpaid.hosted_invoice_url if unpaid else "",
        "paid_until": standing.covered_until(state.invoices) or trial_end, "is_collecting": state.is_collecting,
        "latest_invoice_status": latest.status if latest else "", "plus_tax": state.plus_tax,
        "synced_at": timezone.now(),
    }  # fmt: skip


def _mirror(known: Subscription | None, state: gateway.SubscriptionState, whose: dict[str, Any]) -> Subscription:
    """The row of a subscription. The fence has let one writer through; what others keep on the row is left alone, and
    so is whose it is unless that is news: accounts are merged at any moment."""
    told = {**whose, **_mirrored(state)}
    if known is None:
        return Subscription.objects.update_or_create(stripe_id=state.id, defaults=told)[0]
    news = {name: value for name, value in told.items() if name not in whose or getattr(known, name) != value}
    for name, value in news.items():
        setattr(known, name, value)
    known.save(update_fields=list(news))
    if Subscription.objects.values_list("user_id", flat=True).get(pk=known.pk) != known.user_id:
        known.refresh_from_db()
    return known


def _owner(state: gateway.SubscriptionState, known: Subscription | None) -> tuple[User | None, Order | None]:
    """Whose subscription it is: by our order's id, which we put into its metadata; else by the customer we made."""
    if state.metadata.get("site") != settings.SITE_TAG:
        return None, None
    order = _order_named(state.metadata.get("order", ""))
    if order:
        return order.user, order
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


def _grant_subscription(subscription: Subscription, latest: standing.Paid | None) -> None:
    """One right for one subscription, moved along as periods pass; without payment it begins nowhere. `latest` is how
    its latest payment stands."""
    rules = policy.rules()
    ends_at = standing.subscription_end(subscription, rules)
    source = f"subscription:{subscription.stripe_id}"
    right = Entitlement.objects.filter(source=source).first()
    if ends_at is None or subscription.period_start is None:
        if right:
            _set_revoked(right, f"Stripe reports the subscription as {subscription.status}")
        return
    right = right or Entitlement(source=source, kind=Entitlement.Kind.SUBSCRIPTION)
    starts_at = min(right.starts_at, subscription.period_start)
    told = {
        "user_id": subscription.user_id, "journal_id": subscription.journal_id, "starts_at": starts_at,
        "ends_at": max(ends_at, starts_at),
        "grace_since": subscription.unpaid_since if subscription.status == "past_due" else None,
    }  # fmt: skip
    news = {name: value for name, value in told.items() if right.pk is None or getattr(right, name) != value}
    for name, value in news.items():
        setattr(right, name, value)
    if news:
        right.save(update_fields=None if right.pk is None else [*news, "updated_at"])
    objection = standing.objection(latest, rules, period=True) if latest else ""
    _set_revoked(right, objection or _other_price(subscription))


def _other_price(subscription: Subscription) -> str:
    """A subscription whose payment page asked for another price than the order's waits for staff, as a purchase does:
    until they mark the finding as settled. (Its news may come before the order's. Later on a price may change.)"""
    order, words = subscription.order, "The price differs from the order, and we are looking at it"
    if order is None or order.state == Order.State.PAID:
        return ""
    if order.state != Order.State.REVIEW:
        is_the_price = (subscription.amount, subscription.currency) == (order.amount, order.currency)
        return "" if order.state not in Order.UNDECIDED or is_the_price else words
    return words if Finding.objects.filter(key=review_key(order), settled_at=None).exists() else ""


def review_key(order: Order) -> str:
    return f"review:{order.pk}"


def _tell_of_unpaid(subscription: Subscription, state: gateway.SubscriptionState) -> None:
    """One mail for one unpaid invoice of a renewal, with where to pay it and until when reading goes on."""
    if subscription.status != "past_due" or not subscription.unpaid_invoice_id:
        return
    right = Entitlement.objects.filter(source=f"subscription:{subscription.stripe_id}", revoked_at=None).first()
    if right and right.ends_at:
        invoice = next(i for i in state.invoices if i.id == subscription.unpaid_invoice_id)
        mail.past_due(subscription, invoice, right.ends_at)


def apply_facts(facts: gateway.PaymentFacts) -> Targets:
    """Disputes and warnings are written here alone; what they mean for a right is derived where the payment is."""
    payments.record_facts(facts)
    order = Order.objects.filter(payment_intent_id=facts.payment_intent_id).first()
    if order is None and facts.site == settings.SITE_TAG:
        order = _order_named(facts.order)
    if order:
        return [(SyncTarget.Kind.ORDER, str(order.pk))]
    if license_id := licenses.number_of({"license": facts.license}):
        return [(SyncTarget.Kind.LICENSE, str(license_id))]
    known = Payment.objects.filter(payment_intent_id=facts.payment_intent_id).select_related("subscription").first()
    subscription = known.subscription.stripe_id if known and known.subscription else facts.subscription_id
    return [(SyncTarget.Kind.SUBSCRIPTION, subscription)] if subscription else []


def apply_refund(found: FoundRefund) -> Targets:
    """Stripe took the refund or refused it; what became of it is then read with its charge."""
    refund = (
        Refund.objects.select_for_update(of=("self",))
        .select_related("payment__subscription")
        .get(request=found.request)
    )
    if refund.state == Refund.State.REQUESTED and found.refund:
        refund.stripe_id, refund.state = found.refund.id, Refund.State.PENDING
    elif refund.state == Refund.State.REQUESTED:
        refund.state, refund.failure_reason = Refund.State.FAILED, found.refusal[:500]
        mail.alert_staff(
            f"refund_refused:{refund.request}",
            f"Stripe refused {refund} to {refund.payment.email}: {found.refusal} If the money is owed, pay it back"
            " another way.",
        )
    refund.save()
    return [refund.payment.target]


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
