"""Setup intents: a card or an account kept for later, with the bank's consent and without a payment."""

from __future__ import annotations

from typing import Any

from .blank import Json, identifier
from .cards import DECLINES
from .errors import invalid
from .payment_methods import attach, card_of
from .payments import AUTHENTICATION_FAILED, Attempt
from .sandbox import Sandbox

OVER = ("succeeded", "canceled")


def create_setup(sandbox: Sandbox, **values: Any) -> Json:
    new_id = identifier("setup_intent")
    intent = sandbox.new(
        "setup_intent",
        id=new_id,
        **{
            "client_secret": f"{new_id}_secret_{identifier('product')[5:]}",
            "payment_method_types": ["card"],
            "status": "requires_payment_method",
            "usage": "off_session",
        }
        | values,
    )
    sandbox.emit("setup_intent.created", intent)
    return intent


def confirm_setup(sandbox: Sandbox, intent: Json, method: Json, authenticated: bool = False) -> Attempt:
    """One try to keep this method. Its bank may refuse, or ask whoever is there."""
    if intent["status"] in OVER:
        message = f"You cannot confirm this SetupIntent because it has a status of {intent['status']}."
        raise invalid(message, "intent", "setup_intent_unexpected_state")
    card = card_of(sandbox, method)
    if not card.saves:
        return fail_setup(sandbox, intent, method, card.decline or "generic_decline")
    if card.challenge != "never" and not authenticated:
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
        changes: Json = {"status": "requires_action", "next_action": action, "payment_method": method["id"]}
        sandbox.update(intent, "setup_intent.requires_action", **changes)
        return Attempt("requires_action")
    if intent["customer"]:
        attach(sandbox, method, intent["customer"])
    kept: Json = {"payment_method": method["id"], "status": "succeeded", "next_action": None, "last_setup_error": None}
    sandbox.update(intent, "setup_intent.succeeded", **kept)
    return Attempt("succeeded")


def fail_setup(sandbox: Sandbox, intent: Json, method: Json, reason: str = AUTHENTICATION_FAILED) -> Attempt:
    code, message = DECLINES[reason]
    if reason == AUTHENTICATION_FAILED:
        code = "setup_intent_authentication_failure"
    error = {"code": code, "decline_code": reason, "message": message, "payment_method": method, "type": "card_error"}
    changes: Json = {"status": "requires_payment_method", "payment_method": None, "next_action": None}
    sandbox.update(intent, "setup_intent.setup_failed", **changes, last_setup_error=error)
    return Attempt("declined", None, code, reason, message)


def cancel_setup(sandbox: Sandbox, intent: Json, reason: str | None) -> Json:
    if intent["status"] in OVER:
        message = f"You cannot cancel this SetupIntent because it has a status of {intent['status']}."
        raise invalid(message, "intent", "setup_intent_unexpected_state")
    changes: Json = {"status": "canceled", "cancellation_reason": reason, "next_action": None}
    return sandbox.update(intent, "setup_intent.canceled", **changes)
