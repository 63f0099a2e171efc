"""Refunds, from the API or "from the Dashboard"."""

from __future__ import annotations

from .blank import Json
from .errors import ApiError, invalid
from .payment_methods import card_of
from .payments import book
from .pricing import money
from .sandbox import Sandbox, timer

FAILS_AFTER = 60  # seconds until the bank sends a refund back (test card …5126)


def refund_charge(
    sandbox: Sandbox, charge: Json, amount: int | None, reason: str | None = None, metadata: Json | None = None
) -> Json:
    """Refunds `amount` (default: all that is left) of a charge."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = left if amount is None else amount
    _check(charge, amount, left)
    refund = sandbox.new(
        "refund",
        amount=amount,
        charge=charge["id"],
        currency=charge["currency"],
        destination_details={"type": "card", "card": {"reference_status": "pending", "type": "refund"}},
        metadata=metadata or {},
        payment_intent=charge["payment_intent"],
        payment_method=charge["payment_method"],
        reason=reason,
        status="pending",
    )
    sandbox.emit("refund.created", refund)
    _grow(sandbox, charge, amount)
    sandbox.emit("charge.refunded", charge)
    txn = book(sandbox, -amount, charge["currency"], "refund", refund["id"])
    sandbox.update(refund, "refund.updated", status="succeeded", balance_transaction=txn["id"])
    if _bounces(sandbox, charge):
        sandbox.at(sandbox.now() + FAILS_AFTER, "refund.fail", refund["id"])
    return refund


def _check(charge: Json, amount: int, left: int) -> None:
    if charge["status"] != "succeeded":
        raise invalid(f"Charge {charge['id']} has not been captured and cannot be refunded.", "charge")
    if charge["disputed"]:
        raise ApiError(
            400, f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise ApiError(400, message, code="charge_already_refunded")
    if not 0 < amount <= left:
        wanted, rest = money(amount, charge["currency"]), money(left, charge["currency"])
        raise invalid(f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({rest})", "amount")


def _grow(sandbox: Sandbox, charge: Json, amount: int, event: str | None = None) -> None:
    refunded = charge["amount_refunded"] + amount
    full = refunded >= charge["amount_captured"]
    sandbox.update(charge, event, amount_refunded=refunded, refunded=full)


def _bounces(sandbox: Sandbox, charge: Json) -> bool:
    method = sandbox.get("payment_method", charge["payment_method"])
    return bool(method and method["type"] == "card" and card_of(sandbox, method).refund_fails)


@timer("refund.fail")
def fail(sandbox: Sandbox, refund: Json) -> None:
    """The bank returns a refund: what was refunded shrinks again."""
    if refund["status"] != "succeeded":
        return
    changes = {"status": "failed", "failure_reason": "expired_or_canceled_card"}
    sandbox.update(refund, "refund.failed", **changes)
    sandbox.emit("charge.refund.updated", refund, {"status": "succeeded"})
    charge = sandbox.require("charge", refund["charge"])
    _grow(sandbox, charge, -refund["amount"], "charge.updated")


def cancel(sandbox: Sandbox, refund: Json) -> Json:
    if refund["status"] not in ("pending", "requires_action"):
        raise invalid(f"Refund {refund['id']} has status {refund['status']} and cannot be canceled.", "refund")
    return sandbox.update(refund, "refund.updated", status="canceled")
