"""Trials that are moved, end early or end without a card; and subscriptions that pause and resume."""

from __future__ import annotations

from . import billing, invoicing
from .blank import Json, identifier
from .errors import invalid
from .periods import period_after
from .sandbox import Sandbox


def set_trial(sandbox: Sandbox, subscription: Json, until: int) -> Json:
    """The changes that let a trial run until then; the next period starts at its end."""
    if until <= sandbox.now():
        raise invalid("Invalid timestamp: must be in the future.", "trial_end")
    for item in subscription["items"]["data"]:
        item["current_period_start"], item["current_period_end"] = sandbox.now(), until
    sandbox.at(max(until - billing.TRIAL_REMINDER, sandbox.now()), "trial.reminder", subscription["id"])
    return {
        "billing_cycle_anchor": until,
        "items": subscription["items"],
        "status": "trialing",
        "trial_end": until,
        "trial_start": subscription["trial_start"] or sandbox.now(),
    }


def end_trial(sandbox: Sandbox, subscription: Json) -> Json | None:
    """Now, and the first period is billed now; nothing happens where there is no trial."""
    if subscription["status"] != "trialing" or ends_without_method(sandbox, subscription):
        return None
    return start_period(sandbox, subscription, "subscription_update", trial_end=sandbox.now())


def start_period(sandbox: Sandbox, subscription: Json, reason: str, **changes: object) -> Json:
    """A new period from now on, its bill sent at once; the invoice."""
    now = sandbox.now()
    for item in subscription["items"]["data"]:
        period = period_after(now, item["price"]["recurring"], now)
        item["current_period_start"], item["current_period_end"] = period
    told = {"items": subscription["items"], "billing_cycle_anchor": now, "latest_invoice": identifier("invoice")}
    event = "customer.subscription.updated"
    sandbox.update(subscription, event, **{"status": "active", **told, **changes})
    billing.set_calendar(sandbox, subscription)
    lines = billing.period_lines(sandbox, subscription)
    invoice = billing.invoice_for(sandbox, subscription, reason, lines)
    invoicing.finalize(sandbox, invoice)
    if invoice["status"] == "open":
        billing.collect(sandbox, invoice)
    return invoice


def ends_without_method(sandbox: Sandbox, subscription: Json) -> bool:
    """At a trial's end, where no payment method is known: as `trial_settings` say. Whether that was all."""
    if subscription["status"] != "trialing" or billing.method_of(sandbox, subscription):
        return False
    behavior = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if behavior == "cancel":
        billing.cancel_now(sandbox, subscription)
    elif behavior == "pause":
        pause(sandbox, subscription, "trial_end_without_payment_method")
    return bool(behavior != "create_invoice")


def pause(sandbox: Sandbox, subscription: Json, why: str) -> None:
    told = {"subscription": {"type": why}, "transitioned_at": sandbox.now(), "type": "subscription"}
    sandbox.update(subscription, status="paused", status_details={"paused": told})
    sandbox.emit("customer.subscription.paused", subscription)


def resume(sandbox: Sandbox, subscription: Json) -> Json:
    """A paused subscription runs again, from a period that starts now, once its invoice is paid."""
    if subscription["status"] != "paused":
        raise invalid("Only a paused subscription can be resumed.", "subscription")
    invoice = start_period(sandbox, subscription, "subscription_update", status="paused")
    if invoice["amount_due"] == 0:
        run_again(sandbox, subscription, invoice)
    return sandbox.require("subscription", subscription["id"])


@billing.when_paid
def run_again(sandbox: Sandbox, subscription: Json, invoice: Json) -> None:
    if subscription["status"] == "paused":
        sandbox.update(subscription, status="active", status_details=None)
        sandbox.emit("customer.subscription.resumed", subscription)
