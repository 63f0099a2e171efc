"""Buying with an email address only, claiming it later, and finding it again."""

import re
import uuid

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import claiming, support
from subscriptions.models import Consent, Entitlement, Offer, Order, Receipt
from tests.conftest import signed_in
from tests.make import PASSWORD, SECRET_SENTENCE, make_offer, make_user
from tests.subscriptions.selling import latest_order, work

GUEST = "Wanda@Example.org"


def order_as_guest(client: Client, offer: Offer, article: Article, email: str = GUEST, key: str = "") -> str:
    data = {"consent": "on", "article": article.pk, "email": email, "key": key or str(uuid.uuid4())}
    answer = client.post(f"/offers/{offer.pk}/order/", data)
    assert answer.status_code == 303, answer.content.decode()[:2000]
    return answer["Location"]


def buy_as_guest(client: Client, stripe: LocalStripe, offer: Offer, article: Article, **options: str) -> str:
    return stripe.pay(order_as_guest(client, offer, article, **options)).removeprefix("http://testserver")


def claim_link() -> str:
    """The link in the newest letter."""
    work()
    found = re.search(r"/purchases/claim/\S+", str(mail.outbox[-1].body))
    assert found, mail.outbox[-1].body
    return found[0]


def reads(client: Client, article: Article) -> bool:
    return SECRET_SENTENCE in client.get(article.get_absolute_url()).content.decode()


@pytest.fixture
def bought(article: Article, local_stripe: LocalStripe) -> str:
    """Wanda bought the article without an account. Her claim link."""
    client = Client()
    client.get(buy_as_guest(client, local_stripe, make_offer("purchase"), article))
    return claim_link()


def test_a_guest_buys_with_an_address_only_and_the_link_in_the_receipt_opens_it(
    visitor: Client, article: Article, local_stripe: LocalStripe
) -> None:
    offer = make_offer("purchase")
    page = visitor.get(f"/offers/{offer.pk}/order/?article={article.pk}").content.decode()
    assert "Your email address" in page
    back = buy_as_guest(visitor, local_stripe, offer, article)
    page = visitor.get(back).content.decode()
    assert "we have sent the receipt to wanda@example.org" in page.lower()
    assert not Entitlement.objects.exists()
    assert not reads(visitor, article)  # a cookie is not a right
    link = claim_link()
    letter = mail.outbox[-1]
    assert letter.to == ["wanda@example.org"]
    assert "lose my right of withdrawal" in letter.body
    somewhere_else = Client()
    assert "Open my purchase" in somewhere_else.get(link).content.decode()
    assert somewhere_else.post(link)["Location"] == article.get_absolute_url()
    assert reads(somewhere_else, article)
    wanda = User.objects.get(email="wanda@example.org")
    assert not wanda.has_usable_password()
    assert EmailAddress.objects.get(user=wanda).verified
    assert Receipt.objects.get().user == wanda
    assert Consent.objects.get(order=latest_order()).text in letter.body


def test_a_mail_scanner_that_opens_the_link_uses_nothing_up(bought: str, article: Article) -> None:
    scanner = Client()
    for _ in range(5):
        assert scanner.get(bought).status_code == 200
        assert scanner.head(bought).status_code in (200, 405)
    assert not User.objects.filter(email="wanda@example.org").exists()
    assert not reads(scanner, article)
    wanda = Client()
    wanda.post(bought)
    assert reads(wanda, article)


def test_a_claimed_link_signs_nobody_in_a_second_time(bought: str, article: Article) -> None:
    Client().post(bought)
    stranger = Client()
    for answer in (stranger.get(bought), stranger.post(bought)):
        assert "in an account already" in answer.content.decode()
    assert not reads(stranger, article)
    assert Entitlement.objects.count() == 1


def test_an_existing_account_of_the_confirmed_address_gets_it_and_signs_in_itself(
    article: Article, local_stripe: LocalStripe
) -> None:
    wanda = make_user("wanda@example.org")
    guest = Client()
    guest.get(buy_as_guest(guest, local_stripe, make_offer("purchase"), article))
    answer = guest.post(claim_link())
    assert answer["Location"].startswith("/accounts/login/?next=")
    assert not reads(guest, article)  # the link is no key to an account that is there
    assert reads(signed_in(wanda), article)
    assert User.objects.count() == 1


def test_an_account_that_never_confirmed_the_address_gets_nothing(bought: str, article: Article) -> None:
    """Somebody registered with Wanda's address and their own password, and waits for her to claim."""
    squatter = User.objects.create_user("wanda@example.org", PASSWORD)
    EmailAddress.objects.create(user=squatter, email=squatter.email, verified=False, primary=True)
    answer = Client().post(bought)
    assert "never confirmed" in answer.content.decode()
    assert not Entitlement.objects.exists()
    assert latest_order().user is None


def test_a_reader_who_is_signed_in_takes_it_into_that_account(bought: str, article: Article, dan: User) -> None:
    client = signed_in(dan)
    assert "Add it to my account" in client.get(bought).content.decode()
    client.post(bought)
    assert reads(client, article)
    assert not User.objects.filter(email="wanda@example.org").exists()


@pytest.mark.parametrize("token", ["x", "a:b:c", "IjEi:1abc:def", "%00", "ä"])
def test_a_forged_claim_link_is_answered_in_words(article: Article, token: str) -> None:
    assert Client().get(f"/purchases/claim/{token}/").status_code == 404


def test_another_browser_does_not_see_a_guests_order(article: Article, local_stripe: LocalStripe) -> None:
    guest, stranger = Client(), Client()
    back = buy_as_guest(guest, local_stripe, make_offer("purchase"), article)
    assert stranger.get(back).url.startswith("/accounts/login/")  # as for an order that does not exist
    assert signed_in(make_user()).get(back).status_code == 404
    assert guest.get(back).status_code == 200


def test_a_double_click_makes_one_order_and_paying_again_with_the_same_page_is_caught(
    article: Article, local_stripe: LocalStripe
) -> None:
    guest, offer, key = Client(), make_offer("purchase"), str(uuid.uuid4())
    first = order_as_guest(guest, offer, article, key=key)
    assert order_as_guest(guest, offer, article, key=key) == first
    guest.get(local_stripe.pay(first).removeprefix("http://testserver"))
    assert order_as_guest(guest, offer, article, key=key) == latest_order().get_absolute_url()
    assert Order.objects.count() == 1


def test_two_guests_with_the_same_address_or_key_do_not_meet_each_others_pages(
    article: Article, local_stripe: LocalStripe
) -> None:
    offer, key = make_offer("purchase"), str(uuid.uuid4())
    one = order_as_guest(Client(), offer, article, key=key)
    assert order_as_guest(Client(), offer, article) != one
    assert order_as_guest(Client(), offer, article, email="other@example.org", key=key) != one


def test_a_refunded_purchase_opens_nothing_when_it_is_claimed(
    bought: str, article: Article, local_stripe: LocalStripe
) -> None:
    order = latest_order()
    local_stripe.control("refund", payment_intent=order.payment_intent_id)
    support.re_read("order", str(order.pk))
    wanda = Client()
    wanda.post(bought)
    work()
    assert not reads(wanda, article)


def test_a_guests_rental_waits_for_its_button_after_claiming(article: Article, local_stripe: LocalStripe) -> None:
    guest = Client()
    guest.get(buy_as_guest(guest, local_stripe, make_offer("rental"), article))
    guest.post(claim_link())
    page = guest.get(article.get_absolute_url()).content.decode()
    assert "Your rental is ready" in page
    assert Entitlement.objects.get().starts_at <= timezone.now()


# --- find my purchase ------------------------------------------------------------------------------------------------


def test_find_my_purchase_says_the_same_to_everybody_and_mails_only_who_bought(bought: str) -> None:
    mail.outbox.clear()
    known = Client().post("/purchases/find/", {"email": "wanda@example.org"}).content.decode()
    unknown = Client().post("/purchases/find/", {"email": "nobody@example.org"}).content.decode()
    assert known.replace("wanda", "nobody") == unknown
    work()
    (letter,) = mail.outbox
    assert letter.to == ["wanda@example.org"]
    assert "/purchases/claim/" in letter.body


def test_find_my_purchase_tells_an_account_to_sign_in_and_opens_nothing_itself(dan: User, article: Article) -> None:
    Client().post("/purchases/find/", {"email": dan.email})
    work()
    assert "Sign in" in mail.outbox[-1].body
    assert "/purchases/claim/" not in mail.outbox[-1].body


def test_find_my_purchase_is_limited_by_address_and_a_forged_header_does_not_help(dan: User, article: Article) -> None:
    for n in range(12):
        client = Client(headers={"X-Forwarded-For": f"203.0.113.{n}"})
        page = client.post("/purchases/find/", {"email": f"reader{n}@example.org"}).content.decode()
    assert "Please wait a few minutes" in page
    elsewhere = Client(REMOTE_ADDR="198.51.100.9")
    assert "on its way" in elsewhere.post("/purchases/find/", {"email": dan.email}).content.decode()


def test_one_address_is_not_flooded_from_many_networks(dan: User, article: Article) -> None:
    for n in range(9):
        Client(REMOTE_ADDR=f"198.51.100.{n}").post("/purchases/find/", {"email": dan.email})
    work()
    assert len(mail.outbox) <= 3


def test_a_link_found_again_claims_like_the_first(bought: str, article: Article) -> None:
    claiming.send_links("wanda@example.org")
    link = claim_link()
    wanda = Client()
    wanda.post(link)
    assert reads(wanda, article)
