"""A tour past every endpoint and every event: each reply and each event fits Stripe's contract, and the contract would
notice a field that is missing or of a wrong type."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from urllib.parse import urlencode

import pytest

from stripe_simulator import contract, control
from stripe_simulator.api.checkout import place_session
from stripe_simulator.api.routing import ENDPOINTS
from stripe_simulator.cards import ACCOUNTS
from stripe_simulator.checkout import Payer, pay
from stripe_simulator.payment_methods import billing_details, method_from_token, sepa_method

from .test_random_requests import Caller, pairs

# What the specification's state machines tell of, and what the product subscribes to.
EVENTS = {
    "billing_portal.configuration.created",
    "billing_portal.configuration.updated",
    "billing_portal.session.created",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.failed",
    "charge.pending",
    "charge.refund.updated",
    "charge.refunded",
    "charge.succeeded",
    "charge.updated",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "coupon.created",
    "coupon.deleted",
    "coupon.updated",
    "credit_note.created",
    "credit_note.updated",
    "credit_note.voided",
    "customer.created",
    "customer.deleted",
    "customer.discount.created",
    "customer.discount.deleted",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.pending_update_applied",
    "customer.subscription.pending_update_expired",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
    "customer.subscription.updated",
    "customer.tax_id.created",
    "customer.tax_id.deleted",
    "customer.updated",
    "invoice.created",
    "invoice.deleted",
    "invoice.finalized",
    "invoice.marked_uncollectible",
    "invoice.overdue",
    "invoice.paid",
    "invoice.payment_action_required",
    "invoice.payment_failed",
    "invoice.payment_succeeded",
    "invoice.sent",
    "invoice.upcoming",
    "invoice.updated",
    "invoice.voided",
    "invoice_payment.paid",
    "invoiceitem.created",
    "payment_intent.canceled",
    "payment_intent.created",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_method.attached",
    "payment_method.automatically_updated",
    "payment_method.detached",
    "payment_method.updated",
    "price.created",
    "price.updated",
    "product.created",
    "product.deleted",
    "product.updated",
    "promotion_code.created",
    "promotion_code.updated",
    "radar.early_fraud_warning.created",
    "radar.early_fraud_warning.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
    "setup_intent.canceled",
    "setup_intent.created",
    "setup_intent.requires_action",
    "setup_intent.setup_failed",
    "setup_intent.succeeded",
    "subscription_schedule.canceled",
    "subscription_schedule.completed",
    "subscription_schedule.created",
    "subscription_schedule.released",
    "subscription_schedule.updated",
    "test_helpers.test_clock.advancing",
    "test_helpers.test_clock.created",
    "test_helpers.test_clock.deleted",
    "test_helpers.test_clock.ready",
}


class Tour(Caller):
    """Calls endpoints in person and keeps a reply of each."""

    def __init__(self) -> None:
        super().__init__(seed=1)
        self.replies: dict[str, tuple[str, Any]] = {}

    def do(self, method: str, path: str, status: int = 200, **form: Any) -> Any:
        answer, reply = self.call(method, path, urlencode(pairs(form)))
        assert answer == status, (method, path, reply)
        found = contract.route(method, path)
        assert found is not None
        if status == 200:
            self.replies[f"{method} {found[0]}"] = (path, reply)
        return reply

    def post(self, path: str, status: int = 200, **form: Any) -> Any:
        return self.do("POST", f"/v1/{path}", status, **form)

    def see(self, path: str, **form: Any) -> None:
        """A list, and the first of it."""
        listed = self.do("GET", f"/v1/{path}", **form)["data"]
        assert listed, path
        self.do("GET", f"/v1/{path}/{listed[0]['id']}")

    def control(self, name: str, **data: Any) -> Any:
        status, reply = control.answer(self.sandbox, "POST", name, data)
        assert status == 200, reply
        return reply

    def pay(self, session: Any, card: str = "pm_card_visa", iban: str = "") -> None:
        """Presses the page's button."""
        with self.sandbox.transaction():
            body = self.sandbox.require("checkout.session", session["id"])
            if body["automatic_tax"]["enabled"]:
                place_session(self.sandbox, body, "DE", "")
            account = sepa_method(self.sandbox, ACCOUNTS[iban], billing_details()) if iban else None
            method = account or method_from_token(self.sandbox, card)
            pay(self.sandbox, body, Payer(email="g@example.org", country="DE", vat="DE123456789"), method)

    def session(self, price: Any, **values: Any) -> Any:
        mode = "subscription" if price["recurring"] else "payment"
        line = {"line_items": [{"price": price["id"], "quantity": 1}], "success_url": "https://a.test/"}
        return self.post("checkout/sessions", mode=mode, **line, **values)


def catalog(tour: Tour) -> tuple[Any, Any]:
    """An article and a plan, with everything one can do to a product."""
    spare = tour.post("products", name="Spare")
    tour.do("DELETE", f"/v1/products/{spare['id']}")
    product = tour.post("products", name="Sleep and memory")
    tour.post(f"products/{product['id']}", description="A journal")
    price = {"product": product["id"], "currency": "usd", "unit_amount": 2_500, "tax_behavior": "inclusive"}
    once, plan = tour.post("prices", **price), tour.post("prices", **price, recurring={"interval": "month"})
    tour.post(f"prices/{once['id']}", nickname="Article")
    tour.see("products")
    tour.see("prices")
    return once, plan


def discounts(tour: Tour) -> Any:
    coupon = tour.post("coupons", percent_off=10, duration="forever")
    tour.post(f"coupons/{coupon['id']}", name="Ten")
    code = tour.post("promotion_codes", promotion={"type": "coupon", "coupon": coupon["id"]}, code="TEN")
    tour.post(f"promotion_codes/{code['id']}", active="false")
    tour.see("coupons")
    tour.see("promotion_codes")
    gone = tour.post("coupons", amount_off=100, currency="usd")
    tour.do("DELETE", f"/v1/coupons/{gone['id']}")
    return coupon


def people(tour: Tour) -> str:
    customer = str(tour.post("customers", email="a@example.org")["id"])
    tour.post(f"customers/{customer}", name="Alice")
    balance = f"customers/{customer}/balance_transactions"
    moved = tour.post(balance, amount=-100, currency="usd")
    tour.post(f"{balance}/{moved['id']}", description="A gift")
    tour.see(balance)
    tour.post(f"customers/{customer}/tax_ids", type="eu_vat", value="DE123456789")
    tour.see(f"customers/{customer}/tax_ids")
    number = tour.do("GET", f"/v1/customers/{customer}/tax_ids")["data"][0]["id"]
    tour.do("DELETE", f"/v1/customers/{customer}/tax_ids/{number}")
    method = tour.post("payment_methods", type="card", card={"token": "tok_visa"})["id"]
    tour.post(f"payment_methods/{method}", metadata={"a": "b"})
    tour.post(f"payment_methods/{method}/attach", customer=customer)
    tour.do("GET", f"/v1/customers/{customer}/payment_methods")
    tour.control("card/renew", payment_method=method)
    spare = tour.post("payment_methods/pm_card_visa/attach", customer=customer)["id"]
    tour.post(f"payment_methods/{spare}/detach")
    tour.post(f"customers/{customer}", invoice_settings={"default_payment_method": method})
    tour.see("customers")
    tour.see("payment_methods")
    tour.do("GET", "/v1/entitlements/active_entitlements", customer=customer)
    return customer


def setups(tour: Tour, customer: str) -> None:
    intent = tour.post("setup_intents", customer=customer)["id"]
    tour.post(f"setup_intents/{intent}", description="A card")
    tour.post(f"setup_intents/{intent}/confirm", 402, payment_method="pm_card_chargeDeclined")
    tour.post(f"setup_intents/{intent}/confirm", payment_method="pm_card_authenticationRequired")
    tour.post(f"setup_intents/{intent}/cancel")
    tour.post("setup_intents", customer=customer, payment_method="pm_card_visa", confirm="true")
    tour.see("setup_intents")


def payments(tour: Tour) -> None:
    told = {"amount": 900, "currency": "usd"}
    intent = tour.post("payment_intents", **told)["id"]
    tour.post(f"payment_intents/{intent}", description="An article")
    tour.post(f"payment_intents/{intent}/confirm", 402, payment_method="pm_card_chargeDeclined")
    tour.post(f"payment_intents/{intent}/confirm", payment_method="pm_card_threeDSecure2Required")
    tour.post(f"payment_intents/{intent}/cancel")
    for token in ("pm_card_createDispute", "pm_card_createIssuerFraudRecord", "pm_card_refundFail"):
        tour.post("payment_intents", **told, payment_method=token, confirm="true")
    tour.control("clock/advance", seconds=1)
    won = tour.do("GET", "/v1/disputes")["data"][0]["id"]
    tour.post(f"disputes/{won}", evidence={"uncategorized_text": "winning_evidence"})
    fails, warned = (charge["id"] for charge in tour.do("GET", "/v1/charges")["data"][:2])
    refund = tour.post("refunds", charge=fails)["id"]
    tour.post(f"refunds/{refund}", metadata={"request": "1"})
    tour.control("clock/advance", seconds=120)
    tour.control("config", refunds="pending")
    waiting = tour.post("refunds", charge=warned)["id"]
    tour.post(f"refunds/{waiting}/cancel")
    tour.control("config", refunds="succeeded")
    tour.post("refunds", charge=warned)
    closed = tour.post("payment_intents", **told, payment_method="pm_card_visa", confirm="true")["id"]
    tour.post(f"disputes/{tour.control('dispute', payment_intent=closed)['id']}/close")
    for name in ("payment_intents", "charges", "refunds", "disputes", "radar/early_fraud_warnings"):
        tour.see(name)
    tour.see("balance_transactions")


def sales(tour: Tour, once: Any) -> None:
    sold = tour.session(once, automatic_tax={"enabled": "true"}, customer_creation="always")
    tour.post(f"checkout/sessions/{sold['id']}", metadata={"order": "7"})
    tour.do("GET", f"/v1/checkout/sessions/{sold['id']}/line_items")
    tour.pay(sold)
    tour.pay(tour.session(once, invoice_creation={"enabled": "true"}, automatic_tax={"enabled": "true"}))
    tour.post(f"checkout/sessions/{tour.session(once)['id']}/expire")
    for iban in ("AT611904300234573201", "AT861904300235473202"):
        tour.pay(tour.session(once, allowed_payment_method_types=["sepa_debit"]), iban=iban)
    tour.control("clock/advance", days=4)
    tour.see("checkout/sessions")


def subscriptions(tour: Tour, plan: Any, coupon: Any, customer: str) -> None:
    tour.pay(tour.session(plan, customer=customer, discounts=[{"coupon": coupon["id"]}]))
    running = tour.do("GET", "/v1/subscriptions")["data"][0]
    path = f"subscriptions/{running['id']}"
    tour.post(path, metadata={"order": "8"})
    tour.do("DELETE", f"/v1/{path}/discount")
    item = tour.post("subscription_items", subscription=running["id"], price=plan["id"])["id"]
    tour.post(f"subscription_items/{item}", quantity=2)
    tour.see("subscription_items", subscription=running["id"])
    tour.do("DELETE", f"/v1/subscription_items/{item}")
    tour.post("invoices/create_preview", subscription=running["id"])
    for settled in (True, False):
        tour.control("fail_next", times=1)
        change = {"items": [{"id": running["items"]["data"][0]["id"], "quantity": 3}]}
        how = {"proration_behavior": "always_invoice", "payment_behavior": "pending_if_incomplete"}
        waiting = tour.post(path, **change, **how)
        tour.post(f"invoices/{waiting['latest_invoice']}/pay") if settled else tour.control("clock/advance", days=1)
        tour.post(path, items=[{"id": running["items"]["data"][0]["id"], "quantity": 1}])
    tour.post(f"{path}/pause")
    tour.post(f"{path}/resume")
    tour.control("clock/advance", days=32)
    tour.see("subscriptions")
    tour.see("invoice_payments")
    tour.do("DELETE", f"/v1/{path}")
    newcomer = tour.post("customers", email="b@example.org")["id"]
    trial = {"items": [{"price": plan["id"]}], "customer": newcomer, "trial_period_days": 4}
    tour.post("subscriptions", **trial, default_payment_method="pm_card_authenticationRequired")
    tour.control("clock/advance", days=5)


def schedules(tour: Tour, plan: Any) -> None:
    method = {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    customer = tour.post("customers", email="c@example.org", **method)["id"]
    phase = {"items": [{"price": plan["id"]}], "duration": {"interval": "month"}}
    ends = tour.post("subscription_schedules", customer=customer, phases=[phase], end_behavior="cancel")["id"]
    tour.post(f"subscription_schedules/{ends}", metadata={"a": "b"})
    tour.control("clock/advance", days=32)
    for deed in ("release", "cancel"):
        made = tour.post("subscription_schedules", customer=customer, phases=[phase])["id"]
        tour.post(f"subscription_schedules/{made}/{deed}")
    tour.see("subscription_schedules")


def invoices(tour: Tour, customer: str) -> None:
    def draft(**values: Any) -> str:
        made = str(tour.post("invoices", customer=customer, **values)["id"])
        tour.post("invoiceitems", customer=customer, invoice=made, amount=9_000, currency="usd")
        return made

    tour.do("DELETE", f"/v1/invoices/{draft()}")
    sent = draft(collection_method="send_invoice", days_until_due=30)
    tour.post(f"invoices/{sent}", description="Site license")
    tour.post(f"invoices/{sent}/send")
    note = tour.post("credit_notes", invoice=sent, amount=500)["id"]
    tour.post(f"credit_notes/{note}", memo="Sorry")
    tour.post(f"credit_notes/{note}/void")
    tour.do("GET", "/v1/credit_notes/preview", invoice=sent, amount=100)
    tour.do("GET", f"/v1/credit_notes/{note}/lines")
    tour.do("GET", f"/v1/invoices/{sent}/lines")
    tour.control("clock/advance", days=31)
    tour.post(f"invoices/{sent}/pay", paid_out_of_band="true")
    for deed in ("void", "mark_uncollectible"):
        made = draft()
        tour.post(f"invoices/{made}/finalize")
        tour.post(f"invoices/{made}/{deed}")
    tour.see("invoices")
    tour.see("invoiceitems")
    tour.see("credit_notes")


def account(tour: Tour, customer: str) -> None:
    shown = tour.post("billing_portal/configurations", features={"invoice_history": {"enabled": "true"}})["id"]
    tour.post(f"billing_portal/configurations/{shown}", name="Ours")
    tour.post("billing_portal/sessions", customer=customer)
    tour.see("billing_portal/configurations")
    hook = tour.post("webhook_endpoints", url="http://127.0.0.1:9/", enabled_events=["invoice.paid"])["id"]
    tour.post(f"webhook_endpoints/{hook}", description="Ours")
    tour.see("webhook_endpoints")
    tour.do("DELETE", f"/v1/webhook_endpoints/{hook}")
    for name in ("account", "balance", "tax/settings"):
        tour.do("GET", f"/v1/{name}")
    tour.see("events")
    tour.see("tax_rates")
    clock = tour.post("test_helpers/test_clocks", frozen_time=2_000_000_000)["id"]
    tour.post(f"test_helpers/test_clocks/{clock}/advance", frozen_time=2_000_000_999)
    tour.see("test_helpers/test_clocks")
    tour.do("DELETE", f"/v1/test_helpers/test_clocks/{clock}")
    tour.do("DELETE", f"/v1/customers/{customer}")


@pytest.fixture(scope="module")
def tour() -> Tour:
    walked = Tour()
    once, plan = catalog(walked)
    coupon, customer = discounts(walked), people(walked)
    setups(walked, customer)
    payments(walked)
    sales(walked, once)
    subscriptions(walked, plan, coupon, customer)
    schedules(walked, plan)
    invoices(walked, customer)
    account(walked, customer)
    return walked


def test_the_tour_passes_every_endpoint_and_every_reply_and_event_fits_the_contract(tour: Tour) -> None:
    assert set(ENDPOINTS) - set(tour.replies) == set()
    assert tour.sandbox.store.rows("SELECT place, detail FROM violation") == []


def test_every_event_is_told_of_and_known_to_stripe(tour: Tour) -> None:
    told = {event["type"] for event in tour.sandbox.store.of_kind("event")}
    assert told == EVENTS
    known = contract.object_schema("event")["properties"]["type"]["enum"]
    assert set(known) >= EVENTS


def mutants(value: Any, schema: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Every way to spoil one field of a reply: take away what is required, put something else in its place."""
    schema = contract.resolve(schema)
    if "anyOf" in schema:
        fitting = [option for option in schema["anyOf"] if not contract.check(value, option)]
        schema = contract.resolve(fitting[0]) if fitting else {}
    if isinstance(value, dict) and schema.get("properties"):
        for name in schema.get("required", []):
            yield f"{place}.{name} is missing", {k: v for k, v in value.items() if k != name}
        for name, inner in schema["properties"].items():
            if name in value and value[name] is not None:
                for what, spoiled in mutants(value[name], inner, f"{place}.{name}"):
                    yield what, value | {name: spoiled}
    elif isinstance(value, list) and value:
        for what, spoiled in mutants(value[0], schema.get("items", {}), f"{place}[0]"):
            yield what, [spoiled, *value[1:]]
    elif schema.get("type") and not isinstance(value, dict | list):
        yield f"{place} is an object", {"surprise": 1}


def test_a_field_that_is_missing_or_of_another_type_is_noticed(tour: Tour) -> None:
    seen: dict[str, Any] = {}
    for path, reply in tour.replies.values():
        seen.setdefault(reply["object"] if reply["object"] != "list" else f"list of {path}", reply)
    seen |= {f"event {e['type']}": e for e in tour.sandbox.store.of_kind("event")}
    spoiled = 0
    for place, body in seen.items():
        if body.get("deleted") or body["object"] == "list":
            continue
        schema = contract.object_schema(body["object"])
        for what, mutant in mutants(deepcopy(body), schema, place):
            assert contract.check(mutant, schema), what
            spoiled += 1
    assert spoiled > 1_500
