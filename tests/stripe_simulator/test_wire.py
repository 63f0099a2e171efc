"""Stripe's wire rules, seen through the real client."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from typing import Any

import pytest
import requests
import stripe

from stripe_simulator.process import LocalStripe, LocalStripeError
from stripe_simulator.store import Store

from .conftest import Shop, make_client, make_customer, make_price, make_session, make_subscription


def refusal(call: Any, *arguments: Any, **options: Any) -> stripe.StripeError:
    with pytest.raises(stripe.StripeError) as refused:
        call(*arguments, **options)
    return refused.value


def test_a_live_key_is_refused(local: LocalStripe) -> None:
    for key in ("sk_live_x", "rk_live_x", "nonsense"):
        error = refusal(make_client(local, key).v1.customers.list)
        assert isinstance(error, stripe.AuthenticationError)


def test_a_client_of_another_version_is_refused(local: LocalStripe) -> None:
    error = refusal(make_client(local, stripe_version="2024-06-20").v1.customers.list)
    assert "2026-10-28.endive" in str(error)


@pytest.mark.parametrize(
    ("params", "param", "code"),
    [
        ({"email": "a@example.org", "nickname": "A"}, "nickname", "parameter_unknown"),
        ({"metadata": {"x" * 41: "1"}}, f"metadata[{'x' * 41}]", None),
        ({"metadata": {"x": "1" * 501}}, "metadata[x]", None),
        ({"address": {"planet": "Mars"}}, "address[planet]", "parameter_unknown"),
        ({"tax_exempt": "always"}, "tax_exempt", "parameter_invalid_string"),
    ],
)
def test_a_forged_parameter_is_refused_by_its_name(
    shop: Shop, params: dict[str, Any], param: str, code: str | None
) -> None:
    error = refusal(shop.customers.create, params)
    assert isinstance(error, stripe.InvalidRequestError)
    assert (error.http_status, error.param, error.code) == (400, param, code)
    assert shop.customers.list().data == []


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"line_items": []}, "line_items"),
        ({"success_url": ""}, "success_url"),
        ({"success_url": "javascript:alert(1)"}, "success_url"),
        ({"customer_email": "b@example.org", "customer": "c"}, "customer_email"),
        ({"subscription_data": {"metadata": {}, "trial_period_days": 3}}, "subscription_data"),
        ({"payment_method_collection": "always"}, "payment_method_collection"),
        ({"expires_at": 1_000}, "expires_at"),
        ({"client_reference_id": "x" * 201}, "client_reference_id"),
        ({"custom_text": {"submit": {"message": "x" * 1_201}}}, "custom_text[submit][message]"),
        ({"line_items": [{"price": "price_none", "quantity": 1}]}, "line_items[0][price]"),
        ({"discounts": [{"coupon": "a"}], "allow_promotion_codes": True}, "allow_promotion_codes"),
        ({"customer_update": {"address": "auto"}, "customer_email": "b@example.org"}, "customer_update"),
        ({"automatic_tax": {"enabled": True}}, "customer_update[address]"),
        ({"mode": "subscription"}, "mode"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(shop: Shop, values: dict[str, Any], param: str) -> None:
    error = refusal(make_session, shop, make_price(shop), **values)
    assert getattr(error, "param", None) == param


def test_an_amount_too_small_and_an_inactive_price_are_refused(shop: Shop) -> None:
    assert refusal(make_session, shop, make_price(shop, 20)).code == "amount_too_small"
    price = make_price(shop)
    shop.prices.update(price.id, {"active": False})
    assert "inactive" in str(refusal(make_session, shop, price))


def test_the_same_key_gives_the_same_reply(local: LocalStripe, shop: Shop) -> None:
    price, customer = make_price(shop), make_customer(shop)
    params = {
        "mode": "payment",
        "customer": customer.id,
        "line_items": [{"price": price.id, "quantity": 1}],
        "success_url": "https://journal.test/",
    }
    options: Any = {"idempotency_key": "order:7:1"}
    first = shop.checkout.sessions.create(params, options)
    local.pay(first.url)
    again = shop.checkout.sessions.create(params, options)
    assert (again.id, again.status) == (first.id, "open")
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(shop.checkout.sessions.list().data) == 1
    error = refusal(shop.checkout.sessions.create, params | {"client_reference_id": "8"}, options)
    assert isinstance(error, stripe.IdempotencyError)
    local.control("clock/advance", days=1.01)
    assert shop.checkout.sessions.create(params, options).id != first.id


def test_a_refused_request_leaves_its_key_free(shop: Shop) -> None:
    options: Any = {"idempotency_key": "cus:1"}
    refusal(shop.customers.create, {"nickname": "A"}, options)
    assert shop.customers.create({"email": "a@example.org"}, options).email == "a@example.org"


def test_a_decline_is_kept_for_its_key(shop: Shop) -> None:
    params = {"amount": 900, "currency": "usd", "payment_method": "pm_card_chargeDeclined", "confirm": True}
    options: Any = {"idempotency_key": "pay:1"}
    for _ in range(2):
        error = refusal(shop.payment_intents.create, params, options)
        assert isinstance(error, stripe.CardError)
        assert (error.code, error.http_status) == ("card_declined", 402)
    assert len(shop.charges.list().data) == 1


def test_a_key_in_flight_is_refused_and_the_client_comes_again(local: LocalStripe, shop: Shop) -> None:
    local.control("fault", endpoint="POST /v1/customers", kind="slow", seconds=0.6)
    options: Any = {"idempotency_key": "cus:9"}
    slow = threading.Thread(target=lambda: shop.customers.create({"email": "a@example.org"}, options))
    slow.start()
    time.sleep(0.2)
    error = refusal(shop.customers.create, {"email": "a@example.org"}, options)
    slow.join()
    assert error.http_status == 409
    assert error.json_body["error"]["code"] == "idempotency_key_in_use"
    assert len(shop.customers.list().data) == 1


@pytest.mark.parametrize("kind", ["500", "503", "409", "reset"])
@pytest.mark.parametrize("phase", ["before_execution", "after_execution"])
def test_a_reply_that_is_lost_costs_nothing_twice(local: LocalStripe, kind: str, phase: str) -> None:
    shop = make_client(local, max_network_retries=2).v1
    local.control("fault", endpoint="POST /v1/customers", kind=kind, phase=phase)
    assert shop.customers.create({"email": "a@example.org"}).email == "a@example.org"
    assert len(shop.customers.list().data) == 1


def test_a_read_may_be_a_moment_old(local: LocalStripe, shop: Shop) -> None:
    local.control("config", stale_reads=60)
    session = make_session(shop, make_price(shop))
    local.pay(session.url)
    assert shop.checkout.sessions.retrieve(session.id).status == "open"
    local.control("config", stale_reads=0)
    assert shop.checkout.sessions.retrieve(session.id).status == "complete"


def test_too_many_requests_are_the_callers_business(local: LocalStripe, shop: Shop) -> None:
    local.control("fault", endpoint="GET /v1/customers", kind="429")
    assert isinstance(refusal(shop.customers.list), stripe.RateLimitError)
    assert shop.customers.list().data == []


def test_lists_are_paged_newest_first(shop: Shop) -> None:
    made = [make_customer(shop, f"{n}@example.org").id for n in range(7)][::-1]
    first = shop.customers.list({"limit": 3})
    assert ([c.id for c in first.data], first.has_more) == (made[:3], True)
    assert [c.id for c in first.auto_paging_iter()] == made
    back = shop.customers.list({"limit": 2, "ending_before": made[3]})
    assert ([c.id for c in back.data], back.has_more) == (made[1:3], True)
    assert refusal(shop.customers.list, {"limit": 101}).code == "parameter_invalid_integer"


def test_lists_are_filtered(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    plan = subscription.items.data[0].price.id
    assert len(shop.subscriptions.list({"customer": subscription.customer, "price": plan}).data) == 1
    assert shop.subscriptions.list({"customer": "cus_other"}).data == []
    intent = shop.payment_intents.list().data[0].id
    payments = shop.invoice_payments.list({"payment": {"type": "payment_intent", "payment_intent": intent}})
    assert [p.invoice for p in payments.data] == [subscription.latest_invoice]
    now = local.control("clock")["now"]
    assert shop.events.list({"created": {"gt": now + 1}}).data == []
    assert {e.type for e in shop.events.list({"types": ["invoice.paid", "charge.succeeded"]}).data} == {
        "invoice.paid",
        "charge.succeeded",
    }


def test_prices_are_found_by_lookup_key_which_can_be_moved(shop: Shop) -> None:
    old = make_price(shop, lookup_key="buy")
    assert refusal(make_price, shop, lookup_key="buy").param == "lookup_key"
    new = make_price(shop, 1_800, lookup_key="buy", transfer_lookup_key=True)
    assert [p.id for p in shop.prices.list({"lookup_keys": ["buy"]}).data] == [new.id]
    assert shop.prices.retrieve(old.id).lookup_key is None


def test_what_cannot_be_expanded_is_said(shop: Shop) -> None:
    customer = make_customer(shop)
    assert refusal(shop.customers.retrieve, customer.id, {"expand": ["email"]}).param == "expand[0]"
    assert refusal(shop.customers.retrieve, customer.id, {"expand": ["a.b.c.d.e"]}).param == "expand[0]"


def test_unknown_things_and_addresses_are_not_found(local: LocalStripe, shop: Shop) -> None:
    error = refusal(shop.customers.retrieve, "cus_none")
    assert (error.http_status, error.code) == (404, "resource_missing")
    assert "Unrecognized request URL" in str(refusal(make_client(local).raw_request, "get", "/v1/nothing"))


def test_metadata_is_merged_and_emptied(shop: Shop) -> None:
    customer = shop.customers.create({"email": "a@example.org", "metadata": {"a": "1", "b": "2"}})
    shop.customers.update(customer.id, {"metadata": {"a": "", "c": "3"}})
    assert shop.customers.retrieve(customer.id).metadata.to_dict() == {"b": "2", "c": "3"}


def test_requests_are_logged_for_tests_to_read(local: LocalStripe, shop: Shop) -> None:
    make_customer(shop)
    logged = local.control("requests")["data"][-1]
    assert (logged["method"], logged["path"], logged["status"]) == ("POST", "/v1/customers", 200)
    assert logged["params"] == {"email": "alice@example.org"}


def test_the_control_api_says_what_it_does_not_know(local: LocalStripe) -> None:
    with pytest.raises(LocalStripeError, match="no knob"):
        local.control("config", patience=1)
    with pytest.raises(LocalStripeError, match="order is one of"):
        local.control("config", order="alphabetical")
    with pytest.raises(LocalStripeError, match="forward"):
        local.control("clock/advance", seconds=-5)
    with pytest.raises(LocalStripeError, match="No such control"):
        local.control("explode")


def test_another_web_page_cannot_press_the_buttons(local: LocalStripe) -> None:
    headers = {"Origin": "https://evil.test"}
    assert requests.post(f"{local.url}/_sim/reset", headers=headers, timeout=10).status_code == 403


def test_the_account_can_be_asked_about(shop: Shop) -> None:
    assert shop.accounts.retrieve_current().charges_enabled is True
    assert [(part.amount, part.currency) for part in shop.balance.retrieve().pending] == [(0, "usd")]
    assert shop.tax.settings.retrieve().status == "active"


def test_a_state_file_outlives_the_process(tmp_path: Any) -> None:
    state = str(tmp_path / "stripe.sqlite3")
    with LocalStripe(state=state) as local:
        customer = make_customer(make_client(local).v1)
    with LocalStripe(state=state) as local:
        assert make_client(local).v1.customers.retrieve(customer.id).email == "alice@example.org"


def test_a_kept_state_learns_the_webhooks_new_address(tmp_path: Any) -> None:
    state = str(tmp_path / "stripe.sqlite3")
    for number in (1, 2):
        with LocalStripe(state=state, webhook=f"http://127.0.0.1:{number}/webhook") as local:
            endpoints = make_client(local).v1.webhook_endpoints.list().data
            assert [found.url for found in endpoints] == [f"http://127.0.0.1:{number}/webhook"]


def test_a_session_is_paid_without_its_page_as_stripes_command_line_does(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_price(shop))
    url = f"{local.url}/v1/payment_pages/{session.id}"

    def confirm(**data: str) -> requests.Response:
        return requests.post(f"{url}/confirm", data=data, auth=(local.key, ""), timeout=10)

    assert requests.get(url, auth=(local.key, ""), timeout=10).json()["status"] == "open"
    assert requests.get(url, timeout=10).status_code == 401
    assert confirm(payment_method="pm_card_chargeDeclined").json()["error"]["code"] == "card_declined"
    assert confirm(payment_method="pm_card_visa", expected_amount="1").json()["error"]["param"] == "expected_amount"
    assert confirm(payment_method="pm_card_visa", colour="red").json()["error"]["param"] == "colour"
    assert confirm(payment_method="pm_card_visa", expected_amount="1500").json()["payment_status"] == "paid"
    assert confirm(payment_method="pm_card_visa").status_code == 400
    assert shop.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_port_in_use_is_said(local: LocalStripe) -> None:
    port = int(local.url.rsplit(":", 1)[1])
    with pytest.raises(LocalStripeError, match=f"cannot listen on port {port}"):
        LocalStripe(port=port)


def test_replies_are_what_the_wire_says(local: LocalStripe) -> None:
    headers = {"Authorization": f"Bearer {local.key}", "Stripe-Version": "2026-10-28.endive"}
    response = requests.get(f"{local.url}/v1/customers", headers=headers, timeout=10)
    assert response.headers["Request-Id"].startswith("req_")
    assert response.headers["Stripe-Version"] == "2026-10-28.endive"
    assert response.json()["object"] == "list"


def test_a_state_of_an_earlier_version_is_opened(tmp_path: Any) -> None:
    file = tmp_path / "state.sqlite3"
    with closing(sqlite3.connect(file)) as old, old:
        old.execute("CREATE TABLE timer (seq INTEGER PRIMARY KEY, due INTEGER, action TEXT, object_id TEXT)")
        old.execute("INSERT INTO timer (due, action, object_id) VALUES (1, 'checkout.expire', 'cs_1')")
    store = Store(str(file))
    assert store.rows("SELECT due, clock FROM timer") == [{"due": 1, "clock": ""}]
