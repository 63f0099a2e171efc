"""Addresses outside Stripe's published contract: how Stripe's command line pays a session without its page."""

from __future__ import annotations

import re
from collections.abc import Callable

from .. import checkout
from ..blank import Json
from ..errors import ApiError, invalid
from ..payment_methods import method_from_token
from ..sandbox import Sandbox

PATTERN = re.compile(r"/v1/payment_pages/(cs_[A-Za-z0-9_]+)(/confirm)?")
PARAMETERS = {"payment_method", "expected_amount", "key", "eid"}


def private_endpoint(method: str, path: str) -> Callable[[Sandbox, Json], Json] | None:
    """The function behind a private address, or None."""
    match = PATTERN.fullmatch(path)
    if match is None or (method == "POST") != bool(match.group(2)):
        return None
    session = match.group(1)
    return lambda sandbox, params: (_confirm if method == "POST" else _show)(sandbox, session, params)


def _show(sandbox: Sandbox, session_id: str, params: Json) -> Json:
    session = sandbox.require("checkout.session", session_id)
    return {"id": session_id, "object": "checkout.session", "status": session["status"], "url": session["url"]}


def _confirm(sandbox: Sandbox, session_id: str, params: Json) -> Json:
    """Pays with a test token, as the button of the page would with a card."""
    unknown = sorted(set(params) - PARAMETERS)
    if unknown:
        raise invalid(f"Received unknown parameter: {unknown[0]}", unknown[0], "parameter_unknown")
    session = sandbox.require("checkout.session", session_id)
    _check(sandbox, session, params)
    token = params.get("payment_method")
    method = method_from_token(sandbox, token) if token else None
    if method is None and checkout.needs_card(sandbox, session):
        raise invalid("Missing required param: payment_method.", "payment_method", "parameter_missing")
    email = (session["customer_details"] or {}).get("email") or "payer@example.org"
    attempt = checkout.pay(sandbox, session, checkout.Payer(email=email, country="US", agreed=True), method)
    if attempt.status == "declined":
        told = {"code": attempt.code or "card_declined", "decline_code": attempt.decline_code}
        raise ApiError(402, attempt.message, kind="card_error", executed=True, **told)
    return _show(sandbox, session_id, params) | {"payment_status": session["payment_status"]}


def _check(sandbox: Sandbox, session: Json, params: Json) -> None:
    if session["status"] != "open":
        raise invalid(f"This Checkout Session is {session['status']}.", "session")
    expected = params.get("expected_amount")
    if expected is not None and str(expected) != str(checkout.due_today(sandbox, session)):
        raise invalid("The amount is not the one expected.", "expected_amount")
