"""What happens to subscriptions as time passes: notices, renewals, retries, ends. Each is a timer's deed."""

from __future__ import annotations

from copy import deepcopy

from . import billing, invoicing, trials
from .blank import Json, identifier
from .customer_balance import apply
from .periods import period_after
from .sandbox import Sandbox, timer

FINALIZES_AFTER = billing.HOUR


@timer("invoice.upcoming")
def upcoming(sandbox: Sandbox, subscription: Json) -> None:
    """A week before a renewal: what the invoice will be. It has no id, for it does not exist yet."""
    if subscription["status"] in (*billing.ENDED, "paused") or ends_with_period(subscription):
        return
    with sandbox.rehearsal():
        preview = next_invoice(sandbox, subscription)
    del preview["id"]
    sandbox.emit("invoice.upcoming", preview | {"billing_reason": "upcoming"})


def next_invoice(sandbox: Sandbox, subscription: Json) -> Json:
    """The draft of the renewal to come, with what waits for it and the customer's credit. To be rehearsed."""
    coming = deepcopy(subscription)
    end = billing.period_end(subscription)
    for item in coming["items"]["data"]:
        period = period_after(coming["billing_cycle_anchor"], item["price"]["recurring"], end)
        item["current_period_start"], item["current_period_end"] = period
    coming |= {"status": "active", "latest_invoice": "upcoming_" + identifier("invoice")}
    lines = billing.period_lines(sandbox, coming)
    invoice = billing.invoice_for(sandbox, coming, "subscription_cycle", lines)
    invoice |= {"period_start": subscription["items"]["data"][0]["current_period_start"], "period_end": end}
    apply(sandbox, invoice)
    return invoice


@timer("trial.reminder")
def remind_of_trial(sandbox: Sandbox, subscription: Json) -> None:
    if subscription["status"] == "trialing":
        sandbox.emit("customer.subscription.trial_will_end", subscription)


def ends_with_period(subscription: Json) -> bool:
    end = subscription["cancel_at"]
    return subscription["cancel_at_period_end"] or (end is not None and end <= billing.period_end(subscription))


@timer("subscription.cycle")
def cycle(sandbox: Sandbox, subscription: Json) -> None:
    """The period is over: the subscription ends or renews."""
    if subscription["status"] in (*billing.ENDED, "incomplete", "paused") or sandbox.now() < billing.period_end(
        subscription
    ):
        return
    if ends_with_period(subscription):
        billing.cancel_now(sandbox, subscription)
        return
    if trials.ends_without_method(sandbox, subscription):
        return
    for deed in billing.BEFORE_CYCLE:
        deed(sandbox, subscription)
    if subscription["status"] in billing.ENDED:
        return
    for item in subscription["items"]["data"]:
        period = period_after(subscription["billing_cycle_anchor"], item["price"]["recurring"], sandbox.now())
        item["current_period_start"], item["current_period_end"] = period
    status = "active" if subscription["status"] == "trialing" else subscription["status"]
    latest = identifier("invoice")
    sandbox.update(subscription, "customer.subscription.updated", latest_invoice=latest, status=status)
    billing.set_calendar(sandbox, subscription)
    _bill_period(sandbox, subscription)


def _bill_period(sandbox: Sandbox, subscription: Json) -> None:
    finalizes = sandbox.now() + FINALIZES_AFTER
    unpaid = subscription["status"] == "unpaid"  # its invoices stay drafts
    lines = billing.period_lines(sandbox, subscription)
    sandbox.store.hide(subscription["id"], waiting_lines=[])
    when = None if unpaid else finalizes
    invoice = billing.invoice_for(sandbox, subscription, "subscription_cycle", lines, automatically_finalizes_at=when)
    if not unpaid:
        sandbox.at(finalizes, "invoice.finalize", invoice["id"])


@timer("invoice.finalize")
def finalize_due(sandbox: Sandbox, invoice: Json) -> None:
    if invoice["status"] != "draft":
        return
    paused = (billing.subscription_of(sandbox, invoice) or {}).get("pause_collection")
    if paused and paused["behavior"] == "keep_as_draft":
        return
    invoicing.finalize(sandbox, invoice)
    if paused and invoice["status"] == "open":
        invoicing.close(sandbox, invoice, "void" if paused["behavior"] == "void" else "uncollectible")
    elif invoice["status"] == "open" and invoice["collection_method"] == "charge_automatically":
        billing.collect(sandbox, invoice)


@timer("invoice.retry")
def retry(sandbox: Sandbox, invoice: Json) -> None:
    subscription = billing.subscription_of(sandbox, invoice)
    if invoice["status"] == "open" and subscription and subscription["status"] not in billing.ENDED:
        billing.collect(sandbox, invoice)


@timer("subscription.expire_incomplete")
def expire_incomplete(sandbox: Sandbox, subscription: Json) -> None:
    if subscription["status"] != "incomplete":
        return
    sandbox.update(subscription, "customer.subscription.updated", status="incomplete_expired", ended_at=sandbox.now())
    invoice = sandbox.get("invoice", subscription["latest_invoice"])
    if invoice and invoice["status"] == "open":
        invoicing.close(sandbox, invoice, "void")


@timer("subscription.collect_again")
def collect_again(sandbox: Sandbox, subscription: Json) -> None:
    """The end of `pause_collection`, where it has one."""
    paused = subscription["pause_collection"]
    if paused and paused["resumes_at"] and paused["resumes_at"] <= sandbox.now():
        sandbox.update(subscription, "customer.subscription.updated", pause_collection=None)


@timer("subscription.cancel")
def cancel_due(sandbox: Sandbox, subscription: Json) -> None:
    at = subscription["cancel_at"]
    if subscription["status"] not in billing.ENDED and at is not None and at <= sandbox.now():
        billing.cancel_now(sandbox, subscription)
