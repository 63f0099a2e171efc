"""Whatever happens, in whatever order: rights as the oracle says, no second charge, one receipt, and sums that agree.

make chaos                                a longer run, other seeds each time
CHAOS_SEED=7 CHAOS_EPISODES=1 pytest tests/subscriptions/chaos
"""

import os
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core import mail as outbox
from django.db import connection
from django.db.models import Sum

from stripe_simulator.process import LocalStripe
from subscriptions import checkout, gateway, stripe_account
from subscriptions.access import look_up
from subscriptions.models import (
    Consent,
    Credit,
    CreditNote,
    Dispute,
    Entitlement,
    Finding,
    FraudWarning,
    Order,
    OutgoingMail,
    PaperNumber,
    Payment,
    Receipt,
    Reconciliation,
    Refund,
    StripeCustomer,
    StripeEvent,
    Subscription,
    SyncTarget,
    Withdrawal,
)
from tests.make import make_offer
from tests.subscriptions.chaos.oracle import Ledger
from tests.subscriptions.chaos.world import World

EPISODES = int(os.environ.get("CHAOS_EPISODES", "16"))
STEPS = int(os.environ.get("CHAOS_STEPS", "130"))  # 16 × 130 = 2,080
SEED = int(os.environ.get("CHAOS_SEED", "2026"))
WEATHER = (
    {"drop_p": 0, "duplicate_p": 0, "order": "created", "concurrency": 1},
    {"drop_p": 0.3, "duplicate_p": 0.3, "order": "shuffled", "concurrency": 3},
    {"drop_p": 1, "duplicate_p": 0, "order": "created", "concurrency": 1},
    {"drop_p": 0.1, "duplicate_p": 1, "order": "reversed", "concurrency": 4},
)


@pytest.fixture
def shop(hooked_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Offers; payment pages that take direct debits, too; no pauses before the SDK tries again."""
    really = gateway.create_session

    def with_debits(params: dict[str, Any], *, idempotency_key: str) -> gateway.Session:
        return really(
            params | {"allowed_payment_method_types": ["card", "sepa_debit"]}, idempotency_key=idempotency_key
        )

    monkeypatch.setattr(checkout.gateway, "create_session", with_debits)
    monkeypatch.setattr("stripe._http_client.HTTPClient._sleep_time_seconds", lambda *_, **__: 0)
    monkeypatch.setattr("subscriptions.views.RETURN_SECONDS", 0.0)
    yearly = make_offer("subscription", interval="year", amount=8900)
    return [make_offer("purchase"), make_offer("rental"), make_offer("subscription"), yearly]


@pytest.mark.django_db(transaction=True)
def test_after_any_history_rights_and_money_are_as_stripe_has_them(
    hooked_stripe: LocalStripe, shop: list[Any], settings: Any
) -> None:
    for episode in range(EPISODES):
        seed = SEED + episode
        new_account(hooked_stripe, settings)
        hooked_stripe.control("config", seed=seed, **WEATHER[seed % len(WEATHER)])
        world = World(seed, hooked_stripe, shop)
        for number in range(STEPS):
            world.step()
            if number % 20 == 19:
                nobody_reads_unpaid(world)
        world.settle()
        try:
            everything_agrees(world)
        except AssertionError as error:
            raise AssertionError(f"CHAOS_SEED={seed} CHAOS_EPISODES=1\n{error}\n{' · '.join(world.told)}") from error


def new_account(local: LocalStripe, settings: Any) -> None:
    """Another episode: an empty account at Stripe, and a shop that has sold nothing."""
    local.control("reset")
    for model in (Credit, Consent, Withdrawal,
                  Entitlement, Finding, CreditNote, Refund, Receipt, PaperNumber, Payment, Subscription, Order, Dispute,
                  FraudWarning, StripeCustomer, StripeEvent, SyncTarget, OutgoingMail, Reconciliation):  # fmt: skip
        model.objects.all().delete()
    outbox.outbox.clear()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")
    settings.STRIPE_WEBHOOK_SECRETS = [stripe_account.ensure_webhook(stripe_account.webhook_url())]


def nobody_reads_unpaid(world: World) -> None:
    """At every moment, however late the news: a right only where Stripe once took the money, or a total of 0."""
    ledger = world.ledger()
    paid = {ledger.order_of(session) for session in ledger.sessions.values() if ledger.is_paid(session)}
    rights = Entitlement.objects.in_force(world.now()).filter(user__in=world.readers, source__startswith="order:")
    for right in rights:
        assert right.source.removeprefix("order:") in paid, f"{right} without money"
    for right in Entitlement.objects.in_force(world.now()).filter(source__startswith="subscription:"):
        invoices = ledger.invoices.get(right.source.removeprefix("subscription:"), [])
        assert any(one["status"] == "paid" for one in invoices), f"{right} without money"


def everything_agrees(world: World) -> None:
    ledger, now = world.ledger(), world.now()
    rights_are_the_oracles(world, ledger, now)
    assert max(ledger.charges_by_order().values(), default=1) == 1, "a second charge"
    sums = Payment.objects.aggregate(came=Sum("amount"), went=Sum("amount_refunded"))
    assert (sums["came"] or 0) - (sums["went"] or 0) == ledger.balance()
    papers_are_in_order()
    assert world.local.control("violations")["data"] == []


def rights_are_the_oracles(world: World, ledger: Ledger, now: datetime) -> None:
    orders = {str(order.pk): order for order in Order.objects.filter(user__in=world.readers)}
    bought, rented = set(), set()
    for session in ledger.sessions.values():
        order = orders.get(ledger.order_of(session))
        if order and ledger.sold(session):
            (bought if order.kind == "purchase" else rented).add((order.user_id, order.article_id))
    subscribed = Counter[int]()
    for subscription in ledger.subscriptions:
        order = orders.get(subscription["metadata"].get("order", ""))
        if order and ledger.open_until(subscription) > now.timestamp():
            subscribed[order.user_id] += 1
    for reader, article in world.places():
        told = look_up(reader.pk, None, [article.pk], now)[article.pk]
        expected = (reader.pk, article.pk) in bought or subscribed[reader.pk] > 0
        assert told.granted is expected, f"{reader} {article.pk}: {told}, the oracle says {expected}"
        ready = Entitlement.objects.filter(user=reader, article=article, kind="rental", revoked_at=None)
        assert ready.exists() is ((reader.pk, article.pk) in rented), f"rental of {reader} {article.pk}"
    assert not look_up(None, None, [a.pk for a in world.articles], now)[world.articles[0].pk].granted


def papers_are_in_order() -> None:
    numbers = sorted(Receipt.objects.values_list("number", flat=True))
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
    assert len(numbers) == Payment.objects.count()
    receipts = OutgoingMail.objects.filter(key__startswith="receipt:")
    assert receipts.count() == len(numbers)
    assert not receipts.filter(sent_at=None).exists()
    sent = Counter(message.extra_headers["Message-ID"] for message in outbox.outbox)
    assert max(sent.values(), default=1) == 1, "a mail was sent twice"


def test_the_oracle_can_tell_no(hooked_stripe: LocalStripe, shop: list[Any], transactional_db: None) -> None:
    """A right the oracle knows nothing of is found: the comparison is no tautology."""
    from tests.make import make_right

    world = World(1, hooked_stripe, shop)
    make_right(world.readers[0], world.articles[0])
    with pytest.raises(AssertionError, match="the oracle says False"):
        rights_are_the_oracles(world, world.ledger(), datetime.now(UTC))
