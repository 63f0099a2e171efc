"""Customers and their payment methods."""

from __future__ import annotations

from ..blank import Json
from ..cards import TOKENS, CardProblemError, read_iban
from ..clocks import check_room
from ..customers import delete_customer, new_customer
from ..errors import invalid
from ..payment_methods import attach, billing_details, method_from_token, sepa_method
from ..sandbox import Sandbox
from .catalog import merged_metadata
from .expanding import included
from .routing import Call, endpoint, page, resource, unset

FIELDS = ("address", "description", "email", "name", "phone", "preferred_locales", "shipping", "tax_exempt")

NO_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))

resource("customer", "/v1/customers", "customer")
resource("payment_method", "/v1/payment_methods", "payment_method", param="payment_method")


@included("customer", "subscriptions", "/v1/customers/{id}/subscriptions")
def _subscriptions(sandbox: Sandbox, customer: Json) -> list[Json]:
    found = sandbox.store.where("subscription", "customer", customer["id"])
    return [s for s in found if s["status"] != "canceled"]


@included("customer", "tax_ids", "/v1/customers/{id}/tax_ids")
def _tax_ids(sandbox: Sandbox, customer: Json) -> list[Json]:
    return list(sandbox.store.where("tax_id", "customer", customer["id"]))


@endpoint("POST /v1/customers")
def create(call: Call) -> Json:
    if call.params.get("test_clock"):
        check_room(call.sandbox, call.params["test_clock"])
    customer = new_customer(
        call.sandbox, **_fields(call, "balance", "test_clock", *FIELDS), **merged_metadata({}, call.params)
    )
    return _settle_methods(call, customer)


@endpoint("POST /v1/customers/{customer}")
def update(call: Call) -> Json:
    customer = call.sandbox.require("customer", call.id)
    changes = _fields(call, "balance", *FIELDS) | merged_metadata(customer, call.params)
    return _settle_methods(call, call.sandbox.update(customer, "customer.updated", **changes))


def _fields(call: Call, *names: str) -> Json:
    """What was given; an address always has all its lines, empty ones as null."""
    given = call.given(*names)
    if isinstance(given.get("address"), dict):
        given["address"] = NO_ADDRESS | {name: line or None for name, line in given["address"].items()}
    return given


def _settle_methods(call: Call, customer: Json) -> Json:
    """`payment_method` attaches one; `invoice_settings` may make it the default for renewals."""
    sandbox = call.sandbox
    if call.params.get("payment_method"):
        attach(sandbox, method_from_token(sandbox, call.params["payment_method"]), customer["id"])
    settings = call.params.get("invoice_settings")
    if settings:
        settings = unset(settings)
        default = settings.get("default_payment_method")
        if default in TOKENS:
            settings["default_payment_method"] = _own_method(sandbox, customer["id"])
        elif default:
            sandbox.require("payment_method", default, "invoice_settings[default_payment_method]")
        sandbox.update(customer, invoice_settings=customer["invoice_settings"] | settings)
    return customer


def _own_method(sandbox: Sandbox, customer: str) -> str | None:
    return next((m["id"] for m in sandbox.store.where("payment_method", "customer", customer)), None)


@endpoint("DELETE /v1/customers/{customer}")
def delete(call: Call) -> Json:
    return delete_customer(call.sandbox, call.sandbox.require("customer", call.id))


@endpoint("GET /v1/customers/{customer}/payment_methods")
def methods(call: Call) -> Json:
    kind = call.params.get("type")
    found = [
        method
        for method in call.sandbox.store.where("payment_method", "customer", call.id)
        if kind in (None, method["type"])
    ]
    return page(call, found)


@endpoint("POST /v1/payment_methods")
def create_method(call: Call) -> Json:
    """A test card by its token (`card[token]=tok_visa`), or a test account by its IBAN; numbers of cards are refused,
    as Stripe refuses them to whom may not handle them."""
    params, details = call.params, billing_details(**_of_payer(call.params.get("billing_details") or {}))
    if params.get("type") == "sepa_debit":
        try:
            account = read_iban((params.get("sepa_debit") or {}).get("iban", ""))
        except CardProblemError as problem:
            raise invalid(problem.message, "sepa_debit[iban]") from problem
        return sepa_method(call.sandbox, account, details)
    token = (params.get("card") or {}).get("token")
    if params.get("type") != "card" or token not in TOKENS:
        raise invalid("The local Stripe takes card[token] with a test token, or sepa_debit[iban].", "card[token]")
    return call.sandbox.update(method_from_token(call.sandbox, token), billing_details=details)


def _of_payer(told: Json) -> Json:
    country = (told.get("address") or {}).get("country") if isinstance(told.get("address"), dict) else None
    return {"email": told.get("email") or None, "name": told.get("name") or None, "country": country or None}


@endpoint("POST /v1/payment_methods/{payment_method}")
def update_method(call: Call) -> Json:
    method = call.sandbox.require("payment_method", call.id, "payment_method")
    return call.sandbox.update(method, "payment_method.updated", **merged_metadata(method, call.params))


@endpoint("POST /v1/payment_methods/{payment_method}/attach")
def attach_method(call: Call) -> Json:
    customer = call.customer()
    return attach(call.sandbox, method_from_token(call.sandbox, call.id), customer["id"])


@endpoint("POST /v1/payment_methods/{payment_method}/detach")
def detach_method(call: Call) -> Json:
    method = call.sandbox.require("payment_method", call.id, "payment_method")
    return call.sandbox.update(method, "payment_method.detached", customer=None)
