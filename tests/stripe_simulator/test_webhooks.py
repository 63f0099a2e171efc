"""Deliveries: signature, order, retries, and how the redirect waits for them."""

from __future__ import annotations

import json
import time

import pytest
import stripe

from stripe_simulator.process import LocalStripe

from .conftest import Endpoint, Shop, eventually, hush, make_customer, make_price, make_session


def test_only_the_raw_body_verifies(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    make_customer(shop)
    eventually(lambda: endpoint.events)
    body = endpoint.bodies[0]
    assert endpoint.refused == []
    assert body.startswith(b'{\n  "')
    event = json.loads(body)
    assert (event["object"], event["api_version"], event["livemode"]) == ("event", "2026-10-28.endive", False)
    assert event["request"]["id"].startswith("req_")


@pytest.mark.parametrize("sign", ["wrong_secret", "stale", "none"])
def test_a_bad_signature_is_refused_by_stripes_own_check(
    local: LocalStripe, shop: Shop, endpoint: Endpoint, sign: str
) -> None:
    local.control("config", sign=sign)
    make_customer(shop)
    eventually(lambda: endpoint.refused)
    assert endpoint.events == []


def test_during_a_roll_either_secret_verifies(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    local.control("config", sign="rolled")
    make_customer(shop)
    assert eventually(lambda: endpoint.types) == ["customer.created"]


def test_what_failed_is_sent_again_until_it_is_taken(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    local.control("config", retry_schedule=[0.05, 3_600])
    endpoint.answers = [500, 302]
    customer = make_customer(shop)
    event = shop.events.list().data[0]
    eventually(lambda: local.control("deliveries")["data"][0]["attempt"] == 2)
    assert (event.data.object.id, shop.events.retrieve(event.id).pending_webhooks) == (customer.id, 1)
    assert [e.id for e in shop.events.list({"delivery_success": False}).data] == [event.id]
    local.control("clock/advance", seconds=3_601)
    eventually(lambda: endpoint.types == ["customer.created"])
    eventually(lambda: shop.events.retrieve(event.id).pending_webhooks == 0)


def test_after_the_last_retry_nothing_more_is_sent(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    local.control("config", retry_schedule=[0.05])
    endpoint.answers = [500, 500, 500]
    make_customer(shop)
    eventually(lambda: local.control("deliveries")["data"][0]["status"] == "failed")
    assert endpoint.answers == [500]
    local.control("redeliver")
    eventually(lambda: endpoint.answers == [])


def test_the_snapshot_is_of_the_moment_the_event_arose(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    customer = make_customer(shop)
    shop.customers.update(customer.id, {"email": "new@example.org"})
    eventually(lambda: len(endpoint.events) == 2)
    created, updated = endpoint.events
    assert created.data.object.email == "alice@example.org"
    assert updated.data.object.email == "new@example.org"
    assert updated.data.previous_attributes["email"] == "alice@example.org"


def test_the_redirect_waits_for_the_webhook(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    session = make_session(shop, make_price(shop))
    endpoint.takes = 0.1
    local.pay(session.url)
    assert endpoint.types[-1] == "checkout.session.completed"


def test_the_endpoint_can_read_again_while_the_redirect_waits_for_it(
    local: LocalStripe, shop: Shop, endpoint: Endpoint
) -> None:
    session = make_session(shop, make_price(shop))
    read: list[str] = []
    endpoint.meanwhile = lambda: read.append(shop.checkout.sessions.retrieve(session.id).payment_status)
    local.pay(session.url)
    assert endpoint.types[-1] == "checkout.session.completed"
    assert read[-1] == "paid"


def test_the_redirect_can_come_first(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    session = make_session(shop, make_price(shop))
    eventually(lambda: len(endpoint.types) == 3)
    local.control("config", redirect="redirect_first")
    hush(local, endpoint)
    local.pay(session.url)
    assert endpoint.types == []
    eventually(lambda: endpoint.types[-1:] == ["checkout.session.completed"])


def test_the_webhook_may_never_come_and_the_truth_is_there_to_read(
    local: LocalStripe, shop: Shop, endpoint: Endpoint
) -> None:
    session = make_session(shop, make_price(shop))
    local.control("config", redirect="webhook_never")
    local.pay(session.url)
    time.sleep(0.3)
    assert "checkout.session.completed" not in endpoint.types
    assert shop.checkout.sessions.retrieve(session.id).payment_status == "paid"
    local.control("redeliver")
    eventually(lambda: "checkout.session.completed" in endpoint.types)


@pytest.mark.parametrize("order", ["shuffled", "reversed"])
def test_events_may_come_in_another_order(local: LocalStripe, shop: Shop, endpoint: Endpoint, order: str) -> None:
    session = make_session(shop, make_price(shop))
    eventually(lambda: len(endpoint.types) == 3)
    local.control("config", order=order, seed=3)
    hush(local, endpoint)
    local.pay(session.url)
    eventually(lambda: len(endpoint.types) == 5)
    canonical = [event.type for event in shop.events.list({"limit": 5}).data][::-1]
    assert sorted(endpoint.types) == sorted(canonical)
    assert endpoint.types != canonical


def test_events_may_come_twice_or_not_at_all(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    local.control("config", duplicate_p=1)
    make_customer(shop)
    assert eventually(lambda: len(endpoint.events) == 2)
    assert endpoint.events[0].id == endpoint.events[1].id
    local.control("config", duplicate_p=0, drop_p=1)
    make_customer(shop)
    time.sleep(0.2)
    assert len(endpoint.events) == 2


def test_an_endpoint_gets_what_it_subscribed_to_under_its_own_secret(local: LocalStripe, shop: Shop) -> None:
    other = Endpoint()
    try:
        made = shop.webhook_endpoints.create({"url": other.url, "enabled_events": ["customer.deleted"]})
        other.secret = made.secret
        assert "secret" not in shop.webhook_endpoints.retrieve(made.id)
        shop.customers.delete(make_customer(shop).id)
        assert eventually(lambda: other.types) == ["customer.deleted"]
        shop.webhook_endpoints.delete(made.id)
    finally:
        other.server.shutdown()
        other.server.server_close()


def test_a_payment_does_not_wait_for_ever(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    local.control("config", timeout=0.2)
    session = make_session(shop, make_price(shop))
    endpoint.takes = 0.5
    began = time.monotonic()
    assert local.pay(session.url).startswith("https://journal.test/")
    assert time.monotonic() - began < 8
    assert isinstance(shop.checkout.sessions.retrieve(session.id), stripe.checkout.Session)
