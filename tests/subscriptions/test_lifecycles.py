"""Each way a payment or a subscription can go, from the local Stripe by webhook to what the reader may read."""

import itertools
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
import stripe
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import gateway, policy, sync
from subscriptions.access import look_up
from subscriptions.models import (
    Dispute,
    Entitlement,
    Finding,
    FraudWarning,
    Order,
    OutgoingMail,
    Payment,
    Policy,
    Receipt,
    Refund,
    Subscription,
    SyncTarget,
)
from subscriptions.webhooks import receive
from tests.conftest import signed_in
from tests.make import make_offer
from tests.subscriptions.selling import buy, latest_order, order, work

pytestmark = pytest.mark.django_db(transaction=True)
GOOD_IBAN, BAD_IBAN = "AT611904300234573201", "AT861904300235473202"


class Shop:
    """Dan, the local Stripe with webhooks on time, and the questions a test asks."""

    def __init__(self, dan: User, article: Article, local: LocalStripe) -> None:
        self.dan, self.article, self.local, self.client = dan, article, local, signed_in(dan)
        self.api = stripe.StripeClient(local.key, base_addresses={"api": local.url}).v1

    def reads(self, at: datetime | None = None) -> bool:
        work(self.local)
        return look_up(self.dan.pk, None, [self.article.pk], at)[self.article.pk].granted

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.local.control("clock")["now"], UTC)

    def subscribe(self, **payment: Any) -> Subscription:
        buy(self.client, self.local, make_offer("subscription"), **payment)
        work(self.local)
        return Subscription.objects.get()

    def set_policy(self, happening: str, consequence: str) -> None:
        Policy.objects.update_or_create(happening=happening, defaults={"consequence": consequence})

    def objects(self, kind: str) -> list[Any]:
        return list(self.local.control("objects", kind=kind)["data"])


@pytest.fixture
def shop(dan: User, article: Article, hooked_stripe: LocalStripe) -> Shop:
    return Shop(dan, article, hooked_stripe)


@pytest.fixture
def takes_debits(monkeypatch: pytest.MonkeyPatch) -> None:
    really = gateway.create_session

    def with_debits(params: dict[str, Any], *, idempotency_key: str) -> gateway.Session:
        return really(
            params | {"allowed_payment_method_types": ["card", "sepa_debit"]}, idempotency_key=idempotency_key
        )

    monkeypatch.setattr(gateway, "create_session", with_debits)


# --- payments ---


@pytest.mark.parametrize(("iban", "arrives"), [(GOOD_IBAN, True), (BAD_IBAN, False)])
def test_a_direct_debit_opens_the_article_when_it_has_arrived_and_not_before(
    shop: Shop, takes_debits: None, iban: str, arrives: bool
) -> None:
    buy(shop.client, shop.local, make_offer(), shop.article, method="sepa_debit", iban=iban)
    assert not shop.reads()
    assert latest_order().state == Order.State.PROCESSING
    assert not Receipt.objects.exists()
    shop.local.control("clock/advance", days=5)
    assert shop.reads() is arrives
    assert latest_order().state == ("paid" if arrives else "failed")
    assert Receipt.objects.count() == int(arrives)


@pytest.mark.parametrize(("iban", "arrives"), [(GOOD_IBAN, True), (BAD_IBAN, False)])
def test_a_subscription_paid_by_debit_opens_the_journal_with_the_money(
    shop: Shop, takes_debits: None, iban: str, arrives: bool
) -> None:
    buy(shop.client, shop.local, make_offer("subscription"), method="sepa_debit", iban=iban)
    assert not shop.reads()
    shop.local.control("clock/advance", days=5)
    assert shop.reads() is arrives


@pytest.mark.parametrize("differs", [{"amount": 3100}, {"currency": "eur"}])
def test_an_amount_other_than_the_orders_gives_nothing_and_calls_a_person(shop: Shop, differs: Any) -> None:
    page = order(shop.client, make_offer(), shop.article)
    Order.objects.update(**differs)
    shop.local.pay(page)
    assert not shop.reads()
    assert latest_order().state == Order.State.REVIEW
    assert Finding.objects.get().kind == "review"
    assert OutgoingMail.objects.filter(key__startswith="alert:review:").count() == 1


def test_a_thing_paid_twice_is_found_and_proposed_for_a_refund_or_refunded_by_the_policy(shop: Shop) -> None:
    offer = make_offer()
    for _ in range(2):
        buy(shop.client, shop.local, offer, shop.article)  # the first is paid and its news has not come yet
        Order.objects.filter(state="open").update(state="expired")
    for placed in Order.objects.all():
        sync.hint("order", str(placed.pk))
    assert shop.reads()
    found = Finding.objects.get(kind="duplicate")
    assert found.payment.order == Order.objects.order_by("created_at").last()
    shop.set_policy("duplicate", "refund")
    sync.hint("order", str(found.payment.order_id))
    work(shop.local)
    sync.run_due()
    assert shop.reads()  # the first purchase stands
    assert Refund.objects.get().payment == found.payment
    assert len(shop.objects("refund")) == 1


def test_an_inquiry_keeps_the_access_unless_the_policy_says_otherwise(shop: Shop) -> None:
    buy(shop.client, shop.local, make_offer(), shop.article)
    assert shop.reads()
    shop.local.control("dispute", payment_intent=latest_order().payment_intent_id, inquiry=True)
    assert shop.reads()
    assert Dispute.objects.get().status == "warning_needs_response"
    assert OutgoingMail.objects.filter(key__startswith="alert:dispute:").count() == 1
    shop.set_policy("inquiry", "hold")
    sync.hint("payment", latest_order().payment_intent_id)
    assert not shop.reads()


@pytest.mark.parametrize(
    ("consequence", "reads", "refunded"), [("keep", True, 0), ("hold", False, 0), ("refund", False, 1)]
)
def test_an_early_fraud_warning_does_what_the_policy_says(
    shop: Shop, consequence: str, reads: bool, refunded: int
) -> None:
    shop.set_policy("fraud_warning", consequence)
    buy(shop.client, shop.local, make_offer(), shop.article, card="4000000000005423")
    work(shop.local)
    sync.run_due()
    assert shop.reads() is reads
    assert FraudWarning.objects.count() == 1
    assert len(shop.objects("refund")) == refunded


def test_a_refund_that_comes_before_we_know_the_payment_is_found_by_asking(shop: Shop) -> None:
    """The event names a payment intent that no row knows yet; a target of its own leads to the order."""
    shop.local.control("config", drop_p=1)
    buy(shop.client, shop.local, make_offer(), shop.article)
    session = shop.objects("checkout.session")[0]
    shop.local.control("refund", payment_intent=session["payment_intent"])
    refunded = next(e for e in shop.objects("event") if e["type"] == "charge.refunded")
    receive(gateway.event_of(refunded))
    assert not shop.reads()
    assert latest_order().state == Order.State.REFUNDED


# --- subscriptions ---


def test_the_grace_of_a_failed_renewal_lasts_fourteen_days_and_says_so(shop: Shop) -> None:
    shop.subscribe()
    shop.local.control("fail_next", times=9)
    shop.local.control("config", dunning_end="past_due")
    shop.local.control("clock/advance", days=33)
    assert shop.reads(shop.now())
    subscription, right = Subscription.objects.get(), Entitlement.objects.get()
    assert subscription.status == "past_due"
    assert right.ends_at == subscription.unpaid_since + timedelta(days=14)
    assert shop.reads(right.ends_at - timedelta(seconds=1))
    assert not shop.reads(right.ends_at)
    told = OutgoingMail.objects.get(key=f"past_due:{subscription.unpaid_invoice_id}")
    assert told.context["open_until"] in shop.client.get("/my-access/").content.decode()
    assert told.context["pay_url"]
    shop.local.control("clock/advance", days=20)  # more retries, no second mail
    work(shop.local)
    assert OutgoingMail.objects.filter(key__startswith="past_due:").count() == 1
    for invoice in shop.objects("invoice"):
        if invoice["status"] == "open":
            shop.local.control("invoice/pay", invoice=invoice["id"])
    assert shop.reads(shop.now())


@pytest.mark.parametrize("end", ["cancel", "unpaid"])
def test_a_renewal_that_never_succeeds_ends_the_access(shop: Shop, end: str) -> None:
    shop.subscribe()
    shop.local.control("fail_next", times=9)
    shop.local.control("config", dunning_end=end)
    shop.local.control("clock/advance", days=60)
    assert not shop.reads(shop.now())
    assert Subscription.objects.get().status == ("canceled" if end == "cancel" else "unpaid")


@pytest.mark.parametrize("behavior", ["void", "keep_as_draft"])
def test_a_paused_subscription_opens_what_was_paid_for_and_no_more(shop: Shop, behavior: Any) -> None:
    subscription = shop.subscribe()
    shop.api.subscriptions.update(subscription.stripe_id, {"pause_collection": {"behavior": behavior}})
    assert shop.reads(subscription.period_end - timedelta(hours=1))
    shop.local.control("clock/advance", days=45)
    assert not shop.reads(shop.now())
    shop.api.subscriptions.update(subscription.stripe_id, {"pause_collection": ""})
    shop.local.control("clock/advance", days=31)
    assert shop.reads(shop.now())


@pytest.mark.parametrize("way", [{"cancel_at_period_end": True}, {"cancel_at": "min_period_end"}])
def test_both_ways_of_canceling_end_with_the_paid_period_and_can_be_undone(shop: Shop, way: dict[str, Any]) -> None:
    subscription = shop.subscribe()
    shop.api.subscriptions.update(subscription.stripe_id, way)
    assert shop.reads(subscription.period_end - timedelta(seconds=1))
    assert not shop.reads(subscription.period_end)
    assert "it will not renew" in shop.client.get("/my-access/").content.decode()
    undo = {"cancel_at_period_end": False} if "cancel_at_period_end" in way else {"cancel_at": ""}
    shop.api.subscriptions.update(subscription.stripe_id, undo)
    assert shop.reads(subscription.period_end)


def test_switching_to_the_year_keeps_reading_and_moves_the_end(shop: Shop) -> None:
    subscription = shop.subscribe()
    make_offer("subscription", interval="year", amount=8900)
    call_command("stripe_setup")
    yearly = next(p for p in shop.objects("price") if p["recurring"]["interval"] == "year")
    item = shop.api.subscriptions.retrieve(subscription.stripe_id)["items"].data[0].id
    change: Any = {"items": [{"id": item, "price": yearly["id"]}], "proration_behavior": "always_invoice"}
    shop.api.subscriptions.update(subscription.stripe_id, change)
    assert shop.reads(subscription.period_end + timedelta(days=90))
    assert Subscription.objects.get().interval == "year"
    assert Entitlement.objects.count() == 1


def test_the_latest_payment_of_a_subscription_refunded_or_disputed_holds_the_access_back(shop: Shop) -> None:
    shop.subscribe()
    intent = Payment.objects.get().payment_intent_id
    dispute = shop.local.control("dispute", payment_intent=intent)
    assert not shop.reads()
    shop.local.control("dispute/decide", dispute=dispute["id"], outcome="won")
    assert shop.reads()
    shop.local.control("refund", payment_intent=intent, amount=100)
    assert shop.reads()
    shop.local.control("refund", payment_intent=intent)
    assert not shop.reads()
    shop.local.control("clock/advance", days=32)  # the next period is paid for
    assert shop.reads(shop.now())


def test_a_new_card_changes_no_right(shop: Shop) -> None:
    subscription = shop.subscribe()
    before = Entitlement.objects.values().get()
    method = shop.api.payment_methods.attach("pm_card_visa", {"customer": shop.dan.stripe_customers.get().stripe_id})
    shop.api.subscriptions.update(subscription.stripe_id, {"default_payment_method": method.id})
    assert shop.reads()
    after = Entitlement.objects.values().get()
    assert {**before, "updated_at": 0} == {**after, "updated_at": 0}


# --- P2, P8, P12 ---


def state_of_everything() -> list[Any]:
    rows: list[Any] = [
        list(Order.objects.order_by("pk").values_list("state", "amount_paid", "amount_refunded")),
        list(Entitlement.objects.order_by("source").values_list("source", "starts_at", "ends_at", "revoke_reason")),
        list(Payment.objects.order_by("charge_id").values_list("charge_id", "amount", "amount_refunded", "disputed")),
        list(OutgoingMail.objects.order_by("key").values_list("key", flat=True)),
    ]
    return rows


def test_every_order_of_arrival_with_repeats_ends_alike(shop: Shop) -> None:
    """P2: all 120 orders of five events of a purchase, its part refund, its dispute and a subscription."""
    shop.local.control("config", drop_p=1)
    buy(shop.client, shop.local, make_offer(), shop.article)
    buy(shop.client, shop.local, make_offer("subscription"))
    intent = next(s["payment_intent"] for s in shop.objects("checkout.session") if s["payment_intent"])
    shop.local.control("refund", payment_intent=intent, amount=500)
    shop.local.control("dispute", payment_intent=intent)
    kinds = ("checkout.session.completed", "charge.refunded", "charge.dispute.created", "customer.subscription.created",
             "invoice.paid")  # fmt: skip
    latest = {one["type"]: gateway.event_of(one) for one in reversed(shop.objects("event"))}
    ends, chance = [], Random(4)
    for events in itertools.permutations(latest[kind] for kind in kinds):
        for event in [*events, chance.choice(events)]:
            receive(event)
            if chance.random() < 0.02:
                sync.run_due()
                ends.append(state_of_everything())
    sync.run_due()
    sync.run_due()
    for placed in Order.objects.all():  # the first sale's completion is not among the five latest: as the sweep would
        sync.hint("order", str(placed.pk))
    sync.run_due()
    settled = state_of_everything()
    for placed in Order.objects.all():
        sync.hint("order", str(placed.pk))
    sync.run_due()
    assert state_of_everything() == settled
    assert settled[0] == [("disputed", 3000, 500), ("paid", 0, 0)] or settled[0] == [
        ("paid", 0, 0),
        ("disputed", 3000, 500),
    ]
    assert len(ends) > 5
    assert not SyncTarget.objects.due().exists()


def test_many_workers_webhooks_and_return_pages_at_once_neither_fail_nor_wait_for_each_other(shop: Shop) -> None:
    """P12: threads on PostgreSQL, each with its own connection."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections

    buy(shop.client, shop.local, make_offer(), shop.article)
    buy(shop.client, shop.local, make_offer("subscription"))
    paths = [placed.get_absolute_url() for placed in Order.objects.all()]
    intent = next(s["payment_intent"] for s in shop.objects("checkout.session") if s["payment_intent"])
    shop.local.control("dispute", payment_intent=intent)
    events = [gateway.event_of(one) for one in shop.objects("event")]

    def once(number: int) -> int:
        try:
            if number % 3 == 0:
                return signed_in(shop.dan).get(paths[number % 2]).status_code
            if number % 3 == 1:
                receive(events[number % len(events)])
            sync.run_due()
            return 200
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(once, range(36)))
    assert set(answers) <= {200, 302}
    work(shop.local)
    assert Order.objects.get(kind="purchase").state == "disputed"
    assert Receipt.objects.count() == 2


def test_two_clicks_at_the_same_moment_make_one_order(shop: Shop) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections

    offer = make_offer()
    clients: list[Client] = [signed_in(shop.dan) for _ in range(4)]

    def click(client: Client) -> str:
        try:
            return order(client, offer, shop.article)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        pages = set(threads.map(click, clients))
    assert len(pages) == 1
    assert Order.objects.count() == 1


def test_a_page_about_to_expire_is_closed_before_there_is_another_for_the_same_thing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = make_offer()
    first = order(shop.client, offer, shop.article)
    monkeypatch.setattr("subscriptions.checkout.STILL_USABLE", timedelta(hours=2))  # as if an hour had gone by
    second = order(shop.client, offer, shop.article)
    assert first != second
    assert "expired" in shop.local.pay(first)  # the other tab
    shop.local.pay(second)
    assert shop.reads()
    assert len([one for one in shop.objects("charge") if one["status"] == "succeeded"]) == 1


@pytest.mark.parametrize("day", ["2027-01-31", "2028-02-29", "2026-12-31", "2027-03-13", "2027-10-31"])
def test_renewals_from_the_ends_of_months_over_leap_days_and_changes_of_clocks_leave_no_gap(
    shop: Shop, day: str
) -> None:
    """P15: at every hour of the seams the reader reads."""
    began = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    shop.local.control("clock/advance", to=int(began.timestamp()))
    subscription = shop.subscribe()
    for _ in range(2):
        seam = Subscription.objects.get(pk=subscription.pk).period_end
        assert all(shop.reads(seam + timedelta(hours=hours)) for hours in (-1, 0, 1, 2))
        shop.local.control("clock/advance", to=int((seam + timedelta(hours=3)).timestamp()))
        assert shop.reads(seam + timedelta(days=20))
    assert Payment.objects.count() == 3


def test_the_limits_of_the_policy_hold_whatever_a_row_says(shop: Shop) -> None:
    for happening in policy.LIMITS:
        Policy.objects.update_or_create(happening=happening, defaults={"consequence": "keep", "days": 99})
    rules = policy.rules()
    for happening in ("refunded_in_full", "period_refunded", "dispute_lost"):
        assert rules[happening].consequence == "hold"
    assert rules["renewal_failed"].days == 14
    assert rules["disputed"].consequence == "keep"  # within its limits
