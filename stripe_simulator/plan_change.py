"""Changing what a subscription is for in the middle of a period, with the unused rest credited.

`planned` says what a change comes to without making it, for previews and for changes that wait for their payment;
`make` makes it. Simplified against Stripe: the rest is counted in seconds and rounded half up, one credit and one
debit line an item, before discounts.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from . import billing, invoicing
from .blank import Json, identifier
from .errors import ApiError, invalid
from .payments import Attempt
from .periods import period_after
from .prices import create_price
from .pricing import round_half_up
from .sandbox import Sandbox, timer

PENDING_FOR = 23 * 3_600


@dataclass(frozen=True)
class Change:
    """What a change comes to: the items afterwards, the lines that bill it, and whether they are billed at once.
    `anchor` is the moment a new period starts, if one does."""

    items: list[Json]
    lines: list[Json]
    at_once: bool
    anchor: int | None = None


def unused(amount: int, start: int, end: int, now: int) -> int:
    """The part of `amount` for the seconds left of a period."""
    return round_half_up(Decimal(amount) * (end - now) / (end - start)) if start < end and now < end else 0


def planned(sandbox: Sandbox, subscription: Json, params: Json) -> Change:
    """What `items` (and `billing_cycle_anchor`) of an update come to. `proration_behavior`: create_prorations waits
    for the next invoice, always_invoice bills at once, none bills nothing. A new rhythm starts a new period now, and
    is billed now."""
    behavior = params.get("proration_behavior", "create_prorations")
    now = params.get("proration_date") or sandbox.now()
    pairs = _pairs(sandbox, subscription, params.get("items") or [], now)
    items = [new for _, new in pairs if new is not None]
    if not items:
        raise invalid("A subscription must have at least one active item.", "items")
    trial = subscription["status"] == "trialing"
    anew = not trial and (params.get("billing_cycle_anchor") or {}).get("type") == "now"
    restarted = anew or (not trial and any(_other_rhythm(old, new) for old, new in pairs))
    lines: list[Json] = []
    for old, new in pairs:
        if restarted and new is not None:
            period = period_after(now, new["price"]["recurring"], now)
            new["current_period_start"], new["current_period_end"] = period
        if not trial and (restarted or old != new):
            lines += _lines(sandbox, subscription, old, new, now, credited=behavior != "none", restarted=restarted)
    return Change(items, lines, behavior == "always_invoice" or restarted, now if restarted else None)


Pair = tuple[Json | None, Json | None]


def _pairs(sandbox: Sandbox, subscription: Json, told: list[Json], now: int) -> list[Pair]:
    """(before, after) of every item; nothing before one that is added, nothing after one that is deleted."""
    pairs: list[Pair] = [(item, deepcopy(item)) for item in subscription["items"]["data"]]
    for index, wish in enumerate(told):
        if not wish.get("id"):
            pairs.append((None, _added(sandbox, subscription, wish, index)))
            continue
        place = _place(pairs, wish["id"], index)
        old, new = pairs[place]
        if wish.get("deleted"):
            pairs[place] = (old, None)
        elif new is not None:
            _apply(sandbox, new, wish, index)
    return pairs


def _place(pairs: list[Pair], item_id: str, index: int) -> int:
    for place, (old, _) in enumerate(pairs):
        if old and old["id"] == item_id:
            return place
    raise invalid(f"No such subscription item: '{item_id}'", f"items[{index}][id]", "resource_missing")


def _added(sandbox: Sandbox, subscription: Json, wish: Json, index: int) -> Json:
    price = _price(sandbox, subscription, wish, index)
    if price is None:
        raise invalid("Missing required param: items[price].", f"items[{index}][price]", "parameter_missing")
    first = subscription["items"]["data"][0]
    if price["recurring"]["interval"] != first["price"]["recurring"]["interval"]:
        raise invalid("All items of a subscription must have the same interval.", f"items[{index}][price]")
    period = first["current_period_start"], first["current_period_end"]
    return billing.new_item(sandbox, subscription["id"], price, wish.get("quantity", 1), period)


def _apply(sandbox: Sandbox, item: Json, wish: Json, index: int) -> None:
    price = _price(sandbox, item["price"], wish, index)
    if price:
        item["price"], item["plan"] = price, billing.plan_of(price)
    if wish.get("quantity"):
        item["quantity"] = wish["quantity"]


def _price(sandbox: Sandbox, like: Json, wish: Json, index: int) -> Json | None:
    """The price an item is to have, which is recurring and in the currency of what is there."""
    if wish.get("price_data"):
        price = create_price(sandbox, wish["price_data"])
    elif wish.get("price"):
        price = sandbox.require("price", wish["price"], f"items[{index}][price]")
    else:
        return None
    if price["currency"] != like["currency"] or not price["recurring"]:
        raise invalid("The new price must be recurring and in the same currency.", f"items[{index}][price]")
    return price


def _other_rhythm(old: Json | None, new: Json | None) -> bool:
    if old is None or new is None:
        return False
    before, after = old["price"]["recurring"], new["price"]["recurring"]
    return (before["interval"], before["interval_count"]) != (after["interval"], after["interval_count"])


def _lines(
    sandbox: Sandbox,
    subscription: Json,
    old: Json | None,
    new: Json | None,
    now: int,
    *,
    credited: bool,
    restarted: bool,
) -> list[Json]:
    lines = []
    if credited and old:
        text = f"Unused time on {billing.describe(sandbox, old)}"
        end = old["current_period_end"]
        lines.append(invoicing.item_line(subscription, old, now, end, amount=-_rest(old, now), text=text))
    if new is None:
        return lines
    end = new["current_period_end"]
    if restarted:
        lines.append(invoicing.item_line(subscription, new, now, end, text=billing.describe(sandbox, new)))
    elif credited:
        text = f"Remaining time on {billing.describe(sandbox, new)}"
        lines.append(invoicing.item_line(subscription, new, now, end, amount=_rest(new, now), text=text))
    return lines


def _rest(item: Json, now: int) -> int:
    whole = item["price"]["unit_amount"] * item["quantity"]
    return unused(whole, item["current_period_start"], item["current_period_end"], now)


# Making a change


def change_items(sandbox: Sandbox, subscription: Json, params: Json, others: Json | None = None) -> None:
    """Makes what `params` ask for, with `others` changed in the same breath. `payment_behavior` says what happens
    when the bill for it is not paid: nothing (allow_incomplete), the change waits (pending_if_incomplete), or it is
    refused as a whole (error_if_incomplete)."""
    change = planned(sandbox, subscription, params)
    behavior = params.get("payment_behavior", "allow_incomplete")
    if behavior == "pending_if_incomplete" and change.at_once and change.lines:
        _try(sandbox, subscription, change)
        return
    invoice = make(sandbox, subscription, change, others or {})
    if invoice and invoice["status"] == "open" and behavior != "default_incomplete":
        attempt = billing.collect(sandbox, invoice)
        if behavior == "error_if_incomplete" and attempt.status != "succeeded":
            raise _not_paid(attempt)


def _not_paid(attempt: Attempt) -> ApiError:
    message = attempt.message or "The payment needs the customer, so the change was not made."
    return ApiError(402, message, kind="card_error", code=attempt.code or "subscription_payment_intent_requires_action")


def make(sandbox: Sandbox, subscription: Json, change: Change, others: Json) -> Json | None:
    """Makes the change and tells of it once; its invoice, if it is billed at once."""
    billed = bool(change.lines) and change.at_once
    if billed:
        others = others | {"latest_invoice": identifier("invoice")}
    put(sandbox, subscription, change, others, "customer.subscription.updated")
    if not billed:
        waiting: list[Any] = sandbox.store.hidden(subscription["id"]).get("waiting_lines", [])
        sandbox.store.hide(subscription["id"], waiting_lines=[*waiting, *change.lines])
        return None
    invoice = billing.invoice_for(sandbox, subscription, "subscription_update", change.lines)
    return invoicing.finalize(sandbox, invoice)


def put(sandbox: Sandbox, subscription: Json, change: Change, others: Json, event: str | None) -> None:
    """The items as they are afterwards; a new period moves the calendar."""
    changes: Json = others | {"items": subscription["items"] | {"data": change.items}}
    if change.anchor:
        changes["billing_cycle_anchor"] = change.anchor
    sandbox.update(subscription, event, **changes)
    if change.anchor:
        billing.set_calendar(sandbox, subscription)


# A change that waits for its payment


def _try(sandbox: Sandbox, subscription: Json, change: Change) -> None:
    sandbox.update(subscription, latest_invoice=identifier("invoice"))
    invoice = billing.invoice_for(sandbox, subscription, "subscription_update", change.lines)
    invoicing.finalize(sandbox, invoice)
    if invoice["status"] == "paid":
        put(sandbox, subscription, change, {}, "customer.subscription.updated")
        return
    _hold(sandbox, subscription, change, invoice)
    billing.collect(sandbox, invoice)
    subscription |= sandbox.require("subscription", subscription["id"])


def _hold(sandbox: Sandbox, subscription: Json, change: Change, invoice: Json) -> None:
    until = sandbox.now() + PENDING_FOR
    pending = {
        "billing_cycle_anchor": change.anchor,
        "cancel_at_period_end": None,
        "discount": None,
        "discounts": None,
        "expires_at": until,
        "metadata": None,
        "subscription_items": change.items,
        "trial_end": None,
        "trial_from_plan": None,
    }
    sandbox.store.hide(subscription["id"], pending_invoice=invoice["id"])
    sandbox.update(subscription, "customer.subscription.updated", pending_update=pending)
    sandbox.at(until, "subscription.expire_pending", subscription["id"])


@billing.when_paid
def apply_pending(sandbox: Sandbox, subscription: Json, invoice: Json) -> None:
    """The bill of a waiting change is paid: now it is made."""
    pending = subscription["pending_update"]
    if not pending or sandbox.store.hidden(subscription["id"]).get("pending_invoice") != invoice["id"]:
        return
    change = Change(pending["subscription_items"], [], at_once=False, anchor=pending["billing_cycle_anchor"])
    put(sandbox, subscription, change, {"pending_update": None}, "customer.subscription.updated")
    sandbox.emit("customer.subscription.pending_update_applied", subscription)


@timer("subscription.expire_pending")
def expire_pending(sandbox: Sandbox, subscription: Json) -> None:
    """Nobody paid in time: the change is dropped and its invoice void."""
    pending = subscription["pending_update"]
    if not pending or pending["expires_at"] > sandbox.now():
        return
    sandbox.update(subscription, pending_update=None)
    sandbox.emit("customer.subscription.pending_update_expired", subscription)
    invoice = sandbox.get("invoice", sandbox.store.hidden(subscription["id"]).get("pending_invoice"))
    if invoice and invoice["status"] == "open":
        invoicing.close(sandbox, invoice, "void")


def rest_lines(sandbox: Sandbox, subscription: Json) -> list[Json]:
    """Lines that give back the rest of the period of every item."""
    found = [
        _lines(sandbox, subscription, item, None, sandbox.now(), credited=True, restarted=False)
        for item in subscription["items"]["data"]
    ]
    return [line for lines in found for line in lines]


def credit_unused(sandbox: Sandbox, subscription: Json, bill: bool) -> None:
    """Canceling with `prorate`: the unused rest becomes the customer's credit, by an invoice below zero."""
    lines = rest_lines(sandbox, subscription)
    if bill and any(line["amount"] for line in lines):
        sandbox.update(subscription, latest_invoice=identifier("invoice"))
        invoice = billing.invoice_for(sandbox, subscription, "subscription_update", lines)
        invoicing.finalize(sandbox, invoice)
