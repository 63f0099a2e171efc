"""Test clocks: a customer's own time."""

from __future__ import annotations

import time
from typing import Any

import pytest
import stripe

from stripe_simulator.process import LocalStripe

from .conftest import Endpoint, Shop, eventually, make_plan, make_session
from .test_subscribing import DAY, end_of

FROZEN = 1_900_000_000


def make_clock(shop: Shop, at: int = FROZEN) -> Any:
    return shop.test_helpers.test_clocks.create({"frozen_time": at, "name": "Renewals"})


def advance(shop: Shop, clock: Any, to: int) -> None:
    assert shop.test_helpers.test_clocks.advance(clock.id, {"frozen_time": to}).status == "advancing"
    assert shop.test_helpers.test_clocks.retrieve(clock.id).status == "ready"


def make_reader(shop: Shop, clock: Any, email: str = "carol@example.org") -> Any:
    return shop.customers.create({"email": email, "test_clock": clock.id, "payment_method": "pm_card_visa"})


def test_a_customers_own_clock_renews_fails_and_ends_while_everybody_elses_time_stands(
    local: LocalStripe, shop: Shop, endpoint: Endpoint
) -> None:
    clock, other = make_clock(shop), make_plan(shop)
    reader = make_reader(shop, clock)
    local.pay(make_session(shop, other).url)
    local.pay(make_session(shop, make_plan(shop), customer=reader.id).url)
    subscription = shop.subscriptions.list({"customer": reader.id}).data[0]
    assert (subscription.test_clock, subscription.created) == (clock.id, FROZEN)
    advance(shop, clock, end_of(subscription) + 7_200)
    renewed = shop.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert renewed.items.data[0].current_period_start == end_of(subscription)
    assert (renewed.latest_invoice.status, renewed.latest_invoice.test_clock) == ("paid", clock.id)
    local.control("fail_next", times=4)
    advance(shop, clock, end_of(renewed) + 7_200)
    assert shop.subscriptions.retrieve(subscription.id).status == "past_due"
    advance(shop, clock, end_of(renewed) + 20 * DAY)
    ended = shop.subscriptions.retrieve(subscription.id)
    assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")
    assert abs(local.control("clock")["now"] - time.time()) < 60
    assert [s.status for s in shop.subscriptions.list({"status": "all"}).data] == ["active"]  # those of clocks aside
    told = [f"test_helpers.test_clock.{word}" for word in ("created", "advancing", "ready")]
    eventually(lambda: {*told, "customer.subscription.deleted"} <= set(endpoint.types))
    happened = {event.type: event.created for event in endpoint.events}
    assert happened["customer.subscription.deleted"] > end_of(renewed)


def test_a_clock_goes_forward_two_intervals_at_most(local: LocalStripe, shop: Shop) -> None:
    clock = make_clock(shop)
    wanted = {"items": [{"price": make_plan(shop).id}], "default_payment_method": "pm_card_visa"}
    shop.subscriptions.create({"customer": make_reader(shop, clock).id, **wanted})
    for to in (FROZEN, FROZEN - 5, FROZEN + 100 * DAY):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            shop.test_helpers.test_clocks.advance(clock.id, {"frozen_time": to})
        assert refused.value.param == "frozen_time"
    local.control("clock/advance", days=40)
    assert len(shop.charges.list().data) == 1


def test_a_clock_takes_three_customers_and_takes_them_along(shop: Shop) -> None:
    clock = make_clock(shop)
    readers = [make_reader(shop, clock, f"r{n}@example.org") for n in range(3)]
    with pytest.raises(stripe.InvalidRequestError):
        make_reader(shop, clock)
    assert shop.customers.list().data == []
    assert len(shop.customers.list({"test_clock": clock.id}).data) == 3
    assert shop.test_helpers.test_clocks.delete(clock.id).deleted is True
    assert shop.customers.retrieve(readers[0].id).deleted is True
    assert shop.test_helpers.test_clocks.list().data == []
