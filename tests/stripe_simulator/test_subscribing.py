"""Subscribing, renewing, failing, ending."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from stripe_simulator.periods import period_after, step
from stripe_simulator.process import LocalStripe

from .conftest import (
    Endpoint,
    Shop,
    eventually,
    hush,
    make_customer,
    make_plan,
    make_session,
    make_subscription,
)

DAY = 86_400
STARTED = [
    "payment_method.attached",
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "charge.updated",
    "customer.subscription.created",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice_payment.paid",
    "checkout.session.completed",
]
RENEWED = [
    "customer.subscription.updated",
    "invoice.created",
    "invoice.finalized",
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "charge.updated",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice_payment.paid",
]


def end_of(subscription: Any) -> int:
    return int(subscription.items.data[0].current_period_end)


def days_left(subscription: Any) -> float:
    return (end_of(subscription) - subscription.created) / DAY


@pytest.mark.parametrize(("interval", "least", "most"), [("month", 28, 31), ("year", 365, 366)])
def test_a_reader_subscribes(local: LocalStripe, shop: Shop, interval: str, least: int, most: int) -> None:
    plan = make_plan(shop, interval=interval)
    session = make_session(shop, plan, subscription_data={"metadata": {"order": "8"}})
    local.pay(session.url)
    expand = ["subscription.latest_invoice.payments", "invoice"]
    paid = shop.checkout.sessions.retrieve(session.id, {"expand": expand})
    subscription, invoice = paid.subscription, paid.subscription.latest_invoice
    assert (paid.status, paid.payment_status, paid.payment_intent) == ("complete", "paid", None)
    assert (subscription.status, subscription.metadata["order"], subscription.customer) == (
        "active",
        "8",
        paid.customer,
    )
    assert least <= days_left(subscription) <= most
    assert (invoice.id, invoice.status, invoice.amount_paid) == (paid.invoice.id, "paid", 2_500)
    assert invoice.parent.subscription_details.subscription == subscription.id
    intent = shop.payment_intents.retrieve(invoice.payments.data[0].payment.payment_intent)
    assert intent.amount_received == 2_500


def test_the_events_of_a_first_payment_come_in_stripes_order(
    local: LocalStripe, shop: Shop, endpoint: Endpoint
) -> None:
    session = make_session(shop, make_plan(shop))
    eventually(lambda: "customer.created" in endpoint.types)
    hush(local, endpoint)
    local.pay(session.url)
    assert endpoint.types == STARTED


def test_a_declined_first_payment_leaves_no_subscription_behind(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_plan(shop))
    local.pay(session.url, card="4000000000000002")
    assert shop.subscriptions.list({"status": "all"}).data == []
    assert shop.invoices.list().data == []
    assert shop.checkout.sessions.retrieve(session.id).subscription is None


def test_a_subscription_renews_when_its_period_is_over(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    subscription = make_subscription(local, shop)
    hush(local, endpoint)
    local.control("clock/advance", to=end_of(subscription) - 60)
    assert shop.subscriptions.retrieve(subscription.id).latest_invoice == subscription.latest_invoice
    local.control("clock/advance", days=1)
    renewed = shop.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert renewed.items.data[0].current_period_start == end_of(subscription)
    invoice = renewed.latest_invoice
    assert (invoice.billing_reason, invoice.status) == ("subscription_cycle", "paid")
    assert invoice.status_transitions.finalized_at == end_of(subscription) + 3_600
    eventually(lambda: endpoint.types[-len(RENEWED) :] == RENEWED)
    assert endpoint.types[0] == "invoice.upcoming"
    assert "id" not in endpoint.events[0].data.object
    assert "latest_invoice" in endpoint.events[1].data.previous_attributes


def test_a_year_of_renewals_charges_twelve_times(local: LocalStripe, shop: Shop) -> None:
    make_subscription(local, shop)
    local.control("clock/advance", days=360)
    assert len(shop.charges.list({"limit": 100}).data) == 12


def test_a_renewal_that_fails_is_retried_and_ends_the_subscription(
    local: LocalStripe, shop: Shop, endpoint: Endpoint
) -> None:
    subscription = make_subscription(local, shop)
    local.control("fail_next", times=4)
    local.control("clock/advance", to=end_of(subscription) + 7_200)
    late = shop.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert (late.status, late.latest_invoice.status, late.latest_invoice.attempt_count) == ("past_due", "open", 1)
    assert late.latest_invoice.next_payment_attempt == end_of(subscription) + 3_600 + 3 * DAY
    local.control("clock/advance", days=16)
    ended = shop.subscriptions.retrieve(subscription.id)
    assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")
    eventually(lambda: endpoint.types[-1] == "customer.subscription.deleted")
    assert endpoint.types.count("invoice.payment_failed") == 4


def test_a_late_payer_recovers_on_the_invoices_page(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    local.control("fail_next", times=1)
    local.control("clock/advance", to=end_of(subscription) + 7_200)
    invoice = shop.invoices.list({"subscription": subscription.id, "status": "open"}).data[0]
    assert local.pay(invoice.hosted_invoice_url, card="4000000000000002") == "Your card was declined."
    assert local.pay(invoice.hosted_invoice_url) == invoice.hosted_invoice_url
    assert shop.subscriptions.retrieve(subscription.id).status == "active"


def test_a_renewal_may_need_the_readers_bank(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    session = make_session(shop, make_plan(shop))
    local.answer_challenge(local.pay(session.url, card="4000002760003184"))
    subscription = shop.subscriptions.list().data[0]
    hush(local, endpoint)
    local.control("clock/advance", to=end_of(subscription) + 7_200)
    assert shop.subscriptions.retrieve(subscription.id).status == "past_due"
    eventually(lambda: "customer.subscription.updated" in endpoint.types[2:])
    assert endpoint.types.index("invoice.payment_action_required") < endpoint.types.index(
        "payment_intent.requires_action"
    )


def test_canceling_at_the_periods_end_lets_it_run_out(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    told = shop.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert (told.status, told.cancel_at_period_end, told.cancel_at) == ("active", True, end_of(subscription))
    local.control("clock/advance", to=end_of(subscription) + 60)
    ended = shop.subscriptions.retrieve(subscription.id)
    assert (ended.status, ended.ended_at) == ("canceled", end_of(subscription))
    assert len(shop.charges.list().data) == 1


def test_a_cancellation_can_be_taken_back(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    shop.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    kept = shop.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    assert (kept.cancel_at, kept.canceled_at) == (None, None)
    local.control("clock/advance", to=end_of(subscription) + 7_200)
    assert shop.subscriptions.retrieve(subscription.id).status == "active"
    assert len(shop.charges.list().data) == 2


def test_canceling_at_once(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    subscription = make_subscription(local, shop)
    assert shop.subscriptions.cancel(subscription.id).status == "canceled"
    eventually(lambda: endpoint.types[-1] == "customer.subscription.deleted")
    assert shop.subscriptions.list().data == []
    assert len(shop.subscriptions.list({"status": "all"}).data) == 1
    with pytest.raises(stripe.InvalidRequestError):
        shop.subscriptions.cancel(subscription.id)


def test_a_trial_costs_nothing_until_it_ends(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    session = make_session(shop, make_plan(shop), subscription_data={"trial_period_days": 14})
    local.pay(session.url)
    tried = shop.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert (tried.payment_status, tried.subscription.status) == ("no_payment_required", "trialing")
    assert shop.charges.list().data == []
    local.control("clock/advance", days=12)
    eventually(lambda: "customer.subscription.trial_will_end" in endpoint.types)
    local.control("clock/advance", days=3)
    assert shop.subscriptions.retrieve(tried.subscription.id).status == "active"
    assert [charge.amount for charge in shop.charges.list().data] == [2_500]


def test_a_card_that_fails_when_charged_makes_the_trial_past_due(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_plan(shop), subscription_data={"trial_period_days": 14})
    local.pay(session.url, card="4000000000000341")
    local.control("clock/advance", days=15)
    assert shop.subscriptions.list({"status": "all"}).data[0].status == "past_due"


def test_changing_from_monthly_to_yearly_credits_what_is_unused(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    yearly = make_plan(shop, 20_000, "year")
    half = (end_of(subscription) - subscription.created) // 2
    local.control("clock/advance", seconds=half)
    items = [{"id": subscription.items.data[0].id, "price": yearly.id}]
    params = {"items": items, "proration_behavior": "always_invoice", "expand": ["latest_invoice"]}
    changed = shop.subscriptions.update(subscription.id, params)
    amounts = [line.amount for line in changed.latest_invoice.lines.data]
    assert amounts[1] == 20_000
    assert -1_251 <= amounts[0] <= -1_249
    assert changed.latest_invoice.status == "paid"
    assert changed.items.data[0].price.id == yearly.id
    assert 364 <= (end_of(changed) - local.control("clock")["now"]) / DAY <= 366


def test_what_is_credited_pays_the_next_invoices(local: LocalStripe, shop: Shop) -> None:
    yearly, monthly = make_plan(shop, 24_000, "year"), make_plan(shop, 2_500)
    subscription = make_subscription(local, shop, yearly)
    items = [{"id": subscription.items.data[0].id, "price": monthly.id}]
    changed = shop.subscriptions.update(subscription.id, {"items": items, "proration_behavior": "always_invoice"})
    balance = shop.customers.retrieve(subscription.customer).balance
    assert -21_500 <= balance <= -21_490
    local.control("clock/advance", to=end_of(changed) + 7_200)
    renewal = shop.invoices.list({"subscription": subscription.id}).data[0]
    assert (renewal.total, renewal.amount_due, renewal.status) == (2_500, 0, "paid")
    assert shop.customers.retrieve(subscription.customer).balance == balance + 2_500
    assert len(shop.charges.list().data) == 1


def test_a_subscription_by_the_api_is_incomplete_until_it_is_paid(local: LocalStripe, shop: Shop) -> None:
    customer, plan = make_customer(shop), make_plan(shop)
    wanted = {"customer": customer.id, "items": [{"price": plan.id}]}
    good = shop.subscriptions.create({**wanted, "default_payment_method": "pm_card_visa"})
    bad = shop.subscriptions.create({**wanted, "default_payment_method": "pm_card_chargeCustomerFail"})
    assert (good.status, bad.status) == ("active", "incomplete")
    local.control("clock/advance", days=1)
    assert shop.subscriptions.retrieve(bad.id).status == "incomplete_expired"
    assert shop.invoices.retrieve(bad.latest_invoice).status == "void"


def test_deleting_a_customer_ends_what_they_subscribe_to(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    shop.customers.delete(subscription.customer)
    assert shop.customers.retrieve(subscription.customer).deleted is True
    assert shop.subscriptions.retrieve(subscription.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        make_session(shop, make_plan(shop), customer=subscription.customer)
    assert (refused.value.code, refused.value.param) == ("resource_missing", "customer")


def test_periods_keep_the_day_they_began_on() -> None:
    start = int(datetime(2027, 1, 31, 12, tzinfo=UTC).timestamp())
    days = [datetime.fromtimestamp(step(start, "month", n), UTC).strftime("%m-%d") for n in range(1, 5)]
    assert days == ["02-28", "03-31", "04-30", "05-31"]
    leap = int(datetime(2028, 2, 29, tzinfo=UTC).timestamp())
    assert [datetime.fromtimestamp(step(leap, "year", n), UTC).day for n in (1, 4)] == [28, 29]
    monthly = {"interval": "month", "interval_count": 1}
    assert period_after(start, monthly, step(start, "month", 2)) == (step(start, "month", 2), step(start, "month", 3))
