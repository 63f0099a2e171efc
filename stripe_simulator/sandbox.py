"""One account of the local Stripe: its objects, its clock, its events. Everything else acts through it.

A request, a page and a timer each run inside `transaction()`: one at a time, all or nothing, with the events that
arose handed to the deliveries at its end.
"""

from __future__ import annotations

import secrets
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from . import contract, wheel
from .blank import Json, blank, identifier
from .delivery import plan
from .errors import ApiError, missing
from .knobs import Knobs
from .store import Store

DAY = 86_400
AT_START = "Given when the local Stripe was started"
UNASKED: Json = {"id": None, "idempotency_key": None}  # an event no API request is the cause of

Timer = Callable[["Sandbox", Json], object]
TIMERS: dict[str, Timer] = {}
Deed = TypeVar("Deed", bound=Timer)


def timer(action: str) -> Callable[[Deed], Deed]:
    """Registers what happens when time has come for an object: the function gets the object as it is then."""

    def register(function: Deed) -> Deed:
        TIMERS[action] = function
        return function

    return register


def problems_of_event(event: Json) -> list[contract.Problem]:
    """What in an event, in the object it is about or in the names of what changed, breaks the contract."""
    subject, previous = event["data"]["object"], event["data"].get("previous_attributes") or {}
    kind = subject["object"]
    whole = {"id": "upcoming", **subject} if event["type"] == "invoice.upcoming" else subject
    unknown = set(previous) - set(contract.object_schema(kind)["properties"])
    strange = [contract.Problem((kind, name), "unknown", "changed, and unknown") for name in sorted(unknown)]
    return contract.check_object(event) + contract.check_object(whole) + strange


class Sandbox:
    """`source` is the clock: seconds since 1970 as a float; the simulated time is that plus what was advanced."""

    def __init__(
        self,
        store: Store,
        *,
        secret: str = "",
        webhook: str = "",
        public_url: str = "",
        business: str = "Local Stripe sandbox",
        strict: bool = False,
        source: Callable[[], float] = time.time,
    ) -> None:
        self.store, self.source, self.strict = store, source, strict
        self.secret, self.webhook, self.public_url = secret, webhook, public_url.rstrip("/")
        self.business = business
        self.lock = threading.RLock()
        self.delivered = threading.Condition(self.lock)
        self._instant: int | None = None
        self._clock = ""
        self._request: Json = UNASKED
        self._arisen: list[Json] = []
        self._depth = 0
        with self.transaction():
            self._furnish()

    # Time

    @property
    def offset(self) -> int:
        return int(self.store.setting("clock_offset", 0))

    def now(self) -> int:
        """Simulated time in whole seconds: while a timer runs the moment it was set for, on a test clock its time."""
        return self._instant if self._instant is not None else self.wall()

    def wall(self) -> int:
        """The account's time, which is everybody's who is on no test clock."""
        return int(self.source()) + self.offset

    def by_our_clock(self, told: int) -> int:
        """A moment a client computed from the real time, on the simulated clock, which may be ahead of it."""
        return told + self.offset if told <= self.wall() else told

    def at(self, due: int, action: str, object_id: str, *, by_wall: bool = False) -> None:
        """Sets a timer: on the test clock that is in force or the object is on, or by the account's time."""
        clock = "" if by_wall else self._clock or self.clock_of(object_id)
        self.store.add("timer", due=due, action=action, object_id=object_id, clock=clock)

    def clock_of(self, *ids: str) -> str:
        """The id of the test clock one of these objects (or its customer) is on, or nothing."""
        if not self.store.setting("test_clocks"):
            return ""
        for body in filter(None, (self.store.get(i) for i in ids)):
            if body["object"] == "test_helpers.test_clock":
                return str(body["id"])
            holder = body if body.get("test_clock") else self.get("customer", body.get("customer")) or {}
            if holder.get("test_clock"):
                return str(holder["test_clock"])
        return ""

    @contextmanager
    def on_clock(self, *ids: str) -> Iterator[None]:
        """What happens inside happens at the time of the objects' test clock, if they are on one."""
        clock = self.clock_of(*ids)
        if not clock:
            yield
            return
        with self._moment(self.require("test_helpers.test_clock", clock)["frozen_time"], clock):
            yield

    @contextmanager
    def _moment(self, instant: int, clock: str) -> Iterator[None]:
        before = self._instant, self._clock
        self._instant, self._clock = instant, clock
        try:
            yield
        finally:
            self._instant, self._clock = before

    def run_due(self, until: int | None = None, clock: str = "") -> None:
        """Lets everything happen that is due by `until` (default: now), in order of time; a clock's or nobody's."""
        until = self.wall() if until is None else until
        due = "SELECT * FROM timer WHERE clock = ? AND due <= ? ORDER BY due, seq LIMIT 1"
        while row := self.store.row(due, clock, until):
            self.store.db.execute("DELETE FROM timer WHERE seq = ?", (row["seq"],))
            subject = self.store.get(row["object_id"])
            if subject is not None:
                self._run(row["action"], row["due"], clock, subject)

    def _run(self, action: str, due: int, clock: str, subject: Json) -> None:
        """One timer's deed, whole or not at all: one that fails is reported and must not stop all others."""
        request, arisen = self._request, len(self._arisen)
        self._request = UNASKED
        self.store.db.execute("SAVEPOINT timer")
        try:
            with self._moment(due, clock):
                TIMERS[action](self, subject)
        except Exception as error:
            traceback.print_exc()
            self.store.db.execute("ROLLBACK TO timer")
            del self._arisen[arisen:]
            self.store.add("violation", at=due, place=f"timer {action}", detail=f"{type(error).__name__}: {error}")
        finally:
            self.store.db.execute("RELEASE timer")
            self._request = request

    def advance(self, seconds: int) -> None:
        """Moves the clock forward; renewals, expiries and settlements happen on the way, each at its time."""
        if seconds < 0:
            raise ApiError(400, "The clock only goes forward.", param="seconds")
        self.run_due(self.wall() + seconds)
        self.store.set("clock_offset", self.offset + seconds)

    # Transactions

    @contextmanager
    def transaction(self, request_id: str | None = None, key: str | None = None) -> Iterator[None]:
        with self.lock:
            if self._depth:
                raise RuntimeError("transactions of the local Stripe do not nest")
            self._request, self._arisen, self._depth = {"id": request_id, "idempotency_key": key}, [], 1
            self.store.db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except ApiError as error:
                self._finish(keep=error.executed)
                raise
            except BaseException:
                self._finish(keep=False)
                raise
            else:
                self._finish(keep=True)

    def _finish(self, keep: bool) -> None:
        self._depth = 0
        try:
            if keep:
                self._plan_deliveries()
        except BaseException:
            self.store.db.execute("ROLLBACK")
            raise
        self.store.db.execute("COMMIT" if keep else "ROLLBACK")
        self.delivered.notify_all()

    # Objects

    def new(self, kind: str, hidden: Json | None = None, /, **values: Any) -> Json:
        """Creates, stores and returns an object."""
        created = {"created": self.now()} if "created" in contract.object_schema(kind)["properties"] else {}
        body = blank(kind, **{"id": identifier(kind), **created, **values})
        self.store.insert(body, hidden)
        return body

    def get(self, kind: str, object_id: str | None) -> Json | None:
        """The object, unless there is none of this kind or it was deleted."""
        body = self.store.get(object_id) if object_id else None
        return body if body and body["object"] == kind and not body.get("deleted") else None

    def require(self, kind: str, object_id: str, param: str | None = "id") -> Json:
        body = self.get(kind, object_id)
        if body is None:
            raise missing(kind, object_id, param)
        return body

    def as_read(self, body: Json) -> Json:
        """How a GET sees an object: as it is, or with the knob `stale_reads` as it was a moment ago."""
        return self.store.as_of(body, self.source() - self.knobs.stale_reads) if self.knobs.stale_reads else body

    def update(self, body: Json, event: str | None = None, /, **changes: Any) -> Json:
        """Changes an object in place and in store; `event` tells of it with the previous values of what changed.

        An update that changes nothing is not told.
        """
        before = self.store.get(body["id"]) or body
        if self.knobs.stale_reads:
            self.store.keep(before, self.source())
        body.update(changes)
        self.store.save(body)
        if event:
            previous = {name: before.get(name) for name in body if body[name] != before.get(name)}
            if not event.endswith("updated"):
                self.emit(event, body)
            elif previous:
                self.emit(event, body, previous)
        return body

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """What happens inside is done for real, read, and then has never happened."""
        arisen = len(self._arisen)
        self.store.db.execute("SAVEPOINT rehearsal")
        try:
            yield
        finally:
            self.store.db.execute("ROLLBACK TO rehearsal")
            self.store.db.execute("RELEASE rehearsal")
            del self._arisen[arisen:]

    # Events

    def emit(self, event_type: str, subject: Json, previous: Json | None = None) -> None:
        """Records what `subject` looked like when this happened; the snapshot is never rendered anew."""
        data: Json = {"object": subject} | ({"previous_attributes": previous} if previous is not None else {})
        event = self.new(
            "event",
            type=event_type,
            api_version=wheel.api_version(),
            data=data,
            request=dict(self._request),
            pending_webhooks=0,
        )
        self._arisen.append(event)
        if self.strict:
            self.report(f"event {event_type}", problems_of_event(event))

    def report(self, place: str, problems: list[contract.Problem]) -> None:
        for problem in problems:
            self.store.add("violation", at=self.now(), place=place, detail=str(problem))

    # Settings of this account

    @property
    def knobs(self) -> Knobs:
        return Knobs(**self.store.setting("knobs", {}))

    def turn(self, **changes: Any) -> Knobs:
        knobs = Knobs(**(self.store.setting("knobs", {}) | changes))
        self.store.set("knobs", {name: value for name, value in vars(knobs).items() if value is not None})
        return knobs

    def reset(self) -> None:
        self.store.clear()
        self._arisen = []
        self._furnish()

    def _furnish(self) -> None:
        """A new account knows its own id and the webhook endpoint it was started with."""
        if self.store.setting("account") is None:
            self.store.set("account", "acct_1" + secrets.token_hex(8))
        if self.webhook:
            self._point_webhook()

    def _point_webhook(self) -> None:
        """The endpoint given at the start; a state kept from an earlier start learns its new address and secret."""
        secret = {"secret": self.secret}
        known = next((e for e in self.store.of_kind("webhook_endpoint") if e["description"] == AT_START), None)
        if known:
            self.update(known, url=self.webhook)
            self.store.hide(known["id"], **secret)
            return
        told = {"url": self.webhook, "enabled_events": ["*"], "description": AT_START, "status": "enabled"}
        self.new("webhook_endpoint", secret, api_version=wheel.api_version(), **told)

    def _plan_deliveries(self) -> None:
        if self._arisen:
            plan(self, self._arisen)
