"""A thing paid twice, found after paying (before, checkout.py catches it). A person is told, or the policy refunds."""

import uuid

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from subscriptions import gateway, mail, policy, sync
from subscriptions.models import Finding, Offer, Order, Payment, Refund, Subscription, SyncTarget

FOR_GOOD = (Offer.Kind.PURCHASE, Offer.Kind.ISSUE, Offer.Kind.CME)


def find_paid_twice(order: Order) -> None:
    """The same article bought for good by the same reader more than once: all but the first order are too many.

    Every order of the thing is looked at, whichever is read last, and the first stays the first. An issue bought after
    one of its articles is not the same thing; an article bought after its issue is.
    """
    if order.kind not in FOR_GOOD or order.state != Order.State.PAID:
        return
    if order.user_id is None:
        return  # two guests are two people, until each has claimed an order
    first, *others = _same_thing(order).order_by("created_at", "pk")
    for other in others:
        payment = other.payments.first()
        if payment and other.kind == order.kind:
            about = f"{order.user} paid {order.description} twice: orders {first.number} and {other.number}."
            _found(payment, about)


def _same_thing(order: Order) -> "QuerySet[Order]":
    """The reader's paid orders that give what this one gives: the article itself, or the whole issue it is in."""
    paid = Order.objects.filter(user=order.user, state=Order.State.PAID)
    if order.kind == Offer.Kind.ISSUE:
        return paid.filter(kind=Offer.Kind.ISSUE, issue=order.issue)
    if order.kind == Offer.Kind.CME:
        return paid.filter(kind=Offer.Kind.CME, article=order.article)
    covering = Q(kind=Offer.Kind.PURCHASE, article=order.article)
    if order.article and order.article.issue_id:
        covering |= Q(kind=Offer.Kind.ISSUE, issue=order.article.issue_id)
    return paid.filter(covering)


def proposals(user: User) -> "QuerySet[Finding]":
    """What a reader paid twice and nobody has settled yet, for My access."""
    found = Finding.objects.filter(kind=Finding.Kind.DUPLICATE, settled_at=None, payment__user=user)
    return found.select_related("payment__order", "payment__subscription__journal")


def settle(finding: Finding, *, refund: bool) -> None:
    """The reader's word on a proposal: the later payment back, or both kept. Raises NotRefundable; Counted where all of
    it came off the price of a later order; GatewayError, and nothing is changed.

    A subscription that is given back ends: else it would renew, and be paid twice once more.
    """
    if refund and finding.payment and finding.payment.subscription:
        _end(finding.payment.subscription)
    with transaction.atomic():
        if refund and finding.payment:
            _give_back(finding.payment)
        finding.settled_at = timezone.now()
        finding.save(update_fields=["settled_at"])


def _end(subscription: Subscription) -> None:
    if subscription.status != "canceled":
        gateway.cancel_subscription(subscription.stripe_id)
        sync.hint(SyncTarget.Kind.SUBSCRIPTION, subscription.stripe_id)


def _give_back(payment: Payment) -> None:
    """Under the account's lock: whoever orders at this moment either counts the payment or finds it gone."""
    from subscriptions import refunds  # noqa: PLC0415  (refunds asks for a sync, which leads here)

    assert payment.user_id is not None  # noqa: S101  (only an account is told of what it paid twice)
    User.objects.select_for_update(no_key=True).get(pk=payment.user_id)
    key = uuid.uuid5(uuid.NAMESPACE_URL, f"{payment.charge_id}:{policy.Happening.DUPLICATE}")
    amount = refunds.not_counted(payment)
    if not amount and refunds.left(payment):
        raise refunds.Counted("The payment came off the price of a later order.")
    note = "Paid twice; the reader asked for it under My access."
    refunds.request(payment, amount, reason=Refund.Reason.DUPLICATE, note=note, by=None, key=key)


def find_second_subscription(subscription: Subscription) -> None:
    """Two living subscriptions of one reader to one journal, both paid: the younger is the one too many."""
    if subscription.status not in ("active", "past_due"):
        return
    living = Subscription.objects.filter(user=subscription.user, journal=subscription.journal)
    older = living.filter(status__in=("active", "trialing", "past_due"), created_at__lt=subscription.created_at)
    first = older.first()
    payment = subscription.payments.filter(amount_refunded=0).order_by("paid_at").first() if first else None
    if first and payment:
        about = f"{subscription.user} pays two subscriptions: {first.stripe_id} and {subscription.stripe_id}."
        _found(payment, about, "Cancel the younger subscription and refund its payment.")
        if _goes_back_at_once():
            told = "Its payment goes back by the policy. Cancel the younger subscription, or it renews."
            mail.alert_staff(f"second:{subscription.stripe_id}", f"{about} {told}")


def _goes_back_at_once() -> bool:
    return policy.rules()[policy.Happening.DUPLICATE].consequence == policy.REFUND


def _found(payment: Payment, about: str, remedy: str = "Refund the later payment.") -> None:
    from subscriptions import refunds  # noqa: PLC0415  (refunds asks for a sync, which leads here)

    if _goes_back_at_once():
        refunds.by_policy(payment, policy.Happening.DUPLICATE, about)
        return
    fields = {"kind": Finding.Kind.DUPLICATE, "about": about[:500], "remedy": remedy, "payment": payment}
    _, is_new = Finding.objects.get_or_create(key=f"duplicate:{payment.charge_id}", defaults=fields)
    if is_new:
        mail.alert_staff(f"duplicate:{payment.charge_id}", f"{about} {remedy}")
