"""Changing a running subscription: previews, prorations, changes that wait for their payment, trials, pauses."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from stripe_simulator.process import LocalStripe

from .conftest import Endpoint, Shop, eventually, hush, make_plan, make_session, make_subscription
from .test_subscribing import DAY, end_of


def item_of(subscription: Any) -> str:
    return str(subscription.items.data[0].id)


def preview(shop: Shop, subscription: Any, items: list[Any], behavior: str = "always_invoice", **values: Any) -> Any:
    details = {"items": items, "proration_behavior": behavior}
    params = {"subscription": subscription.id, "subscription_details": details | values}
    return shop.invoices.create_preview(params)


@pytest.mark.parametrize(("amount", "interval"), [(4_000, "month"), (900, "month"), (20_000, "year")])
def test_a_preview_is_what_the_change_then_costs(
    local: LocalStripe, shop: Shop, endpoint: Endpoint, amount: int, interval: str
) -> None:
    subscription, other = make_subscription(local, shop), make_plan(shop, amount, interval)
    local.control("clock/advance", seconds=(end_of(subscription) - subscription.created) // 3)
    before = len(shop.invoices.list().data)
    hush(local, endpoint)
    items = [{"id": item_of(subscription), "price": other.id}]
    date = local.control("clock")["now"]
    shown = preview(shop, subscription, items, proration_date=date)
    assert shown.id.startswith("upcoming_in_")
    assert (shown.status, shown.number, len(shop.invoices.list().data)) == ("draft", None, before)
    told = {"items": items, "proration_behavior": "always_invoice", "proration_date": date}
    changed = shop.subscriptions.update(subscription.id, told | {"expand": ["latest_invoice"]})
    billed = changed.latest_invoice
    assert [line.amount for line in billed.lines.data] == [line.amount for line in shown.lines.data]
    assert (billed.total, billed.amount_due) == (shown.total, shown.amount_due)
    eventually(lambda: endpoint.types[:1] == ["customer.subscription.updated"])  # nothing was told of the preview


def test_prorations_wait_for_the_next_invoice_which_the_preview_shows(local: LocalStripe, shop: Shop) -> None:
    subscription, better = make_subscription(local, shop), make_plan(shop, 4_000)
    items = [{"id": item_of(subscription), "price": better.id}]
    shown = preview(shop, subscription, items, "create_prorations")
    assert [line.amount for line in shown.lines.data][-1] == 4_000
    assert shown.total in range(5_499, 5_502)
    shop.subscriptions.update(subscription.id, {"items": items})
    assert len(shop.charges.list().data) == 1
    assert shop.invoices.create_preview({"subscription": subscription.id}).total in range(5_499, 5_502)
    local.control("clock/advance", to=end_of(subscription) + 7_200)
    assert shop.charges.list().data[0].amount in range(5_499, 5_502)


def test_a_preview_of_a_first_invoice_needs_nobody(shop: Shop) -> None:
    plan, coupon = make_plan(shop, 2_500), shop.coupons.create({"percent_off": 20})
    details = {"items": [{"price": plan.id, "quantity": 2}]}
    shown = shop.invoices.create_preview({"subscription_details": details, "discounts": [{"coupon": coupon.id}]})
    assert (shown.subtotal, shown.total, shown.total_discount_amounts[0].amount) == (5_000, 4_000, 1_000)
    assert shop.customers.list().data == []


def test_what_ends_has_no_invoice_to_come(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    shop.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.invoices.create_preview({"subscription": subscription.id})
    assert refused.value.code == "invoice_upcoming_none"


def test_seats_are_added_and_given_back(local: LocalStripe, shop: Shop) -> None:
    subscription, extra = make_subscription(local, shop), make_plan(shop, 700)
    added = shop.subscription_items.create({"subscription": subscription.id, "price": extra.id, "quantity": 3})
    assert len(shop.subscription_items.list({"subscription": subscription.id}).data) == 2
    assert shop.subscription_items.update(added.id, {"quantity": 1}).quantity == 1
    assert shop.subscription_items.delete(added.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError, match="at least one active item"):
        shop.subscription_items.delete(item_of(subscription))
    local.control("clock/advance", to=end_of(subscription) + 7_200)
    assert shop.charges.list().data[0].amount in range(2_499, 2_502)


def fails_to_pay(local: LocalStripe, shop: Shop, subscription: Any, behavior: str) -> Any:
    local.control("fail_next", times=1)
    items = [{"id": item_of(subscription), "price": make_plan(shop, 9_000).id}]
    told = {"items": items, "proration_behavior": "always_invoice", "payment_behavior": behavior}
    return shop.subscriptions.update(subscription.id, told)


def test_an_unpaid_change_waits_and_is_made_when_it_is_paid(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    subscription = make_subscription(local, shop)
    waiting = fails_to_pay(local, shop, subscription, "pending_if_incomplete")
    assert (waiting.status, waiting.items.data[0].price.unit_amount) == ("active", 2_500)
    assert waiting.pending_update.subscription_items[0].price.unit_amount == 9_000
    shop.invoices.pay(waiting.latest_invoice)
    made = shop.subscriptions.retrieve(subscription.id)
    assert (made.pending_update, made.items.data[0].price.unit_amount) == (None, 9_000)
    eventually(lambda: "customer.subscription.pending_update_applied" in endpoint.types)


def test_an_unpaid_change_is_dropped_after_a_day(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    subscription = make_subscription(local, shop)
    waiting = fails_to_pay(local, shop, subscription, "pending_if_incomplete")
    local.control("clock/advance", days=1)
    dropped = shop.subscriptions.retrieve(subscription.id)
    assert (dropped.status, dropped.pending_update, dropped.items.data[0].price.unit_amount) == ("active", None, 2_500)
    assert shop.invoices.retrieve(waiting.latest_invoice).status == "void"
    eventually(lambda: "customer.subscription.pending_update_expired" in endpoint.types)


def test_an_unpaid_change_may_be_refused_or_leave_a_debt(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    with pytest.raises(stripe.CardError):
        fails_to_pay(local, shop, subscription, "error_if_incomplete")
    untouched = shop.subscriptions.retrieve(subscription.id)
    assert (untouched.status, untouched.items.data[0].price.unit_amount) == ("active", 2_500)
    assert fails_to_pay(local, shop, subscription, "allow_incomplete").status == "past_due"


def test_a_trial_is_made_longer_and_ended(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_plan(shop), subscription_data={"trial_period_days": 14})
    local.pay(session.url)
    subscription = shop.subscriptions.list().data[0]
    longer = subscription.trial_end + 20 * DAY
    assert end_of(shop.subscriptions.update(subscription.id, {"trial_end": longer})) == longer
    local.control("clock/advance", days=30)
    assert (shop.subscriptions.retrieve(subscription.id).status, shop.charges.list().data) == ("trialing", [])
    ended = shop.subscriptions.update(subscription.id, {"trial_end": "now"})
    assert (ended.status, [charge.amount for charge in shop.charges.list().data]) == ("active", [2_500])
    local.control("clock/advance", to=end_of(ended) + 7_200)
    assert len(shop.charges.list().data) == 2


@pytest.mark.parametrize(
    ("behavior", "status"), [("cancel", "canceled"), ("pause", "paused"), ("create_invoice", "past_due")]
)
def test_a_trial_without_a_card_ends_as_it_was_agreed(
    local: LocalStripe, shop: Shop, endpoint: Endpoint, behavior: str, status: str
) -> None:
    settings = {"end_behavior": {"missing_payment_method": behavior}}
    data = {"trial_period_days": 7, "trial_settings": settings}
    session = make_session(shop, make_plan(shop), subscription_data=data, payment_method_collection="if_required")
    local.pay(session.url)
    local.control("clock/advance", days=8)
    subscription = shop.subscriptions.list({"status": "all"}).data[0]
    assert subscription.status == status
    if status == "paused":
        eventually(lambda: "customer.subscription.paused" in endpoint.types)
        shop.payment_methods.attach("pm_card_visa", {"customer": subscription.customer})
        card = shop.customers.payment_methods.list(subscription.customer).data[0].id
        shop.subscriptions.update(subscription.id, {"default_payment_method": card})
        assert shop.subscriptions.resume(subscription.id).status == "active"
        eventually(lambda: "customer.subscription.resumed" in endpoint.types)


def test_collection_is_paused_for_a_while(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    pause = {"behavior": "void", "resumes_at": end_of(subscription) + 10 * DAY}
    shop.subscriptions.update(subscription.id, {"pause_collection": pause})
    local.control("clock/advance", to=end_of(subscription) + 11 * DAY)
    running = shop.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert (running.status, running.pause_collection, running.latest_invoice.status) == ("active", None, "void")
    local.control("clock/advance", to=end_of(running) + 7_200)
    assert len(shop.charges.list().data) == 2


def test_a_subscriptions_discount_comes_and_goes(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    subscription = make_subscription(local, shop)
    coupon = shop.coupons.create({"percent_off": 40, "duration": "forever"})
    told = shop.subscriptions.update(subscription.id, {"discounts": [{"coupon": coupon.id}], "expand": ["discounts"]})
    assert told.discounts[0].source.coupon == coupon.id
    assert shop.invoices.create_preview({"subscription": subscription.id}).total == 1_500
    shop.subscriptions.delete_discount(subscription.id)
    assert shop.invoices.create_preview({"subscription": subscription.id}).total == 2_500
    wanted = {f"customer.discount.{word}" for word in ("created", "deleted")}
    eventually(lambda: wanted <= set(endpoint.types))


def test_canceling_now_with_proration_credits_the_rest(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    rest = shop.invoices.create_preview(
        {"subscription": subscription.id, "subscription_details": {"cancel_now": True}}
    ).total
    assert -2_501 <= rest <= -2_499
    shop.subscriptions.cancel(subscription.id, {"prorate": True, "invoice_now": True})
    assert -2_501 <= shop.customers.retrieve(subscription.customer).balance <= -2_499


def test_a_price_described_in_place_is_good_for_a_change(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    product = subscription.items.data[0].price.product
    data = {"currency": "usd", "product": product, "unit_amount": 3_300, "recurring": {"interval": "month"}}
    changed = shop.subscriptions.update(subscription.id, {"items": [{"id": item_of(subscription), "price_data": data}]})
    assert changed.items.data[0].price.unit_amount == 3_300
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.subscriptions.update(subscription.id, {"items": [{"id": "si_unknown", "quantity": 2}]})
    assert refused.value.param == "items[0][id]"
