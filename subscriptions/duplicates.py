"""A thing paid twice, found after paying (before, checkout.py catches it). A person is told, or the policy refunds."""

from subscriptions import mail, policy
from subscriptions.models import Finding, Offer, Order, Payment, Subscription


def find_paid_twice(order: Order) -> None:
    """The same article bought for good by the same reader more than once: all but the first order are too many.

    Every order of the thing is looked at, whichever is read last, and the first stays the first.
    """
    if order.kind != Offer.Kind.PURCHASE or order.state != Order.State.PAID:
        return
    if order.user_id is None:
        return  # two guests are two people, until each has claimed an order
    same = Order.objects.filter(user=order.user, article=order.article, kind=order.kind, state=Order.State.PAID)
    first, *others = same.order_by("created_at", "pk")
    for other in others:
        payment = other.payments.first()
        if payment:
            about = f"{order.user} paid {order.description} twice: orders {first.number} and {other.number}."
            _found(payment, about)


def find_second_subscription(subscription: Subscription) -> None:
    """Two living subscriptions of one reader to one journal, both paid: the younger is the one too many."""
    if subscription.status not in ("active", "past_due"):
        return
    living = Subscription.objects.filter(user=subscription.user, journal=subscription.journal)
    older = living.filter(status__in=("active", "trialing", "past_due"), created_at__lt=subscription.created_at)
    payment = subscription.payments.filter(amount_refunded=0).order_by("paid_at").first()
    if payment and older.exists():
        about = f"{subscription.user} pays two subscriptions: {older[0].stripe_id} and {subscription.stripe_id}."
        _found(payment, about, "Cancel the younger subscription and refund its payment.")


def _found(payment: Payment, about: str, remedy: str = "Refund the later payment.") -> None:
    from subscriptions import refunds  # noqa: PLC0415  (refunds asks for a sync, which leads here)

    if policy.rules()[policy.Happening.DUPLICATE].consequence == policy.REFUND:
        refunds.by_policy(payment, policy.Happening.DUPLICATE, about)
        return
    fields = {"kind": Finding.Kind.DUPLICATE, "about": about[:500], "remedy": remedy, "payment": payment}
    _, is_new = Finding.objects.get_or_create(key=f"duplicate:{payment.charge_id}", defaults=fields)
    if is_new:
        mail.alert_staff(f"duplicate:{payment.charge_id}", f"{about} {remedy}")
