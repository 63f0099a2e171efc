"""How often Stripe is asked to bring one thing up to date: few times, however long it has been going on."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import fulfilment, gateway, refunds, sync
from subscriptions.models import Payment, Subscription, SyncTarget
from tests.conftest import signed_in
from tests.make import make_offer
from tests.subscriptions.selling import buy, latest_order


def asked(stripe: LocalStripe, deed: Callable[[], object]) -> list[str]:
    """The requests one deed made, in order, without ids."""
    before = {row["id"] for row in stripe.control("requests")["data"]}
    deed()
    new = [row for row in stripe.control("requests")["data"] if row["id"] not in before]
    return [
        re.sub(r"/(cs_test|sub|pi)_\w+", "/…", f"{row['method']} {row['path']}")
        for row in sorted(new, key=lambda row: row["seq"])
    ]


@pytest.fixture
def a_year(dan: User, local_stripe: LocalStripe) -> Subscription:
    """Dan has paid by the month for more than a year."""
    client = signed_in(dan)
    client.get(buy(client, local_stripe, make_offer("subscription")))
    local_stripe.control("clock/advance", days=400)
    return Subscription.objects.get()


def read_again(kind: str, key: str) -> Callable[[], object]:
    sync.hint(kind, key)
    return lambda: sync.run(kind, key, 0)


def test_a_year_of_renewals_is_three_questions(
    a_year: Subscription, local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    three = ["GET /v1/subscriptions/…", "GET /v1/invoices", "GET /v1/payment_intents"]
    assert asked(local_stripe, read_again("subscription", a_year.stripe_id)) == three
    assert Payment.objects.filter(subscription=a_year).count() == 13  # the first, and the newest twelve
    local_stripe.control("refund", payment_intent=Payment.objects.earliest("-paid_at").payment_intent_id, amount=100)
    assert asked(local_stripe, read_again("subscription", a_year.stripe_id)) == three
    assert Payment.objects.latest("paid_at").amount_refunded == 100
    monkeypatch.setattr("stripe._http_client.HTTPClient._sleep_time_seconds", lambda *_, **__: 0)
    local_stripe.control("fault", endpoint="GET /v1/payment_intents", kind="503", phase="before_execution", times=3)
    assert read_again("subscription", a_year.stripe_id)() is False
    assert SyncTarget.objects.get(key=a_year.stripe_id).attempts == 1  # not read, and not forgotten


def test_what_the_list_does_not_hold_is_asked_for_one_by_one_and_reads_the_same(
    a_year: Subscription, local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a payment behind the newest hundred, or of a customer that was deleted."""
    read = fulfilment.read_subscription(a_year.stripe_id)
    assert len(read.charges) == 12
    monkeypatch.setattr(gateway, "LIST_BACK", timedelta(days=-200))
    again: list[fulfilment.FoundSubscription] = []
    questions = asked(local_stripe, lambda: again.append(fulfilment.read_subscription(a_year.stripe_id)))
    assert again == [read]
    assert 3 < len(questions) < 15
    assert questions[3:] == ["GET /v1/payment_intents/…"] * (len(questions) - 3)
    monkeypatch.setattr(gateway, "LIST_BACK", timedelta(days=1))
    local_stripe.control("customer/delete", customer=read.state.customer_id)
    assert fulfilment.read_subscription(a_year.stripe_id).charges == read.charges


def test_an_order_is_one_question_a_payment_three_and_a_refund_two(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    client.get(buy(client, local_stripe, make_offer(), article))
    payment, placed = Payment.objects.get(), latest_order()
    assert asked(local_stripe, read_again("order", str(placed.pk))) == ["GET /v1/checkout/sessions/…"]
    facts = asked(local_stripe, read_again("payment", payment.payment_intent_id))
    assert facts == ["GET /v1/payment_intents/…", "GET /v1/disputes", "GET /v1/radar/early_fraud_warnings"]
    wish = refunds.request(payment, 100, reason="", note="", by=None)
    assert asked(local_stripe, read_again("refund", str(wish.request))) == ["GET /v1/refunds", "POST /v1/refunds"]
