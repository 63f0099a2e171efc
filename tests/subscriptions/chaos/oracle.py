"""Who may read what, told from the local Stripe's objects alone. Written apart from the product and sharing no code.

It knows the rules as docs/access.md and the policy's defaults say them, and reads raw JSON: sessions, charges, refunds,
disputes, subscriptions, invoices. Moments are seconds since 1970.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
HOUR, DAY = 3_600, 86_400
TAKEN = {"needs_response", "under_review", "lost", "appeal_needs_response", "appeal_under_review"}


@dataclass
class Ledger:
    """Stripe's account at one moment."""

    now: int
    sessions: dict[str, Json]
    intents: dict[str, Json]
    charges: dict[str, Json]
    disputes: dict[str, list[Json]] = field(default_factory=dict)  # by charge
    refunds: list[Json] = field(default_factory=list)
    subscriptions: list[Json] = field(default_factory=list)
    invoices: dict[str, list[Json]] = field(default_factory=dict)  # by subscription, newest first
    payments: dict[str, list[Json]] = field(default_factory=dict)  # by invoice

    @classmethod
    def of(cls, control: Callable[..., Json]) -> "Ledger":
        def kind(name: str) -> list[Json]:
            return list(control("objects", kind=name)["data"])

        ledger = cls(
            control("clock")["now"],
            {one["id"]: one for one in kind("checkout.session")},
            {one["id"]: one for one in kind("payment_intent")},
            {one["id"]: one for one in kind("charge")},
        )
        for dispute in kind("dispute"):
            ledger.disputes.setdefault(dispute["charge"], []).append(dispute)
        ledger.refunds, ledger.subscriptions = kind("refund"), kind("subscription")
        for invoice in kind("invoice"):
            parent = (invoice["parent"] or {}).get("subscription_details") or {}
            ledger.invoices.setdefault(parent.get("subscription") or "", []).append(invoice)
        for payment in kind("invoice_payment"):
            ledger.payments.setdefault(payment["invoice"], []).append(payment)
        return ledger

    # --- single sales ---

    def order_of(self, session: Json) -> str:
        return str(session["metadata"].get("order", ""))

    def is_paid(self, session: Json) -> bool:
        return session["status"] == "complete" and session["payment_status"] in ("paid", "no_payment_required")

    def charge_of(self, intent: str | None) -> Json | None:
        charge = self.charges.get((self.intents.get(intent or "") or {}).get("latest_charge") or "")
        return charge if charge and charge["status"] == "succeeded" else None

    def stands(self, charge: Json) -> bool:
        """Whether the money of a charge is (still) the shop's."""
        returned = sum(
            refund["amount"]
            for refund in self.refunds
            if refund["charge"] == charge["id"] and refund["status"] in ("pending", "requires_action", "succeeded")
        )
        taken = any(dispute["status"] in TAKEN for dispute in self.disputes.get(charge["id"], []))
        return returned < charge["amount"] and not taken

    def sold(self, session: Json) -> bool:
        """Whether what a payment page sold is the reader's now."""
        if session["mode"] != "payment" or not self.is_paid(session):
            return False
        charge = self.charge_of(session["payment_intent"])
        return charge is None or self.stands(charge)

    # --- subscriptions ---

    def open_until(self, subscription: Json) -> float:
        """The moment a subscription stops to open its journal; 0 when it opens nothing."""
        invoices = [one for one in self.invoices.get(subscription["id"], []) if one["status"] != "draft"]
        paid = [one for one in invoices if one["status"] == "paid"]
        covered = max((line["period"]["end"] for one in paid for line in one["lines"]["data"]), default=0)
        end = self._end(subscription, invoices, covered)
        latest = self._latest_charge(paid)
        return end if end and (latest is None or self.stands(latest)) else 0

    def _end(self, subscription: Json, invoices: list[Json], covered: int) -> float:
        status, grace = subscription["status"], 14 * DAY
        period_end = min(item["current_period_end"] for item in subscription["items"]["data"])
        unpaid = [one["created"] for one in invoices if one["status"] == "open"]
        if status == "canceled":
            return min(subscription["ended_at"], covered + grace) if covered else 0
        if not covered or status not in ("active", "trialing", "past_due"):
            return 0
        if status == "past_due":
            return (min(unpaid) if unpaid else period_end) + grace
        if subscription["cancel_at"] or subscription["cancel_at_period_end"]:
            return subscription["cancel_at"] or period_end
        if subscription["pause_collection"] or invoices[0]["status"] in ("void", "uncollectible"):
            return covered
        return min(unpaid) + grace if unpaid else period_end + 72 * HOUR

    def _latest_charge(self, paid: list[Json]) -> Json | None:
        charges = [
            charge
            for invoice in paid
            for payment in self.payments.get(invoice["id"], [])
            if payment["status"] == "paid" and (charge := self.charge_of(payment["payment"].get("payment_intent")))
        ]
        return max(charges, key=lambda charge: charge["created"], default=None)

    # --- money ---

    def balance(self) -> int:
        """What came in less what went back, before fees; disputes are apart."""
        came = sum(charge["amount"] for charge in self.charges.values() if charge["status"] == "succeeded")
        went = [r["amount"] for r in self.refunds if r["status"] in ("pending", "requires_action", "succeeded")]
        return came - sum(went)

    def charges_by_order(self) -> dict[str, int]:
        """How many charges succeeded for each order's payment pages: never more than one."""
        found: dict[str, int] = {}
        for charge in self.charges.values():
            order = (self.intents.get(charge["payment_intent"] or "") or {}).get("metadata", {}).get("order")
            if order and charge["status"] == "succeeded":
                found[order] = found.get(order, 0) + 1
        return found
