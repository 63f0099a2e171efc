"""Things that go wrong on order: faults that are remembered, limits, webhooks cut short, endpoints given up."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import stripe

from stripe_simulator.process import LocalStripe

from .conftest import Endpoint, Shop, eventually, make_client, make_customer

ALICE = {"email": "alice@example.org"}


def outcome(call: Any) -> str:
    try:
        call()
    except stripe.StripeError as error:
        return type(error).__name__
    return "done"


@pytest.mark.parametrize(("phase", "made"), [("stored", 1), ("stored_undone", 0)])
def test_a_failure_while_executing_is_what_the_key_repeats(
    local: LocalStripe, shop: Shop, phase: str, made: int
) -> None:
    local.control("fault", endpoint="POST /v1/customers", kind="500", phase=phase)
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            shop.customers.create(ALICE, {"idempotency_key": "cus:7"})
    assert failed.value.headers["Idempotent-Replayed"] == "true"
    assert len(shop.customers.list().data) == made
    with pytest.raises(stripe.IdempotencyError):
        shop.customers.create({"email": "bob@example.org"}, {"idempotency_key": "cus:7"})
    shop.customers.create(ALICE, {"idempotency_key": "cus:7:2"})


def test_a_key_is_free_again_after_a_day_and_never_too_long(local: LocalStripe, shop: Shop) -> None:
    first = shop.customers.create(ALICE, {"idempotency_key": "k"})
    local.control("clock/advance", days=1, seconds=5)
    assert shop.customers.create({"email": "b@example.org"}, {"idempotency_key": "k"}).id != first.id
    with pytest.raises(stripe.InvalidRequestError):
        shop.customers.create(ALICE, {"idempotency_key": "x" * 256})


def test_a_client_that_may_retry_does_and_one_that_must_not_does_not(local: LocalStripe) -> None:
    patient = make_client(local, max_network_retries=2).v1
    for told, expected in (("true", "done"), ("false", "RateLimitError")):
        local.control("fault", endpoint="POST /v1/customers", kind="429", should_retry=told)
        assert outcome(lambda: patient.customers.create(ALICE)) == expected


def test_too_many_requests_a_second_are_refused(local: LocalStripe, shop: Shop) -> None:
    local.control("config", rate_limit=5)
    told = [outcome(shop.balance.retrieve) for _ in range(12)]
    assert set(told) == {"done", "RateLimitError"}


def test_an_object_that_is_held_elsewhere_says_so(local: LocalStripe, shop: Shop) -> None:
    local.control("fault", endpoint="GET /v1/balance", kind="lock_timeout")
    with pytest.raises(stripe.RateLimitError) as refused:
        shop.balance.retrieve()
    assert refused.value.json_body["error"]["code"] == "lock_timeout"


def test_faults_by_chance_repeat_with_the_seed_and_lose_nothing(local: LocalStripe) -> None:
    runs = []
    for _ in range(2):
        local.reset()
        local.control("config", api_fault_p=0.4, seed=11)
        shop = make_client(local).v1
        options = [{"idempotency_key": f"c{n}"} for n in range(20)]
        runs.append([outcome(partial(shop.customers.create, ALICE, option)) for option in options])
        local.control("config", api_fault_p=0)
        for option in options:
            shop.customers.create(ALICE, option)
        assert len(shop.customers.list({"limit": 100}).data) == 20
    assert runs[0] == runs[1]
    assert 3 <= sum(told != "done" for told in runs[0]) <= 15


def test_a_body_cut_short_does_not_verify(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    local.control("config", truncate_p=1)
    make_customer(shop)
    eventually(lambda: endpoint.refused)
    assert endpoint.events == []


def test_an_endpoint_that_fails_for_days_is_given_up(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    local.control("config", retry_schedule="live", disable_after=3)
    endpoint.answers = [500] * 50
    make_customer(shop)
    for attempts, hours in enumerate((1, 1, 3, 6, 11, 13, 13, 13, 13), start=1):
        eventually(lambda n=attempts: local.control("deliveries")["data"][0]["attempt"] == n)
        local.control("clock/advance", seconds=hours * 3_600)
    given_up = eventually(lambda: [w for w in shop.webhook_endpoints.list().data if w.status == "disabled"])
    endpoint.answers = []
    make_customer(shop)
    shop.webhook_endpoints.update(given_up[0].id, {"disabled": False})
    later = make_customer(shop, "later@example.org")
    eventually(lambda: later.id in [event.data.object.id for event in endpoint.events])
    assert [event.data.object.email for event in endpoint.events] == ["later@example.org"]


def test_a_seed_gives_the_same_ids_in_the_same_order() -> None:
    ids = []
    for _ in range(2):
        with LocalStripe(seed=5) as seeded:
            ids.append([make_customer(make_client(seeded).v1).id for _ in range(2)])
    assert ids[0] == ids[1]
    assert ids[0][0] != ids[0][1]
