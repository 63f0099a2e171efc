"""Previews of invoices: what a change, a renewal or a new subscription would cost. Everything is done for real inside
a rehearsal, so a preview and the invoice that follows it cannot differ."""

from __future__ import annotations

from . import billing, plan_change, renewals, trials
from .blank import Json, identifier
from .customer_balance import apply
from .customers import new_customer
from .discounting import check_redeemable, new_discount
from .errors import ApiError, invalid
from .sandbox import Sandbox


def preview(sandbox: Sandbox, params: Json) -> Json:
    """The invoice that `params` of /v1/invoices/create_preview ask about; nothing of it stays."""
    with sandbox.rehearsal():
        if params.get("subscription"):
            subscription = sandbox.require("subscription", params["subscription"], "subscription")
            invoice = _of_subscription(sandbox, subscription, params)
        else:
            invoice = _of_new(sandbox, params)
    return invoice | {"status": "draft", "number": None}


def _of_subscription(sandbox: Sandbox, subscription: Json, params: Json) -> Json:
    if subscription["status"] in billing.ENDED:
        raise _nothing_to_come()
    details = params.get("subscription_details") or {}
    if params.get("discounts"):
        _discount(sandbox, subscription, params["discounts"][0])
    if details.get("cancel_now"):
        return _of_end(sandbox, subscription)
    if details.get("trial_end") == "now" and subscription["status"] == "trialing":
        return trials.end_trial(sandbox, subscription) or {}
    if details.get("items") or details.get("billing_cycle_anchor"):
        change = plan_change.planned(sandbox, subscription, details)
        if change.at_once and change.lines:
            return _of_change(sandbox, subscription, change)
        plan_change.make(sandbox, subscription, change, {})
    if details.get("cancel_at_period_end") or renewals.ends_with_period(subscription):
        raise _nothing_to_come()
    return renewals.next_invoice(sandbox, subscription)


def _nothing_to_come() -> ApiError:
    return ApiError(404, "No upcoming invoices for customer", code="invoice_upcoming_none", executed=True)


def _discount(sandbox: Sandbox, subscription: Json, told: Json) -> None:
    coupon = check_redeemable(sandbox, told, "discounts[0]", customer=subscription["customer"])
    discount = new_discount(sandbox, coupon, customer=subscription["customer"], subscription=subscription["id"])
    sandbox.update(subscription, discounts=[discount["id"]])


def _of_change(sandbox: Sandbox, subscription: Json, change: plan_change.Change) -> Json:
    subscription["latest_invoice"] = "upcoming_" + identifier("invoice")
    invoice = billing.invoice_for(sandbox, subscription, "subscription_update", change.lines)
    apply(sandbox, invoice)
    return invoice


def _of_end(sandbox: Sandbox, subscription: Json) -> Json:
    """Canceling now: the unused rest, credited."""
    lines = plan_change.rest_lines(sandbox, subscription)
    return _of_change(sandbox, subscription, plan_change.Change([], lines, at_once=True))


def _of_new(sandbox: Sandbox, params: Json) -> Json:
    """The first invoice of a subscription that is not there yet, for a customer or for anybody."""
    details = params.get("subscription_details") or {}
    told = details.get("items") or []
    if not told:
        raise invalid("You must pass a subscription, or subscription_details[items].", "subscription")
    wanted = []
    for index, item in enumerate(told):
        place = f"subscription_details[items][{index}][price]"
        wanted.append((sandbox.require("price", item.get("price") or "", place), item.get("quantity", 1)))
    customer = params.get("customer") or new_customer(sandbox)["id"]
    sandbox.require("customer", customer, "customer")
    trial = details.get("trial_end") if isinstance(details.get("trial_end"), int) else None
    subscription = billing.create(sandbox, customer, wanted, trial_end=trial)
    subscription["latest_invoice"] = "upcoming_" + identifier("invoice")
    discounts = params.get("discounts") or []
    coupon = check_redeemable(sandbox, discounts[0], "discounts[0]", customer=customer) if discounts else None
    lines = billing.period_lines(sandbox, subscription)
    invoice = billing.invoice_for(sandbox, subscription, "subscription_create", lines, coupon=coupon)
    apply(sandbox, invoice)
    return invoice
