"""Payment methods: a test card or a bank account, kept with what it will do."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from .blank import Json
from .cards import ACCOUNTS, CARDS, TOKENS, CardDetails, TestCard
from .sandbox import Sandbox


def billing_details(email: str | None = None, name: str | None = None, country: str | None = None) -> Json:
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {
        "address": {**address, "country": country},
        "email": email,
        "name": name,
        "phone": None,
        "tax_id": None,
    }


def card_method(sandbox: Sandbox, details: CardDetails, billing: Json, customer: str | None = None) -> Json:
    card = details.card
    shown = {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": details.month,
        "exp_year": details.year,
        "fingerprint": f"sim{hash_of(card.number)}",
        "funding": "credit",
        "generated_from": None,
        "last4": card.number[-4:],
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    return sandbox.new(
        "payment_method",
        {"number": card.number},
        type="card",
        card=shown,
        billing_details=billing,
        customer=customer,
        customer_account=None,
        allow_redisplay="unspecified",
        metadata={},
    )


def hash_of(number: str) -> str:
    """Equal cards have equal fingerprints."""
    return hashlib.sha256(number.encode()).hexdigest()[:13]


def sepa_method(sandbox: Sandbox, account: TestCard, billing: Json) -> Json:
    shown = {
        "bank_code": account.number[4:9],
        "branch_code": "",
        "country": account.country,
        "fingerprint": f"sim{hash_of(account.number)}",
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": account.number[-4:],
    }
    return sandbox.new(
        "payment_method",
        {"number": account.number},
        type="sepa_debit",
        sepa_debit=shown,
        billing_details=billing,
        customer=None,
        customer_account=None,
        allow_redisplay="unspecified",
        metadata={},
    )


def method_from_token(sandbox: Sandbox, token: str) -> Json:
    """A payment method by id, or a new one from one of Stripe's test tokens."""
    if token in TOKENS:
        year = datetime.fromtimestamp(sandbox.now(), UTC).year + 2
        return card_method(sandbox, CardDetails(CARDS[TOKENS[token]], 12, year), billing_details())
    return sandbox.require("payment_method", token, "payment_method")


def attach(sandbox: Sandbox, method: Json, customer: str) -> Json:
    return (
        sandbox.update(method, customer=customer)
        if method["customer"] == customer
        else _attach(sandbox, method, customer)
    )


def _attach(sandbox: Sandbox, method: Json, customer: str) -> Json:
    sandbox.update(method, customer=customer)
    sandbox.emit("payment_method.attached", method)
    return method


def card_of(sandbox: Sandbox, method: Json) -> TestCard:
    """What the test card or bank account behind a method does."""
    return (CARDS | ACCOUNTS)[sandbox.store.hidden(method["id"])["number"]]
