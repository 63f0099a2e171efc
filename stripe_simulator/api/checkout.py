"""Checkout Sessions."""

from __future__ import annotations

from typing import Any

from .. import checkout
from ..blank import Json, identifier
from ..discounting import check_redeemable, shares
from ..errors import invalid
from ..prices import create_price
from ..pricing import MINIMUM, money
from ..sandbox import DAY, Sandbox
from .catalog import merged_metadata
from .checkout_rules import check_lines, check_rules
from .expanding import included
from .routing import Call, endpoint, page, resource

ECHOED = (
    "allowed_payment_method_types",
    "allow_promotion_codes",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "customer_email",
    "locale",
    "payment_method_collection",
    "submit_type",
    "success_url",
)
KEPT = ("payment_intent_data", "subscription_data", "invoice_creation")

resource(
    "checkout.session",
    "/v1/checkout/sessions",
    "session",
    param="session",
    customer_details=lambda body, wanted: (body["customer_details"] or {}).get("email") == wanted["email"],
)


@included("checkout.session", "line_items", "/v1/checkout/sessions/{id}/line_items")
def _line_items(sandbox: Sandbox, session: Json) -> list[Json]:
    return checkout.line_items(sandbox, session)


@endpoint("GET /v1/checkout/sessions/{session}/line_items")
def get_line_items(call: Call) -> Json:
    session = call.sandbox.require("checkout.session", call.id, "session")
    return page(call, checkout.line_items(call.sandbox, session))


@endpoint("POST /v1/checkout/sessions/{session}")
def update(call: Call) -> Json:
    session = call.sandbox.require("checkout.session", call.id, "session")
    return call.sandbox.update(session, **merged_metadata(session, call.params))


@endpoint("POST /v1/checkout/sessions/{session}/expire")
def expire(call: Call) -> Json:
    return checkout.expire(call.sandbox, call.sandbox.require("checkout.session", call.id, "session"))


@endpoint("POST /v1/checkout/sessions")
def create(call: Call) -> Json:
    return create_session(call.sandbox, call.params)


def create_session(sandbox: Sandbox, params: Json, recovered_from: str | None = None) -> Json:
    mode = params.get("mode", "payment")
    customer = check_rules(sandbox, params, mode)
    wanted = _wanted(sandbox, params)
    check_lines(mode, wanted)
    discounts, coupon = _discounts(sandbox, params, wanted)
    lines, sums = _priced(sandbox, wanted, coupon)
    _check_amount(sums["amount_total"], wanted[0][0]["currency"])
    if coupon and coupon["currency"] not in (None, wanted[0][0]["currency"]):
        raise invalid("The coupon's currency is not the line items' currency.", "discounts[0][coupon]")
    session_id = identifier("checkout.session")
    session = sandbox.new(
        "checkout.session",
        {"line_items": lines, "params": {name: params[name] for name in KEPT if name in params}},
        **{
            "id": session_id,
            "automatic_tax": _automatic_tax(params),
            "currency": wanted[0][0]["currency"],
            "custom_fields": [],
            "discounts": discounts,
            "expires_at": _expires_at(sandbox, params),
            "mode": mode,
            "payment_method_types": params.get("allowed_payment_method_types") or ["card"],
            "payment_status": "unpaid",
            "recovered_from": recovered_from,
            "status": "open",
            "ui_mode": params.get("ui_mode", "hosted_page"),
            "url": f"{sandbox.public_url}/c/pay/{session_id}",
            **sums,
            **_of_customer(params, customer, mode),
            **_of_texts(params),
            **_of_mode(params, mode),
            **{name: params[name] for name in ECHOED if name in params},
            **merged_metadata({}, params),
        },
    )
    sandbox.at(sandbox.by_our_clock(session["expires_at"]), "checkout.expire", session_id, by_wall=True)
    return session


def _wanted(sandbox: Sandbox, params: Json) -> list[tuple[Json, int]]:
    """(price, quantity) of each line; a price described in place is made, and not for sale elsewhere."""
    wanted = []
    for index, item in enumerate(params["line_items"]):
        place = f"line_items[{index}]"
        if ("price" in item) == ("price_data" in item):
            raise invalid("You must specify exactly one of `price` or `price_data`.", f"{place}[price]")
        if "price" in item:
            price = sandbox.require("price", item["price"], f"{place}[price]")
            if not price["active"]:
                raise invalid(
                    "The price specified is inactive. This field only accepts active prices.", f"{place}[price]"
                )
        else:
            price = sandbox.update(create_price(sandbox, item["price_data"]), active=False)
        quantity = item.get("quantity", 1 if price["type"] == "recurring" else None)
        if quantity is None or quantity < 1:
            raise invalid("Quantity is required and must be at least 1.", f"{place}[quantity]", "parameter_missing")
        wanted.append((price, quantity))
    return wanted


def _discounts(sandbox: Sandbox, params: Json, wanted: list[tuple[Json, int]]) -> tuple[list[Json], Json | None]:
    if not params.get("discounts"):
        return [], None
    told, subtotal = params["discounts"][0], sum(price["unit_amount"] * quantity for price, quantity in wanted)
    coupon = check_redeemable(sandbox, told, "discounts[0]", customer=params.get("customer"), subtotal=subtotal)
    return [{"coupon": told.get("coupon"), "promotion_code": told.get("promotion_code")}], coupon


def _priced(sandbox: Sandbox, wanted: list[tuple[Json, int]], coupon: Json | None) -> tuple[list[Json], Json]:
    amounts = [(price["unit_amount"] * quantity, price["product"]) for price, quantity in wanted]
    off = shares(sandbox, coupon, amounts)
    lines = [
        checkout.item(price, quantity, _name(sandbox, price), share)
        for (price, quantity), share in zip(wanted, off, strict=True)
    ]
    subtotal = sum(amount for amount, _ in amounts)
    details = {"amount_discount": sum(off), "amount_shipping": 0, "amount_tax": 0}
    return lines, {"amount_subtotal": subtotal, "amount_total": subtotal - sum(off), "total_details": details}


def reprice(sandbox: Sandbox, session: Json, coupon: Json | None, discounts: list[Json]) -> Json:
    """A discount that came, or went, after the session was made: by a code typed on the page."""
    wanted = [(line["price"], line["quantity"]) for line in checkout.line_items(sandbox, session)]
    lines, sums = _priced(sandbox, wanted, coupon)
    sandbox.store.hide(session["id"], line_items=lines)
    return sandbox.update(session, discounts=discounts, **sums)


def _name(sandbox: Sandbox, price: Json) -> str:
    product = sandbox.get("product", price["product"])
    return str(product["name"]) if product else "Item"


def _check_amount(total: int, currency: str) -> None:
    least = MINIMUM.get(currency, 50)
    if 0 < total < least:
        message = f"The Checkout Session's total amount due must add up to at least {money(least, currency)} {currency}"
        raise invalid(message, "line_items", "amount_too_small")


def _expires_at(sandbox: Sandbox, params: Json) -> int:
    now = sandbox.wall()
    expires = params.get("expires_at", now + DAY)
    if not now + 1_800 - 5 <= sandbox.by_our_clock(expires) <= now + DAY + 5:  # clocks differ a little
        message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
        raise invalid(message, "expires_at")
    return int(expires)


def _automatic_tax(params: Json) -> Json:
    enabled = bool((params.get("automatic_tax") or {}).get("enabled"))
    return {
        "enabled": enabled,
        "liability": {"type": "self"} if enabled else None,
        "provider": "stripe" if enabled else None,
        "status": "complete" if enabled else None,
    }


def _of_customer(params: Json, customer: Json | None, mode: str) -> Json:
    email = customer["email"] if customer else params.get("customer_email")
    creation = params.get("customer_creation", "if_required") if mode == "payment" and not customer else None
    payer = checkout.Payer(email=email or "", name=(customer or {}).get("name") or "")
    known = {**payer.address, **((customer or {}).get("address") or {})}
    details = {
        "address": known if customer else None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": payer.name or None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }
    return {
        "customer": customer["id"] if customer else None,
        "customer_creation": creation,
        "customer_details": details if email else None,
    }


def _of_texts(params: Json) -> Json:
    texts: Json = {
        "after_submit": None,
        "shipping_address": None,
        "submit": None,
        "terms_of_service_acceptance": None,
    }
    texts |= {name: value or None for name, value in (params.get("custom_text") or {}).items()}
    consent = params.get("consent_collection")
    empty: Json = {"payment_method_reuse_agreement": None, "promotions": None, "terms_of_service": None}
    return {"custom_text": texts, "consent_collection": empty | consent if consent else None}


def _of_mode(params: Json, mode: str) -> Json:
    told: dict[str, Any] = {"phone_number_collection": {"enabled": False}}
    recovery = (params.get("after_expiration") or {}).get("recovery")
    if recovery:
        rest = {"allow_promotion_codes": False, "enabled": False, "expires_at": None, "url": None}
        told["after_expiration"] = {"recovery": rest | recovery}
    if mode == "subscription":
        told["payment_method_collection"] = "always"
        return told
    data = (params.get("invoice_creation") or {}).get("invoice_data") or {}
    names = ("account_tax_ids", "custom_fields", "description", "footer", "issuer", "rendering_options")
    invoice = dict.fromkeys(names) | {"metadata": {}} | data
    enabled = bool((params.get("invoice_creation") or {}).get("enabled"))
    return told | {"invoice_creation": {"enabled": enabled, "invoice_data": invoice}}
