"""Whole Stripe objects from a few values: what is not given is what the contract calls empty."""

from __future__ import annotations

import random
import string
from typing import Any

from .contract import object_schema, resolve
from .schema import Schema

Json = dict[str, Any]

PREFIXES = {
    "billing_portal.configuration": "bpc_1",
    "billing_portal.session": "bps_1",
    "balance_transaction": "txn_3",
    "charge": "ch_3",
    "checkout.session": "cs_test_a1",
    "coupon": "",
    "credit_note": "cn_1",
    "credit_note_line_item": "cnli_1",
    "customer": "cus_",
    "customer_balance_transaction": "cbtxn_1",
    "discount": "di_1",
    "dispute": "du_1",
    "event": "evt_1",
    "invoice": "in_1",
    "invoice_payment": "inpay_1",
    "invoiceitem": "ii_1",
    "item": "li_1",
    "line_item": "il_1",
    "payment_intent": "pi_3",
    "payment_method": "pm_1",
    "price": "price_1",
    "product": "prod_",
    "promotion_code": "promo_1",
    "radar.early_fraud_warning": "issfr_1",
    "refund": "re_3",
    "setup_intent": "seti_1",
    "subscription": "sub_1",
    "subscription_item": "si_",
    "subscription_schedule": "sub_sched_1",
    "tax_id": "txi_1",
    "tax_rate": "txr_1",
    "test_helpers.test_clock": "clock_1",
    "webhook_endpoint": "we_1",
}

# Fields Stripe sends only when they are expanded, or for other kinds of account and payment method.
UNSENT: dict[str, set[str]] = {
    "checkout.session": {
        "allowed_payment_method_types",
        "branding_settings",
        "excluded_payment_method_types",
        "line_items",
        "name_collection",
        "optional_items",
        "presentment_details",
        "redirect_on_completion",
        "return_url",
        "tax_id_collection",
    },
    "payment_intent": {
        "allowed_payment_method_types",
        "hooks",
        "payment_details",
        "payment_record",
        "presentment_details",
    },
    "charge": {"authorization_code", "level3", "presentment_details", "radar_options", "refunds", "transfer"},
    "refund": {
        "description",
        "failure_balance_transaction",
        "failure_reason",
        "instructions_email",
        "next_action",
        "pending_reason",
        "presentment_details",
    },
    "customer": {
        "business_name",
        "cash_balance",
        "customer_account",
        "individual_name",
        "invoice_credit_balance",
        "sources",
        "subscriptions",
        "tax",
        "tax_ids",
    },
    "product": {"tax_details"},
    "price": {"currency_options", "tiers"},
    "subscription": {"presentment_details"},
    "subscription_item": {"billed_until", "current_trial"},
    "invoice": {
        "amount_paid_off_stripe",
        "confirmation_secret",
        "payments",
        "status_details",
        "threshold_reason",
    },
    "coupon": {"applies_to", "currency_options"},
    "customer_balance_transaction": {"customer_account"},
    "item": {"discounts", "taxes"},
    "event": {"account", "context"},
    "webhook_endpoint": {"secret"},
    "account": {"company", "groups", "individual"},
    "dispute": {"intended_submission_method", "network_reason_code"},
    "billing_portal.session": {"after_expiration"},
    "setup_intent": {"allowed_payment_method_types", "attach_to_self", "customer_account", "managed_payments"},
}

ALPHABET = string.ascii_letters + string.digits


class _Chance:
    """Where ids come from: the system's randomness, or a seed, when a run is to repeat."""

    source: random.Random = random.SystemRandom()


def sow(seed: int) -> None:
    """From now on the same ids come in the same order."""
    _Chance.source = random.Random(seed)  # noqa: S311  it is to repeat


def identifier(kind: str) -> str:
    """A random id with Stripe's prefix, so that nobody can rely on the order of ids."""
    length = 58 if kind == "checkout.session" else 14 if kind in ("customer", "product", "subscription_item") else 24
    return PREFIXES[kind] + "".join(_Chance.source.choice(ALPHABET) for _ in range(length))


def blank(kind: str, **values: Any) -> Json:
    """An object of this kind: the given values over the contract's empty ones."""
    schema = object_schema(kind)
    unsent = UNSENT.get(kind, set()) | {"deleted"}
    empty = {name: _empty(field, name) for name, field in schema["properties"].items() if name not in unsent}
    if kind == "payment_method":  # one field for each of fifty kinds of payment method; only its own is sent
        empty = {name: value for name, value in empty.items() if value is not None or name == "customer"}
    return empty | {"object": kind} | ({"livemode": False} if "livemode" in empty else {}) | values


def _empty(schema: Schema, name: str = "") -> Any:
    if name == "metadata":
        return {}
    schema = resolve(schema) if not schema.get("nullable") else schema
    if schema.get("nullable"):
        return None
    if "anyOf" in schema:
        return _empty(schema["anyOf"][0])
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        return {inner: _empty(properties[inner], inner) for inner in schema.get("required", [])}
    if "enum" in schema:
        return schema["enum"][0]
    return {"array": [], "boolean": False, "integer": 0, "number": 0, "string": ""}.get(schema.get("type", ""))
