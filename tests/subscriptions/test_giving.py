"""Gift links, access codes and whole issues: rights that come another way, and end when they should."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import access_codes
from subscriptions.models import AccessCode, AccessCodeBatch, Entitlement, GiftLink, GiftOpening, Order
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_article, make_issue, make_offer, make_right, make_user

# --- whole issues ----------------------------------------------------------------------------------------------------


def reads(client: Client, article: Article) -> bool:
    return SECRET_SENTENCE in client.get(article.get_absolute_url()).content.decode()


def test_a_whole_issue_is_bought_once_and_opens_all_of_it_and_nothing_else(
    dan: User, local_stripe: LocalStripe
) -> None:
    issue, other = make_issue(), make_article(issue=make_issue())
    articles = [make_article(issue=issue) for _ in range(2)]
    make_offer("purchase")
    offer, client = make_offer("issue", amount=9000, position=1), signed_in(dan)
    assert "Buy the whole issue: $90.00" in client.get(issue.get_absolute_url()).content.decode()
    assert "Buy the issue for $90.00" in client.get(articles[0].get_absolute_url()).content.decode()
    answer = client.post(f"/offers/{offer.pk}/order/", {"consent": "on", "issue": issue.pk})
    client.get(local_stripe.pay(answer["Location"]).removeprefix("http://testserver"))
    assert [reads(client, article) for article in articles] == [True, True]
    assert not reads(client, other)
    later = make_article(issue=issue)
    assert reads(client, later)
    again = client.post(f"/offers/{offer.pk}/order/", {"consent": "on", "issue": issue.pk})
    assert again["Location"] == issue.get_absolute_url()
    assert Order.objects.count() == 1
    assert str(issue.volume) in client.get("/my-access/").content.decode()


def test_an_issue_has_its_own_price_where_it_has_one(visitor: Client) -> None:
    issue = make_issue()
    make_article(issue=issue)
    make_offer("issue", amount=9000)
    make_offer("issue", amount=4500, issue=issue)
    assert "Buy the whole issue: $45.00" in visitor.get(issue.get_absolute_url()).content.decode()


@pytest.mark.parametrize("which", ["9999999", "x", ""])
def test_an_issue_that_is_not_there_is_not_sold(dan: User, article: Article, which: str) -> None:
    offer = make_offer("issue", amount=9000)
    assert signed_in(dan).get(f"/offers/{offer.pk}/order/?issue={which}").status_code == 404


# --- gift links ------------------------------------------------------------------------------------------------------


@pytest.fixture
def gift(alice: User, article: Article) -> str:
    """Alice gives the article. The address she sends."""
    alices = signed_in(alice)
    assert "Give this article to somebody" in alices.get(article.get_absolute_url()).content.decode()
    assert "10 of 10 left" in alices.get(f"/gifts/new/{article.pk}/").content.decode()
    alices.post(f"/gifts/new/{article.pk}/")
    assert "9 of 10 left" in alices.get("/gifts/").content.decode()
    return GiftLink.objects.get().get_absolute_url()


def test_a_gift_is_read_without_an_account_and_without_the_pdf(gift: str, article: Article) -> None:
    friend, stranger = Client(), Client()
    assert "gives you this article to read" in friend.get(gift).content.decode()
    assert not reads(friend, article)
    friend.post(gift)
    assert reads(friend, article)
    assert "The PDF and printing are not part of a gift" in friend.get(article.get_absolute_url()).content.decode()
    assert not reads(stranger, article)
    assert not reads(friend, make_article())


def test_opening_the_link_counts_nothing_only_its_button_does_and_once_a_device(gift: str, article: Article) -> None:
    friend = Client()
    for _ in range(3):
        friend.get(gift)
    assert GiftOpening.objects.count() == 0
    for _ in range(3):
        friend.post(gift)
    assert GiftOpening.objects.count() == 1


def test_a_gift_opens_on_ten_devices_and_on_no_eleventh(gift: str, article: Article) -> None:
    devices = [Client() for _ in range(11)]
    for device in devices:
        device.post(gift)
    assert [reads(device, article) for device in devices] == [True] * 10 + [False]
    assert "on 10 devices already" in devices[-1].get(gift).content.decode()


def test_who_may_read_anyway_uses_up_nothing(gift: str, alice: User, article: Article) -> None:
    assert signed_in(alice).post(gift)["Location"] == article.get_absolute_url()
    assert GiftOpening.objects.count() == 0


def test_a_gift_taken_back_or_expired_is_closed_to_everybody_at_once(gift: str, alice: User, article: Article) -> None:
    friend, link = Client(), GiftLink.objects.get()
    friend.post(gift)
    assert signed_in(make_user()).post(f"/gifts/{link.pk}/take-back/").status_code == 404
    signed_in(alice).post(f"/gifts/{link.pk}/take-back/")
    assert not reads(friend, article)
    assert "was taken back" in friend.get(gift).content.decode()
    friend.post(gift)
    assert not reads(friend, article)


def test_a_gift_ends_after_fourteen_days(gift: str, article: Article) -> None:
    link = GiftLink.objects.get()
    assert timedelta(days=13.9) < link.expires_at - timezone.now() < timedelta(days=14)
    friend = Client()
    friend.post(gift)
    past = timezone.now() - timedelta(seconds=1)
    GiftLink.objects.update(expires_at=past)
    Entitlement.objects.filter(kind="gift").update(starts_at=past, ends_at=past)
    assert not reads(friend, article)
    assert "This gift has ended" in friend.get(gift).content.decode()


def test_ten_gifts_a_month_and_revoked_ones_count(alice: User, article: Article) -> None:
    alices = signed_in(alice)
    for _ in range(12):
        alices.post(f"/gifts/new/{article.pk}/")
    alices.post(f"/gifts/{GiftLink.objects.latest('pk').pk}/take-back/")
    assert "You have given all" in alices.get(f"/gifts/new/{article.pk}/").content.decode()
    assert GiftLink.objects.count() == 10
    GiftLink.objects.update(created_at=timezone.now() - timedelta(days=32))
    alices.post(f"/gifts/new/{article.pk}/")
    assert GiftLink.objects.count() == 11


def test_only_a_subscriber_gives_and_only_what_is_not_free(alice: User, dan: User, article: Article) -> None:
    make_right(dan, article)
    signed_in(dan).post(f"/gifts/new/{article.pk}/")
    signed_in(alice).post(f"/gifts/new/{make_article(access_type='open').pk}/")
    assert not GiftLink.objects.exists()
    assert Client().get("/gift/nonsense/").status_code == 404


# --- access codes ----------------------------------------------------------------------------------------------------


def make_batch(article: Article, number: int = 1, **fields: object) -> AccessCodeBatch:
    defaults = {"name": "Congress", "journal": article.journal, "days": 30, "number": number}
    batch = AccessCodeBatch.objects.create(**{**defaults, **fields})
    access_codes.make_codes(batch)
    return batch


def redeem(client: Client, code: str) -> str:
    return client.post("/redeem/", {"code": code}, follow=True).content.decode()


def test_a_code_is_redeemed_however_it_is_typed_and_opens_for_its_days(dan: User, article: Article) -> None:
    code, client = make_batch(article).codes.get().code, signed_in(dan)
    assert "The code is redeemed" in redeem(client, f" {code.lower().replace('-', ' ')} ")
    assert reads(client, article)
    right = Entitlement.objects.get()
    assert right.ends_at and timedelta(days=29.9) < right.ends_at - timezone.now() <= timedelta(days=30)
    assert "The code is redeemed" in redeem(client, code)  # again: the same right
    assert Entitlement.objects.count() == 1
    assert "has been redeemed already" in redeem(signed_in(make_user()), code)


def test_a_code_for_three_readers_opens_for_three(article: Article) -> None:
    code = make_batch(article, uses=3).codes.get().code
    said = [redeem(signed_in(make_user()), code) for _ in range(4)]
    assert ["The code is redeemed" in page for page in said] == [True, True, True, False]
    assert AccessCode.objects.get().redeemed == 3


def test_an_unknown_a_stopped_and_a_late_code_are_refused_in_words(dan: User, article: Article) -> None:
    client = signed_in(dan)
    stopped = make_batch(article, stopped_at=timezone.now()).codes.get().code
    late = make_batch(article, redeem_by=timezone.localdate() - timedelta(days=1)).codes.get().code
    assert "not a code we know" in redeem(client, "AAAA-AAAA-AAAA")
    assert "not a code we know" in redeem(client, stopped)
    assert "could be redeemed until" in redeem(client, late)
    assert not Entitlement.objects.exists()


def test_guessing_codes_is_stopped_for_the_account_and_for_the_network(dan: User, article: Article) -> None:
    code, client = make_batch(article).codes.get().code, signed_in(dan)
    for _ in range(10):
        redeem(client, "AAAA-AAAA-AAAA")
    answer = client.post("/redeem/", {"code": code})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "Too many codes were tried" in answer.content.decode()
    for _ in range(20):
        signed_in(make_user()).post("/redeem/", {"code": "AAAA"})
    assert signed_in(make_user()).post("/redeem/", {"code": code}).status_code == 429
    assert not Entitlement.objects.exists()


def test_codes_have_no_look_alikes_and_do_not_repeat(article: Article) -> None:
    codes = list(make_batch(article, 300).codes.values_list("code", flat=True))
    assert len(set(codes)) == 300
    assert all(re.fullmatch(r"([34679ACDEFGHJKMNPQRTWXY]{4}-){2}[34679ACDEFGHJKMNPQRTWXY]{4}", code) for code in codes)


def test_a_visitor_is_asked_to_sign_in_before_redeeming(visitor: Client) -> None:
    assert visitor.get("/redeem/")["Location"].startswith("/accounts/login/?next=/redeem/")


def test_staff_make_a_pack_download_it_and_stop_it(article: Article) -> None:
    bess = signed_in(make_user("bess@example.org", is_staff=True, groups=["Business"]))
    fields = {"name": "Spring pack", "journal": article.journal_id, "days": "90", "number": "25", "uses": "2"}
    assert bess.post("/admin/subscriptions/accesscodebatch/add/", fields).status_code == 302
    batch = AccessCodeBatch.objects.get()
    table = bess.get(f"/admin/subscriptions/accesscodebatch/{batch.pk}/codes.csv")
    assert table["Content-Type"].startswith("text/csv")
    assert len(table.content.decode().splitlines()) == 26
    bess.post("/admin/subscriptions/accesscodebatch/", {"action": "stop", "_selected_action": [batch.pk]})
    assert "not a code we know" in redeem(signed_in(make_user()), batch.codes.first().code)  # type: ignore[union-attr]
    sam = signed_in(make_user("sam@example.org", is_staff=True, groups=["Support"]))
    assert sam.get(f"/admin/subscriptions/accesscodebatch/{batch.pk}/codes.csv").status_code == 403
