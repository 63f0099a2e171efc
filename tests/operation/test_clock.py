"""A web server whose clock is ten minutes off: who may read is told by the database's clock, and no payment is lost."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import mail, reconcile, sync
from subscriptions.models import Entitlement, Order
from tests.conftest import signed_in
from tests.make import make_offer, make_right
from tests.subscriptions.selling import WEBHOOK, buy, event, order, signed

pytestmark = pytest.mark.django_db
OFF = [timedelta(minutes=10), timedelta(minutes=-10)]


@pytest.fixture(params=OFF, ids=["fast", "slow"])
def off(request: Any, monkeypatch: pytest.MonkeyPatch) -> timedelta:
    """This process's clock differs from everybody's from now on."""
    error, really = request.param, time.time
    monkeypatch.setattr(timezone, "now", lambda: datetime.now(UTC) + error)
    monkeypatch.setattr(time, "time", lambda: really() + error.total_seconds())
    return timedelta(seconds=error.total_seconds())


def reads(user: User, article: Article) -> bool:
    answer = signed_in(user).get(article.get_absolute_url())
    assert answer.status_code == 200
    return b"those who may read on" in answer.content


def test_a_right_begins_and_ends_by_the_databases_clock(dan: User, article: Article, off: timedelta) -> None:
    now = datetime.now(UTC)
    right = make_right(dan, article, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(minutes=5))
    assert reads(dan, article), "it ends in five minutes"
    Entitlement.objects.filter(pk=right.pk).update(ends_at=now - timedelta(minutes=5))
    assert not reads(dan, article), "it ended five minutes ago"
    Entitlement.objects.filter(pk=right.pk).update(starts_at=now + timedelta(minutes=5), ends_at=None)
    assert not reads(dan, article), "it begins in five minutes"


def test_who_pays_while_our_clock_is_wrong_reads_and_is_charged_once(
    dan: User, article: Article, local_stripe: LocalStripe, off: timedelta
) -> None:
    """Stripe's webhooks are refused then (their signature is too old, or of the future); the return page asks."""
    browser = signed_in(dan)
    browser.get(buy(browser, local_stripe, make_offer(), article))
    assert reads(dan, article)
    charges = [one for one in local_stripe.control("objects", kind="charge")["data"] if one["status"] == "succeeded"]
    assert len(charges) == 1


def test_who_never_comes_back_is_found_by_the_comparison_although_every_webhook_was_refused(
    dan: User, article: Article, local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    local_stripe.pay(order(signed_in(dan), make_offer(), article))
    placed = Order.objects.get()
    told = signed(event(object="checkout.session", id=placed.session_id), local_stripe.secret)
    really = time.time
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: really() + 600)
        assert signed_in(dan).post(WEBHOOK, **told).status_code == 400
    assert not Entitlement.objects.exists()
    reconcile.reconcile()
    while sync.run_due():
        pass
    assert Entitlement.objects.in_force().filter(user=dan, article=article).count() == 1
    assert mail.OutgoingMail.objects.filter(key__startswith="receipt:").count() == 1
