"""Requests drawn at random from Stripe's contract: each is answered or refused, and none breaks the local Stripe."""

from __future__ import annotations

import random
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from stripe_simulator import contract, control
from stripe_simulator.api.routing import ENDPOINTS
from stripe_simulator.api.wire import Api, Request
from stripe_simulator.application import Application
from stripe_simulator.sandbox import Sandbox
from stripe_simulator.store import Store

KINDS = {
    "configuration": "billing_portal.configuration",
    "default_payment_method": "payment_method",
    "id": "event",
    "intent": "payment_intent",
    "session": "checkout.session",
    "subscription_exposed_id": "subscription",
}
TEXTS = ("x", "usd", "pm_card_visa", "https://a.test/", "2030-01-01", "", "ünï<code>")
NUMBERS = ("0", "1", "2", "100", "5000", "-1", "1000000000000")


class Caller:
    """Draws requests, with the ids of objects that exist where an id is asked for."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.sandbox = Sandbox(Store(":memory:"), public_url="http://stripe.test", strict=True)
        self.api: Api = Application(self.sandbox).api

    def call(self, method: str, path: str, form: str) -> tuple[int, Any]:
        version = contract.spec()["info"]["version"]
        status, _, reply = self.api.answer(Request(method, path, form, "Bearer sk_test_sim_x", version))
        return status, reply

    def made(self, path: str, **form: Any) -> str:
        status, reply = self.call("POST", path, urlencode(form))
        assert status == 200, reply
        return str(reply["id"])

    def furnish(self) -> None:
        """A customer who bought, subscribes and owes an invoice."""
        customer = self.made("/v1/customers", email="a@example.org", payment_method="pm_card_visa")
        price = {"currency": "usd", "unit_amount": 900, "product_data[name]": "Article"}
        once = self.made("/v1/prices", **price)
        plan = self.made("/v1/prices", **price, **{"recurring[interval]": "month"})
        method = {"default_payment_method": "pm_card_visa"}
        self.made("/v1/subscriptions", customer=customer, **{"items[0][price]": plan}, **method)
        for mode, wanted in (("payment", once), ("subscription", plan)):
            line = {"line_items[0][price]": wanted, "line_items[0][quantity]": 1}
            self.made("/v1/checkout/sessions", mode=mode, customer=customer, success_url="http://a.test/", **line)
        invoice = self.made("/v1/invoices", customer=customer)
        self.made("/v1/invoiceitems", customer=customer, invoice=invoice, amount=700, currency="usd")
        self.made(
            "/v1/payment_intents", amount=900, currency="usd", payment_method="pm_card_createDispute", confirm="true"
        )

    def text(self, name: str) -> str:
        found = [body["id"] for body in self.sandbox.store.of_kind(KINDS.get(name, name))]
        if found and self.chance.random() < 0.9:
            return str(self.chance.choice(found))
        return "https://a.test/x" if name.endswith("url") else self.chance.choice(TEXTS)

    def value(self, schema: Any, name: str = "", depth: int = 0) -> Any:
        schema = contract.resolve(schema)
        if "anyOf" in schema:
            return self.value(self.chance.choice(schema["anyOf"]), name, depth)
        if "enum" in schema:
            return str(self.chance.choice(schema["enum"])).replace("True", "true").replace("False", "false")
        kind = schema.get("type")
        if kind == "object":
            wanted = schema.get("required", [])
            known = schema.get("properties") or {}
            drawn = [k for k in known if k != "expand" and (k in wanted or (depth < 4 and self.chance.random() < 0.15))]
            return {k: self.value(known[k], k, depth + 1) for k in drawn} if known else {"k": "v"}
        if kind == "array":
            return [self.value(schema["items"], name.rstrip("s"), depth + 1) for _ in range(self.chance.randint(0, 2))]
        if kind == "boolean":
            return self.chance.choice(("true", "false"))
        return self.chance.choice(NUMBERS) if kind in ("integer", "number") else self.text(name)


def pairs(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Nested data in Stripe's bracketed form."""
    if not isinstance(value, dict | list):
        return [(name, value)]
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return [pair for key, item in items for pair in pairs(item, f"{name}[{key}]" if name else str(key))]


@pytest.mark.parametrize("seed", range(3))
def test_no_request_that_fits_the_contract_breaks_anything(seed: int) -> None:
    caller = Caller(seed)
    answers: dict[int, int] = {}
    for number in range(600):
        if number % 200 == 0:
            caller.furnish()
        if number % 50 == 49:
            assert control.answer(caller.sandbox, "POST", "clock/advance", {"days": 9})[0] == 200
        method, template = caller.chance.choice(sorted(ENDPOINTS)).split(" ")
        path = re.sub(r"{(\w+)}", lambda found: caller.text(found[1]).split("/")[0] or "x", template)
        found = contract.route(method, path)
        assert found is not None
        form = urlencode(pairs(caller.value(contract.request_schema(found[1]))))
        status, reply = caller.call(method, path, form)
        answers[status] = answers.get(status, 0) + 1
        assert status == 200 or reply["error"]["message"]
    assert set(answers) <= {200, 400, 402, 404}
    assert answers[200] > 150
    failed = [v for v in caller.sandbox.store.rows("SELECT * FROM violation") if v["place"].startswith("timer")]
    assert failed == []
