"""Setup intents."""

from __future__ import annotations

from .. import setups
from ..blank import Json
from ..errors import ApiError, invalid
from ..payment_methods import method_from_token
from .catalog import merged_metadata
from .routing import Call, endpoint, resource

resource("setup_intent", "/v1/setup_intents", "intent", param="intent")


def _intent(call: Call) -> Json:
    return call.sandbox.require("setup_intent", call.id, "intent")


@endpoint("POST /v1/setup_intents")
def create(call: Call) -> Json:
    params = call.params
    if params.get("customer"):
        call.customer()
    values = call.given("customer", "description", "usage") | merged_metadata({}, params)
    values["payment_method_types"] = params.get("allowed_payment_method_types") or ["card"]
    intent = setups.create_setup(call.sandbox, **values)
    return _confirm(call, intent) if params.get("confirm") else intent


@endpoint("POST /v1/setup_intents/{intent}")
def update(call: Call) -> Json:
    intent = _intent(call)
    return call.sandbox.update(intent, **call.given("description"), **merged_metadata(intent, call.params))


@endpoint("POST /v1/setup_intents/{intent}/confirm")
def confirm(call: Call) -> Json:
    return _confirm(call, _intent(call))


def _confirm(call: Call, intent: Json) -> Json:
    token = call.params.get("payment_method")
    if not token:
        raise invalid("Missing required param: payment_method.", "payment_method", "parameter_missing")
    attempt = setups.confirm_setup(call.sandbox, intent, method_from_token(call.sandbox, token))
    if attempt.status == "declined":
        raise ApiError(
            402,
            attempt.message,
            kind="card_error",
            code=attempt.code,
            executed=True,
            decline_code=attempt.decline_code,
            setup_intent=intent,
        )
    return intent


@endpoint("POST /v1/setup_intents/{intent}/cancel")
def cancel(call: Call) -> Json:
    return setups.cancel_setup(call.sandbox, _intent(call), call.params.get("cancellation_reason"))
