"""Withdrawing from a contract, in two steps (Directive 2011/83/EU art. 11a, from 19 June 2026).

What was declared is kept and acknowledged with its content, day and time, whether or not the right exists; staff see
what the law says about it, worked out below, before they decide. A subscription is a service: its right lasts 14 days,
and what was used until then is paid for (art. 14(3)), counted to the second and rounded in the reader's favor. Digital
content opened at once has none, when the reader asked for that, acknowledged it and got both confirmed (art. 16(m)).
"""

import re
from dataclasses import dataclass
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
from subscriptions.money import Money

PERIOD = timedelta(days=WITHDRAWAL_DAYS)
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
    """What follows from a withdrawal: `amount` goes back; `why` is said to staff, and with a refusal to the reader."""

    is_right: bool
    amount: Money
    why: str
    payment: Payment | None = None


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
    if row.received_at > ends(order):
        return Proposal(False, nothing, f"The withdrawal period ended on {mail.day(ends(order))}.")
    if order.kind == Offer.Kind.SUBSCRIPTION:
        return _of_subscription(row, order)
    if _waived(order):
        why = "The reader asked for immediate access and acknowledged the loss of the right; the receipt confirmed it."
        return Proposal(False, nothing, why)
    payment = order.payments.first()
    amount = Money(refunds.left(payment) if payment else 0, order.currency)
    return Proposal(True, amount, "There is no confirmed waiver, so everything goes back.", payment)


def _of_subscription(row: Withdrawal, order: Order) -> Proposal:
    subscription = row.subscription
    payment = subscription.payments.order_by("paid_at").first() if subscription else None
    if subscription is None or payment is None or subscription.period_end is None:
        return Proposal(True, Money(0, order.currency), "Nothing has been paid yet; the subscription is ended at once.")
    amount = unused(payment.amount, payment.paid_at, subscription.period_end, row.received_at)
    back = Money(min(amount, refunds.left(payment)), payment.currency)
    return Proposal(True, back, f"Within 14 days: {back} of {payment.price} is for time not used yet.", payment)


def unused(amount: int, begun: datetime, end: datetime, at: datetime) -> int:
    """The part of `amount` minor units for the time after `at`, rounded up: in the reader's favor."""
    whole, rest = int((end - begun).total_seconds()), int((end - at).total_seconds())
    if whole <= 0:
        return amount
    return min(amount, max(0, -(-amount * rest // whole)))


def _waived(order: Order) -> bool:
    """Asked for, acknowledged, and confirmed on a durable medium: the receipt went out."""
    asked = order.consents.filter(kind=Consent.Kind.IMMEDIATE).exists()
    keys = [f"receipt:{payment.charge_id}" for payment in order.payments.all()] + [f"confirmation:{order.pk}"]
    return asked and OutgoingMail.objects.filter(key__in=keys, sent_at__isnull=False).exists()


def accept(row: Withdrawal, by: User, answer: str) -> None:
    """End the contract at once and give back what is due. Raises GatewayError before anything was written."""
    proposal = propose(row)
    if row.subscription and row.subscription.status not in ("canceled", "incomplete_expired"):
        gateway.cancel_subscription(row.subscription.stripe_id)
    with transaction.atomic():
        if proposal.payment and proposal.amount.amount:
            refunds.request(
                proposal.payment, proposal.amount.amount, reason=Refund.Reason.CUSTOMER, by=by,
                note=f"Withdrawal {row.pk}: {proposal.why}",
            )  # fmt: skip
        if row.subscription:
            sync.hint(SyncTarget.Kind.SUBSCRIPTION, row.subscription.stripe_id)
        _decide(row, by, Withdrawal.State.ACCEPTED, answer or f"{proposal.amount} goes back to you.")


def decline(row: Withdrawal, by: User, answer: str) -> None:
    """There is no right of withdrawal; `answer` says why, and goes to the reader."""
    with transaction.atomic():
        _decide(row, by, Withdrawal.State.DECLINED, answer)


def _decide(row: Withdrawal, by: User, state: str, answer: str) -> None:
    locked = Withdrawal.objects.select_for_update().get(pk=row.pk)
    if locked.state != Withdrawal.State.RECEIVED:
        raise ValueError("This withdrawal has been decided already.")
    locked.state, locked.answer, locked.decided_by, locked.decided_at = state, answer, by, timezone.now()
    locked.save()
    mail.withdrawal_decided(locked)
