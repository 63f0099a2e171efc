"""Stripe's webhooks: what proves itself is stored once and leads to a second look; what does not leaves no trace."""

import json
import time

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import sync
from subscriptions.access import look_up
from subscriptions.models import (
    Entitlement,
    Order,
    OutgoingMail,
    Payment,
    Receipt,
    StripeEvent,
    Subscription,
    SyncTarget,
)
from subscriptions.webhooks import receive
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_offer
from tests.subscriptions.selling import WEBHOOK, buy, event, latest_order, order, signed, work

SECRET = "whsec_test"


@pytest.fixture
def stripe_says(db: None, settings):
    """Post a payload to the webhook as Stripe would; returns the answer."""
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]

    def say(payload, secret: str = SECRET, at: int | None = None):
        return Client().post(WEBHOOK, **signed(payload, secret, at))

    return say


def test_a_genuine_event_is_stored_once_however_often_it_comes(stripe_says) -> None:
    for _ in range(3):
        assert stripe_says(event(object="product", id="prod_1")).status_code == 200
    assert StripeEvent.objects.get().deliveries == 3


def test_an_event_type_we_do_not_know_is_stored_and_answered_with_200(stripe_says) -> None:
    assert stripe_says(event("crystal.ball.gazed", object="crystal.ball", id="cb_1")).status_code == 200
    assert StripeEvent.objects.get().type == "crystal.ball.gazed"
    assert not SyncTarget.objects.exists()


@pytest.mark.parametrize(
    ("secret", "age"), [("whsec_other", 0), (SECRET, 301), (SECRET, -301)], ids=["forged", "replayed later", "future"]
)
def test_what_does_not_prove_itself_is_refused_and_leaves_no_trace(stripe_says, secret: str, age: int) -> None:
    answer = stripe_says(event(object="product", id="prod_1"), secret, int(time.time()) - age)
    assert answer.status_code == 400
    assert not StripeEvent.objects.exists()


@pytest.mark.parametrize("header", ["", "t=1,v1=00", "t=,v1=", "v1=abc", "nonsense", "t=abc,v1=def", "t=1" * 5000])
def test_a_missing_or_garbled_signature_is_refused(db: None, settings, header: str) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
    body = json.dumps(event(object="product", id="prod_1"))
    answer = Client().post(WEBHOOK, body, content_type="application/json", headers={"Stripe-Signature": header})
    assert answer.status_code == 400
    assert not StripeEvent.objects.exists()


def test_an_altered_body_is_refused(db: None, settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
    call = signed(event(object="product", id="prod_1"), SECRET)
    whole = call["data"]
    for altered in (whole.replace(b"prod_1", b"prod_2"), whole[: len(whole) // 2], whole + b" "):
        assert Client().post(WEBHOOK, **{**call, "data": altered}).status_code == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"evt"', b"{}", b'{"id": 1}', b"\xff\xfe{}"])
def test_a_signed_body_that_is_no_event_is_refused_with_400(stripe_says, body: bytes) -> None:
    assert stripe_says(body).status_code == 400
    assert not StripeEvent.objects.exists()


def test_three_megabytes_are_refused(stripe_says) -> None:
    assert stripe_says(event(object="product", id="p" * 3_000_000)).status_code == 400


def test_an_event_of_the_other_mode_is_acknowledged_and_ignored(stripe_says) -> None:
    assert stripe_says(event(object="product", id="prod_1", livemode=True)).status_code == 200
    assert not StripeEvent.objects.exists()


def test_both_secrets_are_good_while_one_is_being_rolled(db: None, settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]
    for number, secret in enumerate(settings.STRIPE_WEBHOOK_SECRETS):
        call = signed(event(object="product", id="prod_1", event_id=f"evt_{number}"), secret)
        assert Client().post(WEBHOOK, **call).status_code == 200
    assert StripeEvent.objects.count() == 2


def test_a_reader_cannot_look_at_the_webhook(visitor: Client) -> None:
    assert visitor.get(WEBHOOK).status_code == 405


def test_a_forged_event_about_a_real_order_gives_no_right(
    dan: User, article: Article, local_stripe: LocalStripe, stripe_says
) -> None:
    """Even with a good signature an event is a hint: Stripe is read again, and there nobody has paid."""
    order(signed_in(dan), make_offer(), article)
    session = latest_order().session_id
    stripe_says(event(object="checkout.session", id=session, status="complete", payment_status="paid"))
    sync.run_due()
    assert latest_order().state == Order.State.OPEN
    assert not Entitlement.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_access_comes_by_webhook_when_the_reader_never_returns(
    dan: User, article: Article, hooked_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    buy(client, hooked_stripe, make_offer("purchase"), article)
    assert StripeEvent.objects.filter(type="checkout.session.completed").exists()
    work(hooked_stripe)
    assert SECRET_SENTENCE in client.get(article.get_absolute_url()).content.decode()
    assert OutgoingMail.objects.get().sent_at


@pytest.mark.django_db(transaction=True)
def test_access_comes_by_the_sweep_when_every_webhook_is_lost_and_the_reader_never_returns(
    dan: User, article: Article, hooked_stripe: LocalStripe
) -> None:
    from subscriptions.orders import hint_overdue

    hooked_stripe.control("config", drop_p=1)
    client = signed_in(dan)
    buy(client, hooked_stripe, make_offer("purchase"), article)
    assert not StripeEvent.objects.exists()
    Order.objects.update(session_expires_at="2020-01-01T00:00Z")
    hint_overdue()
    sync.run_due()
    assert SECRET_SENTENCE in client.get(article.get_absolute_url()).content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("arrival", ["shuffled", "reversed", "held_back_one"])
def test_any_order_of_arrival_and_every_event_twice_ends_the_same(
    dan: User, article: Article, hooked_stripe: LocalStripe, arrival: str
) -> None:
    hooked_stripe.control("config", order=arrival, duplicate_p=1, concurrency=4)
    client = signed_in(dan)
    buy(client, hooked_stripe, make_offer("subscription"))
    hooked_stripe.control("redeliver")
    work(hooked_stripe)
    assert SECRET_SENTENCE in client.get(article.get_absolute_url()).content.decode()
    counts = [model.objects.count() for model in (Entitlement, Payment, Receipt, OutgoingMail)]
    assert counts == [1, 1, 1, 1]


@pytest.mark.django_db(transaction=True)
def test_a_full_refund_ends_the_right_a_partial_one_does_not_and_a_failed_refund_gives_it_back(
    dan: User, article: Article, hooked_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    client.get(buy(client, hooked_stripe, make_offer("purchase"), article).replace(hooked_stripe.url, ""))

    def may_read() -> bool:
        work(hooked_stripe)
        return look_up(dan.pk, None, [article.pk])[article.pk].granted

    work(hooked_stripe)
    intent = latest_order().payment_intent_id
    hooked_stripe.control("refund", payment_intent=intent, amount=1000)
    assert may_read()
    rest = hooked_stripe.control("refund", payment_intent=intent)
    assert not may_read()
    assert latest_order().state == Order.State.REFUNDED
    hooked_stripe.control("refund/fail", refund=rest["id"])
    assert may_read()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("outcome", "reads"), [("won", True), ("lost", False)])
def test_a_dispute_holds_the_right_back_until_it_is_decided(
    dan: User, article: Article, hooked_stripe: LocalStripe, outcome: str, reads: bool
) -> None:
    client = signed_in(dan)
    buy(client, hooked_stripe, make_offer("purchase"), article)
    work(hooked_stripe)
    dispute = hooked_stripe.control("dispute", payment_intent=latest_order().payment_intent_id)
    work(hooked_stripe)
    assert not look_up(dan.pk, None, [article.pk])[article.pk].granted
    hooked_stripe.control("dispute/decide", dispute=dispute["id"], outcome=outcome)
    work(hooked_stripe)
    assert look_up(dan.pk, None, [article.pk])[article.pk].granted is reads


@pytest.mark.django_db(transaction=True)
def test_a_subscription_renews_and_the_new_period_opens_the_journal(
    dan: User, article: Article, hooked_stripe: LocalStripe
) -> None:
    buy(signed_in(dan), hooked_stripe, make_offer("subscription"))
    work(hooked_stripe)
    first_end = Entitlement.objects.get().ends_at
    hooked_stripe.control("clock/advance", days=32)
    work(hooked_stripe)
    assert Entitlement.objects.get().ends_at > first_end
    assert Payment.objects.count() == Receipt.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_failed_renewal_keeps_the_reader_reading_within_grace_and_says_so(
    dan: User, article: Article, hooked_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    buy(client, hooked_stripe, make_offer("subscription"))
    work(hooked_stripe)
    hooked_stripe.control("fail_next", times=9)
    hooked_stripe.control("clock/advance", days=32)
    work(hooked_stripe)
    right = Entitlement.objects.get()
    assert right.grace_since
    access = look_up(dan.pk, None, [article.pk])[article.pk]
    assert access.granted
    assert access.grace
    text = client.get(article.get_absolute_url()).content.decode()
    assert SECRET_SENTENCE in text
    assert "renewal" in text.lower() or "payment" in text.lower()


@pytest.mark.parametrize("kind", ["purchase", "subscription"])
def test_reading_stripe_twice_writes_nothing_the_second_time(
    dan: User, article: Article, local_stripe: LocalStripe, kind: str
) -> None:
    client = signed_in(dan)
    client.get(buy(client, local_stripe, make_offer(kind), article if kind == "purchase" else None))
    subscription = Subscription.objects.first()
    key = subscription.stripe_id if subscription else str(latest_order().pk)

    def rows() -> list[list[dict[str, object]]]:
        read_at = {"synced_at", "updated_at"}
        written = (Entitlement, Payment, Receipt, OutgoingMail, Order, Subscription)
        return [
            [{name: value for name, value in row.items() if name not in read_at} for row in model.objects.values()]
            for model in written
        ]

    before = rows()
    sync.hint("subscription" if subscription else "order", key)
    assert sync.run("subscription" if subscription else "order", key)
    assert rows() == before
    assert len(rows()[3]) >= 1


def test_a_stripe_whose_clock_is_ahead_opens_the_article_now(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    local_stripe.control("clock/advance", seconds=1500)
    client = signed_in(dan)
    client.get(buy(client, local_stripe, make_offer("purchase"), article))
    assert latest_order().paid_at <= timezone.now()
    assert SECRET_SENTENCE in client.get(article.get_absolute_url()).content.decode()


def test_a_worker_that_was_overtaken_drops_its_stale_answer(
    dan: User, article: Article, local_stripe: LocalStripe, monkeypatch
) -> None:
    """Its lease ran out while it waited for Stripe; another worker has read and written since."""
    client = signed_in(dan)
    url = order(client, make_offer("purchase"), article)
    key = str(latest_order().pk)
    slow_read = sync.read

    def overtaken(claim: sync.Claim):
        stale = slow_read(claim)  # still unpaid
        monkeypatch.setattr(sync, "read", slow_read)
        local_stripe.pay(url)
        SyncTarget.objects.update(lease_until="2020-01-01T00:00Z")
        assert sync.run(claim.kind, claim.key)
        return stale

    monkeypatch.setattr(sync, "read", overtaken)
    sync.hint("order", key)
    assert not sync.run("order", key)
    assert latest_order().state == Order.State.PAID


def test_a_hint_that_comes_while_stripe_is_being_read_leads_to_another_look(
    dan: User, article: Article, local_stripe: LocalStripe, monkeypatch
) -> None:
    url = order(signed_in(dan), make_offer("purchase"), article)
    key = str(latest_order().pk)
    read = sync.read

    def paid_meanwhile(claim: sync.Claim):
        found = read(claim)
        monkeypatch.setattr(sync, "read", read)
        local_stripe.pay(url)
        sync.hint(claim.kind, claim.key)
        return found

    monkeypatch.setattr(sync, "read", paid_meanwhile)
    sync.hint("order", key)
    sync.run("order", key)
    assert latest_order().state == Order.State.PAID, "whoever read it looks again: nobody else was called"
    assert sync.run_due() == 0


def test_a_burst_of_hints_calls_one_worker_and_a_target_in_trouble_calls_again(db: None) -> None:
    assert [sync.hint("order", "x") for _ in range(4)] == [True, False, False, False]
    SyncTarget.objects.update(attempts=1)
    assert sync.hint("order", "x"), "Stripe did not answer: the next hint does not wait for the sweep"
    SyncTarget.objects.update(attempts=0, clean=5)
    assert sync.hint("order", "x")


def test_stripe_out_of_reach_is_tried_again_later_with_growing_pauses(
    dan: User, article: Article, local_stripe: LocalStripe, settings
) -> None:
    order(signed_in(dan), make_offer("purchase"), article)
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    key = str(latest_order().pk)
    sync.hint("order", key)
    assert not sync.run("order", key)
    target = SyncTarget.objects.get(key=key)
    assert (target.attempts, target.dead, target.dirty > target.clean) == (1, False, True)
    assert target.last_error
    for number in range(10):
        sync.hint("subscription", f"sub_{number}")
    assert sync.run_due() == 0
    asked = SyncTarget.objects.filter(kind="subscription", attempts=1).count()
    assert asked == sync.AWAY_AFTER, "a worker does not wait half a minute for each of them"


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=st.lists(st.sampled_from(["paid", "refunded", "disputed", "open", "won"]), min_size=1, max_size=8))
def test_the_right_follows_what_stripe_says_now_whatever_it_said_before(
    dan: User, article: Article, django_db_blocker, history: list[str]
) -> None:
    """Any sequence of states read from Stripe: the end depends on the last one only."""
    from datetime import UTC, datetime

    from django.db import transaction

    from subscriptions import fulfilment, gateway

    offer = make_offer() if not article.journal.offers.exists() else article.journal.offers.first()
    placed = Order.objects.create(
        user=dan, offer=offer, kind="purchase", article=article, journal=article.journal, amount=3000, currency="usd",
        description="Article", session_id=f"cs_{time.monotonic_ns()}",
    )  # fmt: skip
    stamp = time.monotonic_ns()

    def session(state: str) -> gateway.Session:
        charge = gateway.Charge(
            f"ch_{stamp}", f"pi_{stamp}", 3000, "usd", 3000 if state == "refunded" else 0, datetime.now(UTC),
            disputed=state == "disputed",
        )  # fmt: skip
        is_open = state == "open"
        return gateway.Session(
            placed.session_id, "", "open" if is_open else "complete", "unpaid" if is_open else "paid",
            datetime.now(UTC),
            3000, 3000, "usd", None if is_open else f"pi_{stamp}", None, charge=None if is_open else charge,
        )  # fmt: skip

    reached = [state for state in history if state != "open"]  # Stripe never reopens a completed session
    for state in (["open"] if history[0] == "open" else []) + reached:
        dispute = gateway.Dispute(
            f"du_{stamp}", f"pi_{stamp}", "needs_response" if state == "disputed" else "won", "fraudulent", 3000, "usd",
            datetime.now(UTC), None,
        )  # fmt: skip
        with transaction.atomic():
            fulfilment.apply(gateway.PaymentFacts(f"pi_{stamp}", "", "", "", (dispute,), ()))
            fulfilment.apply(fulfilment.FoundOrder(placed.pk, session(state)))
    right = Entitlement.objects.filter(source=f"order:{placed.pk}").first()
    last = reached[-1] if reached else "open"
    assert bool(right and right.revoked_at is None) is (last in ("paid", "won"))
    Order.objects.filter(pk=placed.pk).update(
        state="expired" if last == "open" else Order.objects.get(pk=placed.pk).state
    )


def test_the_inbox_survives_thirty_two_deliveries_at_once(dan: User) -> None:
    from subscriptions import gateway

    payload = event(object="product", id="prod_1")
    for _ in range(32):
        receive(gateway.event_of(payload))
    assert StripeEvent.objects.get().deliveries == 32
