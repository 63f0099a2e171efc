"""Webhooks: which event goes where and when, its signature, its retries.

`plan` runs inside the transaction in which the events arose; `Deliverer` posts from its own threads and holds the
sandbox's lock only to pick a delivery and to write down its outcome.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import random
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .blank import Json
from .knobs import Knobs

if TYPE_CHECKING:
    from .sandbox import Sandbox

HELD_BACK = 2.0  # seconds the first event of a batch stays behind with order = held_back_one
REDIRECT_LEAD = 2.0  # seconds the visitor's browser gets ahead with redirect = redirect_first
TICK = 0.25  # seconds between two looks at what is due
IDLE = 0.5  # seconds between two looks of a worker that is not needed
LOOK_BACK = 200  # events among which the one just made is looked for

PENDING = """SELECT * FROM delivery WHERE status = 'pending' AND due <= ? ORDER BY due, rank, seq LIMIT 1"""


def sign(body: str, secret: str, at: int) -> str:
    """Stripe's v1 scheme: the HMAC-SHA256 of "t.body", as hexadecimal digits."""
    return hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()


def signature_header(body: str, secrets: list[str], at: int) -> str:
    """During a secret's roll there are two, and two v1 values."""
    return ",".join([f"t={at}", *(f"v1={sign(body, secret, at)}" for secret in secrets)])


def wants(endpoint: Json, event_type: str) -> bool:
    enabled = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in enabled or event_type in enabled)


def plan(sandbox: Sandbox, events: list[Json]) -> None:
    """Queues the events of one transaction for every endpoint that subscribed to them."""
    knobs = sandbox.knobs
    chance = random.Random(f"{knobs.seed}:{sandbox.store.setting('batches', 0)}")  # noqa: S311  it is to repeat
    sandbox.store.set("batches", sandbox.store.setting("batches", 0) + 1)
    due = sandbox.source() + sandbox.offset
    endpoints = [e for e in sandbox.store.of_kind("webhook_endpoint") if not e.get("deleted")]
    for rank, event in _ranked(events, knobs, chance):
        takers = [endpoint for endpoint in endpoints if wants(endpoint, event["type"])]
        for endpoint in takers:
            _queue(sandbox, event, endpoint, due, rank, knobs, chance)
        sandbox.update(event, pending_webhooks=len(takers))


def _ranked(events: list[Json], knobs: Knobs, chance: random.Random) -> list[tuple[int, Json]]:
    ranks = list(range(len(events)))
    if knobs.order == "shuffled":
        chance.shuffle(ranks)
    elif knobs.order == "reversed":
        ranks.reverse()
    return list(zip(ranks, events, strict=True))


def _queue(
    sandbox: Sandbox, event: Json, endpoint: Json, due: float, rank: int, knobs: Knobs, chance: random.Random
) -> None:
    dropped = knobs.redirect == "webhook_never" or chance.random() < knobs.drop_p
    copies = 2 if chance.random() < knobs.duplicate_p else 1
    due += knobs.delay + knobs.jitter * chance.random()
    due += REDIRECT_LEAD if knobs.redirect == "redirect_first" else 0.0
    due += HELD_BACK if knobs.order == "held_back_one" and rank == 0 else 0.0
    for _ in range(copies):
        sandbox.store.add(
            "delivery",
            event_id=event["id"],
            endpoint_id=endpoint["id"],
            type=event["type"],
            due=due,
            rank=rank,
            status="dropped" if dropped else "pending",
        )


def redeliver(sandbox: Sandbox, event: Json) -> int:
    """Sends an event again to every endpoint that takes it, as the Dashboard's "Resend" does; how many."""
    takers = [e for e in sandbox.store.of_kind("webhook_endpoint") if not e.get("deleted") and wants(e, event["type"])]
    for endpoint in takers:
        sandbox.store.add(
            "delivery", event_id=event["id"], endpoint_id=endpoint["id"], type=event["type"], due=0, status="pending"
        )
    return len(takers)


def quiet(sandbox: Sandbox, seconds: float = 12.0) -> None:
    """Sends nothing more, and waits until no delivery is under way. Who holds the lock can be sure that none begins."""
    deadline = time.monotonic() + seconds
    with sandbox.lock:
        sandbox.store.db.execute("UPDATE delivery SET status = 'dropped' WHERE status = 'pending'")
        while sandbox.store.row("SELECT 1 FROM delivery WHERE status = 'sending'") and time.monotonic() < deadline:
            sandbox.delivered.wait(0.5)


def wait_until_sent(sandbox: Sandbox, seconds: float) -> None:
    """Returns once everything due was tried for the first time, or when time is up."""
    deadline = time.monotonic() + seconds
    unsent = "SELECT 1 FROM delivery WHERE attempt = 0 AND status IN ('pending', 'sending') AND due <= ?"
    with sandbox.lock:
        while sandbox.store.row(unsent, sandbox.source() + sandbox.offset) and time.monotonic() < deadline:
            sandbox.delivered.wait(0.2)


def payload(event: Json) -> str:
    """Pretty-printed as Stripe sends it, so that only a check of the raw body can succeed."""
    return json.dumps(event, indent=2, ensure_ascii=False)


class Deliverer:
    """Posts pending deliveries in order, `concurrency` (at most four) at a time."""

    def __init__(self, sandbox: Sandbox, workers: int = 4) -> None:
        self.sandbox, self.stopping = sandbox, False
        self.threads = [threading.Thread(target=self._work, args=(n,), daemon=True) for n in range(workers)]

    def start(self) -> None:
        with self.sandbox.lock:  # what was under way when the program was last stopped
            self.sandbox.store.db.execute("UPDATE delivery SET status = 'pending' WHERE status = 'sending'")
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        with self.sandbox.lock:
            self.stopping = True
            self.sandbox.delivered.notify_all()
        for thread in self.threads:
            thread.join(timeout=2)

    def _work(self, number: int) -> None:
        while not self.stopping:
            with self.sandbox.lock:
                needed = number < self.sandbox.knobs.concurrency
            if not needed:
                time.sleep(IDLE)
                continue
            task = self._take()
            if task is not None:
                row, event, endpoint = task
                self._settle(row, self._post(event, endpoint))

    def _take(self) -> tuple[dict[str, Any], Json, Json] | None:
        sandbox = self.sandbox
        with sandbox.lock:
            row = sandbox.store.row(PENDING, sandbox.source() + sandbox.offset)
            if row is None:
                sandbox.delivered.wait(TICK)
                return None
            event, endpoint = sandbox.store.get(row["event_id"]), sandbox.store.get(row["endpoint_id"])
            gone = event is None or endpoint is None or endpoint.get("deleted")
            self._mark(row, status="dropped" if gone else "sending")
            return None if event is None or endpoint is None or gone else (row, event, endpoint)

    def _mark(self, row: dict[str, Any], **changes: Any) -> None:
        names = ", ".join(f"{name} = ?" for name in changes)
        self.sandbox.store.db.execute(f"UPDATE delivery SET {names} WHERE seq = ?", (*changes.values(), row["seq"]))  # noqa: S608  our own names

    def _post(self, event: Json, endpoint: Json) -> tuple[int | None, str]:
        """(status, reply or reason); the status is None when no answer came."""
        with self.sandbox.lock:
            knobs, hidden = self.sandbox.knobs, self.sandbox.store.hidden(endpoint["id"])
        body = payload(event)
        sent = body[: len(body) // 2] if _cut_short(knobs, event) else body
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Cache-Control": "no-cache",
        } | _signature(body, hidden["secret"], knobs)
        try:
            return post(endpoint["url"], sent.encode(), headers, knobs.timeout)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return None, f"{type(error).__name__}: {error}"

    def _settle(self, row: dict[str, Any], outcome: tuple[int | None, str]) -> None:
        status, detail = outcome
        ok = status is not None and 200 <= status < 300
        sandbox = self.sandbox
        with sandbox.lock:
            schedule = sandbox.knobs.retry_schedule
            attempt = row["attempt"] + 1
            again = not ok and attempt <= len(schedule)
            due = sandbox.source() + sandbox.offset + (schedule[attempt - 1] if again else 0)
            state = "delivered" if ok else "pending" if again else "failed"
            self._mark(row, status=state, response=status, detail=detail[:2_000], attempt=attempt, due=due)
            _judge(sandbox, row["endpoint_id"], ok)
            event = sandbox.store.get(row["event_id"])
            if event and ok and event["pending_webhooks"] > 0:
                sandbox.update(event, pending_webhooks=event["pending_webhooks"] - 1)
            sandbox.delivered.notify_all()


def _cut_short(knobs: Knobs, event: Json) -> bool:
    """Whether only half of this event's body arrives, under the signature of the whole."""
    return knobs.truncate_p > random.Random(f"{knobs.seed}:{event['id']}").random()  # noqa: S311  it is to repeat


def _judge(sandbox: Sandbox, endpoint_id: str, ok: bool) -> None:
    """An endpoint that has failed for `disable_after` days (simulated) without a success is disabled."""
    endpoint, days = sandbox.get("webhook_endpoint", endpoint_id), sandbox.knobs.disable_after
    if endpoint is None:
        return
    since = None if ok else sandbox.store.hidden(endpoint_id).get("failing_since") or sandbox.wall()
    sandbox.store.hide(endpoint_id, failing_since=since)
    if since is not None and days and sandbox.wall() - since >= days * 86_400:
        sandbox.update(endpoint, status="disabled")
        dropped = "UPDATE delivery SET status = 'dropped' WHERE endpoint_id = ? AND status = 'pending'"
        sandbox.store.db.execute(dropped, (endpoint_id,))


def _signature(body: str, secret: str, knobs: Knobs) -> dict[str, str]:
    """The signature's time is the real one: receivers compare it with their own clock."""
    at = int(time.time()) + {"stale": -3_600, "future": 3_600}.get(knobs.sign, 0)
    if knobs.sign == "none":
        return {}
    secrets = {"wrong_secret": ["whsec_wrong"], "rolled": ["whsec_new", secret]}.get(knobs.sign, [secret])
    return {"Stripe-Signature": signature_header(body, secrets, at)}


def post(url: str, body: bytes, headers: dict[str, str], timeout: float) -> tuple[int, str]:
    """One POST; redirects are not followed, as Stripe does not."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=timeout)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return response.status, response.read(2_000).decode("utf-8", "replace")
    finally:
        connection.close()


def wait_for(sandbox: Sandbox, event_type: str, object_id: str, seconds: float = 10.0) -> None:
    """Returns once every endpoint has answered the first attempt at this event, or when time is up."""
    deadline = time.monotonic() + seconds
    with sandbox.lock:
        found = (e for e in sandbox.store.of_kind("event", limit=LOOK_BACK) if e["type"] == event_type)
        event = next((e for e in found if e["data"]["object"].get("id") == object_id), None)
        unanswered = "SELECT 1 FROM delivery WHERE event_id = ? AND attempt = 0 AND status IN ('pending', 'sending')"
        while event and sandbox.store.row(unanswered, event["id"]):
            left = deadline - time.monotonic()
            if left <= 0:
                return
            sandbox.delivered.wait(left)
