"""Subscription schedules: what a subscription is for, phase by phase.

A phase that begins with a period changes the plan before the renewal is billed, so that nothing is prorated.
"""

from __future__ import annotations

from typing import Any

from . import billing, invoicing
from .blank import Json
from .errors import invalid
from .periods import step
from .plan_change import Change, make, planned, put
from .sandbox import Sandbox, timer

KIND = "subscription_schedule"
LIVING = ("not_started", "active")
SETTINGS: Json = {
    "billing_cycle_anchor": "automatic",
    "invoice_settings": {"account_tax_ids": None, "days_until_due": None, "issuer": {"type": "self"}},
}


def from_subscription(sandbox: Sandbox, subscription: Json) -> Json:
    """A schedule of one phase: what the subscription is for now, to the end of its period."""
    if subscription["status"] in billing.ENDED or subscription["schedule"]:
        raise invalid("This subscription is over or has a schedule already.", "from_subscription")
    items = [{"price": item["price"]["id"], "quantity": item["quantity"]} for item in subscription["items"]["data"]]
    start, end = subscription["items"]["data"][0]["current_period_start"], billing.period_end(subscription)
    told = phases(sandbox, [{"items": items, "start_date": start, "end_date": end}], start)
    return _new(sandbox, subscription["customer"], told, "release", subscription)


def from_phases(sandbox: Sandbox, customer: str, params: Json) -> Json:
    """A schedule for a subscription that begins with its first phase, now or later."""
    told_start = params.get("start_date", "now")
    start = sandbox.now() if told_start == "now" else int(told_start)
    told = phases(sandbox, params.get("phases") or [], start)
    schedule = _new(sandbox, customer, told, params.get("end_behavior", "release"), None)
    if start <= sandbox.now():
        begin(sandbox, schedule)
    return schedule


def _new(sandbox: Sandbox, customer: str, told: list[Json], end_behavior: str, subscription: Json | None) -> Json:
    first = {"start_date": told[0]["start_date"], "end_date": told[0]["end_date"]}
    schedule = sandbox.new(
        KIND,
        billing_mode=billing.FRESH["billing_mode"],
        current_phase=first if subscription else None,
        customer=customer,
        default_settings=SETTINGS,
        end_behavior=end_behavior,
        phases=told,
        status="active" if subscription else "not_started",
        subscription=subscription["id"] if subscription else None,
        test_clock=sandbox.clock_of(customer) or None,
    )
    if subscription:
        sandbox.update(subscription, "customer.subscription.updated", schedule=schedule["id"])
    sandbox.emit("subscription_schedule.created", schedule)
    _set_timers(sandbox, schedule)
    return schedule


def phases(sandbox: Sandbox, told: list[Json], start: int) -> list[Json]:
    """The phases as they are kept, each beginning where the one before it ends."""
    if not told:
        raise invalid("Missing required param: phases.", "phases", "parameter_missing")
    kept = []
    for index, phase in enumerate(told):
        items = [_item(sandbox, item, f"phases[{index}][items][{n}]") for n, item in enumerate(phase["items"])]
        end = _end(sandbox, phase, start, items, index)
        currency = sandbox.require("price", items[0]["price"])["currency"]
        kept.append(_phase(items, start, end, phase.get("proration_behavior", "create_prorations"), currency))
        start = end
    return kept


def _item(sandbox: Sandbox, item: Json, place: str) -> Json:
    price = sandbox.require("price", item.get("price") or "", f"{place}[price]")
    if not price["recurring"]:
        raise invalid(f"The price {price['id']} is not recurring.", f"{place}[price]")
    values: Json = {"billing_thresholds": None, "discounts": [], "metadata": {}, "tax_rates": []}
    return values | {"plan": price["id"], "price": price["id"], "quantity": item.get("quantity", 1)}


def _end(sandbox: Sandbox, phase: Json, start: int, items: list[Json], index: int) -> int:
    told = phase.get("end_date")
    length = phase.get("duration") or sandbox.require("price", items[0]["price"])["recurring"]
    end = sandbox.now() if told == "now" else told or step(start, length["interval"], length.get("interval_count") or 1)
    if end < start:
        raise invalid("A phase ends after it starts.", f"phases[{index}][end_date]")
    return int(end)


NOT_SET = (
    "application_fee_percent",
    "automatic_tax",
    "billing_cycle_anchor",
    "billing_thresholds",
    "collection_method",
    "default_payment_method",
    "description",
    "invoice_settings",
    "on_behalf_of",
    "transfer_data",
    "trial_end",
)


def _phase(items: list[Json], start: int, end: int, behavior: str, currency: str) -> Json:
    empty: Json = {"add_invoice_items": [], "default_tax_rates": [], "discounts": [], "metadata": {}}
    told: Json = {"start_date": start, "end_date": end, "proration_behavior": behavior, "items": items}
    return dict.fromkeys(NOT_SET) | empty | told | {"currency": currency}


def _set_timers(sandbox: Sandbox, schedule: Json) -> None:
    for moment in {date for phase in schedule["phases"] for date in (phase["start_date"], phase["end_date"])}:
        if moment > sandbox.now():
            sandbox.at(moment, "schedule.turn", schedule["id"])


# As time passes


def begin(sandbox: Sandbox, schedule: Json) -> None:
    """The first phase starts: the subscription is made, and billed."""
    wanted = [(sandbox.require("price", one["price"]), one["quantity"]) for one in schedule["phases"][0]["items"]]
    subscription = billing.create(sandbox, schedule["customer"], wanted, schedule=schedule["id"])
    billing.open_for_business(sandbox, subscription)
    lines = billing.period_lines(sandbox, subscription)
    invoice = billing.invoice_for(sandbox, subscription, "subscription_create", lines)
    invoicing.finalize(sandbox, invoice)
    if invoice["status"] == "open":
        billing.collect(sandbox, invoice)
    else:
        sandbox.update(subscription, "customer.subscription.updated", status="active")
    dates = {name: schedule["phases"][0][name] for name in ("start_date", "end_date")}
    changes: Json = {"status": "active", "subscription": subscription["id"], "current_phase": dates}
    sandbox.update(schedule, "subscription_schedule.updated", **changes)


@timer("schedule.turn")
def turn(sandbox: Sandbox, schedule: Json) -> None:
    if schedule["status"] == "not_started" and schedule["phases"][0]["start_date"] <= sandbox.now():
        begin(sandbox, schedule)
    elif schedule["status"] == "active":
        subscription = sandbox.get("subscription", schedule["subscription"])
        if subscription and subscription["status"] not in billing.ENDED:
            _enter(sandbox, schedule, subscription, renews=False)


@billing.before_cycle
def before_renewal(sandbox: Sandbox, subscription: Json) -> None:
    """A phase that begins with the period changes the plan before it is billed."""
    schedule = sandbox.get(KIND, subscription["schedule"])
    if schedule and schedule["status"] == "active":
        _enter(sandbox, schedule, subscription, renews=True)


def _enter(sandbox: Sandbox, schedule: Json, subscription: Json, *, renews: bool) -> None:
    """Into the phase of this moment, if it is another one; or out of the schedule, after its last."""
    now = sandbox.now()
    if now >= schedule["phases"][-1]["end_date"]:
        _complete(sandbox, schedule, subscription)
        return
    phase = next((p for p in schedule["phases"] if p["start_date"] <= now < p["end_date"]), None)
    if phase is None or phase["start_date"] == (schedule["current_phase"] or {}).get("start_date"):
        return
    behavior = "none" if renews else phase["proration_behavior"]
    wishes = {"items": _wishes(subscription, phase), "proration_behavior": behavior}
    change = planned(sandbox, subscription, wishes)
    if renews:  # the renewal itself bills the new period
        put(sandbox, subscription, Change(change.items, [], at_once=False), {}, None)
    else:
        invoice = make(sandbox, subscription, change, {})
        if invoice and invoice["status"] == "open":
            billing.collect(sandbox, invoice)
    dates = {name: phase[name] for name in ("start_date", "end_date")}
    sandbox.update(schedule, "subscription_schedule.updated", current_phase=dates)


def _wishes(subscription: Json, phase: Json) -> list[Json]:
    """The items of an update that turn what there is into what the phase wants."""
    there, wanted = subscription["items"]["data"], phase["items"]
    wishes: list[Json] = []
    for index in range(max(len(there), len(wanted))):
        wish: dict[str, Any] = {"id": there[index]["id"]} if index < len(there) else {}
        told = wanted[index] if index < len(wanted) else None
        kept = {name: told[name] for name in ("price", "quantity")} if told else {"deleted": True}
        wishes.append(wish | kept)
    return wishes


def _complete(sandbox: Sandbox, schedule: Json, subscription: Json) -> None:
    if schedule["end_behavior"] == "cancel":
        sandbox.update(schedule, status="completed", completed_at=sandbox.now(), current_phase=None)
        sandbox.emit("subscription_schedule.completed", schedule)
        billing.cancel_now(sandbox, subscription)
    else:
        release(sandbox, schedule)


# By order


def check_living(schedule: Json) -> None:
    if schedule["status"] not in LIVING:
        raise invalid(f"This schedule is {schedule['status']}.", "schedule")


def replan(sandbox: Sandbox, schedule: Json, told: list[Json]) -> list[Json]:
    """New phases in place of the old; the current one keeps its start."""
    check_living(schedule)
    first = told[0].get("start_date") if told else None
    known = (schedule["current_phase"] or schedule["phases"][0])["start_date"]
    start = sandbox.now() if first == "now" else int(first or known)
    return phases(sandbox, told, start)


def replanned(sandbox: Sandbox, schedule: Json) -> None:
    """After new phases were kept: their timers, and the one of this moment."""
    _set_timers(sandbox, schedule)
    turn(sandbox, schedule)


def release(sandbox: Sandbox, schedule: Json) -> Json:
    """The subscription goes on as it is, without the schedule."""
    check_living(schedule)
    subscription = sandbox.get("subscription", schedule["subscription"])
    if subscription:
        sandbox.update(subscription, schedule=None)
    changes: Json = {"status": "released", "released_at": sandbox.now(), "subscription": None, "current_phase": None}
    sandbox.update(schedule, released_subscription=schedule["subscription"], **changes)
    sandbox.emit("subscription_schedule.released", schedule)
    return schedule


def cancel(sandbox: Sandbox, schedule: Json) -> Json:
    """With its subscription."""
    check_living(schedule)
    subscription = sandbox.get("subscription", schedule["subscription"])
    sandbox.update(schedule, status="canceled", canceled_at=sandbox.now(), current_phase=None)
    sandbox.emit("subscription_schedule.canceled", schedule)
    if subscription and subscription["status"] not in billing.ENDED:
        billing.cancel_now(sandbox, subscription)
    return schedule
