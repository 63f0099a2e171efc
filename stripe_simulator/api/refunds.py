"""Refunds."""

from __future__ import annotations

from .. import refunding
from ..blank import Json
from ..errors import invalid
from .catalog import merged_metadata
from .routing import Call, endpoint, resource

resource("refund", "/v1/refunds", "refund", param="refund")


@endpoint("POST /v1/refunds")
def create(call: Call) -> Json:
    params = call.params
    charge = _charge(call)
    return refunding.refund_charge(
        call.sandbox, charge, params.get("amount"), params.get("reason"), params.get("metadata") or None
    )


def _charge(call: Call) -> Json:
    sandbox, params = call.sandbox, call.params
    if "charge" in params:
        return sandbox.require("charge", params["charge"], "charge")
    if "payment_intent" not in params:
        raise invalid("One of the following params should be provided: payment_intent or charge.", "payment_intent")
    intent = sandbox.require("payment_intent", params["payment_intent"], "payment_intent")
    if intent["status"] != "succeeded":
        raise invalid(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.", "payment_intent"
        )
    return sandbox.require("charge", intent["latest_charge"], "payment_intent")


@endpoint("POST /v1/refunds/{refund}")
def update(call: Call) -> Json:
    refund = call.sandbox.require("refund", call.id, "refund")
    return call.sandbox.update(refund, "refund.updated", **merged_metadata(refund, call.params))


@endpoint("POST /v1/refunds/{refund}/cancel")
def cancel(call: Call) -> Json:
    return refunding.cancel(call.sandbox, call.sandbox.require("refund", call.id, "refund"))
