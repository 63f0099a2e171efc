"""Whom a change of the policy meets, before it is applied; and applying it: what is met is read and derived again."""

from dataclasses import dataclass

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from subscriptions import standing, sync
from subscriptions.models import Dispute, Entitlement, FraudWarning, Payment, Subscription, SyncTarget
from subscriptions.policy import Happening, Rule, rules
from subscriptions.standing import Paid

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Change:
    """One right, and what becomes of it."""

    right: Entitlement
    before: str
    after: str


def changes(happening: str, rule: Rule) -> list[Change]:
    """What would change under `rule`, at most SHOWN rows; rights staff have revoked stay as they are."""
    now, then = rules(), {**rules(), happening: rule}
    if happening == Happening.RENEWAL_FAILED:
        return _grace(now, then)
    found = []
    for payment in _met(happening)[: 10 * SHOWN]:
        right = _right(payment)
        if right is None or right.revoked_by_id:
            continue
        paid, period = _paid(payment), payment.subscription_id is not None
        before, after = standing.objection(paid, now, period=period), standing.objection(paid, then, period=period)
        if bool(before) != bool(after):
            found.append(Change(right, _words(before), _words(after)))
    return found[:SHOWN]


def apply(happening: str) -> int:
    """Have everything the happening met looked at again; returns how many. The worker does it in a moment."""
    targets = {payment.target for payment in _met(happening)}
    if happening == Happening.RENEWAL_FAILED:
        ids = Subscription.objects.filter(status="past_due").values_list("stripe_id", flat=True)
        targets |= {(str(SyncTarget.Kind.SUBSCRIPTION), stripe_id) for stripe_id in ids}
    for kind, key in sorted(targets):
        sync.hint(kind, key)
    return len(targets)


def _met(happening: str) -> "QuerySet[Payment]":
    """Payments the happening is about."""
    payments = Payment.objects.select_related("user", "order", "subscription")
    disputed = Dispute.objects.all()
    match happening:
        case Happening.REFUNDED_IN_PART:
            return payments.filter(subscription=None, amount_refunded__gt=0, amount_refunded__lt=F("amount"))
        case Happening.REFUNDED_IN_FULL | Happening.PERIOD_REFUNDED:
            one = Q(subscription=None) if happening == Happening.REFUNDED_IN_FULL else Q(subscription__isnull=False)
            return payments.filter(one, amount_refunded__gte=F("amount"))
        case Happening.INQUIRY:
            disputed = disputed.filter(status__in=Dispute.INQUIRY)
        case Happening.DISPUTE_LOST:
            disputed = disputed.filter(status="lost")
        case Happening.DISPUTED | Happening.PERIOD_DISPUTED:
            one = Q(subscription=None) if happening == Happening.DISPUTED else Q(subscription__isnull=False)
            open_ones = disputed.filter(status__in=Dispute.IN_QUESTION)
            return payments.filter(one, payment_intent_id__in=open_ones.values("payment_intent_id"))
        case Happening.FRAUD_WARNING:
            return payments.filter(payment_intent_id__in=FraudWarning.objects.values("payment_intent_id"))
        case _:
            return payments.none()
    return payments.filter(payment_intent_id__in=disputed.values("payment_intent_id"))


def _paid(payment: Payment) -> Paid:
    intent = payment.payment_intent_id
    disputes = tuple(Dispute.objects.filter(payment_intent_id=intent).values_list("status", flat=True))
    warned = FraudWarning.objects.filter(payment_intent_id=intent).exists()
    return Paid(payment.amount, payment.amount_refunded, disputes, warned)


def _right(payment: Payment) -> Entitlement | None:
    """The right a payment stands behind; of a subscription's payments only the latest one does."""
    subscription = payment.subscription
    if subscription and subscription.payments.filter(paid_at__gt=payment.paid_at).exists():
        return None
    kind, key = payment.target
    rights = Entitlement.objects.select_related("user", "article", "issue", "journal")
    return rights.filter(source=f"{kind}:{key}").first()


def _grace(now: standing.Rules, then: standing.Rules) -> list[Change]:
    found = []
    for subscription in Subscription.objects.filter(status="past_due")[:SHOWN]:
        right = Entitlement.objects.filter(source=f"subscription:{subscription.stripe_id}").first()
        before, after = (standing.subscription_end(subscription, table) for table in (now, then))
        if right and before != after:
            then_until, now_until = (f"open until {timezone.localtime(end):%Y-%m-%d}" for end in (before, after))
            found.append(Change(right, then_until, now_until))
    return found


def _words(objection: str) -> str:
    return f"held back: {objection}" if objection else "open"
