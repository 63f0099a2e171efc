"""Refunds, from the API or "from the Dashboard": at once, after a while, or not after all."""

from __future__ import annotations

from . import fraud
from .blank import Json
from .errors import ApiError, invalid
from .payment_methods import card_of
from .payments import book_payment
from .pricing import money
from .sandbox import DAY, Sandbox, timer

FAILS_AFTER = 60  # seconds until the bank sends a refund back (test card …5126)
SETTLES_AFTER = 60  # seconds a card refund is pending (test card …7726)
DEBIT_SETTLES_AFTER = 5 * DAY
OPEN = ("pending", "requires_action")


def refund_charge(
    sandbox: Sandbox,
    charge: Json,
    amount: int | None,
    reason: str | None = None,
    metadata: Json | None = None,
    *,
    outcome: str = "",
) -> Json:
    """Refunds `amount` (default: all that is left) of a charge. `outcome` overrules what the card and the knob
    `refunds` say: succeeded, pending (until it is told otherwise) or fails (a minute after it succeeded)."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = left if amount is None else amount
    _check(sandbox, charge, amount, left)
    refund = sandbox.new(
        "refund",
        amount=amount,
        charge=charge["id"],
        currency=charge["currency"],
        destination_details=_destination(charge),
        metadata=metadata or {},
        payment_intent=charge["payment_intent"],
        payment_method=charge["payment_method"],
        reason=reason,
        status="pending",
    )
    txn = book_payment(sandbox, charge, -amount, "refund", refund["id"])
    sandbox.update(refund, balance_transaction=txn["id"])
    sandbox.emit("refund.created", refund)
    _grow(sandbox, charge, amount)
    sandbox.emit("charge.refunded", charge)
    fraud.answered(sandbox, charge)
    _proceed(sandbox, refund, charge, outcome or _fate(sandbox, charge))
    return refund


def _destination(charge: Json) -> Json | None:
    if charge["id"].startswith("py_"):
        return None
    return {"type": "card", "card": {"reference_status": "pending", "type": "refund"}}


def _proceed(sandbox: Sandbox, refund: Json, charge: Json, fate: str) -> None:
    """What becomes of a fresh refund."""
    if fate in ("settles", "pending"):
        sandbox.update(refund, "refund.updated", pending_reason="processing")
        if fate == "settles":
            wait = DEBIT_SETTLES_AFTER if charge["id"].startswith("py_") else SETTLES_AFTER
            sandbox.at(sandbox.now() + wait, "refund.succeed", refund["id"])
        return
    sandbox.update(refund, "refund.updated", status="succeeded")
    if fate == "fails":
        sandbox.at(sandbox.now() + FAILS_AFTER, "refund.fail", refund["id"])


def _fate(sandbox: Sandbox, charge: Json) -> str:
    """The card's own fate of refunds, else the account's (knob `refunds`); a debit goes back slowly."""
    method = sandbox.get("payment_method", charge["payment_method"])
    if method and method["type"] == "sepa_debit":
        return "settles"
    own = card_of(sandbox, method).refund if method else ""
    return {"pending": "settles", "fails": "fails"}.get(own, sandbox.knobs.refunds)


def _check(sandbox: Sandbox, charge: Json, amount: int, left: int) -> None:
    if charge["status"] != "succeeded":
        raise invalid(f"Charge {charge['id']} has not been captured and cannot be refunded.", "charge")
    if charge["disputed"] and fraud.charged_back(sandbox, charge):
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


@timer("refund.succeed")
def succeed(sandbox: Sandbox, refund: Json) -> None:
    """A pending refund has arrived."""
    if refund["status"] in OPEN:
        refund.pop("pending_reason", None)
        sandbox.update(refund, "refund.updated", status="succeeded")


@timer("refund.fail")
def fail(sandbox: Sandbox, refund: Json, reason: str = "expired_or_canceled_card") -> None:
    """The bank returns a refund: what was refunded shrinks again, and the money is ours again."""
    if refund["status"] not in (*OPEN, "succeeded"):
        return
    before = refund["status"]
    charge = _take_back(sandbox, refund)
    refund.pop("pending_reason", None)
    sandbox.update(refund, "refund.failed", status="failed", failure_reason=reason)
    sandbox.emit("charge.refund.updated", refund, {"status": before})
    _grow(sandbox, charge, -refund["amount"], "charge.updated")


def _take_back(sandbox: Sandbox, refund: Json) -> Json:
    charge = sandbox.require("charge", refund["charge"])
    txn = book_payment(sandbox, charge, refund["amount"], "refund_failure", refund["id"])
    refund["failure_balance_transaction"] = txn["id"]
    return charge


def cancel(sandbox: Sandbox, refund: Json) -> Json:
    """Only while it waits; the money is ours again."""
    if refund["status"] not in OPEN:
        raise invalid(f"Refund {refund['id']} has status {refund['status']} and cannot be canceled.", "refund")
    charge = _take_back(sandbox, refund)
    refund.pop("pending_reason", None)
    sandbox.update(refund, "refund.updated", status="canceled")
    _grow(sandbox, charge, -refund["amount"], "charge.updated")
    return refund
