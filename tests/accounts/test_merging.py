"""Two accounts of one person: shown to be theirs, previewed in full, merged whole, told to both addresses."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.test import Client

from accounts import roster
from accounts.models import AccountMerge, Member, User
from journal.models import Article
from subscriptions import merging
from subscriptions.models import Entitlement, Order, OutgoingMail, StripeCustomer
from tests.accounts.steps import by_password, is_signed_in, mailed_code, set_up_totp, totp_code
from tests.accounts.test_roster import NEXT_YEAR
from tests.conftest import signed_in
from tests.make import PASSWORD, SECRET_SENTENCE, make_article, make_offer, make_right, make_user

OLD = "alice.old@example.org"


@pytest.fixture
def old(alice: User, article: Article) -> User:
    """Alice's earlier account, which holds something of everything."""
    old = make_user(OLD, name="Alice")
    make_right(old, article)
    make_right(old, make_article(), "rental")
    offer = make_offer()
    fields = {"offer": offer, "kind": "purchase", "journal": article.journal, "amount": 3000, "currency": "usd"}
    Order.objects.create(user=old, article=article, state="paid", **fields)
    StripeCustomer.objects.create(user=old, stripe_id="cus_old")
    StripeCustomer.objects.create(user=alice, stripe_id="cus_new")
    SocialAccount.objects.create(user=old, provider="orcid", uid="0000-0002-1825-0097")
    Member.objects.create(number="M1", name="Alice", valid_until=NEXT_YEAR)
    roster.activate(old, "M1", "Alice")
    return old


def prove(browser: Client, factor: str = "") -> Any:
    browser.post("/account/merge/", {"email": OLD})
    return browser.post("/account/merge/code/", {"code": mailed_code(OLD).lower(), "factor": factor})


def test_everything_comes_along_after_a_preview_and_both_addresses_sign_in_to_the_one(
    alice: User, old: User, article: Article
) -> None:
    browser = signed_in(alice)
    there = signed_in(old)
    rights = set(Entitlement.objects.filter(user=old).values_list("source", flat=True))
    assert prove(browser)["Location"] == "/account/merge/confirm/"
    page = browser.get("/account/merge/confirm/").content.decode()
    for words in (OLD, "Purchase: On waiting herons", "Orders: 1", "Social accounts: 1", "Membership of the society"):
        assert words in page
    assert AccountMerge.objects.count() == 0
    browser.post("/account/merge/confirm/")
    assert rights <= set(Entitlement.objects.filter(user=alice).values_list("source", flat=True))
    assert SECRET_SENTENCE in browser.get(article.get_absolute_url()).content.decode()
    assert not is_signed_in(there)
    assert SocialAccount.objects.get().user == alice
    assert Member.objects.get().user == alice
    record = AccountMerge.objects.get()
    assert record.moved["entitlements"] == 3
    assert record.stayed == {"stripe customers": 1}
    assert set(EmailAddress.objects.filter(user=alice).values_list("email", flat=True)) == {alice.email, OLD}
    anew = Client()
    by_password(anew, OLD)
    assert anew.get("/my-access/").context["request"].user == alice
    assert set(OutgoingMail.objects.values_list("to", flat=True)) == {alice.email, OLD}
    old.refresh_from_db()
    assert (old.is_active, old.held_for, old.has_usable_password()) == (False, "merged", False)


def test_without_the_code_of_the_other_mailbox_and_its_second_factor_nothing_happens(alice: User, old: User) -> None:
    browser = signed_in(alice)
    assert browser.get("/account/merge/confirm/")["Location"] == "/account/merge/"
    assert browser.get("/account/merge/code/")["Location"] == "/account/merge/"
    browser.post("/account/merge/", {"email": OLD})
    for _ in range(3):
        answer = browser.post("/account/merge/code/", {"code": "AAAA-AAAA"})
    assert answer["Location"] == "/account/merge/"
    secret = set_up_totp(old)
    assert "Incorrect code" in prove(browser).content.decode()
    assert prove(browser, totp_code(secret)).status_code == 302
    assert AccountMerge.objects.count() == 0


def test_an_unknown_address_gets_the_same_answer_and_learns_that_there_is_none(alice: User) -> None:
    browser = signed_in(alice)
    said = [
        browser.post("/account/merge/", {"email": email})["Location"] for email in ("nobody@example.org", alice.email)
    ]
    assert said == ["/account/merge/code/"] * 2
    assert all("there is none here" in str(letter.body) for letter in mail.outbox)
    assert [browser.post("/account/merge/", {"email": "x@example.org"}).status_code for _ in range(4)][-1] == 429


def test_staff_held_and_the_same_account_are_not_merged(alice: User) -> None:
    for other in (alice, make_user(is_staff=True), make_user(is_active=False)):
        with pytest.raises(merging.CannotMerge):
            merging.merge(alice, other)


def test_a_merge_that_fails_in_the_middle_changes_nothing(alice: User, old: User, monkeypatch: Any) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr(merging, "_close", broken)
    with pytest.raises(RuntimeError):
        merging.merge(alice, old)
    assert Entitlement.objects.filter(user=old).count() == 3
    assert by_password(Client(), OLD, PASSWORD).status_code == 302
