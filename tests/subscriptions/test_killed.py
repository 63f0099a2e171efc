"""Killed at every point of checkout, webhook, sync, return page and refund: it goes on as if nothing had happened.

No second charge, no second refund, one right, one receipt, one mail.
"""

import uuid
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import mail, refunds, sync
from subscriptions.models import Entitlement, Offer, Order, OutgoingMail, Payment, Receipt, Refund, SyncTarget
from tests.conftest import signed_in
from tests.make import make_article, make_journal, make_offer, make_user
from tests.subscriptions.killing import every_point
from tests.subscriptions.selling import WEBHOOK, event, order, signed

pytestmark = [pytest.mark.django_db(transaction=True)]


@dataclass
class Trade:
    """One reader who buys one thing."""

    local: LocalStripe
    offer: Offer
    reader: User = field(default_factory=make_user)
    article: Article = field(default_factory=make_article)
    key: uuid.UUID = field(default_factory=uuid.uuid4)

    def order(self) -> str:
        return order(signed_in(self.reader), self.offer, None if self.offer.interval else self.article)

    def paid(self) -> "Trade":
        self.local.pay(self.order())
        return self

    def hinted(self) -> "Trade":
        sync.hint("order", str(self.placed.pk))
        return self

    def done(self) -> "Trade":
        self.hinted()
        assert sync.run("order", str(self.placed.pk))
        return self

    @property
    def placed(self) -> Order:
        return Order.objects.get(user=self.reader)

    @property
    def payment(self) -> Payment:
        return Payment.objects.get(user=self.reader)

    def charges(self) -> list[object]:
        about = str(self.placed.pk)
        intents = [
            p for p in self.local.control("objects", kind="payment_intent")["data"] if p["status"] == "succeeded"
        ]
        subs = self.local.control("objects", kind="subscription")["data"]
        if self.offer.interval:
            return [one for one in subs if one["metadata"].get("order") == about]
        return [one for one in intents if one["metadata"].get("order") == about]


@pytest.fixture
def offer(transactional_db: None) -> Offer:
    return make_offer("purchase")


def a_worker_comes() -> None:
    """A minute later: the dead one's lease has run out."""
    SyncTarget.objects.update(lease_until="2020-01-01T00:00Z", next_at="2020-01-01T00:00Z")
    while sync.run_due():
        pass


def all_is_well(trade: Trade) -> None:
    assert len(trade.charges()) == 1
    assert trade.placed.state == Order.State.PAID
    assert Entitlement.objects.in_force().filter(user=trade.reader).count() == 1
    assert Receipt.objects.filter(user=trade.reader).count() == 1
    assert OutgoingMail.objects.filter(user=trade.reader, key__startswith="receipt:").count() == 1
    a_worker_comes()
    assert not SyncTarget.objects.due().exists()


def test_killed_anywhere_while_ordering_the_reader_orders_again_and_is_charged_once(
    local_stripe: LocalStripe, offer: Offer
) -> None:
    points = []
    for point, trade in every_point(lambda: Trade(local_stripe, offer), lambda trade: trade.order() and None):
        points.append(point)
        trade.paid().done()
        all_is_well(trade)
        assert Order.objects.filter(user=trade.reader).count() == 1
        assert trade.reader.stripe_customers.count() == 1
    assert len(points) >= 10


def completed(trade: Trade) -> None:
    told = event(object="checkout.session", id=trade.placed.session_id, event_id=f"evt_{trade.key}")
    assert Client().post(WEBHOOK, **signed(told, trade.local.secret)).status_code == 200


def test_killed_anywhere_in_a_webhook_stripe_sends_it_again(local_stripe: LocalStripe, offer: Offer) -> None:
    points = []
    for point, trade in every_point(lambda: Trade(local_stripe, offer).paid(), completed):
        points.append(point)
        completed(trade)
        a_worker_comes()
        all_is_well(trade)
    assert len(points) >= 2


@pytest.mark.parametrize("kind", ["purchase", "subscription"])
def test_killed_anywhere_in_a_sync_the_next_worker_ends_it(local_stripe: LocalStripe, offer: Offer, kind: str) -> None:
    sold = offer if kind == "purchase" else make_offer(kind)
    points = []
    for point, trade in every_point(
        lambda: Trade(local_stripe, sold).paid().hinted(),
        lambda trade: sync.run("order", str(trade.placed.pk)) and None,
    ):
        points.append(point)
        a_worker_comes()
        all_is_well(trade)
    assert len(points) >= 6


def come_back(trade: Trade) -> None:
    answer = signed_in(trade.reader).get(trade.placed.get_absolute_url())
    assert answer.status_code in (200, 302)


def test_killed_anywhere_on_the_return_page_the_next_look_ends_it(local_stripe: LocalStripe, offer: Offer) -> None:
    points = []
    for point, trade in every_point(lambda: Trade(local_stripe, offer).paid(), come_back):
        points.append(point)
        SyncTarget.objects.update(lease_until="2020-01-01T00:00Z")
        come_back(trade)
        a_worker_comes()
        all_is_well(trade)
    assert len(points) >= 6


def refund(trade: Trade) -> None:
    """As the admin does it: the wish, then the deed; pressing again has the same key."""
    payment = trade.payment
    wish = refunds.request(payment, payment.amount, reason="", note="killed", by=None, key=trade.key)
    sync.run("refund", str(wish.request))


def test_killed_anywhere_in_a_refund_the_money_goes_back_once(local_stripe: LocalStripe, offer: Offer) -> None:
    points = []
    for point, trade in every_point(lambda: Trade(local_stripe, offer).paid().done(), refund):
        points.append(point)
        if not Refund.objects.filter(request=trade.key).exists():
            refund(trade)  # nothing was written down, so staff press again
        a_worker_comes()
        made = [r for r in local_stripe.control("objects", kind="refund")["data"]
                if r["payment_intent"] == trade.payment.payment_intent_id]  # fmt: skip
        assert len(made) == 1
        assert Refund.objects.get(payment=trade.payment).state == "succeeded"
        assert trade.payment.amount_refunded == trade.payment.amount
        assert not Entitlement.objects.in_force().filter(user=trade.reader).exists()
        assert OutgoingMail.objects.filter(user=trade.reader, key__startswith="refund:").count() == 1
    assert len(points) >= 8


def test_killed_anywhere_while_sending_a_letter_goes_out_and_a_repeat_is_known_by_its_id(
    transactional_db: None, settings: Any, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path
    make_journal()

    def queued() -> OutgoingMail:
        for letter in tmp_path.iterdir():
            letter.unlink()
        key = f"alert:{uuid.uuid4()}"
        mail.enqueue(key, "subscriptions/email/alert", "staff@example.org", {"message": "Hello"})
        return OutgoingMail.objects.get(key=key)

    points = []
    for point, letter in every_point(queued, lambda letter: mail.send(letter.pk) and None):
        points.append(point)
        mail.send_unsent()
        assert OutgoingMail.objects.get(pk=letter.pk).sent_at
        sent = [HeaderParser().parsestr(file.read_text()) for file in tmp_path.iterdir()]
        assert 1 <= len(sent) <= 2
        assert len({one["Message-ID"] for one in sent}) == 1
    assert len(points) >= 2
