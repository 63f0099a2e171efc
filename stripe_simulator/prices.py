"""Prices: made for a product by id or for one described beside it; a lookup key belongs to one of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .blank import Json
from .errors import invalid
from .sandbox import Sandbox

PRODUCT_FIELDS = (
    "active",
    "description",
    "images",
    "metadata",
    "name",
    "shippable",
    "statement_descriptor",
    "tax_code",
    "unit_label",
    "url",
)


def create_price(sandbox: Sandbox, params: Json) -> Json:
    """A price for a product by id, or for one described in `product_data`."""
    recurring = params.get("recurring")
    amount = _amount(params)
    free_lookup_key(sandbox, params)
    return sandbox.new(
        "price",
        active=params.get("active", True),
        billing_scheme="per_unit",
        currency=_currency(params["currency"]),
        lookup_key=params.get("lookup_key") or None,
        metadata=params.get("metadata") or {},
        nickname=params.get("nickname") or None,
        product=_product(sandbox, params),
        recurring=_recurring(recurring) if recurring else None,
        tax_behavior=params.get("tax_behavior", "unspecified"),
        type="recurring" if recurring else "one_time",
        unit_amount=amount,
        unit_amount_decimal=str(amount),
    )


def _amount(params: Json) -> int:
    amount = params.get("unit_amount")
    if amount is None and "unit_amount_decimal" in params:
        amount = _whole(params["unit_amount_decimal"])
    if amount is None:
        raise invalid("Missing required param: unit_amount.", "unit_amount", "parameter_missing")
    if not 0 <= int(amount) <= 99_999_999:
        raise invalid("Invalid integer: unit_amount", "unit_amount", "parameter_invalid_integer")
    return int(amount)


def _whole(text: str) -> int:
    try:
        return int(Decimal(text))
    except (ArithmeticError, ValueError):
        raise invalid("Invalid decimal: unit_amount_decimal", "unit_amount_decimal") from None


def _currency(currency: str) -> str:
    if len(currency) != 3 or not currency.isalpha():
        raise invalid(f"Invalid currency: {currency}.", "currency")
    return currency.lower()


def _product(sandbox: Sandbox, params: Json) -> str:
    if "product" in params:
        product = sandbox.require("product", params["product"], "product")
    elif "product_data" in params:
        data = {name: value for name, value in params["product_data"].items() if name in ("id", *PRODUCT_FIELDS)}
        product = sandbox.new("product", **{"active": True, "type": "service", "updated": sandbox.now()} | data)
        sandbox.emit("product.created", product)
    else:
        raise invalid("You must specify either `product` or `product_data` when creating a price.", "product")
    return str(product["id"])


def _recurring(recurring: Json) -> Json:
    return {
        "interval": recurring["interval"],
        "interval_count": recurring.get("interval_count", 1),
        "meter": recurring.get("meter"),
        "trial_period_days": None,
        "usage_type": recurring.get("usage_type", "licensed"),
    }


def free_lookup_key(sandbox: Sandbox, params: Json, taker: str | None = None) -> None:
    """A lookup key belongs to one price; it moves only when told to."""
    key = params.get("lookup_key")
    holder: Any = next(sandbox.store.where("price", "lookup_key", key), None) if key else None
    if holder is None or holder["id"] == taker:
        return
    if not params.get("transfer_lookup_key"):
        raise invalid(f"A price (`{holder['id']}`) already uses that lookup key.", "lookup_key")
    sandbox.update(holder, "price.updated", lookup_key=None)
