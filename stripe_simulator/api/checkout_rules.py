"""Rules between the parameters of a Checkout Session; each refusal names the parameter."""

from __future__ import annotations

import re

from ..blank import Json
from ..errors import invalid
from ..sandbox import Sandbox

NOT_IN = {
    "subscription": ("payment_intent_data", "invoice_creation", "customer_creation", "setup_intent_data"),
    "payment": ("subscription_data", "payment_method_collection", "setup_intent_data"),
    "setup": (
        "line_items",
        "payment_intent_data",
        "subscription_data",
        "invoice_creation",
        "payment_method_collection",
        "discounts",
        "allow_promotion_codes",
    ),
}
LONGEST_TEXT = 1_200


def check_rules(sandbox: Sandbox, params: Json, mode: str) -> Json | None:
    """Refuses what does not go together; returns the session's customer, if it names one."""
    if mode != "setup" and not params.get("line_items"):
        raise invalid(
            f"Missing required param: line_items. It is required in {mode} mode.", "line_items", "parameter_missing"
        )
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("The local Stripe shows hosted pages only.", "ui_mode")
    if not params.get("success_url"):
        raise invalid("Missing required param: success_url.", "success_url", "parameter_missing")
    _check_mode(params, mode)
    _check_together(params)
    _check_urls(params)
    _check_lengths(params)
    _check_consent(sandbox, params)
    customer = sandbox.require("customer", params["customer"], "customer") if params.get("customer") else None
    _check_tax(params, customer)
    return customer


def _check_mode(params: Json, mode: str) -> None:
    for name in NOT_IN[mode]:
        if name in params:
            raise invalid(f"You can not pass `{name}` in `{mode}` mode.", name)


def _check_together(params: Json) -> None:
    if params.get("customer") and params.get("customer_email"):
        raise invalid("You may only specify one of these parameters: customer, customer_email.", "customer_email")
    if "customer_update" in params and not params.get("customer"):
        raise invalid("`customer_update` can only be used with `customer`.", "customer_update")
    if params.get("customer") and "customer_creation" in params:
        raise invalid("`customer_creation` can not be used with `customer`.", "customer_creation")
    if params.get("discounts") and "allow_promotion_codes" in params:
        message = "You may only specify one of these parameters: allow_promotion_codes, discounts."
        raise invalid(message, "allow_promotion_codes")
    if len(params.get("discounts") or []) > 1:
        raise invalid("You may only specify one discount.", "discounts")


def _check_urls(params: Json) -> None:
    for name in ("success_url", "cancel_url"):
        check_url(params.get(name), name)


def check_url(url: str | None, param: str) -> None:
    if url and not re.fullmatch(r"https?://[^\s<>\"]+", url):
        raise invalid("Not a valid URL.", param, "url_invalid")


def _check_lengths(params: Json) -> None:
    if len(params.get("client_reference_id") or "") > 200:
        raise invalid("client_reference_id can have at most 200 characters.", "client_reference_id")
    for name, text in (params.get("custom_text") or {}).items():
        if text and len(text["message"]) > LONGEST_TEXT:
            raise invalid(f"At most {LONGEST_TEXT} characters.", f"custom_text[{name}][message]")


def _check_consent(sandbox: Sandbox, params: Json) -> None:
    wanted = (params.get("consent_collection") or {}).get("terms_of_service")
    if wanted == "required" and not sandbox.knobs.terms_url:
        message = "You cannot collect consent to your terms of service unless a URL is set in your public details."
        raise invalid(message, "consent_collection[terms_of_service]")
    acceptance = (params.get("custom_text") or {}).get("terms_of_service_acceptance")
    if acceptance and wanted != "required":
        message = "This text is shown only with consent_collection[terms_of_service]=required."
        raise invalid(message, "custom_text[terms_of_service_acceptance]")


def _check_tax(params: Json, customer: Json | None) -> None:
    if not (params.get("automatic_tax") or {}).get("enabled") or customer is None or customer["address"]:
        return
    if (params.get("customer_update") or {}).get("address") != "auto":
        message = (
            "Automatic tax calculation in Checkout requires a valid address on the Customer. "
            "Add a valid address to the Customer or set `customer_update[address]` to `auto`."
        )
        raise invalid(message, "customer_update[address]", "customer_tax_location_invalid")


def check_lines(mode: str, wanted: list[tuple[Json, int]], *, taxed: bool = False) -> None:
    """Prices must fit the mode, and share a currency and a rhythm; tax needs to know whether it is in them."""
    for index, (price, _) in enumerate(wanted):
        if taxed and price["tax_behavior"] not in ("inclusive", "exclusive"):
            message = "Automatic tax needs a price whose `tax_behavior` is `inclusive` or `exclusive`."
            raise invalid(message, f"line_items[{index}][price]")
    recurring = [price["recurring"] for price, _ in wanted if price["recurring"]]
    if mode == "payment" and recurring:
        message = "You specified `payment` mode but passed a recurring price. Switch to `subscription` mode."
        raise invalid(message, "line_items")
    if mode == "subscription" and not recurring:
        raise invalid("You must provide at least one recurring price in `subscription` mode.", "mode")
    if len({price["currency"] for price, _ in wanted}) > 1:
        raise invalid("All line items must have the same currency.", "line_items")
    if len({(r["interval"], r["interval_count"]) for r in recurring}) > 1:
        raise invalid("All recurring prices must have the same interval.", "line_items")
