"""Subscription schedules: another plan from the next period on, a beginning in the future, an end."""

from __future__ import annotations

import pytest
import stripe

from stripe_simulator.process import LocalStripe

from .conftest import Endpoint, Shop, eventually, make_customer, make_plan, make_subscription
from .test_subscribing import DAY, end_of


def test_a_reader_goes_to_another_plan_with_the_next_period(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    subscription, smaller = make_subscription(local, shop), make_plan(shop, 900)
    schedule = shop.subscription_schedules.create({"from_subscription": subscription.id})
    now = schedule.phases[0]
    keep = {"items": [{"price": now.items[0].price}], "start_date": now.start_date, "end_date": now.end_date}
    later = {"items": [{"price": smaller.id, "quantity": 1}], "duration": {"interval": "month", "interval_count": 1}}
    told = shop.subscription_schedules.update(schedule.id, {"phases": [keep, later], "end_behavior": "release"})
    assert (told.status, told.subscription, len(told.phases)) == ("active", subscription.id, 2)
    local.control("clock/advance", to=end_of(subscription) + 7_200)
    assert [charge.amount for charge in shop.charges.list().data] == [900, 2_500]  # nothing prorated
    changed = shop.subscriptions.retrieve(subscription.id)
    assert (changed.items.data[0].price.id, changed.schedule) == (smaller.id, schedule.id)
    local.control("clock/advance", to=end_of(changed) + 7_200)
    assert shop.subscription_schedules.retrieve(schedule.id).status == "released"
    assert (shop.subscriptions.retrieve(subscription.id).schedule, len(shop.charges.list().data)) == (None, 3)
    eventually(lambda: "subscription_schedule.released" in endpoint.types)


def test_a_subscription_begins_and_ends_on_its_days(local: LocalStripe, shop: Shop) -> None:
    customer = make_customer(shop).id
    shop.payment_methods.attach("pm_card_visa", {"customer": customer})
    card = shop.customers.payment_methods.list(customer).data[0].id
    shop.customers.update(customer, {"invoice_settings": {"default_payment_method": card}})
    phase = {"items": [{"price": make_plan(shop).id}], "duration": {"interval": "month", "interval_count": 2}}
    start = local.control("clock")["now"] + 10 * DAY
    values = {"customer": customer, "start_date": start, "end_behavior": "cancel", "phases": [phase]}
    schedule = shop.subscription_schedules.create(values)
    assert (schedule.status, shop.subscriptions.list().data) == ("not_started", [])
    local.control("clock/advance", days=11)
    running = shop.subscriptions.list().data[0]
    assert (running.status, running.start_date) == ("active", start)
    local.control("clock/advance", days=70)
    assert shop.subscriptions.retrieve(running.id).status == "canceled"
    assert shop.subscription_schedules.retrieve(schedule.id).status == "completed"
    assert len(shop.charges.list().data) == 2


def test_a_schedule_is_released_or_canceled(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    schedule = shop.subscription_schedules.create({"from_subscription": subscription.id})
    assert shop.subscription_schedules.release(schedule.id).released_subscription == subscription.id
    with pytest.raises(stripe.InvalidRequestError, match="released"):
        shop.subscription_schedules.cancel(schedule.id)
    again = shop.subscription_schedules.create({"from_subscription": subscription.id})
    assert shop.subscription_schedules.cancel(again.id).status == "canceled"
    assert shop.subscriptions.retrieve(subscription.id).status == "canceled"
