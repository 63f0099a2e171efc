"""Coupons and promotion codes."""

from __future__ import annotations

import re
import secrets

from ..blank import Json
from ..errors import invalid
from ..sandbox import Sandbox
from .catalog import merged_metadata
from .routing import Call, endpoint, resource

resource("coupon", "/v1/coupons", "coupon", param="coupon")
resource(
    "promotion_code",
    "/v1/promotion_codes",
    "promotion_code",
    param="promotion_code",
    coupon=lambda body, wanted: body["promotion"]["coupon"] == wanted,
)


@endpoint("POST /v1/coupons")
def create_coupon(call: Call) -> Json:
    sandbox, params = call.sandbox, call.params
    coupon_id = params.get("id") or secrets.token_urlsafe(6)
    if sandbox.store.get(coupon_id):
        raise invalid("Coupon already exists.", "id", "resource_already_exists")
    _check_coupon(params)
    fields = ("amount_off", "currency", "duration_in_months", "max_redemptions", "name", "percent_off", "redeem_by")
    values = {"duration": "once"} | call.given("duration", *fields) | merged_metadata({}, params)
    coupon = sandbox.new("coupon", id=coupon_id, valid=True, **values)
    if coupon["redeem_by"]:
        until = sandbox.by_our_clock(coupon["redeem_by"])
        sandbox.store.hide(coupon_id, redeem_by=until)
        sandbox.at(until, "coupon.expire", coupon_id)
    if params.get("applies_to"):
        sandbox.store.hide(coupon_id, products=_products(sandbox, params))
    sandbox.emit("coupon.created", coupon)
    return coupon


def _products(sandbox: Sandbox, params: Json) -> list[str]:
    wanted = params["applies_to"].get("products") or []
    return [sandbox.require("product", one, f"applies_to[products][{n}]")["id"] for n, one in enumerate(wanted)]


def _check_coupon(params: Json) -> None:
    if ("amount_off" in params) == ("percent_off" in params):
        raise invalid("You must pass either percent_off or amount_off.", "percent_off")
    if "amount_off" in params and not params.get("currency"):
        raise invalid("You must pass currency when passing amount_off.", "currency", "parameter_missing")
    if "amount_off" in params and params["amount_off"] <= 0:
        raise invalid("Invalid positive integer", "amount_off", "parameter_invalid_integer")
    if "percent_off" in params and not 0 < float(params["percent_off"]) <= 100:
        raise invalid("Invalid percentage: must be greater than 0 and at most 100.", "percent_off")
    if params.get("duration") == "repeating" and "duration_in_months" not in params:
        raise invalid("You must pass duration_in_months with this duration.", "duration_in_months", "parameter_missing")


@endpoint("POST /v1/coupons/{coupon}")
def update_coupon(call: Call) -> Json:
    coupon = call.sandbox.require("coupon", call.id, "coupon")
    return call.sandbox.update(coupon, "coupon.updated", **call.given("name"), **merged_metadata(coupon, call.params))


@endpoint("DELETE /v1/coupons/{coupon}")
def delete_coupon(call: Call) -> Json:
    coupon = call.sandbox.require("coupon", call.id, "coupon")
    call.sandbox.emit("coupon.deleted", coupon)
    call.sandbox.store.delete(coupon["id"])
    return {"id": coupon["id"], "object": "coupon", "deleted": True}


@endpoint("POST /v1/promotion_codes")
def create_code(call: Call) -> Json:
    sandbox, params = call.sandbox, call.params
    coupon = sandbox.require("coupon", params["promotion"].get("coupon", ""), "promotion[coupon]")
    code = params.get("code") or secrets.token_hex(4).upper()
    if any(c["active"] and c["code"].lower() == code.lower() for c in sandbox.store.of_kind("promotion_code")):
        raise invalid(f"An active promotion code with `code: {code}` already exists.", "code")
    if not re.fullmatch(r"[A-Za-z0-9-]{1,500}", code):
        raise invalid("Valid characters are letters, digits and dashes.", "code")
    _check_code(call)
    limits: Json = {"first_time_transaction": False, "minimum_amount": None, "minimum_amount_currency": None}
    values = {"active": True} | call.given("active", "customer", "expires_at", "max_redemptions")
    made = sandbox.new(
        "promotion_code",
        code=code,
        promotion={"type": "coupon", "coupon": coupon["id"]},
        restrictions=limits | (params.get("restrictions") or {}),
        **values | merged_metadata({}, params),
    )
    if made["expires_at"]:
        until = sandbox.by_our_clock(made["expires_at"])
        sandbox.store.hide(made["id"], expires_at=until)
        sandbox.at(until, "promotion_code.expire", made["id"])
    sandbox.emit("promotion_code.created", made)
    return made


def _check_code(call: Call) -> None:
    params = call.params
    if params.get("customer"):
        call.sandbox.require("customer", params["customer"], "customer")
    limits = params.get("restrictions") or {}
    if limits.get("minimum_amount") and not limits.get("minimum_amount_currency"):
        place = "restrictions[minimum_amount_currency]"
        raise invalid("You must pass minimum_amount_currency with minimum_amount.", place, "parameter_missing")


@endpoint("POST /v1/promotion_codes/{promotion_code}")
def update_code(call: Call) -> Json:
    code = call.sandbox.require("promotion_code", call.id, "promotion_code")
    changes = call.given("active") | merged_metadata(code, call.params)
    return call.sandbox.update(code, "promotion_code.updated", **changes)
