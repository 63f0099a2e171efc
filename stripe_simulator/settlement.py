"""Direct debits, days later: the money arrived, or it bounced."""

from __future__ import annotations

from . import billing
from .blank import Json
from .errors import invalid
from .payment_methods import card_of
from .payments import Attempt, complete_intent
from .sandbox import Sandbox, timer

MESSAGE = "The bank account has insufficient funds."


@timer("payment.settle")
def settle_due(sandbox: Sandbox, intent: Json) -> None:
    if intent["status"] == "processing":
        method = sandbox.require("payment_method", intent["payment_method"])
        settle(sandbox, intent, arrived=not card_of(sandbox, method).bounces)


def settle(sandbox: Sandbox, intent: Json, arrived: bool) -> None:
    """Ends the wait for a processing payment intent, and tells its session and its invoice."""
    if intent["status"] != "processing":
        raise invalid(f"This PaymentIntent is not processing but {intent['status']}.", "payment_intent")
    charge = sandbox.require("charge", intent["latest_charge"])
    if arrived:
        receipt = f"{sandbox.public_url}/receipts/{charge['id']}"
        changes = {"status": "succeeded", "paid": True, "amount_captured": charge["amount"], "receipt_url": receipt}
        sandbox.update(charge, "charge.succeeded", **changes)
        complete_intent(sandbox, intent, charge)
    else:
        _bounce(sandbox, intent, charge)
    _tell_session(sandbox, intent, arrived)
    _tell_invoice(sandbox, intent, arrived)


def _bounce(sandbox: Sandbox, intent: Json, charge: Json) -> None:
    failure = {"failure_code": "insufficient_funds", "failure_message": MESSAGE}
    sandbox.update(charge, "charge.failed", status="failed", **failure)
    error = {"code": "payment_intent_payment_attempt_failed", "message": MESSAGE, "type": "card_error"}
    changes = {"status": "requires_payment_method", "last_payment_error": error, "payment_method": None}
    sandbox.update(intent, "payment_intent.payment_failed", **changes)


def _tell_session(sandbox: Sandbox, intent: Json, arrived: bool) -> None:
    session = sandbox.get("checkout.session", sandbox.store.hidden(intent["id"]).get("session"))
    if session is None:
        return
    if arrived:
        sandbox.update(session, payment_status="paid")
    word = "succeeded" if arrived else "failed"
    sandbox.emit(f"checkout.session.async_payment_{word}", session)


def _tell_invoice(sandbox: Sandbox, intent: Json, arrived: bool) -> None:
    for payment in sandbox.store.where("invoice_payment", "payment.payment_intent", intent["id"]):
        invoice = sandbox.require("invoice", payment["invoice"])
        if invoice["status"] != "open":
            continue
        if arrived:
            billing.paid(sandbox, invoice, intent)
        else:
            billing.missed(sandbox, invoice, Attempt("declined", message=MESSAGE))
