"""What the account earned, counted twice: from its balance's lines, and from the charges, refunds and disputes."""

from __future__ import annotations

from collections import Counter, defaultdict

from .blank import Json
from .fraud import charged_back
from .sandbox import Sandbox


def sums(sandbox: Sandbox) -> Json:
    """By currency, in minor units: `charges`, `refunds` (those that came back taken off), `disputes` (those won taken
    off), `fees`, `gross` (the balance before fees) and `net`. `objects` is the same gross counted from the objects:
    paid less refunded less charged back; the two are equal."""
    told: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for txn in sandbox.store.of_kind("balance_transaction"):
        _add(told[txn["currency"]], txn)
    for charge in sandbox.store.of_kind("charge"):
        if charge["paid"]:
            told[charge["currency"]]["objects"] += charge["amount_captured"] - charge["amount_refunded"]
    for dispute in sandbox.store.of_kind("dispute"):
        if charged_back(sandbox, {"id": dispute["charge"]}):
            told[dispute["currency"]]["objects"] -= dispute["amount"]
    names = ("charges", "refunds", "disputes", "fees", "gross", "net", "objects")
    return {currency: {name: found[name] for name in names} for currency, found in sorted(told.items())}


def _add(found: Counter[str], txn: Json) -> None:
    category, amount = txn["reporting_category"], txn["amount"]
    name = {"charge": "charges", "refund": "refunds", "refund_failure": "refunds"}.get(category, "disputes")
    found[name] += amount if name == "charges" else -amount
    found["fees"] += txn["fee"]
    found["gross"] += amount
    found["net"] += txn["net"]
