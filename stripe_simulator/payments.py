"""Charging a payment method: payment intents, charges, balance transactions and what they tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .blank import Json, identifier
from .cards import DECLINES, TestCard
from .payment_methods import card_of
from .sandbox import DAY, Sandbox

SETTLES_AFTER = 3 * DAY  # a direct debit
AUTHENTICATION_FAILED = "authentication_failed"


@dataclass(frozen=True)
class Attempt:
    """How a try to take money ended; `message` is what the payer is told after a decline."""

    status: Literal["succeeded", "declined", "requires_action", "processing"]
    charge: Json | None = None
    code: str = ""
    decline_code: str = ""
    message: str = ""


def create_intent(sandbox: Sandbox, amount: int, currency: str, **values: Any) -> Json:
    new_id = identifier("payment_intent")
    intent = sandbox.new(
        "payment_intent",
        id=new_id,
        amount=amount,
        currency=currency,
        capture_method="automatic_async",
        client_secret=f"{new_id}_secret_{identifier('product')[5:]}",
        confirmation_method="automatic",
        payment_method_types=["card"],
        status="requires_payment_method",
        **values,
    )
    sandbox.emit("payment_intent.created", intent)
    return intent


def pay_intent(
    sandbox: Sandbox,
    intent: Json,
    method: Json,
    *,
    on_session: bool = True,
    authenticated: bool = False,
    invoice: Json | None = None,
) -> Attempt:
    """One attempt with this method. Off session nobody is there to answer a challenge of the card's bank."""
    card = card_of(sandbox, method)
    intent["payment_method"] = method["id"]
    told = _told_to_fail(sandbox) if not on_session else None
    declined = told or card.decline
    if not declined and not authenticated and _challenged(card, on_session):
        return _ask(sandbox, intent, invoice)
    if declined:
        return decline(sandbox, intent, method, declined)
    if method["type"] == "sepa_debit":
        return _debit(sandbox, intent, method)
    return _succeed(sandbox, intent, method, card)


def _challenged(card: TestCard, on_session: bool) -> bool:
    return card.challenge == "always" or (card.challenge == "setup" and on_session)


def _told_to_fail(sandbox: Sandbox) -> str | None:
    """The decline that the control API ordered for the next off-session charge."""
    orders: list[str] = sandbox.store.setting("fail_next", [])
    if not orders:
        return None
    sandbox.store.set("fail_next", orders[1:])
    return orders[0]


def _ask(sandbox: Sandbox, intent: Json, invoice: Json | None) -> Attempt:
    if invoice:
        sandbox.emit("invoice.payment_action_required", invoice)
    action = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
    sandbox.update(intent, "payment_intent.requires_action", status="requires_action", next_action=action)
    return Attempt("requires_action")


def decline(sandbox: Sandbox, intent: Json, method: Json, reason: str) -> Attempt:
    """The bank said no: a failed charge (unless it never came to one) and an intent that waits for another method."""
    code, message = DECLINES[reason]
    charge = None
    if reason != AUTHENTICATION_FAILED:
        charge = _new_charge(
            sandbox,
            intent,
            method,
            status="failed",
            paid=False,
            captured=False,
            failure_code=code,
            failure_message=message,
            outcome=_outcome("issuer_declined", reason, "declined_by_network"),
        )
        sandbox.emit("charge.failed", charge)
        intent["latest_charge"] = charge["id"]
    error = {"code": code, "decline_code": reason, "message": message, "payment_method": method, "type": "card_error"}
    sandbox.update(
        intent,
        "payment_intent.payment_failed",
        status="requires_payment_method",
        last_payment_error=error | ({"charge": charge["id"]} if charge else {}),
        payment_method=None,
        next_action=None,
    )
    return Attempt("declined", charge, code, reason, message)


def _succeed(sandbox: Sandbox, intent: Json, method: Json, card: TestCard) -> Attempt:
    charge = _new_charge(
        sandbox,
        intent,
        method,
        status="succeeded",
        paid=True,
        captured=True,
        amount_captured=intent["amount"],
        outcome=_outcome("authorized", None, "approved_by_network"),
    )
    sandbox.emit("charge.succeeded", charge)
    complete_intent(sandbox, intent, charge)
    if card.dispute or card.fraud_warning:
        sandbox.at(sandbox.now(), "charge.trouble", charge["id"])
    return Attempt("succeeded", charge)


def _debit(sandbox: Sandbox, intent: Json, method: Json) -> Attempt:
    """A direct debit: the money is on its way, and `payment.settle` will tell."""
    sandbox.update(intent, "payment_intent.processing", status="processing", next_action=None)
    pending = {"status": "pending", "paid": False, "captured": True, "id": "py_3" + identifier("charge")[4:]}
    charge = _new_charge(
        sandbox, intent, method, **pending, outcome=_outcome("authorized", None, "approved_by_network")
    )
    sandbox.emit("charge.pending", charge)
    sandbox.update(intent, latest_charge=charge["id"])
    sandbox.at(sandbox.now() + SETTLES_AFTER, "payment.settle", intent["id"])
    return Attempt("processing", charge)


def complete_intent(sandbox: Sandbox, intent: Json, charge: Json) -> None:
    sandbox.update(
        intent,
        "payment_intent.succeeded",
        status="succeeded",
        amount_received=charge["amount"],
        latest_charge=charge["id"],
        last_payment_error=None,
        next_action=None,
    )
    txn = book_payment(sandbox, charge, charge["amount"], "charge", charge["id"])
    sandbox.update(charge, "charge.updated", balance_transaction=txn["id"])


def _outcome(kind: str, reason: str | None, network: str) -> Json:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network,
        "reason": reason,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "Payment complete." if kind == "authorized" else "The bank declined the payment.",
        "type": kind,
    }


def _new_charge(sandbox: Sandbox, intent: Json, method: Json, **values: Any) -> Json:
    charge_id = identifier("charge")
    return sandbox.new(
        "charge",
        **{
            "id": charge_id,
            "amount": intent["amount"],
            "billing_details": method["billing_details"],
            "calculated_statement_descriptor": "LOCAL STRIPE",
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": intent["description"],
            "fraud_details": {},
            "metadata": intent["metadata"],
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": method_details(method),
            "receipt_email": intent["receipt_email"],
            "receipt_url": f"{sandbox.public_url}/receipts/{charge_id}" if values.get("paid") else None,
        }
        | values,
    )


def method_details(method: Json) -> Json:
    """A charge's record of the method, in the charge's own shape."""
    if method["type"] == "sepa_debit":
        told = ("bank_code", "branch_code", "country", "fingerprint", "last4")
        account = {name: method["sepa_debit"][name] for name in told}
        return {"type": "sepa_debit", "sepa_debit": account | {"expected_debit_date": None, "mandate": None}}
    shown = ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
    card = {name: method["card"][name] for name in shown}
    checks = method["card"]["checks"]
    return {"type": "card", "card": card | {"checks": checks, "network": card["brand"], "three_d_secure": None}}


FEES = {"charge": 30, "dispute": 1_500}  # what a charge costs beside its 2.9 %, and a lost night's sleep


def book(sandbox: Sandbox, amount: int, currency: str, kind: str, category: str, source: str) -> Json:
    """A line of the account's balance: `kind` as in the object's `type`, `category` as in Stripe's reports.

    A charge costs 2.9 % + 30, a dispute 15.00; `amount` is before the fee, `net` after it.
    """
    fee = FEES.get(category, 0) + (round(amount * 0.029) if category == "charge" else 0)
    details = {"amount": fee, "application": None, "currency": currency, "description": "Processing fee"}
    return sandbox.new(
        "balance_transaction",
        amount=amount,
        available_on=sandbox.now() + 2 * DAY,
        balance_type="payments",
        currency=currency,
        fee=fee,
        fee_details=[details | {"type": "stripe_fee"}] if fee else [],
        net=amount - fee,
        reporting_category=category,
        source=source,
        status="pending",
        type=kind,
    )


def book_payment(sandbox: Sandbox, charge: Json, amount: int, category: str, source: str) -> Json:
    """Books what a charge brought or a refund of it took; money that came by debit has names of its own."""
    debit = charge["id"].startswith("py_")
    kind = {"charge": "payment", "refund": "payment_refund"}.get(category, category) if debit else category
    return book(sandbox, amount, charge["currency"], kind, category, source)


def cancel_intent(sandbox: Sandbox, intent: Json, reason: str | None = None) -> Json:
    if intent["status"] in ("succeeded", "canceled"):
        return intent
    return sandbox.update(
        intent,
        "payment_intent.canceled",
        status="canceled",
        canceled_at=sandbox.now(),
        cancellation_reason=reason,
        next_action=None,
    )
