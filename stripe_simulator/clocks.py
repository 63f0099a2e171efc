"""Test clocks: a time of their own for up to three customers, moved forward on order."""

from __future__ import annotations

from . import customers
from .billing import ENDED
from .blank import Json
from .errors import invalid
from .periods import period_after
from .sandbox import DAY, Sandbox, timer

KIND = "test_helpers.test_clock"
LIVES = 30 * DAY
MOST_CUSTOMERS = 3


def create(sandbox: Sandbox, frozen_time: int, name: str | None) -> Json:
    sandbox.store.set("test_clocks", True)
    clock = sandbox.new(
        KIND,
        name=name,
        frozen_time=frozen_time,
        status="ready",
        status_details={},
        deletes_after=sandbox.wall() + LIVES,
    )
    sandbox.at(clock["deletes_after"], "test_clock.delete", clock["id"], by_wall=True)
    sandbox.emit("test_helpers.test_clock.created", clock)
    return clock


def on_it(sandbox: Sandbox, clock: Json, kind: str) -> list[Json]:
    return [body for body in sandbox.store.of_kind(kind) if body.get("test_clock") == clock["id"]]


def check_room(sandbox: Sandbox, clock_id: str) -> Json:
    clock = sandbox.require(KIND, clock_id, "test_clock")
    if len(on_it(sandbox, clock, "customer")) >= MOST_CUSTOMERS:
        raise invalid(f"A test clock can have at most {MOST_CUSTOMERS} customers.", "test_clock")
    return clock


def advance(sandbox: Sandbox, clock: Json, to: int) -> Json:
    """Everything due on the way happens at its moment. The reply says advancing; by then it is ready to read."""
    if to <= clock["frozen_time"]:
        raise invalid("The clock can only be advanced to a time after its frozen time.", "frozen_time")
    _check_distance(sandbox, clock, to)
    told = {"advancing": {"target_frozen_time": to}}
    sandbox.update(clock, status="advancing", status_details=told)
    sandbox.emit("test_helpers.test_clock.advancing", clock)
    reply = dict(clock)
    sandbox.run_due(to, clock["id"])
    sandbox.update(clock, frozen_time=to, status="ready", status_details={})
    sandbox.emit("test_helpers.test_clock.ready", clock)
    return reply


def _check_distance(sandbox: Sandbox, clock: Json, to: int) -> None:
    """At most two intervals of the shortest subscription at a time; two years where there is none."""
    running = [s for s in on_it(sandbox, clock, "subscription") if s["status"] not in ENDED]
    rhythms = [item["price"]["recurring"] for subscription in running for item in subscription["items"]["data"]]
    now = clock["frozen_time"]
    once = [period_after(now, rhythm, now)[1] for rhythm in rhythms or [{"interval": "year", "interval_count": 1}]]
    if to > now + 2 * (min(once) - now) + DAY:
        message = "You can advance a test clock by at most two intervals of its shortest subscription."
        raise invalid(message, "frozen_time", "test_clock_advance_too_far")


@timer("test_clock.delete")
def delete(sandbox: Sandbox, clock: Json) -> Json:
    """With its customers, whose subscriptions end."""
    for customer in on_it(sandbox, clock, "customer"):
        customers.delete_customer(sandbox, customer)
    sandbox.store.db.execute("DELETE FROM timer WHERE clock = ?", (clock["id"],))
    sandbox.emit("test_helpers.test_clock.deleted", clock)
    sandbox.store.delete(clock["id"])
    return {"id": clock["id"], "object": KIND, "deleted": True}
