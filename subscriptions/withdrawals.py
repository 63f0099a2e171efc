"""Withdrawing from a contract, in two steps (Directive 2011/83/EU art. 11a, from 19 June 2026).

What was declared is kept and acknowledged with its content, day and time, whether or not the right exists; staff see
what the law says about it, worked out below, before they decide. A subscription is a service: its right lasts 14 days,
and what was used until then is paid for (art. 14(3)), counted to the second and rounded in the reader's favor, also
where the plan was switched meanwhile. Digital content opened at once has none, when the reader asked for that,
acknowledged it and got both confirmed (art. 16(m)). What came off a later price stays with that.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from subscriptions import gateway, mail, refunds, sync
from subscriptions.consents import WITHDRAWAL_DAYS
from subscriptions.models import (
    Consent,
    Offer,
    Order,
    OutgoingMail,
    Payment,
    Refund,
    Subscription,
    SyncTarget,
    Withdrawal,
)
from subscriptions.money import Money, step

PERIOD = timedelta(days=WITHDRAWAL_DAYS)
LONGEST = {"month": timedelta(days=31), "year": timedelta(days=366)}
# What `propose` comes to, as the table that staff read beside the policy. The law's, so nobody changes it there.
RULES = (
    (
        f"A subscription, within {WITHDRAWAL_DAYS} days",
        "It ends at once; the part of the payment not used yet goes back",
    ),
    (f"A subscription not paid for yet, within {WITHDRAWAL_DAYS} days", "It ends at once; nothing was charged"),
    ("A purchase or rental opened at once, with the consent confirmed on the receipt", "No right of withdrawal"),
    (
        f"A purchase or rental without a confirmed consent, within {WITHDRAWAL_DAYS} days",
        "All of the payment goes back",
    ),
    (f"Anything, after {WITHDRAWAL_DAYS} days", "No right of withdrawal"),
)
NUMBER = re.compile(r"\b(?=([0-9A-Z]{4})[- ]?([0-9A-Z]{4})\b)")  # overlapping: “ORDER 7KQ4 9ACM” holds two


@dataclass(frozen=True, slots=True)
class Proposal:
    """What follows from a withdrawal: `amount` goes back, by `parts`; `why` is said to staff, and with a refusal to the
    reader."""

    is_right: bool
    amount: Money
    why: str
    parts: tuple[tuple[Payment, int], ...] = ()


def ends(order: Order) -> datetime:
    """The last moment of the withdrawal period: 14 days after the day of the contract."""
    begun = timezone.localtime(order.paid_at or order.created_at)
    return (begun + PERIOD).replace(hour=23, minute=59, second=59, microsecond=0)


def within_the_period(user: User) -> list[Order]:
    """The subscriptions a reader can still withdraw from, each with `withdraw_until`."""
    orders = Order.objects.filter(user=user, kind=Offer.Kind.SUBSCRIPTION, state=Order.State.PAID)
    recent = orders.filter(paid_at__gt=timezone.now() - PERIOD - timedelta(days=1)).exclude(withdrawals__isnull=False)
    for order in recent:
        order.withdraw_until = ends(order)  # type: ignore[attr-defined]
    return [order for order in recent if ends(order) > timezone.now()]


def receive(*, name: str, email: str, contract: str, user: User | None) -> Withdrawal:
    """Keep what was declared, acknowledge it by mail, and tell staff. The contract is found if it is this person's."""
    with transaction.atomic():
        order = _order_of(contract, email, user)
        subscription = Subscription.objects.filter(order=order).first() if order else None
        row = Withdrawal.objects.create(
            name=name, email=email, contract=contract, order=order, subscription=subscription
        )  # fmt: skip
        mail.withdrawal_received(row)
        mail.alert_staff(f"withdrawal:{row.pk}", f"{name} withdraws from {contract}. See Withdrawals.")
        return row


def _order_of(contract: str, email: str, user: User | None) -> Order | None:
    """The order whose number stands in the text, when it is the account's own or was made with this address."""
    numbers = [f"{first}-{second}" for first, second in NUMBER.findall(contract.upper())]
    order = Order.objects.select_related("user").filter(number__in=numbers).first()
    if order is None:
        return None
    own = user is not None and order.user_id == user.pk
    return order if own or order.email.lower() == email.lower() else None


def propose(row: Withdrawal) -> Proposal:
    """What the rules say about a withdrawal, at the moment it was received."""
    order = row.order
    if order is None:
        return Proposal(False, Money(0, "usd"), "No order of this person's has this number. Ask which one they mean.")
    nothing = Money(0, order.currency)
    if Withdrawal.objects.filter(order=order, state=Withdrawal.State.ACCEPTED).exclude(pk=row.pk).exists():
        return Proposal(False, nothing, "This contract was withdrawn from before, and that was accepted.")
    if row.received_at > ends(order):
        return Proposal(False, nothing, f"The withdrawal period ended on {mail.day(ends(order))}.")
    if order.kind == Offer.Kind.SUBSCRIPTION:
        return _of_subscription(row, order)
    if _waived(order):
        why = "The reader asked for immediate access and acknowledged the loss of the right; the receipt confirmed it."
        return Proposal(False, nothing, why)
    payments = list(order.payments.all())
    most = sum(refunds.not_counted(payment) for payment in payments)
    left = sum(refunds.left(payment) for payment in payments)
    why = "There is no confirmed waiver, so everything goes back."
    if most < left:
        why += f" {Money(left - most, order.currency)} of it came off the price of a later order and stays with that."
    return _proposal(most, payments, order.currency, why)


def _proposal(wanted: int, payments: Sequence[Payment], currency: str, why: str) -> Proposal:
    """As much of `wanted` as is still here, the newest payment first; the bank has taken back what is disputed."""
    parts = []
    for payment in payments:
        if part := 0 if payment.disputed else min(wanted, refunds.left(payment)):
            parts.append((payment, part))
            wanted -= part
    if any(payment.disputed for payment in payments):
        why += " The payer's bank has taken a payment back by itself; that is not refunded."
    return Proposal(True, Money(sum(part for _, part in parts), currency), why, tuple(parts))


def _of_subscription(row: Withdrawal, order: Order) -> Proposal:
    subscription = row.subscription
    payments = list(subscription.payments.order_by("-paid_at")) if subscription else []
    if subscription is None or not payments or subscription.period_end is None:
        return Proposal(True, Money(0, order.currency), "Nothing has been paid yet; the subscription is ended at once.")
    first, currency = payments[-1], payments[-1].currency
    was_switched = subscription.interval != order.interval and subscription.period_start is not None
    if was_switched:
        wanted, why = _unused_after_switch(subscription, order, payments, row.received_at)
    else:
        wanted = unused(first.amount, first.paid_at, subscription.period_end, row.received_at, step(currency))
        payments, why = [first], ""
    found = _proposal(wanted, payments, currency, why)
    paid = Money(sum(payment.amount for payment in payments), currency)
    words = f"Within 14 days: {found.amount} of {paid} is for time not used yet.{found.why}"
    return replace(found, why=words)


def _unused_after_switch(
    subscription: Subscription, order: Order, payments: Sequence[Payment], at: datetime
) -> tuple[int, str]:
    """What was paid in all, less the days of the first plan and those of the one it was switched to.

    Stripe charges a dearer plan at once, less what is unused of the old one; for a cheaper one it keeps a balance.
    """
    first, switched, end = payments[-1], subscription.period_start, subscription.period_end
    assert switched and end  # noqa: S101  (the caller has asked)
    whole = first.paid_at + LONGEST[order.interval]
    used = first.amount - unused(first.amount, first.paid_at, whole, min(switched, at))
    used += subscription.amount - unused(subscription.amount, switched, end, at)
    smallest = step(first.currency)
    back = sum(payment.amount for payment in payments) - used // smallest * smallest
    note = " The plan was switched; both plans' days are counted."
    if order.interval == "year":
        note += " Set the customer's balance at Stripe to 0: it holds what the switch credited."
    return max(0, back), note


def unused(amount: int, begun: datetime, end: datetime, at: datetime, smallest: int = 1) -> int:
    """The part of `amount` minor units for the time after `at`, rounded up to what Stripe takes: in the reader's
    favor."""
    whole, rest = int((end - begun).total_seconds()), int((end - at).total_seconds())
    if whole <= 0:
        return amount
    return min(amount, max(0, -(-amount * rest // (whole * smallest)) * smallest))


def _waived(order: Order) -> bool:
    """Asked for, acknowledged, and confirmed on a durable medium: the receipt went out."""
    asked = order.consents.filter(kind=Consent.Kind.IMMEDIATE).exists()
    keys = [f"receipt:{payment.charge_id}" for payment in order.payments.all()] + [f"confirmation:{order.pk}"]
    return asked and OutgoingMail.objects.filter(key__in=keys, sent_at__isnull=False).exists()


def accept(row: Withdrawal, by: User, answer: str) -> None:
    """End the contract at once and give back what is due, once for a contract. Raises GatewayError before anything was
    written, ValueError with a sentence where somebody was quicker."""
    _check(row)
    if row.subscription and row.subscription.status not in ("canceled", "incomplete_expired"):
        gateway.cancel_subscription(row.subscription.stripe_id)
        sync.hint(SyncTarget.Kind.SUBSCRIPTION, row.subscription.stripe_id)
    try:
        _accept(row, by, answer)
    except refunds.NotRefundable as error:
        raise ValueError(
            f"Somebody was quicker, and nothing was refunded. {error} Look at the proposal again."
        ) from None


def _accept(row: Withdrawal, by: User, answer: str) -> None:
    with transaction.atomic():
        if row.order_id:
            Order.objects.select_for_update(no_key=True).get(pk=row.order_id)
        _check(row)
        proposal = propose(row)
        for payment, amount in proposal.parts:
            refunds.request(
                payment, amount, reason=Refund.Reason.CUSTOMER, by=by, note=f"Withdrawal {row.pk}: {proposal.why}"
            )
        _decide(row, by, Withdrawal.State.ACCEPTED, answer or f"{proposal.amount} goes back to you.")


def _check(row: Withdrawal) -> None:
    """One withdrawal of a contract is accepted; what is proposed beside it would give back what was used."""
    _still_open(Withdrawal.objects.get(pk=row.pk))
    others = Withdrawal.objects.filter(order__isnull=False, order=row.order_id, state=Withdrawal.State.ACCEPTED)
    if others.exclude(pk=row.pk).exists():
        raise ValueError("Another withdrawal from this contract was accepted before. Decline this one.")


def decline(row: Withdrawal, by: User, answer: str) -> None:
    """There is no right of withdrawal; `answer` says why, and goes to the reader."""
    with transaction.atomic():
        _decide(row, by, Withdrawal.State.DECLINED, answer)


def _decide(row: Withdrawal, by: User, state: str, answer: str) -> None:
    locked = Withdrawal.objects.select_for_update().get(pk=row.pk)
    _still_open(locked)
    locked.state, locked.answer, locked.decided_by, locked.decided_at = state, answer, by, timezone.now()
    locked.save()
    mail.withdrawal_decided(locked)


def _still_open(row: Withdrawal) -> None:
    if row.state != Withdrawal.State.RECEIVED:
        raise ValueError("This withdrawal has been decided already.")
