"""Disputes and early fraud warnings."""

from __future__ import annotations

from .billing import ENDED, cancel_now
from .blank import Json
from .contract import object_schema, resolve
from .errors import invalid
from .payment_methods import card_of
from .payments import book
from .sandbox import DAY, Sandbox, timer

ANSWER_WITHIN = 9 * DAY
OUTCOMES = {"winning_evidence": "won", "losing_evidence": "lost"}
OPEN = ("needs_response", "warning_needs_response", "under_review", "warning_under_review")


def open_dispute(sandbox: Sandbox, charge: Json, reason: str = "fraudulent", inquiry: bool = False) -> Json:
    """A cardholder's bank takes the money back (or, with an inquiry, only asks)."""
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise invalid(f"Charge {charge['id']} cannot be disputed.", "charge")
    dispute = sandbox.new(
        "dispute",
        amount=charge["amount"],
        charge=charge["id"],
        currency=charge["currency"],
        evidence=dict.fromkeys(_evidence_fields()) | {"enhanced_evidence": {}},
        evidence_details={
            "due_by": sandbox.now() + ANSWER_WITHIN,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        is_charge_refundable=inquiry,
        payment_intent=charge["payment_intent"],
        reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
    )
    sandbox.emit("charge.dispute.created", dispute)
    if not inquiry:
        _move_funds(sandbox, dispute, -dispute["amount"], "charge.dispute.funds_withdrawn")
        sandbox.update(charge, "charge.updated", disputed=True)
        _maybe_cancel(sandbox, charge)
    return dispute


def _evidence_fields() -> list[str]:
    schema = resolve(object_schema("dispute")["properties"]["evidence"])
    return [name for name in schema["properties"] if name != "enhanced_evidence"]


def _move_funds(sandbox: Sandbox, dispute: Json, amount: int, event: str) -> None:
    txn = book(sandbox, amount, dispute["currency"], "adjustment", dispute["id"])
    sandbox.update(dispute, balance_transactions=[*dispute["balance_transactions"], txn])
    sandbox.emit(event, dispute)


def _maybe_cancel(sandbox: Sandbox, charge: Json) -> None:
    """An account setting: a disputed renewal ends the subscription."""
    if not sandbox.knobs.dispute_cancels_subscription:
        return
    for payment in sandbox.store.of_kind("invoice_payment"):
        if payment["payment"]["payment_intent"] == charge["payment_intent"]:
            invoice = sandbox.require("invoice", payment["invoice"])
            details = (invoice["parent"] or {}).get("subscription_details") or {}
            subscription = sandbox.get("subscription", details.get("subscription"))
            if subscription and subscription["status"] not in ENDED:
                cancel_now(sandbox, subscription, reason="payment_disputed")


def answer(sandbox: Sandbox, dispute: Json, evidence: Json, submit: bool) -> Json:
    """Evidence; Stripe's test words in `uncategorized_text` decide the case as soon as it is submitted."""
    if dispute["status"] not in OPEN:
        raise invalid("This dispute is already closed.", "dispute")
    details = dispute["evidence_details"] | {"has_evidence": True}
    if submit:
        details |= {"submission_count": details["submission_count"] + 1, "submission_method": "manual"}
    review = "warning_under_review" if dispute["status"].startswith("warning") else "under_review"
    sandbox.update(
        dispute,
        "charge.dispute.updated",
        evidence=dispute["evidence"] | {name: value for name, value in evidence.items() if value != ""},
        evidence_details=details,
        status=review if submit else dispute["status"],
    )
    outcome = OUTCOMES.get((evidence.get("uncategorized_text") or "").strip())
    return decide(sandbox, dispute, outcome) if submit and outcome else dispute


def decide(sandbox: Sandbox, dispute: Json, outcome: str) -> Json:
    """Closes a dispute: won, lost, or (an inquiry) warning_closed."""
    if dispute["status"] not in OPEN:
        raise invalid("This dispute is already closed.", "dispute")
    inquiry = dispute["status"].startswith("warning")
    sandbox.update(dispute, status="warning_closed" if inquiry else outcome)
    sandbox.emit("charge.dispute.closed", dispute)
    if outcome == "won" and not inquiry:
        _move_funds(sandbox, dispute, dispute["amount"], "charge.dispute.funds_reinstated")
        sandbox.update(sandbox.require("charge", dispute["charge"]), "charge.updated", disputed=False)
    return dispute


def warn_of_fraud(sandbox: Sandbox, charge: Json) -> Json:
    warning = sandbox.new(
        "radar.early_fraud_warning",
        actionable=True,
        charge=charge["id"],
        fraud_type="made_with_stolen_card",
        payment_intent=charge["payment_intent"],
    )
    sandbox.emit("radar.early_fraud_warning.created", warning)
    return warning


@timer("charge.trouble")
def trouble(sandbox: Sandbox, charge: Json) -> None:
    """What some test cards bring upon the merchant right after paying."""
    method = sandbox.require("payment_method", charge["payment_method"])
    card = card_of(sandbox, method)
    if card.fraud_warning:
        warn_of_fraud(sandbox, charge)
    if card.dispute:
        open_dispute(sandbox, charge, card.dispute, inquiry=card.inquiry)
