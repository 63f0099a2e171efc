"""What `stripe_doctor` asks about the account."""

from __future__ import annotations

from collections import Counter

from ..blank import Json, blank
from .routing import Call, endpoint, page


@endpoint("GET /v1/account")
def account(call: Call) -> Json:
    sandbox = call.sandbox
    support = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    names = ("annual_revenue", "mcc", "product_description", "support_email", "support_phone", "support_url", "url")
    return blank(
        "account",
        id=sandbox.store.setting("account"),
        business_profile=dict.fromkeys(names) | {"name": "Local Stripe", "support_address": support},
        capabilities={"card_payments": "active", "sepa_debit_payments": "active", "transfers": "active"},
        charges_enabled=True,
        country="US",
        default_currency="usd",
        details_submitted=True,
        email="sandbox@example.org",
        payouts_enabled=True,
        type="standard",
    )


@endpoint("GET /v1/balance")
def balance(call: Call) -> Json:
    """After fees: what is at hand, and what becomes available two days after it came in."""
    sums: Counter[tuple[bool, str]] = Counter()
    for txn in call.sandbox.store.of_kind("balance_transaction"):
        sums[txn["available_on"] <= call.sandbox.now(), txn["currency"]] += txn["net"]
    currencies = sorted({currency for _, currency in sums}) or ["usd"]
    at_hand, to_come = (
        [{"amount": sums[ready, currency], "currency": currency, "source_types": {}} for currency in currencies]
        for ready in (True, False)
    )
    return blank("balance", available=at_hand, pending=to_come)


@endpoint("GET /v1/tax/settings")
def tax_settings(call: Call) -> Json:
    return blank(
        "tax.settings",
        defaults={"provider": "stripe", "tax_behavior": None, "tax_code": None},
        status="active",
        status_details={"active": {}},
    )


@endpoint("GET /v1/entitlements/active_entitlements")
def entitlements(call: Call) -> Json:
    call.sandbox.require("customer", call.params["customer"], "customer")
    return page(call, [])
