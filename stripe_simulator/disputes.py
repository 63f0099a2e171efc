"""Disputes: inquiries, chargebacks, evidence, deadlines, outcomes, and the money they move."""

from __future__ import annotations

from . import fraud
from .billing import ENDED, cancel_now
from .blank import Json
from .contract import object_schema, resolve
from .errors import invalid
from .payment_methods import card_of
from .payments import book
from .sandbox import DAY, Sandbox, timer

ANSWER_WITHIN = 9 * DAY
DECIDED_AFTER = 60 * DAY  # a bank that was sent neutral evidence
INQUIRY_CLOSES_AFTER = 120 * DAY
OUTCOMES = {"winning_evidence": "won", "losing_evidence": "lost"}
OPEN = ("needs_response", "warning_needs_response", "under_review", "warning_under_review")
NETWORK_CODES = {"fraudulent": "10.4", "product_not_received": "13.1", "duplicate": "12.6.1"}


def open_dispute(
    sandbox: Sandbox, charge: Json, reason: str = "fraudulent", inquiry: bool = False, amount: int | None = None
) -> Json:
    """A cardholder's bank takes the money (or `amount` of it) back or, with an inquiry, only asks."""
    if charge["status"] != "succeeded" or _disputed_before(sandbox, charge):
        raise invalid(f"Charge {charge['id']} cannot be disputed.", "charge")
    dispute = sandbox.new(
        "dispute",
        amount=amount or charge["amount"],
        charge=charge["id"],
        currency=charge["currency"],
        evidence=dict.fromkeys(_evidence_fields()) | {"enhanced_evidence": {}},
        evidence_details=_details(sandbox.now() + ANSWER_WITHIN),
        is_charge_refundable=inquiry,
        payment_intent=charge["payment_intent"],
        payment_method_details=_method_details(charge, reason, inquiry),
        reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
    )
    sandbox.emit("charge.dispute.created", dispute)
    sandbox.at(dispute["evidence_details"]["due_by"], "dispute.due", dispute["id"])
    if inquiry:
        sandbox.at(sandbox.now() + INQUIRY_CLOSES_AFTER, "dispute.close_inquiry", dispute["id"])
    else:
        _charge_back(sandbox, dispute, charge)
    return dispute


def _disputed_before(sandbox: Sandbox, charge: Json) -> bool:
    return any(sandbox.store.where("dispute", "charge", charge["id"]))


def _details(due_by: int) -> Json:
    return {
        "due_by": due_by,
        "enhanced_eligibility": {},
        "has_evidence": False,
        "past_due": False,
        "submission_count": 0,
        "submission_method": "not_submitted",
    }


def _method_details(charge: Json, reason: str, inquiry: bool) -> Json | None:
    card = (charge["payment_method_details"] or {}).get("card")
    if not card:
        return None
    kind, code = "inquiry" if inquiry else "chargeback", NETWORK_CODES.get(reason, "10.4")
    told = {"brand": card["brand"], "case_type": kind, "network": card["brand"], "network_reason_code": code}
    return {"type": "card", "card": told}


def _evidence_fields() -> list[str]:
    schema = resolve(object_schema("dispute")["properties"]["evidence"])
    return [name for name in schema["properties"] if name != "enhanced_evidence"]


def _charge_back(sandbox: Sandbox, dispute: Json, charge: Json) -> None:
    _move_funds(sandbox, dispute, -dispute["amount"], "dispute", "charge.dispute.funds_withdrawn")
    sandbox.update(charge, "charge.updated", disputed=True)
    fraud.answered(sandbox, charge)
    _maybe_cancel(sandbox, charge)


def _move_funds(sandbox: Sandbox, dispute: Json, amount: int, category: str, event: str) -> None:
    txn = book(sandbox, amount, dispute["currency"], "adjustment", category, dispute["id"])
    sandbox.update(dispute, balance_transactions=[*dispute["balance_transactions"], txn])
    sandbox.emit(event, dispute)


def _maybe_cancel(sandbox: Sandbox, charge: Json) -> None:
    """An account setting: a disputed renewal ends the subscription."""
    if not sandbox.knobs.dispute_cancels_subscription:
        return
    for payment in sandbox.store.where("invoice_payment", "payment.payment_intent", charge["payment_intent"]):
        invoice = sandbox.require("invoice", payment["invoice"])
        details = (invoice["parent"] or {}).get("subscription_details") or {}
        subscription = sandbox.get("subscription", details.get("subscription"))
        if subscription and subscription["status"] not in ENDED:
            cancel_now(sandbox, subscription, reason="payment_disputed")


def _check_open(dispute: Json) -> None:
    if dispute["status"] not in OPEN:
        raise invalid("This dispute is already closed.", "dispute")


def answer(sandbox: Sandbox, dispute: Json, evidence: Json, submit: bool) -> Json:
    """Evidence, staged or submitted. Stripe's test words in `uncategorized_text` decide the case once submitted;
    anything else is under review until the bank decides."""
    _check_open(dispute)
    if submit and dispute["evidence_details"]["submission_count"]:
        raise invalid("Evidence for this dispute has already been submitted.", "submit")
    kept = dispute["evidence"] | {name: value or None for name, value in evidence.items()}
    details = dispute["evidence_details"] | {"has_evidence": any(kept[name] for name in _evidence_fields())}
    if submit:
        details |= {"submission_count": 1, "submission_method": "manual"}
    review = "warning_under_review" if dispute["status"].startswith("warning") else "under_review"
    status = review if submit else dispute["status"]
    changes: Json = {"evidence": kept, "evidence_details": details, "status": status}
    sandbox.update(dispute, "charge.dispute.updated", **changes)
    if not submit:
        return dispute
    outcome = OUTCOMES.get((kept["uncategorized_text"] or "").strip())
    if outcome is None:
        sandbox.at(sandbox.now() + DECIDED_AFTER, "dispute.due", dispute["id"])
    return decide(sandbox, dispute, outcome) if outcome else dispute


def decide(sandbox: Sandbox, dispute: Json, outcome: str) -> Json:
    """Closes a dispute: won, lost, or (an inquiry) warning_closed."""
    _check_open(dispute)
    inquiry = dispute["status"].startswith("warning")
    sandbox.update(dispute, status="warning_closed" if inquiry else outcome)
    sandbox.emit("charge.dispute.closed", dispute)
    if outcome == "won" and not inquiry:
        _move_funds(sandbox, dispute, dispute["amount"], "dispute_reversal", "charge.dispute.funds_reinstated")
    return dispute


def escalate(sandbox: Sandbox, dispute: Json) -> Json:
    """An inquiry that becomes a chargeback: the money goes, and the time to answer starts anew."""
    if not dispute["status"].startswith("warning_") or dispute["status"] == "warning_closed":
        raise invalid("Only an open inquiry can become a chargeback.", "dispute")
    due = sandbox.now() + ANSWER_WITHIN
    card = (dispute["payment_method_details"] or {}).get("card")
    if card:
        card["case_type"] = "chargeback"
    changes: Json = {"status": "needs_response", "is_charge_refundable": False, "evidence_details": _details(due)}
    sandbox.update(dispute, "charge.dispute.updated", **changes)
    sandbox.at(due, "dispute.due", dispute["id"])
    _charge_back(sandbox, dispute, sandbox.require("charge", dispute["charge"]))
    return dispute


@timer("dispute.due")
def due(sandbox: Sandbox, dispute: Json) -> None:
    """Nobody answered in time, or the bank was not convinced: the dispute is lost. An inquiry goes on."""
    details = dispute["evidence_details"]
    if dispute["status"] == "needs_response" and sandbox.now() >= details["due_by"]:
        sandbox.update(dispute, evidence_details=details | {"past_due": True})
        decide(sandbox, dispute, "lost")
    elif dispute["status"] == "under_review" and sandbox.now() > details["due_by"]:
        decide(sandbox, dispute, "lost")


@timer("dispute.close_inquiry")
def close_inquiry(sandbox: Sandbox, dispute: Json) -> None:
    """An inquiry that no bank made a chargeback of within its time."""
    if dispute["status"].startswith("warning_") and dispute["status"] != "warning_closed":
        decide(sandbox, dispute, "won")


@timer("charge.trouble")
def trouble(sandbox: Sandbox, charge: Json) -> None:
    """What some test cards bring upon the merchant right after paying."""
    method = sandbox.require("payment_method", charge["payment_method"])
    card = card_of(sandbox, method)
    if card.fraud_warning:
        fraud.warn(sandbox, charge)
    if card.dispute:
        open_dispute(sandbox, charge, card.dispute, inquiry=card.inquiry)
