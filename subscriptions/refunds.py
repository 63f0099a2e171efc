"""Giving money back: asked for once by a person or the policy, carried out at Stripe once, whatever dies in between.

The wish is a row first; a target of its own (kind `refund`) then carries it to Stripe until it is answered. Stripe's
idempotency key is the row's id; when it may have been forgotten (24 hours), Stripe's own list is searched first.
"""

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone

from accounts.models import User
from subscriptions import credits, standing, sync
from subscriptions.models import Entitlement, Payment, Policy, Refund, Subscription, SyncTarget
from subscriptions.money import Money
from subscriptions.policy import rules
from subscriptions.standing import Paid


class NotRefundable(Exception):
    """More than is left, or a payment the bank has already taken back. The message is for staff."""


class Counted(NotRefundable):
    """The payment came off the price of a later order: it would be given back twice."""


class Changed(NotRefundable):
    """Less is left than was shown: somebody was quicker."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a refund would do: to the money, the right, and the subscription."""

    amount: Money
    left_after: Money
    right: Entitlement | None
    ends_access: str  # why, or empty: access stays
    subscription: Subscription | None
    counted: Money | None = None  # of the amount, what came off the price of a later order


def left(payment: Payment) -> int:
    """Minor units that can still go back: less what was refunded, and what is asked for and not yet at Stripe.

    Stripe has said yes to a refund a moment before the payment is read again: meanwhile the refunds know more than it.
    """
    waits = Q(state=Refund.State.REQUESTED)
    known = payment.refunds.filter(state__in=Refund.GIVEN_BACK).aggregate(
        waiting=Sum("amount", filter=waits, default=0), all=Sum("amount", default=0)
    )
    gone: int = max(payment.amount_refunded + known["waiting"], known["all"])
    return max(0, payment.amount - gone)


def not_counted(payment: Payment) -> int:
    """Minor units that can go back without a person's word: what came off the price of a later order stays here. (What
    a subscription paid never comes off.)"""
    if payment.order is None or payment.subscription_id:
        return left(payment)
    return min(left(payment), credits.refundable(payment.order))


def check(payment: Payment, amount: int) -> None:
    """Raises NotRefundable with a sentence."""
    if payment.disputed:
        raise NotRefundable("The payer's bank has taken this payment back; refunding it, too, would pay it twice.")
    if not 0 < amount <= left(payment):
        most = Money(left(payment), payment.currency)
        raise NotRefundable(f"{most} of this payment can still be refunded." if left(payment) else "Nothing is left.")


def preview(payment: Payment, amount: int) -> Preview:
    check(payment, amount)
    subscription = payment.subscription
    after = Paid(payment.amount, payment.amount - left(payment) + amount)
    is_latest = subscription is not None and not subscription.payments.filter(paid_at__gt=payment.paid_at).exists()
    matters = subscription is None or is_latest
    source, free = ":".join(payment.target), not_counted(payment)
    return Preview(
        amount=Money(amount, payment.currency),
        left_after=Money(left(payment) - amount, payment.currency),
        right=Entitlement.objects.filter(source=source).first(),
        ends_access=standing.objection(after, rules(), period=subscription is not None) if matters else "",
        subscription=subscription,
        counted=Money(amount - free, payment.currency) if amount > free else None,
    )


def request(
    payment: Payment, amount: int, *, reason: str, note: str, by: User | None, key: uuid.UUID | None = None,
    left_before: int | None = None,
) -> Refund:  # fmt: skip
    """Write the wish down and hint at it. The same key again returns the same row. Raises NotRefundable.

    `left_before` is what a person was shown as left: if that has changed, nothing is done. The caller may run the
    target at once; if it dies, the sweep does it.
    """
    with transaction.atomic():
        locked = Payment.objects.select_for_update().get(pk=payment.pk)
        known = Refund.objects.filter(request=key).first() if key else None
        if known:
            return known
        check(locked, amount)
        if left_before is not None and left_before != left(locked):
            raise Changed(f"{Money(left(locked), locked.currency)} of this payment can still be refunded.")
        refund = Refund.objects.create(
            request=key or uuid.uuid4(), payment=locked, amount=amount, reason=reason, note=note, requested_by=by,
            created_at=timezone.now(),
        )  # fmt: skip
        sync.hint(SyncTarget.Kind.REFUND, str(refund.request))
    return refund


def by_policy(payment: Payment, happening: str, note: str) -> None:
    """A refund the policy asks for: once for a payment and a happening, of all that is left. What was paid twice goes
    back less what of it came off a later price."""
    key = uuid.uuid5(uuid.NAMESPACE_URL, f"{payment.charge_id}:{happening}")
    warned = happening == Policy.Happening.FRAUD_WARNING
    amount = left(payment) if warned else not_counted(payment)
    if amount and not payment.disputed and not Refund.objects.filter(request=key).exists():
        reason = Refund.Reason.FRAUD if warned else Refund.Reason.DUPLICATE
        request(payment, amount, reason=reason, note=note, by=None, key=key)
