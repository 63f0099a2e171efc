"""The ladder: what was paid is not paid twice (product.md 4).

A rental's payment counts towards buying the same article for 30 days, purchases of the last 60 days count towards the
first subscription payment. Integers in minor units; each payment is credited once, which an index of the table holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils import timezone

from accounts.models import User
from journal.models import Article
from subscriptions import mail
from subscriptions.models import Credit, Finding, Offer, Order, Refund
from subscriptions.money import MINIMUM, Money, step

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
    sums = _refunds(OuterRef("pk")).order_by().values("payment__order").annotate(sum=Sum("amount")).values("sum")
    free = paid.filter(~Exists(held)).annotate(asked_back=Subquery(sums))
    return list(free.defer("params", "consent_text").order_by("paid_at"))


def _refunds(order: Any) -> "QuerySet[Refund]":
    """What of an order's payment went back, or is asked for."""
    return Refund.objects.filter(payment__order=order, state__in=Refund.GIVEN_BACK)


def _left(order: Order) -> int:
    """What of a payment is still here: a refund may be younger than our last look at the order."""
    asked_back: int | None = vars(order).get("asked_back", -1)  # None: payments_that_may_count has found no refund
    if asked_back == -1:
        asked_back = _refunds(order).aggregate(sum=Sum("amount", default=0))["sum"]
    return max(order.amount_paid - max(order.amount_refunded, asked_back or 0), 0)


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
    left, asked = _left(order), order.amount - order.credit
    worth = left * asked // order.amount_paid if order.amount_paid > asked else left
    return worth - worth % step(order.currency)


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


def settle(order: Order, state: str, *, paid: int = 0) -> str:
    """What an order's outcome means for the credits it took; returns the state.

    Called with the order's row locked. An order that came to nothing gives its credits back. Where a credit is gone
    meanwhile (its payment went back), whoever `paid` the lower price keeps what they were promised, as they do when it
    goes back later, and staff hear of it; where nothing was paid at all, it is REVIEW.
    """
    taken = Credit.objects.filter(target=order)
    if state in (Order.State.EXPIRED, Order.State.FAILED, Order.State.REFUNDED):
        taken.update(state=Credit.State.RELEASED)
    if state != Order.State.PAID or not order.credit:
        return state
    # Locked: the refund of a source may be written at this moment, and one of the two must see the other.
    covered = sum(_take(credit) for credit in taken.select_for_update())
    if covered == order.credit:
        return state
    lacking = Money(order.credit - covered, order.currency)
    about = f"Order {order.number} was paid with {lacking} taken off for an earlier payment that is gone."
    is_open = paid > 0 or order.kind == Offer.Kind.SUBSCRIPTION
    remedy = "It is open at the lower price: ask for the difference, or leave it."
    if not is_open:
        remedy = "Nothing was paid for it, and it opens nothing until you give the access."
    fields = {"kind": Finding.Kind.REVIEW, "about": about, "remedy": remedy}
    Finding.objects.get_or_create(key=f"credit:{order.pk}", defaults=fields)
    mail.alert_staff(f"credit:{order.pk}", f"{about} {remedy}")
    return state if is_open else Order.State.REVIEW


def _take(credit: Credit) -> int:
    """Use what is still there of a credit: its payment has its money, and no other order was credited with it."""
    if credit.state == Credit.State.USED:
        return credit.amount
    elsewhere = Credit.objects.filter(source=credit.source).exclude(pk=credit.pk).exclude(state=Credit.State.RELEASED)
    if credit.source.state != Order.State.PAID or elsewhere.exists():
        return 0
    there = min(_worth(credit.source), credit.amount)
    if there > 0:
        credit.state, credit.amount = Credit.State.USED, there
        credit.save(update_fields=["state", "amount"])
    return max(there, 0)


def payment_came_back(order: Order) -> None:
    """A payment that counts towards another order was refunded or is disputed: what is only reserved is let go; of the
    rest staff hear."""
    disputed = order.state == Order.State.DISPUTED
    if not order.amount_refunded and not disputed:
        return
    given = Credit.objects.filter(source=order).exclude(state=Credit.State.RELEASED).select_related("target")
    for credit in given.select_for_update(of=("self",)):
        if credit.amount <= _worth(order) and not disputed:
            continue
        if credit.state == Credit.State.RESERVED:
            credit.state = Credit.State.RELEASED
            credit.save(update_fields=["state"])
            continue
        back, counted = Money(order.amount_refunded, order.currency), Money(credit.amount, order.currency)
        happened = f"{back} of order {order.number} went back to the reader"
        if disputed:
            happened = f"Order {order.number} is disputed"
        mail.alert_staff(
            f"credit-{'disputed' if disputed else 'refunded'}:{credit.pk}",
            f"{happened}, and {counted} of it had counted towards order {credit.target.number}, which they keep."
            " Ask for the difference, or leave it.",
        )


def refundable(order: Order) -> int:
    """What can go back without paying a credit out twice, in minor units: paid, less refunded, less what counts towards
    another order, paid or still at the payment page."""
    given = Credit.objects.filter(source=order).exclude(state=Credit.State.RELEASED)
    counted: int = given.aggregate(sum=Sum("amount", default=0))["sum"]
    return max(_worth(order) - counted, 0) if counted else _left(order)
