"""The control API under /_sim/: what only a simulator can do. Every deed takes form fields or a JSON object."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import books, checkout, customers, disputes, fraud, refunding, settlement
from .billing import cancel_now, paid_elsewhere
from .blank import Json
from .cards import DECLINES
from .delivery import quiet, redeliver
from .errors import ApiError, invalid
from .knobs import REFUNDS, Fault
from .sandbox import DAY, Sandbox

Deed = Callable[[Sandbox, Json], Any]
READS: dict[str, Deed] = {}
DEEDS: dict[str, Deed] = {}
LOG_LIMIT = 1_000
SUBJECTS = ("charge", "customer", "dispute", "invoice", "payment_intent", "refund", "subscription")


def reads(name: str) -> Callable[[Deed], Deed]:
    def register(function: Deed) -> Deed:
        READS[name] = function
        return function

    return register


def does(name: str) -> Callable[[Deed], Deed]:
    def register(function: Deed) -> Deed:
        DEEDS[name] = function
        return function

    return register


def required(data: Json, name: str) -> str:
    if not data.get(name):
        raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
    return str(data[name])


def time_of(sandbox: Sandbox) -> Json:
    return {"now": sandbox.now(), "offset": sandbox.offset}


@does("reset")
def reset(sandbox: Sandbox, data: Json) -> Json:
    """Forgets everything, the clock's advance and the knobs included."""
    sandbox.reset()
    return {"reset": True}


@reads("clock")
def clock(sandbox: Sandbox, data: Json) -> Json:
    return time_of(sandbox)


@does("clock/advance")
def advance(sandbox: Sandbox, data: Json) -> Json:
    """By `seconds` and/or `days`, or up to the moment `to`; all that is due on the way happens, each at its time."""
    if data.get("to"):
        sandbox.advance(int(data["to"]) - sandbox.now())
    else:
        sandbox.advance(int(float(data.get("days") or 0) * DAY) + int(data.get("seconds") or 0))
    return time_of(sandbox)


@reads("config")
def config(sandbox: Sandbox, data: Json) -> Json:
    return vars(sandbox.knobs)


@does("config")
def configure(sandbox: Sandbox, data: Json) -> Json:
    """Turns knobs; an unknown one is refused."""
    known = set(vars(sandbox.knobs))
    for name in data:
        if name not in known:
            raise invalid(f"There is no knob {name}. There are: {', '.join(sorted(known))}.", name, "parameter_unknown")
    try:
        turned = sandbox.turn(**data)
    except (TypeError, ValueError) as error:
        raise invalid(f"A knob cannot be turned so: {error}") from error
    return dict(vars(turned))


@does("fault")
def fault(sandbox: Sandbox, data: Json) -> Json:
    """Adds one fault: endpoint ("POST /v1/refunds"), kind, phase, times, seconds."""
    required(data, "endpoint")
    try:
        told = vars(Fault(**data))
    except TypeError as error:
        raise invalid(f"A fault has no such field: {error}") from error
    return vars(sandbox.turn(faults=[*sandbox.knobs.faults, told]))


@reads("requests")
def requests(sandbox: Sandbox, data: Json) -> Json:
    """The API requests so far, oldest first; at most the last thousand."""
    rows = sandbox.store.rows("SELECT * FROM request ORDER BY seq DESC LIMIT ?", LOG_LIMIT)
    told = [row | {"params": json.loads(row["params"]), "reply": json.loads(row["reply"])} for row in rows]
    return {"data": told[::-1]}


@reads("refused")
def refused(sandbox: Sandbox, data: Json) -> Json:
    """API requests that broke Stripe's contract: unknown, missing or ill-typed parameters, unknown addresses."""
    found = "SELECT * FROM request WHERE status IN (400, 404) ORDER BY seq"
    rows = [row | {"error": json.loads(row["reply"]).get("error", {})} for row in sandbox.store.rows(found)]
    names = ("method", "path", "params", "error")
    return {"data": [{name: row[name] for name in names} for row in rows if _breaks(row["error"])]}


def _breaks(error: Json) -> bool:
    """A request no state of the account could have made right."""
    told = str(error.get("code") or ""), str(error.get("message") or "")
    return told[0].startswith("parameter_") or told[1].startswith("Unrecognized request URL")


@reads("deliveries")
def deliveries(sandbox: Sandbox, data: Json) -> Json:
    rows = sandbox.store.rows("SELECT * FROM delivery ORDER BY seq DESC LIMIT ?", LOG_LIMIT)
    return {"data": rows[::-1]}


@reads("violations")
def violations(sandbox: Sandbox, data: Json) -> Json:
    """Replies and events that broke Stripe's contract; filled with --strict only."""
    return {"strict": sandbox.strict, "data": sandbox.store.rows("SELECT * FROM violation ORDER BY seq")}


@reads("objects")
def objects(sandbox: Sandbox, data: Json) -> Json:
    """All objects of a `kind`, newest first."""
    return {"data": list(sandbox.store.of_kind(required(data, "kind")))}


@reads("books")
def read_books(sandbox: Sandbox, data: Json) -> Json:
    """What came in and went out, by currency."""
    return books.sums(sandbox)


@does("redeliver")
def send_again(sandbox: Sandbox, data: Json) -> Json:
    """One event by `id`, or all (oldest first) when none is named."""
    every = list(sandbox.store.of_kind("event"))[::-1]
    found = [sandbox.require("event", data["id"])] if data.get("id") else every
    return {"deliveries": sum(redeliver(sandbox, event) for event in found)}


@does("refund")
def refund(sandbox: Sandbox, data: Json) -> Json:
    """A refund "from the Dashboard" of a `charge` or `payment_intent`; all of it without an `amount`.
    `outcome`: succeeded, settles (pending for a while), pending (until told) or fails (a minute later)."""
    outcome = data.get("outcome") or ""
    if outcome not in ("", *REFUNDS):
        raise invalid(f"outcome is one of {', '.join(REFUNDS)}.", "outcome")
    return refunding.refund_charge(
        sandbox, _charge(sandbox, data), _amount(data), "requested_by_customer", outcome=outcome
    )


def _amount(data: Json) -> int | None:
    return int(data["amount"]) if data.get("amount") else None


@does("refund/succeed")
def succeed_refund(sandbox: Sandbox, data: Json) -> Json:
    """A pending refund arrives."""
    refunding.succeed(sandbox, sandbox.require("refund", required(data, "refund")))
    return dict(sandbox.require("refund", data["refund"]))


@does("refund/fail")
def fail_refund(sandbox: Sandbox, data: Json) -> Json:
    """The bank sends a refund back."""
    refunding.fail(sandbox, sandbox.require("refund", required(data, "refund")))
    return dict(sandbox.require("refund", data["refund"]))


@does("dispute")
def dispute(sandbox: Sandbox, data: Json) -> Json:
    """`reason`, `amount`; with `inquiry` the bank only asks."""
    charge, reason = _charge(sandbox, data), data.get("reason") or "fraudulent"
    return disputes.open_dispute(sandbox, charge, reason, bool(data.get("inquiry")), _amount(data))


@does("dispute/escalate")
def escalate(sandbox: Sandbox, data: Json) -> Json:
    """An inquiry becomes a chargeback."""
    return disputes.escalate(sandbox, sandbox.require("dispute", required(data, "dispute")))


@does("dispute/decide")
def decide(sandbox: Sandbox, data: Json) -> Json:
    """`outcome`: won or lost."""
    outcome = required(data, "outcome")
    if outcome not in ("won", "lost"):
        raise invalid("outcome is won or lost.", "outcome")
    return disputes.decide(sandbox, sandbox.require("dispute", required(data, "dispute")), outcome)


@does("early_fraud_warning")
def early_fraud_warning(sandbox: Sandbox, data: Json) -> Json:
    return fraud.warn(sandbox, _charge(sandbox, data))


def _charge(sandbox: Sandbox, data: Json) -> Json:
    if data.get("charge"):
        return sandbox.require("charge", data["charge"])
    intent = sandbox.require("payment_intent", required(data, "payment_intent"))
    return sandbox.require("charge", intent["latest_charge"] or "")


@does("settle")
def settle(sandbox: Sandbox, data: Json) -> Json:
    """A direct debit's money arrives now, or (`fail`) bounces."""
    intent = sandbox.require("payment_intent", required(data, "payment_intent"))
    settlement.settle(sandbox, intent, arrived=not data.get("fail"))
    return intent


@does("fail_next")
def fail_next(sandbox: Sandbox, data: Json) -> Json:
    """The next `times` charges nobody is present at (renewals) are declined with `code`."""
    code = data.get("code") or "generic_decline"
    if code not in DECLINES:
        raise invalid(f"code is one of {', '.join(DECLINES)}.", "code")
    sandbox.store.set("fail_next", [code] * int(data.get("times") or 1))
    return {"fail_next": sandbox.store.setting("fail_next")}


@does("card/renew")
def renew_card(sandbox: Sandbox, data: Json) -> Json:
    """A bank sent out a new card: the `payment_method` gets four years more, without anybody's doing."""
    method = sandbox.require("payment_method", required(data, "payment_method"))
    if method["type"] != "card":
        raise invalid("Only a card is renewed.", "payment_method")
    card = method["card"] | {"exp_year": method["card"]["exp_year"] + 4}
    sandbox.update(method, card=card)
    sandbox.emit("payment_method.automatically_updated", method)
    return method


@does("customer/delete")
def delete_customer(sandbox: Sandbox, data: Json) -> Json:
    return customers.delete_customer(sandbox, sandbox.require("customer", required(data, "customer")))


@does("subscription/cancel")
def cancel_subscription(sandbox: Sandbox, data: Json) -> Json:
    return cancel_now(sandbox, sandbox.require("subscription", required(data, "subscription")))


@does("invoice/pay")
def pay_out_of_band(sandbox: Sandbox, data: Json) -> Json:
    """A bank transfer arrived for an open invoice."""
    return paid_elsewhere(sandbox, sandbox.require("invoice", required(data, "invoice")))


@does("session/expire")
def expire_session(sandbox: Sandbox, data: Json) -> Json:
    return checkout.expire(sandbox, sandbox.require("checkout.session", required(data, "session")))


def answer(sandbox: Sandbox, method: str, name: str, data: Json) -> tuple[int, Any]:
    """(status, JSON) of one control request."""
    table = READS if method == "GET" else DEEDS
    if name not in table:
        return 404, {"error": {"message": f"No such control: {method} /_sim/{name}", "known": sorted(table)}}
    try:
        with sandbox.lock:
            if name == "reset":
                quiet(sandbox)  # an event of the old account must not reach the endpoint after its end
            named = (str(value) for key, value in data.items() if key in SUBJECTS)
            with sandbox.transaction(), sandbox.on_clock(*named):
                return 200, table[name](sandbox, data)
    except ApiError as error:
        return error.status, error.body()
    except ValueError as error:
        return 400, {"error": {"message": str(error)}}
