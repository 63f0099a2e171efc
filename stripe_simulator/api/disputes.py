"""Disputes and early fraud warnings."""

from __future__ import annotations

from .. import disputes
from ..blank import Json
from .catalog import merged_metadata
from .routing import Call, endpoint, resource

resource("dispute", "/v1/disputes", "dispute", param="dispute")
resource(
    "radar.early_fraud_warning",
    "/v1/radar/early_fraud_warnings",
    "early_fraud_warning",
    param="early_fraud_warning",
)


@endpoint("POST /v1/disputes/{dispute}")
def update(call: Call) -> Json:
    dispute = call.sandbox.require("dispute", call.id, "dispute")
    told = merged_metadata(dispute, call.params)
    call.sandbox.update(dispute, "charge.dispute.updated" if told else None, **told)
    if "evidence" in call.params or "submit" in call.params:
        evidence = call.params.get("evidence") or {}
        return disputes.answer(call.sandbox, dispute, evidence, call.params.get("submit", True))
    return dispute


@endpoint("POST /v1/disputes/{dispute}/close")
def close(call: Call) -> Json:
    return disputes.decide(call.sandbox, call.sandbox.require("dispute", call.id, "dispute"), "lost")
