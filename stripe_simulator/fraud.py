"""What the card networks say of a charge: early fraud warnings, and whether it was charged back."""

from __future__ import annotations

from .blank import Json
from .sandbox import Sandbox

NOT_CHARGED_BACK = ("won", "warning_needs_response", "warning_under_review", "warning_closed", "prevented")


def charged_back(sandbox: Sandbox, charge: Json) -> bool:
    """Whether a dispute holds the money, or took it for good."""
    found = sandbox.store.where("dispute", "charge", charge["id"])
    return any(dispute["status"] not in NOT_CHARGED_BACK for dispute in found)


def warn(sandbox: Sandbox, charge: Json) -> Json:
    """A network's early fraud warning; it asks for something only while the charge is neither returned nor disputed."""
    warning = sandbox.new(
        "radar.early_fraud_warning",
        actionable=not charge["refunded"] and not charge["disputed"],
        charge=charge["id"],
        fraud_type="made_with_stolen_card",
        payment_intent=charge["payment_intent"],
    )
    sandbox.emit("radar.early_fraud_warning.created", warning)
    return warning


def answered(sandbox: Sandbox, charge: Json) -> None:
    """A full refund or a dispute leaves nothing to do about a warning."""
    if not charge["refunded"] and not charge["disputed"]:
        return
    for warning in sandbox.store.where("radar.early_fraud_warning", "charge", charge["id"]):
        if warning["actionable"]:
            sandbox.update(warning, "radar.early_fraud_warning.updated", actionable=False)
