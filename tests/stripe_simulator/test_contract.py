"""The contract derived from the wheel, and the objects made after it."""

from __future__ import annotations

import pytest

from stripe_simulator import contract
from stripe_simulator.blank import PREFIXES, blank
from stripe_simulator.form import bracketed, parse_form

NESTED = {
    "billing_portal.configuration",
    "billing_portal.session",
    "discount",
    "dispute",
    "invoice_payment",
    "promotion_code",
}


def test_the_contract_is_the_installed_wheels() -> None:
    assert contract.spec()["info"]["version"] == "2026-10-28.endive"
    assert len(contract.spec()["paths"]) > 350


def test_a_form_is_read_as_the_client_writes_it() -> None:
    body = "mode=payment&line_items[0][price]=p&line_items[0][quantity]=1&metadata[a%20b]=c%26d&expand[]=x&expand[]=y"
    assert parse_form(body) == {
        "mode": "payment",
        "line_items": [{"price": "p", "quantity": "1"}],
        "metadata": {"a b": "c&d"},
        "expand": ["x", "y"],
    }
    assert bracketed(("line_items", 0, "price")) == "line_items[0][price]"


@pytest.mark.parametrize(
    ("form", "problems"),
    [
        ("mode=payment&success_url=x", []),
        ("mode=gift", ["mode: 'gift' not one of ['payment', 'setup', 'subscription']"]),
        ("line_items[0][quantity]=many", ["line_items[0][quantity]: 'many' is not a valid integer"]),
        ("line_items[0][prize]=p", ["line_items[0][prize]: unknown"]),
        ("metadata=", ["metadata: expected object, got ''"]),
        ("automatic_tax[enabled]=maybe", ["automatic_tax[enabled]: 'maybe' is not a valid boolean"]),
        ("automatic_tax[liability][type]=self", ["automatic_tax[enabled]: missing"]),
    ],
)
def test_requests_are_checked(form: str, problems: list[str]) -> None:
    assert [str(p) for p in contract.check_request("POST", "/v1/checkout/sessions", form)] == problems


def test_an_unknown_endpoint_is_a_problem() -> None:
    assert contract.check_request("POST", "/v1/nothing", "")[0].kind == "unknown"
    assert contract.check_response("GET", "/v1/nothing", {})[0].kind == "unknown"


def test_form_strings_get_their_types() -> None:
    schema = contract.request_schema(contract.route("post", "/v1/checkout/sessions")[1])  # type: ignore[index]
    form = parse_form("expires_at=12&automatic_tax[enabled]=true&metadata[n]=5&line_items[0][quantity]=2&discounts=")
    assert contract.coerce(form, schema) == {
        "expires_at": 12,
        "automatic_tax": {"enabled": True},
        "metadata": {"n": "5"},
        "line_items": [{"quantity": 2}],
        "discounts": [],
    }


def test_replies_are_checked() -> None:
    refund = blank("refund", id="re_1", amount=5, created=1, currency="usd", status="succeeded")
    assert contract.check_object(refund) == []
    assert [p.param for p in contract.check_object({**refund, "amount": "5"})] == ["refund[amount]"]
    assert [p.kind for p in contract.check_object({**refund, "colour": "red"})] == ["unknown"]
    assert [p.kind for p in contract.check_object({k: v for k, v in refund.items() if k != "amount"})] == ["missing"]


@pytest.mark.parametrize("kind", sorted(set(PREFIXES) - NESTED))
def test_an_empty_object_fits_the_contract(kind: str) -> None:
    assert contract.check_object(blank(kind)) == []
