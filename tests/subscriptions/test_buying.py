"""Readers buy, rent and subscribe through the site's pages and the local Stripe, over real HTTP."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions.mail import send_unsent
from subscriptions.models import Entitlement, Order, Payment, Receipt, Subscription
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_article, make_offer, make_right, make_user
from tests.subscriptions.selling import buy, latest_order, order

pytestmark = pytest.mark.django_db

DECLINED = "4000000000000002"


def page(client, article: Article) -> str:
    return client.get(article.get_absolute_url()).content.decode()


def test_dan_buys_an_article_comes_back_and_reads_it(dan: User, article: Article, local_stripe: LocalStripe) -> None:
    client = signed_in(dan)
    assert SECRET_SENTENCE not in page(client, article)
    answer = client.get(buy(client, local_stripe, make_offer("purchase"), article))
    assert answer.status_code == 302
    assert answer["Location"] == article.get_absolute_url()
    text = page(client, article)
    assert SECRET_SENTENCE in text
    assert "Thank you. The article is yours." in text


def test_access_does_not_wait_for_a_webhook(dan: User, article: Article, local_stripe: LocalStripe) -> None:
    local_stripe.control("config", redirect="webhook_never")
    client = signed_in(dan)
    client.get(buy(client, local_stripe, make_offer("purchase"), article))
    assert SECRET_SENTENCE in page(client, article)


def test_a_rental_starts_when_the_reader_presses_start_and_lasts_48_hours(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    client.get(buy(client, local_stripe, make_offer("rental"), article))
    before = page(client, article)
    right = Entitlement.objects.get(user=dan)
    assert SECRET_SENTENCE not in before
    assert f"/rentals/{right.pk}/start/" in before
    assert right.ends_at is None
    pressed = timezone.now()
    assert client.post(f"/rentals/{right.pk}/start/")["Location"] == article.get_absolute_url()
    right.refresh_from_db()
    assert right.ends_at is not None
    assert timedelta(hours=48) <= right.ends_at - pressed < timedelta(hours=48, minutes=1)
    assert SECRET_SENTENCE in page(client, article)


def test_pressing_start_twice_does_not_start_the_clock_again(dan: User, article: Article) -> None:
    right = make_right(dan, article, "rental")
    client = signed_in(dan)
    client.post(f"/rentals/{right.pk}/start/")
    right.refresh_from_db()
    first_end = right.ends_at
    client.post(f"/rentals/{right.pk}/start/")
    right.refresh_from_db()
    assert right.ends_at == first_end


def test_nobody_starts_another_readers_rental(dan: User, alice: User, article: Article) -> None:
    right = make_right(dan, article, "rental")
    assert signed_in(alice).post(f"/rentals/{right.pk}/start/").status_code == 404


def test_a_rental_cannot_be_started_after_thirty_days(dan: User, article: Article) -> None:
    right = make_right(dan, article, "rental", open_by=timezone.now() - timedelta(minutes=1))
    client = signed_in(dan)
    client.post(f"/rentals/{right.pk}/start/")
    assert "can no longer be started" in page(client, article)
    assert SECRET_SENTENCE not in page(client, article)


@pytest.mark.parametrize("interval", ["month", "year"])
def test_dan_subscribes_and_reads_every_article(dan: User, local_stripe: LocalStripe, interval: str) -> None:
    articles = [make_article(), make_article()]
    client = signed_in(dan)
    offer = make_offer("subscription", interval=interval)
    back = client.get(buy(client, local_stripe, offer))
    assert back.status_code == 302
    assert all(SECRET_SENTENCE in page(client, article) for article in articles)
    subscription = Subscription.objects.get(user=dan)
    assert (subscription.status, subscription.interval, subscription.amount) == ("active", interval, 900)


def test_a_declined_card_charges_nothing_and_the_next_card_pays(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    url = order(client, make_offer("purchase"), article)
    assert "declined" in local_stripe.pay(url, card=DECLINED)
    assert SECRET_SENTENCE not in page(client, article)
    client.get(local_stripe.pay(url).removeprefix("http://testserver"))
    assert SECRET_SENTENCE in page(client, article)
    assert len(charged(local_stripe)) == 1


def charged(stripe: LocalStripe) -> list[dict]:
    return [charge for charge in stripe.control("objects", kind="charge")["data"] if charge["status"] == "succeeded"]


def test_two_tabs_and_a_double_click_meet_one_payment_page(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client, offer = signed_in(dan), make_offer("purchase")
    assert order(client, offer, article) == order(client, offer, article)
    assert Order.objects.count() == 1


def test_the_table_itself_holds_one_undecided_order_for_a_thing(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    order(signed_in(dan), make_offer(), article)
    twin = Order.objects.get()
    twin.pk, twin.number, twin.session_id = uuid4(), "TWIN-0001", None
    with pytest.raises(IntegrityError, match="one_undecided_order_for_one_thing"), transaction.atomic():
        twin.save(force_insert=True)
    twin.state = Order.State.EXPIRED
    twin.save(force_insert=True)


def test_going_back_after_paying_leads_to_the_article_and_charges_nothing_twice(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    """The reader pays, closes the tab before the way back, and presses Buy again on the old page."""
    client, offer = signed_in(dan), make_offer("purchase")
    buy(client, local_stripe, offer, article)
    again = order(client, offer, article)
    assert again == latest_order().get_absolute_url()
    assert client.get(again)["Location"] == article.get_absolute_url()
    assert len(charged(local_stripe)) == 1


def test_leaving_the_payment_page_keeps_the_order_and_says_that_nothing_was_charged(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client, offer = signed_in(dan), make_offer("purchase")
    url = order(client, offer, article)
    answer = client.get(f"/orders/{latest_order().pk}/cancel/", follow=True)
    assert answer.redirect_chain[-1][0] == article.get_absolute_url()
    assert "Nothing was charged" in answer.content.decode()
    assert order(client, offer, article) == url


def test_an_expired_payment_page_is_replaced_by_a_fresh_one(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client, offer = signed_in(dan), make_offer("purchase")
    first = order(client, offer, article)
    local_stripe.control("clock/advance", seconds=3700)
    second = order(client, offer, article)
    assert second != first
    assert sorted(Order.objects.values_list("state", flat=True)) == ["expired", "open"]


def test_consent_must_be_ticked_and_is_kept_word_for_word(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client, offer = signed_in(dan), make_offer("purchase")
    answer = client.post(f"/offers/{offer.pk}/order/", {"article": article.pk})
    assert answer.status_code == 200
    assert "Please tick the box" in answer.content.decode()
    assert not Order.objects.exists()
    order(client, offer, article)
    assert "lose my right of withdrawal" in latest_order().consent_text
    assert latest_order().consented_at


def test_a_receipt_is_mailed_once_however_often_stripe_is_read(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    back = buy(client, local_stripe, make_offer("purchase"), article)
    for _ in range(3):
        client.get(back)
    send_unsent()
    send_unsent()
    (letter,) = mail.outbox
    receipt = Receipt.objects.get()
    assert letter.to == [dan.email]
    assert "$30.00" in letter.body
    assert str(receipt.number) in letter.body
    assert "lose my right of withdrawal" in letter.body
    assert SECRET_SENTENCE not in letter.body


def test_somebody_elses_order_and_receipt_do_not_exist_for_dan(
    dan: User, alice: User, article: Article, local_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    back = buy(client, local_stripe, make_offer("purchase"), article)
    client.get(back)
    stranger = signed_in(make_user())
    assert stranger.get(back).status_code == 404
    assert stranger.get(f"/orders/{latest_order().pk}/cancel/").status_code == 404
    assert stranger.get(Receipt.objects.get().get_absolute_url()).status_code == 404
    assert client.get(Receipt.objects.get().get_absolute_url()).status_code == 200


def test_a_visitor_is_asked_to_sign_in_before_subscribing_and_the_way_back_is_kept(visitor, article: Article) -> None:
    offer = make_offer("subscription")
    answer = visitor.get(f"/offers/{offer.pk}/order/?article={article.pk}")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/offers/")


def test_stripe_unreachable_keeps_the_order_and_says_so(dan: User, article: Article) -> None:
    offer = make_offer("purchase")
    answer = signed_in(dan).post(f"/offers/{offer.pk}/order/", {"article": article.pk, "consent": "on"})
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "Nothing was charged and your order is kept" in answer.content.decode()
    assert latest_order().state == Order.State.NEW


def test_a_lost_reply_from_stripe_does_not_open_a_second_session(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    fault = {"endpoint": "POST /v1/checkout/sessions", "kind": "reset", "phase": "after_execution", "times": 9}
    local_stripe.control("fault", **fault)
    client, offer = signed_in(dan), make_offer("purchase")
    assert client.post(f"/offers/{offer.pk}/order/", {"article": article.pk, "consent": "on"}).status_code == 503
    local_stripe.control("config", faults=[])
    order(client, offer, article)
    assert len(local_stripe.control("objects", kind="checkout.session")["data"]) == 1


def test_an_error_that_stripe_remembers_does_not_block_the_order_for_a_day(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    """Stripe repeats a stored 500 for the same idempotency key; the next try is a new attempt."""
    fault = {"endpoint": "POST /v1/checkout/sessions", "kind": "500", "phase": "after_execution", "times": 9}
    local_stripe.control("fault", **fault)
    client, offer = signed_in(dan), make_offer("purchase")
    assert client.post(f"/offers/{offer.pk}/order/", {"article": article.pk, "consent": "on"}).status_code == 503
    local_stripe.control("config", faults=[])
    client.get(local_stripe.pay(order(client, offer, article)).removeprefix("http://testserver"))
    assert SECRET_SENTENCE in page(client, article)
    assert len(charged(local_stripe)) == 1


def test_a_customer_deleted_at_stripe_is_made_again(dan: User, local_stripe: LocalStripe) -> None:
    client, offer = signed_in(dan), make_offer("purchase")
    client.get(buy(client, local_stripe, offer, make_article()))
    local_stripe.control("customer/delete", customer=dan.stripe_customers.get().stripe_id)
    second = make_article()
    client.get(buy(client, local_stripe, offer, second))
    assert SECRET_SENTENCE in page(client, second)
    assert dan.stripe_customers.filter(deleted_at=None).count() == 1


def test_an_owner_a_subscriber_and_an_offer_that_is_gone_lead_to_no_payment(
    dan: User, alice: User, article: Article, local_stripe: LocalStripe
) -> None:
    offer = make_offer("purchase")
    make_right(dan, article)
    for reader in (dan, alice):
        answer = signed_in(reader).post(f"/offers/{offer.pk}/order/", {"article": article.pk, "consent": "on"})
        assert answer["Location"] == article.get_absolute_url()
    gone = make_offer("rental", active=False)
    assert signed_in(dan).get(f"/offers/{gone.pk}/order/?article={article.pk}").status_code == 404
    assert not Order.objects.exists()


def test_a_second_subscription_is_caught_before_paying(dan: User, local_stripe: LocalStripe) -> None:
    client, monthly = signed_in(dan), make_offer("subscription")
    client.get(buy(client, local_stripe, monthly))
    yearly = make_offer("subscription", interval="year", amount=8900)
    answer = client.post(f"/offers/{yearly.pk}/order/", {"consent": "on", "renewal": "on"}, follow=True)
    assert "You already subscribe" in answer.content.decode()
    assert Subscription.objects.count() == 1


def test_a_price_that_changes_while_the_reader_pays_is_charged_as_it_was_shown(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client, offer = signed_in(dan), make_offer("purchase")
    url = order(client, offer, article)
    offer.amount = 4500
    offer.save()
    client.get(local_stripe.pay(url).removeprefix("http://testserver"))
    assert Payment.objects.get().amount == 3000
    assert SECRET_SENTENCE in page(client, article)


def test_my_access_shows_what_is_owned_rented_and_subscribed_to(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    rented = make_article(title="The rented one")
    client.get(buy(client, local_stripe, make_offer("purchase"), article))
    client.get(buy(client, local_stripe, make_offer("rental"), rented))
    client.get(buy(client, local_stripe, make_offer("subscription")))
    text = client.get("/my-access/").content.decode()
    for words in (article.title, "The rented one", "$30.00", "$6.00", "$9.00"):
        assert words in text
    assert client.post("/my-access/manage/")["Location"].startswith(local_stripe.url)


def test_everything_sent_to_and_from_the_local_stripe_keeps_stripes_contract(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    for kind, thing in (("purchase", article), ("rental", make_article()), ("subscription", None)):
        client.get(buy(client, local_stripe, make_offer(kind), thing))
    log = local_stripe.control("requests")["data"]
    assert log
    assert [json.dumps(one)[:300] for one in log if one["status"] >= 400] == []
    assert local_stripe.control("violations")["data"] == []
