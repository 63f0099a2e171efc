"""Signing in at one's own institution: who gets in, whose account it is, and answers that prove nothing."""

import base64
import re
import socket
from typing import Any

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import SignInIncident, User
from journal.models import Article
from subscriptions.institutions import saml
from subscriptions.models import Institution, InstitutionSignIn, Membership
from tests.conftest import signed_in
from tests.make import PASSWORD, SECRET_SENTENCE, make_institution, make_right, make_user
from tests.subscriptions.identity_provider import SHA1, SHA256, IdentityProvider, arrive, wrapped

pytestmark = pytest.mark.skipif(not saml.is_available(), reason="xmlsec cannot be loaded here")


@pytest.fixture
def idp() -> IdentityProvider:
    return IdentityProvider()


@pytest.fixture
def heron(article: Article, idp: IdentityProvider) -> Institution:
    """Heron University, licensed, with a sign-in of its own; it gives out addresses at heron.example."""
    institution = make_institution("198.51.100.0/24", name="Heron University")
    make_right(institution, article.journal)
    entity_id, sso_url, certificates = saml.read_metadata(idp.metadata)
    InstitutionSignIn.objects.create(
        institution=institution, slug="heron", entity_id=entity_id, sso_url=sso_url, certificates=certificates,
        mail_domains="heron.example",
    )  # fmt: skip
    return institution


def ask(client: Client, idp: IdentityProvider, article: Article) -> dict[str, str]:
    return idp.question(client.get(f"/accounts/institution/heron/?next={article.get_absolute_url()}")["Location"])


def test_a_student_chooses_her_university_and_comes_back_to_the_article(
    heron: Institution, article: Article, idp: IdentityProvider
) -> None:
    """From the article's own link; the second time another browser knows the same account."""
    sara = Client()
    page = sara.get(article.get_absolute_url()).content.decode()
    chooser = re.search(r'href="(/institution/\?next=[^"]+)"', page)[1]  # type: ignore[index]
    assert f'href="/accounts/institution/heron/?next={article.get_absolute_url().replace("/", "%2F")}"' in sara.get(
        f"{chooser}&q=HERON"
    ).content.decode().replace("%2E", ".")
    assert "No institution with “egret”" in sara.get("/institution/?q=egret").content.decode()
    question = ask(sara, idp, article)
    back = arrive(sara, question, idp.answer(question, mail="sara@heron.example"))
    assert back.redirect_chain[-1][0] == article.get_absolute_url()
    assert SECRET_SENTENCE in back.content.decode()
    assert "Access provided by <strong>Heron University</strong>" in back.content.decode()
    user = User.objects.get(email="sara@heron.example")
    account = SocialAccount.objects.get(user=user)
    assert (account.uid, account.extra_data) == ("u1@heron.example", {})
    assert "Continue to Heron University" in sara.get("/institution/").content.decode()
    other = Client()
    question = ask(other, idp, article)
    assert SECRET_SENTENCE in arrive(other, question, idp.answer(question)).content.decode()
    assert Membership.objects.count() == User.objects.count() == 1
    question = ask(other, idp, article)
    page = arrive(other, question, idp.answer(question, affiliation="alum@heron.example")).content.decode()
    assert "did not confirm that you may read" in page
    assert SECRET_SENTENCE not in other.get(article.get_absolute_url()).content.decode()


def test_an_account_is_joined_by_being_signed_in_to_both_and_never_by_its_address(
    heron: Institution, article: Article, idp: IdentityProvider
) -> None:
    dan, thief = make_user("dan@heron.example"), Client()
    for mail in ("dan@heron.example", "victim@elsewhere.example", ""):
        question = ask(thief, idp, article)
        page = arrive(thief, question, idp.answer(question, mail=mail)).content.decode()
        assert "One more step" in page
        assert "/accounts/login/?next=%2Finstitution%2F%3Fnext%3D%252Fdoi" in page
    assert "Continue to Heron University" in thief.get("/institution/").content.decode()  # after signing in
    assert not SocialAccount.objects.exists()
    assert not Membership.objects.exists()
    assert "_auth_user_id" not in thief.session
    his = signed_in(dan)
    question = ask(his, idp, article)
    page = arrive(his, question, idp.answer(question)).content.decode()
    assert "First confirm that it is you" in page  # a browser left open joins nothing
    assert not SocialAccount.objects.exists()
    his = Client()
    assert his.post("/accounts/login/", {"login": dan.email, "password": PASSWORD}).status_code == 302
    question = ask(his, idp, article)
    assert SECRET_SENTENCE in arrive(his, question, idp.answer(question)).content.decode()
    assert SocialAccount.objects.get().user == dan
    question = ask(his, idp, article)
    assert "joined to somebody else" in arrive(his, question, idp.answer(question, uid="u2@x")).content.decode()
    somebody = signed_in(make_user())
    question = ask(somebody, idp, article)
    assert "belongs to another account" in arrive(somebody, question, idp.answer(question)).content.decode()
    assert Membership.objects.count() == 1


FORGED: dict[str, dict[str, Any]] = {
    "signed by somebody else": {"signer": IdentityProvider("forger")},
    "not signed": {"sign": False},
    "signed with SHA-1": {"algorithms": SHA1},
    "of a SHA-1 digest": {"algorithms": (SHA256[0], SHA1[1])},
    "changed after signing": {"spoil": lambda text: text.replace("u1@heron", "u7@heron")},
    "wrapped around a signed one": {"spoil": wrapped},
    "for another site": {"audience": "https://other.example/"},
    "of another provider": {"entity_id": "https://idp.egret.example/"},
    "too old": {"minutes": -30},
    "not valid yet": {"minutes": 30},
    "to no question": {"in_response_to": "", "outer": ""},
    "to another question, dressed as ours": {"in_response_to": "_theirs", "outer": None},
    "not XML": {"spoil": lambda text: "<html"},
    "with entities": {"spoil": lambda text: '<!DOCTYPE a [<!ENTITY b "c">]>' + text},
}


def test_answers_that_prove_nothing_bind_nothing_and_say_so(
    heron: Institution, article: Article, idp: IdentityProvider
) -> None:
    for words, changed in FORGED.items():
        client = Client()
        question = ask(client, idp, article)
        outer = {"outer": question["id"]} if changed.get("outer", "") is None else {}
        answer = idp.answer(question, mail="sara@heron.example", **(changed | outer))
        page = arrive(client, question, answer)
        assert page.status_code == 403, words
        assert re.search(r"could not be verified|This sign-in has ended", page.content.decode()), words
        assert re.search(r"E1-\w{5}", page.content.decode()), words
        assert "_auth_user_id" not in client.session, words
    assert not User.objects.exists()
    assert not SocialAccount.objects.exists()
    assert SignInIncident.objects.count() == len(FORGED)


def test_an_answer_counts_once_and_only_in_the_browser_that_asked(
    heron: Institution, article: Article, idp: IdentityProvider
) -> None:
    sara, thief = Client(), Client()
    question = ask(sara, idp, article)
    answer = idp.answer(question, mail="sara@heron.example")
    assert "This sign-in has ended" in arrive(thief, question, answer).content.decode()
    assert SECRET_SENTENCE in arrive(sara, question, answer).content.decode()
    sara.logout()
    assert "This sign-in has ended" in arrive(sara, question, answer).content.decode()
    assert "_auth_user_id" not in sara.session
    garbage = sara.post("/accounts/institution/heron/acs/", {"SAMLResponse": base64.b64encode(b"\xff\x00").decode()})
    assert sara.get(garbage["Location"]).status_code == 403
    question = ask(sara, idp, article)
    nobody = idp.answer(question, uid="", mail="sara@heron.example")
    assert "did not say who you are" in arrive(sara, question, nobody).content.decode()
    assert sara.get("/accounts/institution/heron/?next=https://evil.example/").status_code == 302


def test_what_an_administrator_reads_of_us_and_what_a_sign_in_that_is_off_answers(heron: Institution) -> None:
    told = Client().get("/accounts/institution/heron/metadata/").content.decode()
    assert 'entityID="http://testserver/accounts/institution/heron/metadata/"' in told
    assert 'Location="http://testserver/accounts/institution/heron/acs/"' in told
    assert "SingleLogoutService" not in told
    InstitutionSignIn.objects.update(active=False)
    for path in ("", "metadata/", "acs/finish/", "logout/"):
        assert Client().get(f"/accounts/institution/heron/{path}").status_code == 404
    assert "No institution signs in here yet" in Client().get("/institution/").content.decode()


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "0x7f.1"]
)
def test_metadata_is_fetched_from_nowhere_inside(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Staff type this address; no role of theirs may look around in the machine's own network with it."""
    asked: list[str] = []
    monkeypatch.setattr(saml.requests, "get", lambda url, **_rest: asked.append(url))
    with pytest.raises(ValidationError, match="public Internet"):
        saml.fetch_metadata(f"https://{host}/metadata")
    assert asked == []


def test_one_address_inside_among_others_is_enough_to_refuse_and_outside_ones_are_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answers(*addresses: str) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
        monkeypatch.setattr(saml.socket, "getaddrinfo", lambda *_asked, **_rest: found)

    monkeypatch.setattr(saml.requests, "get", lambda *_asked, **_rest: (_ for _ in ()).throw(requests.Timeout("late")))
    answers("93.184.215.14", "192.168.0.9")
    with pytest.raises(ValidationError, match="public Internet"):
        saml.fetch_metadata("https://idp.example/metadata")
    answers("93.184.215.14")
    with pytest.raises(ValidationError, match="could not be fetched: late"):
        saml.fetch_metadata("https://idp.example/metadata")
