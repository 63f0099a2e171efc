"""Webhooks at 200 a second through the inbox and on to Stripe and back, and a sweep over 100,000 subscriptions.

The first part runs the production server, a worker, and the local Stripe. Orders are bought; then the events Stripe had
sent of them (only the types our endpoint asks for) are signed and posted again under new ids, an order's events right
after one another, as Stripe sends them, at a steady rate. Told are the answers' times, how far the work is behind, and
how long it takes to be done once the last event is in. The second part makes subscriptions, each with its reader, a
payment, a receipt and its right, and lets the sweep look at each of them once. Stripe's answers are made on the spot,
for a hundred thousand would not fit into the local Stripe. `--only sweep` or `--only webhooks` leaves the other part
out.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from demo.processes import Child, free_port
from stripe_simulator.process import LocalStripe
from tests.benchmarks.cost import processor_seconds
from tests.benchmarks.paying import _attach, _run
from tests.benchmarks.site import FIRST_PORT, _start, remove, site_environment

ORDERS, SENDERS = 100, 12
YEAR = timedelta(days=360)


def main() -> int:
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="firstpage-inbox-"))
    folder.chmod(0o755)
    port = free_port(FIRST_PORT)
    try:
        if options.only == "sweep":
            environment = site_environment(folder, port)
            _run(environment, "manage.py", "migrate", "--verbosity", "0")
            _run(environment, "-m", "tests.benchmarks.inbox", "--sweep-inside", *sys.argv[1:])
            return 0
        with LocalStripe(strict=False) as local:
            environment = site_environment(folder, port) | {
                "STRIPE_SECRET_KEY": local.key, "STRIPE_WEBHOOK_SECRETS": local.secret, "STRIPE_API_BASE": local.url,
                "BENCH_STRIPE": local.url,
            }  # fmt: skip
            _run(environment, "manage.py", "migrate", "--verbosity", "0")
            _run(environment, "manage.py", "collectstatic", "--noinput", "--verbosity", "0")
            worker = [sys.executable, "manage.py", "procrastinate", "worker", "--concurrency", str(options.concurrency)]
            children = [Child("worker", worker, environment, folder / "log")]
            try:
                children.append(_start(folder, environment, port))
                watched = {
                    "worker": children[0].process.pid,
                    "web": children[1].process.pid,
                    "database": _database(folder),
                }
                environment |= {"BENCH_PIDS": json.dumps(watched)}
                _run(environment, "-m", "tests.benchmarks.inbox", "--inside", *sys.argv[1:])
            finally:
                for child in reversed(children):
                    child.stop()
            if not options.only:
                _run(environment, "-m", "tests.benchmarks.inbox", "--sweep-inside", *sys.argv[1:])
    finally:
        remove(folder)
    return 0


def _database(folder: Path) -> int:
    return int((folder / "postgres/data/postmaster.pid").read_text().split()[0])


def _processor() -> dict[str, float]:
    """Seconds of the processor so far, by part of the site; the sender and the local Stripe are not part of it."""
    return {name: processor_seconds(pid) or 0.0 for name, pid in json.loads(os.environ["BENCH_PIDS"]).items()}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--subscriptions", type=int, default=100_000)
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--only", choices=["webhooks", "sweep"], default="")
    parser.add_argument("--inside", action="store_true")
    parser.add_argument("--sweep-inside", action="store_true")
    return parser.parse_args()


def say(**told: Any) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


# --- webhooks --------------------------------------------------------------------------------------------------------


def inside() -> None:
    import django

    django.setup()
    options = _options()
    local = object.__new__(LocalStripe)  # the one that runs already
    _attach(local)
    events = _events(local)
    sender = Sender(events, options.rate, options.rate * options.seconds)
    before, fetched = _processor(), _looks()
    backlog = sender.run()
    began = time.monotonic()
    while _behind() and time.monotonic() - began < 120:
        time.sleep(0.1)
    took = sorted(sender.took)
    each = {name: round((now - before[name]) / len(took) * 1e3, 2) for name, now in _processor().items()}
    say(
        what="webhooks", asked_per_second=options.rate, sent=len(took), refused=sender.refused,
        sent_per_second=round(len(took) / sender.seconds), p50_ms=round(took[len(took) // 2] * 1e3, 1),
        p99_ms=round(took[int(len(took) * 0.99)] * 1e3, 1), most_targets_behind=max(backlog, default=0),
        targets_behind_at_the_end=backlog[-1] if backlog else 0, given_up=_given_up(),
        seconds_until_all_was_done=round(time.monotonic() - began, 1), ms_of_processor_an_event=each,
        events_a_second_on_two_cores=round(2 / (sum(each.values()) / 1e3)), looks_at_stripe=_looks() - fetched,
    )  # fmt: skip


def _events(local: LocalStripe) -> list[list[dict[str, Any]]]:
    """What Stripe said of each order, grouped by the order."""
    from subscriptions.stripe_account import EVENTS
    from tests.benchmarks.paying import _buy
    from tests.make import make_offer

    offer, groups = make_offer(), []
    for _ in range(ORDERS):
        before = {event["id"] for event in local.control("objects", kind="event")["data"]}
        _buy(local, offer, comes_back=True)
        new = [one for one in local.control("objects", kind="event")["data"] if one["id"] not in before]
        groups.append([event for event in reversed(new) if event["type"] in EVENTS])
    return groups


def _looks() -> int:
    """How often Stripe was read for a target, by the fences that were taken."""
    from django.db.models import Sum

    from subscriptions.models import SyncTarget

    return int(SyncTarget.objects.aggregate(taken=Sum("fence"))["taken"] or 0)


def _behind() -> int:
    from django.db.models import F

    from subscriptions.models import SyncTarget

    return SyncTarget.objects.filter(dirty__gt=F("clean")).count()


def _given_up() -> int:
    from subscriptions.models import SyncTarget

    return SyncTarget.objects.filter(dead=True).count()


class Sender:
    """Posts signed events at a steady rate, however long each answer takes."""

    def __init__(self, groups: list[list[dict[str, Any]]], rate: int, total: int) -> None:
        self.rate, self.total, self.refused, self.seconds = rate, total, 0, 0.0
        self.flat = [event for group in groups for event in group]
        self.took: list[float] = []
        self.next = 0
        self.lock = threading.Lock()

    def run(self) -> list[int]:
        """Returns how many targets waited, once a second."""
        self.began = time.monotonic()
        threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        backlog = []
        while any(thread.is_alive() for thread in threads):
            time.sleep(1)
            backlog.append(_behind())
        self.seconds = time.monotonic() - self.began
        return backlog

    def _send(self) -> None:
        from django.conf import settings
        from stripe import WebhookSignature

        from subscriptions.stripe_account import webhook_url

        session, url = requests.Session(), webhook_url()
        while True:
            with self.lock:
                number, self.next = self.next, self.next + 1
            if number >= self.total:
                return
            time.sleep(max(0.0, self.began + number / self.rate - time.monotonic()))
            event = self.flat[number % len(self.flat)] | {"id": f"evt_bench_{number}", "created": int(time.time())}
            body = json.dumps(event)
            header = WebhookSignature.generate_signature_header(body, settings.STRIPE_WEBHOOK_SECRETS[0])
            began = time.monotonic()
            answer = session.post(url, data=body, headers={"Stripe-Signature": header}, timeout=30)
            self.took.append(time.monotonic() - began)
            self.refused += answer.status_code != 200


# --- the sweep -------------------------------------------------------------------------------------------------------


def sweep_inside() -> None:
    import django

    django.setup()
    from django.utils import timezone

    from subscriptions import reminders

    count = _options().subscriptions
    paid_at = timezone.now().replace(microsecond=0)
    _make_subscriptions(count, paid_at)
    _answer_for_stripe(paid_at)
    _sweep(count)
    before, began = _memory(), time.monotonic()
    notices = reminders.send_due(timezone.now() + timedelta(days=335))
    say(
        what="notices", looked_at=count, written=notices, seconds=round(time.monotonic() - began, 1),
        memory_before_mb=before, memory_most_mb=_most_memory(),
    )  # fmt: skip


def _sweep(count: int) -> None:
    """Until nothing is left, as the minutes' sweeps do one after the other. Told at each twentieth, so that a run that
    has to be stopped has told something, too."""
    from django.utils import timezone

    from subscriptions import orders, sync
    from subscriptions.models import Subscription, SyncTarget

    memory, began, ours, done, rounds = [_memory()], time.monotonic(), time.process_time(), 0, 0
    while done < count:
        orders.hint_overdue()
        now_done = 0
        while swept := sync.run_due():
            now_done += swept
        if not now_done:
            break
        done, rounds = done + now_done, rounds + 1
        if done * 20 // count >= len(memory):
            memory.append(_memory())
            say(what="sweeping", read_again=done, seconds=round(time.monotonic() - began), memory_mb=memory[-1])
    seconds = time.monotonic() - began
    stale = Subscription.objects.filter(synced_at__lt=timezone.now() - timedelta(hours=24)).count()
    say(
        what="sweep", subscriptions=count, read_again=done, rounds=rounds, seconds=round(seconds), left_stale=stale,
        a_second=round(done / seconds), ms_of_our_processor_each=round((time.process_time() - ours) / done * 1e3, 2),
        memory_mb_at_each_twentieth=memory, memory_most_mb=_most_memory(),
        given_up=SyncTarget.objects.filter(dead=True).count(),
    )  # fmt: skip


def _memory() -> int:
    """Megabytes of this process now (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 20


def _most_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _make_subscriptions(count: int, paid_at: datetime) -> None:
    """Copies of one by SQL, last read two days ago: a reader, the subscription, its payment, receipt and right each."""
    from django.conf import settings
    from django.db import connection
    from django.utils import timezone

    from accounts.models import User
    from subscriptions.models import Payment, Receipt, Subscription
    from tests.benchmarks.scale import copies
    from tests.make import make_journal, make_right, make_user

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET session_replication_role = replica")  # no foreign keys are looked up while rows are made
    user, year = make_user("sweep@example.org"), paid_at + YEAR
    subscription = Subscription.objects.create(
        stripe_id="sub_template", user=user, journal=make_journal(), status="active", amount=8900, interval="year",
        period_start=paid_at, period_end=year, synced_at=timezone.now() - timedelta(days=2),
    )  # fmt: skip
    payment = Payment.objects.create(
        charge_id="ch_template", payment_intent_id="pi_template", user=user, subscription=subscription, amount=8900,
        currency="usd", card_brand="visa", card_last4="4242", paid_at=paid_at, invoice_id="in_1",
    )  # fmt: skip
    receipt = Receipt.objects.create(payment=payment, user=user, description="Subscription")
    slack = timedelta(hours=settings.RENEWAL_SLACK_HOURS)
    right = make_right(user, make_journal(), "subscription", source="x", starts_at=paid_at, ends_at=year + slack)
    own, last = {"id": "1000 + n"}, str(count)
    copies(User, user, "1", last, **own, email="'r' || n || '@sweep.example.org'")
    copies(Subscription, subscription, "1", last, **own, user_id="1000 + n", stripe_id="'sub_' || n")
    copies(
        Payment, payment, "1", last, **own, user_id="1000 + n", subscription_id="1000 + n", charge_id="'ch_' || n",
        payment_intent_id="'pi_' || n", invoice_id="'in_' || n",
    )  # fmt: skip
    copies(Receipt, receipt, "1", last, **own, user_id="1000 + n", payment_id="1000 + n", number="1000000 + n")
    copies(type(right), right, "1", last, **own, user_id="1000 + n", source="'subscription:sub_' || n")
    for template in (right, receipt, payment, subscription):
        type(template)._base_manager.filter(pk=template.pk).delete()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("ANALYZE")


def _answer_for_stripe(paid_at: datetime) -> None:
    from django.conf import settings

    from subscriptions import gateway

    year = paid_at + YEAR

    def read(subscription_id: str) -> gateway.SubscriptionState:
        number = subscription_id.removeprefix("sub_")
        return gateway.SubscriptionState(
            id=subscription_id, status="active", customer_id="cus_1", amount=8900, currency="usd", interval="year",
            period_start=paid_at, period_end=year, ends_at=None, ended_at=None, metadata={"site": settings.SITE_TAG},
            invoices=(gateway.Invoice(f"in_{number}", "paid", 8900, paid_at, "", (f"pi_{number}",), year),),
        )  # fmt: skip

    def read_charges(intents: Any, **_: Any) -> dict[str, gateway.Charge]:
        return {
            intent: gateway.Charge(
                id=intent.replace("pi_", "ch_"), payment_intent_id=intent, amount=8900, currency="usd",
                amount_refunded=0, created=paid_at, card_brand="visa", card_last4="4242",
            )
            for intent in intents
        }  # fmt: skip

    gateway.read_subscription = read
    gateway.read_charges = read_charges


if __name__ == "__main__":
    if "--inside" in sys.argv:
        inside()
    elif "--sweep-inside" in sys.argv:
        sweep_inside()
    else:
        os.environ.setdefault("PYTHONUNBUFFERED", "1")
        sys.exit(main())
