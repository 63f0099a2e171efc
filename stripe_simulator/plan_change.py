"""Changing what a subscription is for in the middle of a period, with the unused rest credited.

Simplified against Stripe: the rest is counted in seconds and rounded half up, one credit and one debit line an item.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from . import billing, invoicing
from .blank import Json, identifier
from .customer_balance import move
from .errors import invalid
from .periods import period_after
from .pricing import round_half_up
from .sandbox import Sandbox


def unused(amount: int, start: int, end: int, now: int) -> int:
    """The part of `amount` for the seconds left of a period."""
    return round_half_up(Decimal(amount) * (end - now) / (end - start)) if now < end else 0


def change_items(sandbox: Sandbox, subscription: Json, params: Json) -> None:
    """Applies `items` of an update. `proration_behavior`: create_prorations waits for the next invoice,
    always_invoice bills at once, none bills nothing. A new interval starts a new period now, and is billed now."""
    behavior = params.get("proration_behavior", "create_prorations")
    now = params.get("proration_date") or sandbox.now()
    lines: list[Json] = []
    restarted = False
    for index, told in enumerate(params["items"]):
        item = _item(subscription, told, index)
        old = dict(item)
        _apply(sandbox, item, told, index)
        changed = old["price"]["recurring"]["interval"] != item["price"]["recurring"]["interval"]
        if changed:
            period = period_after(now, item["price"]["recurring"], now)
            item["current_period_start"], item["current_period_end"] = period
            restarted = True
        if subscription["status"] != "trialing":
            lines += _lines(sandbox, subscription, old, item, now, credited=behavior != "none", restarted=changed)
    changes: Json = {"items": subscription["items"]}
    if restarted:
        changes["billing_cycle_anchor"] = now
    _tell_and_bill(sandbox, subscription, changes, lines, at_once=behavior == "always_invoice" or restarted)
    if restarted:
        billing.set_calendar(sandbox, subscription)


def _item(subscription: Json, told: Json, index: int) -> Json:
    items: list[Json] = subscription["items"]["data"]
    if not told.get("id"):
        raise invalid("The local Stripe changes existing items only; name one by its id.", f"items[{index}][id]")
    found = next((item for item in items if item["id"] == told["id"]), None)
    if found is None:
        raise invalid(f"No such subscription item: '{told['id']}'", f"items[{index}][id]", "resource_missing")
    return found


def _apply(sandbox: Sandbox, item: Json, told: Json, index: int) -> None:
    if told.get("price"):
        price = sandbox.require("price", told["price"], f"items[{index}][price]")
        if price["currency"] != item["price"]["currency"] or not price["recurring"]:
            raise invalid("The new price must be recurring and in the same currency.", f"items[{index}][price]")
        item["price"], item["plan"] = price, billing.plan_of(price)
    if told.get("quantity"):
        item["quantity"] = told["quantity"]


def _lines(
    sandbox: Sandbox, subscription: Json, old: Json, new: Json, now: int, *, credited: bool, restarted: bool
) -> list[Json]:
    start, end = old["current_period_start"], old["current_period_end"]
    lines = []
    if credited:
        rest = unused(old["price"]["unit_amount"] * old["quantity"], start, end, now)
        text = f"Unused time on {billing.describe(sandbox, old)}"
        lines.append(invoicing.item_line(subscription, old, now, end, amount=-rest, text=text))
    if restarted:
        text = billing.describe(sandbox, new)
        lines.append(invoicing.item_line(subscription, new, now, new["current_period_end"], text=text))
    elif credited:
        rest = unused(new["price"]["unit_amount"] * new["quantity"], start, end, now)
        text = f"Remaining time on {billing.describe(sandbox, new)}"
        lines.append(invoicing.item_line(subscription, new, now, end, amount=rest, text=text))
    return lines


def _tell_and_bill(sandbox: Sandbox, subscription: Json, changes: Json, lines: list[Json], at_once: bool) -> None:
    if lines and at_once:
        changes["latest_invoice"] = identifier("invoice")
    sandbox.update(subscription, "customer.subscription.updated", **changes)
    if not lines:
        return
    if not at_once:
        waiting: list[Any] = sandbox.store.hidden(subscription["id"]).get("waiting_lines", [])
        sandbox.store.hide(subscription["id"], waiting_lines=[*waiting, *lines])
        return
    invoice = billing.invoice_for(sandbox, subscription, "subscription_update", lines)
    invoicing.finalize(sandbox, invoice)
    if invoice["status"] == "open":
        billing.collect(sandbox, invoice)


def credit_unused(sandbox: Sandbox, subscription: Json, bill: bool) -> None:
    """Canceling with `prorate`: the unused rest becomes the customer's credit balance."""
    rest = sum(
        unused(
            item["price"]["unit_amount"] * item["quantity"],
            item["current_period_start"],
            item["current_period_end"],
            sandbox.now(),
        )
        for item in subscription["items"]["data"]
    )
    customer = sandbox.require("customer", subscription["customer"])
    if bill and rest:
        move(sandbox, customer, -rest, subscription["currency"], "adjustment", description="Unused time")
