"""A new price for running subscriptions: told in time, paid from a renewal on, never untold, never twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.utils import timezone

from accounts.models import User
from stripe_simulator.process import LocalStripe
from subscriptions import mail, offers, price_changes, sync
from subscriptions.models import Offer, OutgoingMail, Payment, PriceNotice, Receipt, Subscription
from tests.conftest import signed_in
from tests.make import make_offer
from tests.subscriptions.selling import buy

pytestmark = pytest.mark.django_db
State = PriceNotice.State


@pytest.fixture
def subscription(dan: User, local_stripe: LocalStripe) -> Subscription:
    """Dan subscribes by the month for $9.00."""
    client = signed_in(dan)
    client.get(buy(client, local_stripe, make_offer("subscription")))
    return Subscription.objects.get()


def dearer(amount: int = 1200) -> Offer:
    """The offer as staff change its price: a new row in its place."""
    offer = Offer.objects.get(active=True, kind="subscription")
    offer.amount = amount
    return offers.replace(offer)


def hours_of_work(stripe: LocalStripe, start: datetime, end: datetime, *, step: int = 24, posts: bool = True) -> None:
    """The hourly job, thinned out, in Stripe's time; mail goes out when there is a post office."""
    moment = start
    while moment < end:
        advance(stripe, moment)
        price_changes.look_after(moment)
        if posts:
            mail.send_unsent()
            OutgoingMail.objects.filter(sent_at__gt=moment).update(sent_at=moment)
        moment += timedelta(hours=step)


def advance(stripe: LocalStripe, moment: datetime) -> None:
    if moment.timestamp() > stripe.control("clock")["now"]:
        stripe.control("clock/advance", to=int(moment.timestamp()))


def read_again(subscription: Subscription) -> Subscription:
    sync.hint("subscription", subscription.stripe_id)
    sync.run_due()
    subscription.refresh_from_db()
    return subscription


def paid(subscription: Subscription) -> list[int]:
    return list(Payment.objects.filter(subscription=subscription).order_by("paid_at").values_list("amount", flat=True))


def test_a_subscriber_is_told_thirty_days_before_and_pays_the_new_price_from_the_renewal_on(
    subscription: Subscription, local_stripe: LocalStripe, dan: User
) -> None:
    renews = subscription.period_end
    assert renews
    price_changes.start(dearer(), None, "Printing has become dearer.")
    now = timezone.now()
    assert price_changes.look_after(renews - timedelta(days=6)) == (0, 0), "too late for this renewal: not told of it"
    hours_of_work(local_stripe, now + timedelta(days=1), renews - timedelta(days=4))
    notice = PriceNotice.objects.get()
    assert (notice.state, notice.applies_at, notice.amount) == (State.TOLD, renews, 1200)
    letter = next(letter for letter in outbox.outbox if "costs $12.00" in letter.subject)
    for words in ("$9.00", "$12.00", "Printing has become dearer.", "cancel before", "/my-access/"):
        assert words in str(letter.body), words
    page = signed_in(dan).get("/my-access/").content.decode()
    assert "New price:" in page
    assert "next payment of $12.00" in " ".join(page.replace("</span>", "").split())
    assert read_again(subscription).amount == 900, "the price is exchanged shortly before the renewal, not at once"
    hours_of_work(local_stripe, renews - timedelta(days=2), renews)
    assert read_again(subscription).amount == 1200
    assert paid(subscription) == [900], "exchanging the price charges nothing"
    advance(local_stripe, renews + timedelta(hours=2))
    assert paid(read_again(subscription)) == [900, 1200]
    assert "the price is $12.00, as announced on" in Receipt.objects.latest("number").terms
    hours_of_work(local_stripe, renews + timedelta(days=1), renews + timedelta(days=33))
    assert paid(read_again(subscription)) == [900, 1200, 1200]
    assert PriceNotice.objects.count() == 1
    assert sum("costs $12.00" in letter.subject for letter in outbox.outbox) == 1


def test_whoever_cancels_pays_the_new_price_never_and_whoever_keeps_it_after_all_does(
    subscription: Subscription, local_stripe: LocalStripe, dan: User
) -> None:
    renews, client = subscription.period_end, signed_in(dan)
    assert renews
    price_changes.start(dearer(), None)
    hours_of_work(local_stripe, timezone.now() + timedelta(days=1), renews - timedelta(days=5))
    client.post(f"/subscriptions/{subscription.pk}/cancel/")
    assert price_changes.look_after(renews - timedelta(days=2)) == (0, 0)
    assert "New price:" not in client.get("/my-access/").content.decode()
    client.post(f"/subscriptions/{subscription.pk}/keep/")
    assert "$12.00 on" in OutgoingMail.objects.get(key__startswith="kept:").context["words"]
    client.post(f"/subscriptions/{subscription.pk}/cancel/")
    advance(local_stripe, renews + timedelta(hours=2))
    assert paid(read_again(subscription)) == [900]
    assert subscription.status == "canceled"


@pytest.mark.parametrize("trouble", ["no post", "no stripe", "no worker"])
def test_a_notice_that_was_not_in_time_costs_nobody_anything_and_comes_again(
    subscription: Subscription, local_stripe: LocalStripe, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    renews = subscription.period_end
    assert renews
    price_changes.start(dearer(), None)
    if trouble == "no stripe":
        monkeypatch.setattr("stripe._http_client.HTTPClient._sleep_time_seconds", lambda *_, **__: 0)
    told_until = renews - timedelta(days=20)
    hours_of_work(local_stripe, timezone.now(), told_until, posts=trouble != "no post")
    assert PriceNotice.objects.get().state == State.TOLD
    if trouble == "no stripe":
        local_stripe.control("fault", endpoint="POST /v1/subscriptions", kind="503", times=99)
    if trouble != "no worker":
        hours_of_work(local_stripe, renews - timedelta(days=4), renews, posts=trouble != "no post")
    assert not PriceNotice.objects.filter(state=State.MOVED).exists()
    local_stripe.control("config", faults=[])
    advance(local_stripe, renews + timedelta(hours=2))
    assert paid(read_again(subscription)) == [900, 900]
    hours_of_work(local_stripe, renews + timedelta(days=1), renews + timedelta(days=32))
    assert sorted(PriceNotice.objects.values_list("state", flat=True)) == [State.LAPSED, State.MOVED]
    advance(local_stripe, renews + timedelta(days=32))
    assert paid(read_again(subscription)) == [900, 900, 1200]


def test_a_worker_that_dies_after_stripe_has_the_new_price_leaves_work_that_is_done_once(
    subscription: Subscription, local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    renews = subscription.period_end
    assert renews
    price_changes.start(dearer(), None)
    hours_of_work(local_stripe, timezone.now(), renews - timedelta(days=4))
    with monkeypatch.context() as patched:
        patched.setattr(price_changes, "_settle", lambda *_: pytest.fail("killed here"))
        with pytest.raises(pytest.fail.Exception):
            price_changes.look_after(renews - timedelta(days=2))
    assert price_changes.look_after(renews - timedelta(days=2)) == (0, 1)
    assert price_changes.look_after(renews - timedelta(days=1)) == (0, 0)
    asked = [one for one in local_stripe.control("requests")["data"] if one["method"] == "POST"]
    assert sum("/v1/subscriptions/" in one["path"] for one in asked) == 1


def test_a_plan_changed_meanwhile_is_left_alone(subscription: Subscription, local_stripe: LocalStripe) -> None:
    """Told of twelve dollars a month, and gone to another price in the dashboard: that price stands."""
    import stripe

    renews = subscription.period_end
    assert renews
    price_changes.start(dearer(), None)
    hours_of_work(local_stripe, timezone.now(), renews - timedelta(days=4))
    api = stripe.StripeClient(local_stripe.key, base_addresses={"api": local_stripe.url}).v1
    item = api.subscriptions.retrieve(subscription.stripe_id).items.data[0]
    product: Any = item.price.product
    cheap = api.prices.create(
        {"currency": "usd", "unit_amount": 500, "recurring": {"interval": "month"}, "product": product}
    )
    items: Any = [{"id": item.id, "price": cheap.id}]
    api.subscriptions.update(subscription.stripe_id, {"items": items, "proration_behavior": "none"})
    assert price_changes.look_after(renews - timedelta(days=2)) == (0, 0)
    assert PriceNotice.objects.get().state == State.LAPSED
    assert read_again(subscription).amount == 500


def test_a_newer_price_is_not_told_before_staff_say_so_and_takes_over_then(
    subscription: Subscription, local_stripe: LocalStripe
) -> None:
    assert subscription.period_end
    first = price_changes.start(dearer(), None)
    second = dearer(1500)
    window = subscription.period_end - timedelta(days=20)
    assert price_changes.look_after(window) == (0, 0)
    assert price_changes.preview(second, datetime.now(UTC)).subscribers == 1
    price_changes.start(second, None)
    first.refresh_from_db()
    assert first.stopped_at
    assert price_changes.look_after(window) == (1, 0)
    assert PriceNotice.objects.get().amount == 1500
