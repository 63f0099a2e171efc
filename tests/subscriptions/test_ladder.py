"""What was paid is not paid twice: rentals count towards buying, purchases towards the first subscription payment."""

from datetime import timedelta
from itertools import count
from types import SimpleNamespace

from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import credits, support
from subscriptions.models import Credit, Finding, Order, OutgoingMail, Payment
from subscriptions.money import MINIMUM, Money
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_article, make_offer, make_user
from tests.subscriptions.selling import buy, latest_order, order, work


def pay(client: Client, stripe: LocalStripe, *what: object) -> None:
    client.get(buy(client, stripe, *what))  # type: ignore[arg-type]


def charges(stripe: LocalStripe) -> list[int]:
    found = stripe.control("objects", kind="charge")["data"]
    return sorted(charge["amount"] for charge in found if charge["status"] == "succeeded")


def confirm_page(client: Client, offer: object, article: Article | None = None) -> str:
    query = f"?article={article.pk}" if article else ""
    return client.get(f"/offers/{offer.pk}/order/{query}").content.decode()  # type: ignore[attr-defined]


def test_a_rental_comes_off_the_price_of_buying_and_the_page_says_so_in_numbers(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client, rental, purchase = signed_in(dan), make_offer("rental"), make_offer("purchase")
    pay(client, local_stripe, rental, article)
    assert "You paid $6.00 for the rental: it comes off, and you pay $24.00." in (
        client.get(article.get_absolute_url()).content.decode()
    )
    page = confirm_page(client, purchase, article)
    assert "−$6.00" in page
    assert "Continue to payment: $24.00" in page
    pay(client, local_stripe, purchase, article)
    assert charges(local_stripe) == [600, 2400]
    assert SECRET_SENTENCE in client.get(article.get_absolute_url()).content.decode()
    credit = Credit.objects.get()
    assert (credit.amount, credit.state) == (600, "used")


def test_a_rental_counts_for_its_own_article_only_and_for_thirty_days(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client, purchase = signed_in(dan), make_offer("purchase")
    pay(client, local_stripe, make_offer("rental"), article)
    assert "Continue to payment: $30.00" in confirm_page(client, purchase, make_article())
    Order.objects.update(paid_at=timezone.now() - timedelta(days=30, seconds=1))
    assert "Continue to payment: $30.00" in confirm_page(client, purchase, article)


def test_purchases_come_off_the_first_subscription_payment_and_the_second_is_full(
    dan: User, local_stripe: LocalStripe
) -> None:
    client, yearly = signed_in(dan), make_offer("subscription", interval="year", amount=8900)
    purchase = make_offer("purchase")
    for _ in range(2):
        pay(client, local_stripe, purchase, make_article())
    assert "$29.00 now, then $89.00 per year" in " ".join(confirm_page(client, yearly).split())
    pay(client, local_stripe, yearly)
    work()
    assert charges(local_stripe) == [2900, 3000, 3000]
    local_stripe.control("clock/advance", days=366)
    assert charges(local_stripe) == [2900, 3000, 3000, 8900]


def test_each_payment_is_credited_once(dan: User, article: Article, local_stripe: LocalStripe) -> None:
    client, purchase, yearly = signed_in(dan), make_offer("purchase"), make_offer("subscription", amount=8900)
    pay(client, local_stripe, make_offer("rental"), article)
    pay(client, local_stripe, purchase, article)
    pay(client, local_stripe, yearly)  # 24 of the purchase comes off; the rental has counted already
    assert charges(local_stripe) == [600, 2400, 6500]
    assert credits.payments_that_may_count(dan) == []


def test_a_credit_that_covers_all_charges_nothing_and_still_opens(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    pay(client, local_stripe, make_offer("rental", amount=3000), article)
    pay(client, local_stripe, make_offer("purchase"), article)
    assert charges(local_stripe) == [3000]
    assert SECRET_SENTENCE in client.get(article.get_absolute_url()).content.decode()
    assert latest_order().state == Order.State.PAID


def test_an_order_left_open_gives_its_credit_to_the_one_that_is_paid(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    """Dan opens the monthly page, thinks better of it and takes the year; the old page cannot be paid any more."""
    client = signed_in(dan)
    pay(client, local_stripe, make_offer("purchase"), article)
    monthly, yearly = make_offer("subscription"), make_offer("subscription", interval="year", amount=8900)
    left_open = order(client, monthly)
    pay(client, local_stripe, yearly)
    assert charges(local_stripe) == [3000, 5900]
    assert "expired" in local_stripe.pay(left_open)
    assert charges(local_stripe) == [3000, 5900]
    assert sorted(Credit.objects.values_list("state", flat=True)) == ["released", "used"]


def test_an_expired_page_releases_its_credit(dan: User, article: Article, local_stripe: LocalStripe) -> None:
    client, purchase = signed_in(dan), make_offer("purchase")
    pay(client, local_stripe, make_offer("rental"), article)
    order(client, purchase, article)
    local_stripe.control("clock/advance", seconds=3700)
    pay(client, local_stripe, purchase, article)
    assert charges(local_stripe) == [600, 2400]


def test_a_rental_refunded_before_the_reduced_price_is_paid_is_told_to_staff_and_takes_nothing_from_the_reader(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    """Who has paid what the page asked for reads: the refund was not theirs to make."""
    client, purchase = signed_in(dan), make_offer("purchase")
    pay(client, local_stripe, make_offer("rental"), article)
    rental = latest_order()
    url = order(client, purchase, article)
    local_stripe.control("refund", payment_intent=rental.payment_intent_id, amount=500)
    assert support.re_read("order", str(rental.pk)) == ""
    client.get(local_stripe.pay(url).removeprefix("http://testserver"))
    assert latest_order().state == Order.State.PAID
    assert SECRET_SENTENCE in client.get(article.get_absolute_url()).content.decode()
    assert "with $5.00 taken off for an earlier payment that is gone" in Finding.objects.get().about
    assert Credit.objects.get(state="used").amount == 100
    assert OutgoingMail.objects.filter(key__startswith="alert:credit:").count() == 1


def test_what_costs_nothing_because_of_a_payment_that_is_gone_opens_nothing_until_somebody_looked(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client, purchase = signed_in(dan), make_offer("purchase")
    pay(client, local_stripe, make_offer("rental", amount=3000), article)
    rental = latest_order()
    url = order(client, purchase, article)
    local_stripe.control("refund", payment_intent=rental.payment_intent_id)
    support.re_read("order", str(rental.pk))
    client.get(local_stripe.pay(url).removeprefix("http://testserver"))
    assert latest_order().state == Order.State.REVIEW
    assert SECRET_SENTENCE not in client.get(article.get_absolute_url()).content.decode()


def test_a_refund_of_a_payment_that_has_counted_is_told_to_staff_and_takes_nothing_from_the_reader(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    pay(client, local_stripe, make_offer("rental"), article)
    rental = latest_order()
    assert credits.refundable(rental) == 600
    pay(client, local_stripe, make_offer("purchase"), article)
    assert credits.refundable(rental) == 0
    local_stripe.control("refund", payment_intent=rental.payment_intent_id)
    support.re_read("order", str(rental.pk))
    told = OutgoingMail.objects.get(key__startswith="alert:credit-refunded:")
    assert "$6.00 of it had counted towards order" in told.context["message"]
    assert SECRET_SENTENCE in client.get(article.get_absolute_url()).content.decode()
    assert Payment.objects.count() == 2


def test_two_tabs_cannot_reserve_one_payment_twice(dan: User, article: Article, local_stripe: LocalStripe) -> None:
    client = signed_in(dan)
    pay(client, local_stripe, make_offer("purchase"), article)
    monthly, yearly = make_offer("subscription"), make_offer("subscription", interval="year", amount=8900)
    for offer in (monthly, yearly, monthly, yearly):
        order(client, offer)
    assert Credit.objects.exclude(state="released").count() == 1


numbers = count(1)


@given(
    price=st.integers(50, 20_000),
    paid=st.lists(st.integers(1, 9000), max_size=5),
    currency=st.sampled_from(["usd", "gbp", "jpy", "pln"]),
)
def test_a_credit_never_exceeds_what_was_paid_nor_leaves_a_sum_that_cannot_be_charged(
    price: int, paid: list[int], currency: str
) -> None:
    orders = [
        SimpleNamespace(
            amount=amount, credit=0, amount_paid=amount, amount_refunded=0, asked_back=0, currency=currency,
            pk=next(numbers),
        )
        for amount in paid
    ]  # fmt: skip
    quoted = credits.Quote(Money(price, currency), tuple(credits._parts(Money(price, currency), orders)))  # type: ignore[arg-type]
    assert all(0 < part <= source.amount_paid for source, part in quoted.parts)
    assert 0 <= quoted.to_pay.amount <= price
    least = MINIMUM.get(currency, 1)
    assert quoted.to_pay.amount == 0 or quoted.to_pay.amount >= min(least, price)
    assert quoted.credit.amount + quoted.to_pay.amount == price
    if sum(paid) <= price - least:
        assert quoted.credit.amount == sum(paid)


def test_a_visitor_is_shown_no_credit_and_somebody_elses_payment_never_counts(
    dan: User, article: Article, visitor: Client, local_stripe: LocalStripe
) -> None:
    purchase = make_offer("purchase")
    pay(signed_in(dan), local_stripe, make_offer("rental"), article)
    for client in (visitor, signed_in(make_user())):
        assert "comes off" not in client.get(article.get_absolute_url()).content.decode()
        assert "Continue to payment: $30.00" in confirm_page(client, purchase, article)
