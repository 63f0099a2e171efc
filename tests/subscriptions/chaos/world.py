"""A few readers, a shop and the local Stripe, to which anything may happen: what readers, staff, banks, time, workers
and the network do, one deed a step, chosen by a seed. `settle` lets the dust fall; `test_chaos.py` compares the ends.
"""

import time
from datetime import UTC, datetime
from random import Random
from typing import Any

import stripe
from django.test import Client
from django.utils import timezone

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe, LocalStripeError
from subscriptions import mail, orders, reconcile, refunds, sync
from subscriptions.models import Offer, Order, Payment, Subscription, SyncTarget
from tests.conftest import signed_in
from tests.make import make_article, make_user
from tests.subscriptions.chaos.oracle import Ledger

CARDS = ["4242424242424242"] * 8 + ["4000000000000002", "4000002500003155", "4000000000000259", "4000000000005423",
                                    "4000000000001976", "4000000000005126", "IBAN"]  # fmt: skip
FAULTS = ("500", "503", "429", "409", "reset")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class World:
    def __init__(self, seed: int, local: LocalStripe, offers: list[Offer]) -> None:
        self.chance, self.local, self.offers = Random(seed), local, offers
        self.api = stripe.StripeClient(local.key, base_addresses={"api": local.url}, max_network_retries=0)
        self.readers = [make_user() for _ in range(2)]
        self.clients = {reader.pk: signed_in(reader) for reader in self.readers}
        self.articles = [make_article() for _ in range(2)]
        self.pages: list[str] = []  # addresses of payment pages that a reader has open
        self.paused: list[tuple[sync.Claim, Any]] = []  # workers that have read and not written
        self.told: list[str] = []  # what happened, for the report of a failure
        self.refund_ids: list[str] = []

    # --- one step ---

    def step(self) -> None:
        deed = self.chance.choices(list(DEEDS), weights=list(DEEDS.values()))[0]
        self.told.append(deed)
        try:
            getattr(self, deed)()
        except (LocalStripeError, stripe.StripeError, refunds.NotRefundable):
            self.told[-1] += " (refused)"  # such as a dispute of what is disputed: the world says no, and goes on

    # --- readers ---

    def order(self) -> None:
        reader, offer = self.chance.choice(self.readers), self.chance.choice(self.offers)
        data = {"consent": "on", "renewal": "on"}
        if offer.kind != "subscription":
            data["article"] = str(self.chance.choice(self.articles).pk)
        answer = self.clients[reader.pk].post(f"/offers/{offer.pk}/order/", data)
        assert answer.status_code in (200, 302, 303, 503), answer.status_code
        if answer.status_code == 303 and "/c/pay/" in answer["Location"]:
            self.pages.append(answer["Location"])

    def pay(self) -> None:
        """Any page a reader ever had open, also one from long ago."""
        if not self.pages:
            return self.order()
        card, page = self.chance.choice(CARDS), self.chance.choice(self.pages[-4:])
        if card == "IBAN":
            iban = self.chance.choice(["AT611904300234573201", "AT861904300235473202"])
            answer = self.local.pay(page, method="sepa_debit", iban=iban)
        else:
            answer = self.local.pay(page, card=card)
        if "/challenge" in answer:
            self.local.answer_challenge(answer, complete=self.chance.random() < 0.8)
        return None

    def come_back(self) -> None:
        order = self._any(Order)
        if order:
            path = self.chance.choice(["return", "cancel"])
            answer = self.clients[order.user_id].get(f"/orders/{order.pk}/{path}/")
            assert answer.status_code in (200, 302), answer.status_code

    def look_at_my_access(self) -> None:
        assert self.clients[self.chance.choice(self.readers).pk].get("/my-access/").status_code == 200

    # --- staff and banks ---

    def refund_at_stripe(self) -> None:
        payment = self._any(Payment)
        if payment:
            part = self.chance.choice([None, 100, payment.amount // 2])
            kind = self.chance.choice(["", "settles", "pending", "fails"])
            told = {"amount": part} if part else {}
            made = self.local.control("refund", payment_intent=payment.payment_intent_id, outcome=kind, **told)
            self.refund_ids.append(made["id"])

    def refund_from_admin(self) -> None:
        payment = self._any(Payment)
        if payment:
            amount = self.chance.choice([100, payment.amount, refunds.left(payment)])
            wish = refunds.request(payment, amount, reason="requested_by_customer", note="chaos", by=None)
            if self.chance.random() < 0.5:
                sync.run("refund", str(wish.request))

    def refund_turns(self) -> None:
        if self.refund_ids:
            way = self.chance.choice(["succeed", "fail"])
            self.local.control(f"refund/{way}", refund=self.chance.choice(self.refund_ids))

    def dispute(self) -> None:
        payment = self._any(Payment)
        if payment:
            inquiry = self.chance.random() < 0.25
            self.local.control("dispute", payment_intent=payment.payment_intent_id, inquiry=inquiry)

    def decide(self) -> None:
        disputes = self.local.control("objects", kind="dispute")["data"]
        if disputes:
            outcome = self.chance.choice(["won", "lost"])
            self.local.control("dispute/decide", dispute=self.chance.choice(disputes)["id"], outcome=outcome)

    def warn(self) -> None:
        payment = self._any(Payment)
        if payment:
            self.local.control("early_fraud_warning", payment_intent=payment.payment_intent_id)

    # --- subscriptions ---

    def change_subscription(self) -> None:
        found = self._any(Subscription)
        if found is None:
            return
        at = self.api.v1.subscriptions
        deed = self.chance.choice(["cancel_later", "cancel_at", "stay", "cancel", "pause", "collect", "switch"])
        match deed:
            case "cancel_later":
                at.update(found.stripe_id, {"cancel_at_period_end": True})
            case "cancel_at":
                at.update(found.stripe_id, {"cancel_at": "min_period_end"})
            case "stay":
                at.update(found.stripe_id, {"cancel_at_period_end": False})
            case "cancel":
                at.cancel(found.stripe_id)
            case "pause":
                at.update(
                    found.stripe_id, {"pause_collection": {"behavior": self.chance.choice(["void", "keep_as_draft"])}}
                )
            case "collect":
                at.update(found.stripe_id, {"pause_collection": ""})
            case "switch":
                self._switch(found.stripe_id)

    def _switch(self, subscription: str) -> None:
        """The other plan, charged at once, as the portal does it."""
        prices = self.api.v1.prices.list({"limit": 10, "active": True}).data
        item = self.api.v1.subscriptions.retrieve(subscription)["items"].data[0]
        other = [price.id for price in prices if price.id != item.price.id]
        if other:
            items: Any = [{"id": item.id, "price": other[0]}]
            self.api.v1.subscriptions.update(subscription, {"items": items, "proration_behavior": "always_invoice"})

    def renewals_fail(self) -> None:
        self.local.control("fail_next", times=self.chance.randint(1, 5))

    def pay_open_invoice(self) -> None:
        unpaid = [one for one in self.local.control("objects", kind="invoice")["data"] if one["status"] == "open"]
        if unpaid:
            self.local.control("invoice/pay", invoice=unpaid[0]["id"])

    # --- time ---

    def time_passes(self) -> None:
        self.local.control("clock/advance", seconds=self.chance.choice([60, 3_600, 90_000, 5 * 86_400, 16 * 86_400]))

    # --- the network ---

    def redeliver(self) -> None:
        events = self.local.control("objects", kind="event")["data"][:40]
        if events:
            self.local.control("redeliver", id=self.chance.choice(events)["id"])

    def fault(self) -> None:
        endpoint = self.chance.choice(["GET /v1", "POST /v1/checkout", "POST /v1/refunds", "POST /v1/customers"])
        phase = self.chance.choice(["before_execution", "after_execution"])
        told = {"kind": self.chance.choice(FAULTS), "phase": phase, "times": self.chance.choice([1, 1, 4])}
        self.local.control("fault", endpoint=endpoint, **told)

    def faults_end(self) -> None:
        self.local.control("config", faults=[])

    # --- workers ---

    def work(self) -> None:
        sync.run_due()

    def sweep(self) -> None:
        orders.hint_overdue()
        mail.send_unsent()

    def compare(self) -> None:
        reconcile.reconcile()

    def worker_pauses(self) -> None:
        """One that has read Stripe and sleeps before it writes."""
        target = SyncTarget.objects.due().first()
        claim = sync.take(target.kind, target.key) if target else None
        if claim:
            try:
                self.paused.append((claim, sync.read(claim)))
            except sync.gateway.GatewayError:
                return

    def lease_runs_out(self) -> None:
        SyncTarget.objects.update(lease_until=LONG_AGO, next_at=LONG_AGO)

    def worker_wakes(self) -> None:
        if self.paused:
            sync.write(*self.paused.pop(self.chance.randrange(len(self.paused))))

    def worker_is_killed(self) -> None:
        if self.paused:
            self.paused.pop(self.chance.randrange(len(self.paused)))

    # --- the end ---

    def settle(self) -> None:
        """No more faults; a day passes at the shop, so that its calendar looks at everything; zombies wake last."""
        self.local.control("config", faults=[])
        self.wait_for_deliveries()
        Order.objects.filter(state__in=Order.UNDECIDED).update(session_expires_at=LONG_AGO, synced_at=LONG_AGO)
        Subscription.objects.update(synced_at=LONG_AGO)
        self.lease_runs_out()
        run = reconcile.reconcile()
        assert run.error == "", run.error
        for _ in range(3):
            self.lease_runs_out()
            if not sync.run_due(10_000):
                break
        for claim, found in self.paused:
            sync.write(claim, found)
        mail.send_unsent(10_000)
        assert not SyncTarget.objects.filter(dead=True).exists()

    def wait_for_deliveries(self) -> None:
        deadline = time.monotonic() + 20
        while any(row["status"] == "sending" for row in self.local.control("deliveries")["data"]):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def ledger(self) -> Ledger:
        return Ledger.of(self.local.control)

    def now(self) -> datetime:
        """A moment that neither clock has passed: the shop's or the local Stripe's, whichever is ahead."""
        return max(timezone.now(), datetime.fromtimestamp(self.local.control("clock")["now"] + 1, UTC))

    def _any(self, model: Any) -> Any:
        rows = list(model.objects.filter(user__in=self.readers).order_by("pk"))
        return self.chance.choice(rows) if rows else None

    def places(self) -> list[tuple[User, Article]]:
        return [(reader, article) for reader in self.readers for article in self.articles]

    def visitor(self) -> Client:
        return Client()


DEEDS = {
    "order": 11, "pay": 14, "come_back": 6, "look_at_my_access": 1,
    "refund_at_stripe": 4, "refund_from_admin": 3, "refund_turns": 2, "dispute": 3, "decide": 3, "warn": 1,
    "change_subscription": 6, "renewals_fail": 2, "pay_open_invoice": 2, "time_passes": 4,
    "redeliver": 8, "fault": 3, "faults_end": 3, "work": 10, "sweep": 2, "compare": 1,
    "worker_pauses": 5, "lease_runs_out": 4, "worker_wakes": 4, "worker_is_killed": 2,
}  # fmt: skip
