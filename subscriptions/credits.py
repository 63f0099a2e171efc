"""The ladder: what was paid is not paid twice (product.md 4).

A rental's payment counts towards buying the same article for 30 days, purchases of the last 60 days count towards the
first subscription payment. Integers in minor units; each payment is credited once, which an index of the table holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from journal.models import Article
from subscriptions import mail
from subscriptions.models import Credit, Offer, Order
from subscriptions.money import MINIMUM, Money

RENTAL_DAYS, PURCHASE_DAYS = 30, 60
BOUGHT = (Offer.Kind.PURCHASE, Offer.Kind.ISSUE)


@dataclass(frozen=True, slots=True)
class Quote:
    """What an offer costs this reader: `parts` are the orders whose payments count, and how much of each."""

    price: Money
    parts: tuple[tuple[Order, int], ...] = ()

    @property
    def credit(self) -> Money:
        return Money(sum(amount for _, amount in self.parts), self.price.currency)

    @property
    def amounts(self) -> list[tuple[Order, Money]]:
        """The parts for a page: which order, and what of it comes off."""
        return [(order, Money(amount, order.currency)) for order, amount in self.parts]

    @property
    def to_pay(self) -> Money:
        return Money(self.price.amount - self.credit.amount, self.price.currency)


def payments_that_may_count(user: User) -> list[Order]:
    """The reader's payments of the last 60 days that are not credited yet, oldest first. One statement.

    What is only reserved for a payment page that is still open counts: taking it closes that page (checkout.py).
    """
    taken = Credit.objects.filter(source=OuterRef("pk")).exclude(state=Credit.State.RELEASED)
    held = taken.exclude(state=Credit.State.RESERVED, target__state__in=(Order.State.NEW, Order.State.OPEN))
    recent = Q(paid_at__gt=timezone.now() - timedelta(days=PURCHASE_DAYS))
    paid = Order.objects.filter(recent, user=user, state=Order.State.PAID).exclude(kind=Offer.Kind.SUBSCRIPTION)
    return list(paid.filter(~Exists(held)).defer("params", "consent_text").order_by("paid_at"))


def quote(offer: Offer, article: Article | None, payments: Iterable[Order]) -> Quote:
    """The price of an offer with what counts towards it taken off, never below 0 nor to a sum Stripe refuses."""
    counting = [order for order in payments if _counts(order, offer, article)]
    return Quote(offer.price, tuple(_parts(offer.price, counting)))


def _counts(order: Order, offer: Offer, article: Article | None) -> bool:
    if order.currency != offer.currency or order.journal_id != offer.journal_id or _worth(order) <= 0:
        return False
    if offer.kind == Offer.Kind.SUBSCRIPTION:
        return order.kind in BOUGHT
    since = timezone.now() - timedelta(days=RENTAL_DAYS)
    same = article is not None and order.article_id == article.pk
    rented = order.kind == Offer.Kind.RENTAL and order.paid_at is not None and order.paid_at > since
    return offer.kind == Offer.Kind.PURCHASE and same and rented


def _worth(order: Order) -> int:
    """What is left of a payment. Tax on top of the price went to the state, and comes on top of the next one again."""
    left = order.amount_paid - order.amount_refunded
    asked = order.amount - order.credit
    return left * asked // order.amount_paid if order.amount_paid > asked else left


def _parts(price: Money, orders: Sequence[Order]) -> list[tuple[Order, int]]:
    most = _most(price, sum(_worth(order) for order in orders))
    parts = []
    for order in orders:
        amount = min(_worth(order), most)
        if amount > 0:
            parts.append((order, amount))
            most -= amount
    return parts


def _most(price: Money, worth: int) -> int:
    """How much may come off: all, or as much as leaves a sum that can be charged."""
    rest = price.amount - worth
    if rest <= 0:
        return price.amount
    return worth - max(MINIMUM.get(price.currency, 1) - rest, 0)


def reserve(order: Order, parts: Iterable[tuple[Order, int]]) -> None:
    """Keep the payments for an order that goes to the payment page. In the transaction that makes the order."""
    for source, amount in parts:
        Credit.objects.create(source=source, target=order, amount=amount)


def holders(sources: Iterable[Order]) -> list[Order]:
    """The open orders that payments are reserved for."""
    reserved = Credit.objects.filter(source__in=list(sources), state=Credit.State.RESERVED)
    return [credit.target for credit in reserved.select_related("target")]


def settle(order: Order, state: str) -> str:
    """What an order's outcome means for the credits it took; returns the state, or REVIEW when one is gone meanwhile.

    Called with the order's row locked. An order that came to nothing gives its credits back.
    """
    taken = Credit.objects.filter(target=order)
    if state in (Order.State.EXPIRED, Order.State.FAILED, Order.State.REFUNDED):
        taken.update(state=Credit.State.RELEASED)
    if state != Order.State.PAID or not order.credit:
        return state
    covered = sum(credit.amount for credit in taken.select_related("source") if _take(credit))
    if covered == order.credit:
        return state
    lacking = Money(order.credit - covered, order.currency)
    mail.alert_staff(
        f"credit:{order.pk}",
        f"Order {order.number} was paid with {lacking} taken off for an earlier payment that is gone. It opens nothing"
        " until somebody has looked at it.",
    )
    return Order.State.REVIEW


def _take(credit: Credit) -> bool:
    """Use a credit that is still there: its payment has its money, and no other order was credited with it."""
    if credit.state == Credit.State.USED:
        return True
    elsewhere = Credit.objects.filter(source=credit.source).exclude(pk=credit.pk).exclude(state=Credit.State.RELEASED)
    if credit.source.state != Order.State.PAID or _worth(credit.source) < credit.amount or elsewhere.exists():
        return False
    credit.state = Credit.State.USED
    credit.save(update_fields=["state"])
    return True


def payment_came_back(order: Order) -> None:
    """A payment that counts towards another order was refunded: what is only reserved is let go; of the rest staff
    hear."""
    if not order.amount_refunded:
        return
    given = Credit.objects.filter(source=order).select_related("target")
    for credit in given.exclude(state=Credit.State.RELEASED):
        if credit.amount <= _worth(order):
            continue
        if credit.state == Credit.State.RESERVED:
            credit.state = Credit.State.RELEASED
            credit.save(update_fields=["state"])
            continue
        back, counted = Money(order.amount_refunded, order.currency), Money(credit.amount, order.currency)
        mail.alert_staff(
            f"credit-refunded:{credit.pk}",
            f"{back} of order {order.number} went back to the reader, and {counted} of it had counted towards order"
            f" {credit.target.number}, which they keep. Ask for the difference, or leave it.",
        )


def refundable(order: Order) -> int:
    """What can go back without paying a credit out twice, in minor units: paid, less refunded, less credited."""
    given = Credit.objects.filter(source=order, state=Credit.State.USED).values_list("amount", flat=True)
    return max(_worth(order) - sum(given), 0)
