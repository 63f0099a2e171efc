"""Payment intents, charges, balance transactions."""

from __future__ import annotations

from ..blank import Json
from ..errors import ApiError, invalid
from ..payment_methods import method_from_token
from ..payments import cancel_intent, create_intent, pay_intent
from ..pricing import MINIMUM, money
from ..sandbox import Sandbox
from .catalog import merged_metadata
from .expanding import included
from .routing import Call, endpoint, resource

resource("payment_intent", "/v1/payment_intents", "intent", param="intent")
resource("charge", "/v1/charges", "charge", param="charge")
resource("balance_transaction", "/v1/balance_transactions", "id")


@included("charge", "refunds", "/v1/charges/{id}/refunds")
def _refunds(sandbox: Sandbox, charge: Json) -> list[Json]:
    return list(sandbox.store.where("refund", "charge", charge["id"]))


@endpoint("POST /v1/payment_intents")
def create(call: Call) -> Json:
    sandbox, params = call.sandbox, call.params
    least = MINIMUM.get(params["currency"], 50)
    if params["amount"] < least:
        raise invalid(f"Amount must be at least {money(least, params['currency'])}", "amount", "amount_too_small")
    if params.get("customer"):
        sandbox.require("customer", params["customer"], "customer")
    values = call.given("customer", "description", "metadata", "receipt_email", "setup_future_usage")
    intent = create_intent(sandbox, params["amount"], params["currency"].lower(), **values)
    return _confirm(call, intent) if params.get("confirm") else intent


@endpoint("POST /v1/payment_intents/{intent}")
def update(call: Call) -> Json:
    intent = call.sandbox.require("payment_intent", call.id, "intent")
    changes = call.given("description", "receipt_email") | merged_metadata(intent, call.params)
    return call.sandbox.update(intent, **changes)


@endpoint("POST /v1/payment_intents/{intent}/confirm")
def confirm(call: Call) -> Json:
    return _confirm(call, call.sandbox.require("payment_intent", call.id, "intent"))


def _confirm(call: Call, intent: Json) -> Json:
    if intent["status"] in ("succeeded", "canceled"):
        message = f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}."
        raise invalid(message, "intent", "payment_intent_unexpected_state")
    token = call.params.get("payment_method")
    if not token:
        raise invalid("Missing required param: payment_method.", "payment_method", "parameter_missing")
    method = method_from_token(call.sandbox, token)
    attempt = pay_intent(call.sandbox, intent, method, on_session=not call.params.get("off_session"))
    if attempt.status == "declined":
        raise ApiError(
            402,
            attempt.message,
            kind="card_error",
            code=attempt.code,
            executed=True,
            decline_code=attempt.decline_code,
            charge=attempt.charge["id"] if attempt.charge else None,
            payment_intent=intent,
        )
    return intent


@endpoint("POST /v1/payment_intents/{intent}/cancel")
def cancel(call: Call) -> Json:
    intent = call.sandbox.require("payment_intent", call.id, "intent")
    if intent["status"] in ("succeeded", "canceled"):
        message = f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
        raise invalid(message, "intent", "payment_intent_unexpected_state")
    return cancel_intent(call.sandbox, intent, call.params.get("cancellation_reason"))
