"""Every way in × everything that can go wrong: what the page says, with which status, session, incident and mail."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client

from accounts import incidents
from accounts.models import ServiceCenter, SignInIncident, User
from tests.accounts import steps
from tests.accounts.orcid import JOSIAH, LocalOrcid, local_orcid
from tests.accounts.steps import (
    ask_for_code,
    by_code,
    by_orcid,
    by_password,
    enter_code,
    mailed_code,
    second_step,
    set_up_recovery_codes,
    set_up_totp,
    totp_code,
)
from tests.accounts.test_error_flow import everything, failing
from tests.make import PASSWORD, make_journal, make_user

ANNA = "anna@example.org"
IN_MEMORY = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}


@dataclass
class World:
    """Anna, her browser, and the other side: mail server and ORCID."""

    settings: Any
    orcid: LocalOrcid
    anna: User
    browser: Client = field(default_factory=Client)

    def mail_down(self) -> None:
        self.settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        self.settings.EMAIL_HOST, self.settings.EMAIL_PORT = "127.0.0.1", 9

    def hold(self) -> None:
        User.objects.update(is_active=False, held_for="disputed")

    def link_orcid(self) -> None:
        SocialAccount.objects.create(user=self.anna, provider="orcid", uid=JOSIAH)

    def unconfirmed(self) -> None:
        self.anna.emailaddress_set.update(verified=False)  # type: ignore[attr-defined]

    def age_session(self, seconds: int) -> None:
        """What the session keeps of its beginning lies further back."""
        session = self.browser.session
        login = session["account_login"]
        login["state"]["stages"]["login_by_code"]["data"]["at"] = time.time() - seconds
        session["account_login"] = login
        session.save()


@pytest.fixture
def world(settings: Any, monkeypatch: Any, tmp_path: Path, db: None) -> Iterator[World]:
    settings.VAR_DIR = tmp_path
    make_journal()
    ServiceCenter(name="Reader services", phone="+1 202-555-0143").save()
    with local_orcid(monkeypatch, settings) as peer:
        yield World(settings, peer, make_user(ANNA, name="Anna"))


# --- what goes wrong: each returns the answer the reader sees --------------------------------------------------------


def wrong_password(w: World) -> Any:
    return by_password(w.browser, ANNA, "not mine")


def unknown_address(w: World) -> Any:
    return by_password(w.browser, "nobody@example.org")


def password_unconfirmed(w: World) -> Any:
    w.unconfirmed()
    by_password(w.browser, ANNA)
    return w.browser.get("/accounts/confirm-email/")


def password_on_hold(w: World) -> Any:
    w.hold()
    return by_password(w.browser, ANNA)


def password_database_down(w: World) -> Any:
    with failing(everything):
        return by_password(w.browser, ANNA)


def password_too_often(w: World) -> Any:
    for _ in range(5):
        wrong_password(w)
    return by_password(w.browser, ANNA)


def unknown_too_often(w: World) -> Any:
    for _ in range(5):
        unknown_address(w)
    return unknown_address(w)


def cookie_refused(w: World) -> Any:
    w.browser = Client(enforce_csrf_checks=True)
    return by_password(w.browser, ANNA)


def code_for_unknown(w: World) -> Any:
    ask_for_code(w.browser, "nobody@example.org")
    return w.browser.get("/accounts/login/code/confirm/")


def code_wrong(w: World) -> Any:
    ask_for_code(w.browser, ANNA)
    return enter_code(w.browser, "AAAA-AAAA")


def code_expired(w: World) -> Any:
    ask_for_code(w.browser, ANNA)
    w.age_session(3600)
    return w.browser.post("/accounts/login/code/confirm/", {"code": mailed_code(ANNA)}, follow=True)


def code_used_twice(w: World) -> Any:
    by_code(w.browser, ANNA)
    w.browser = Client()
    ask_for_code(w.browser, ANNA)
    first = next(letter for letter in mail.outbox if letter.to == [ANNA])
    return enter_code(w.browser, next(line.strip() for line in str(first.body).splitlines() if line[:4] == "    "))


def code_mail_down(w: World) -> Any:
    w.mail_down()
    return ask_for_code(w.browser, ANNA)


def code_on_hold(w: World) -> Any:
    w.hold()
    ask_for_code(w.browser, ANNA)
    return w.browser.get("/accounts/login/code/confirm/")


def code_database_down(w: World) -> Any:
    ask_for_code(w.browser, ANNA)
    with failing(everything):
        return enter_code(w.browser, "AAAA-AAAA")


def code_too_often(w: World) -> Any:
    for _ in range(3):
        ask_for_code(Client(), ANNA)
    return ask_for_code(w.browser, ANNA)


def totp_wrong(w: World) -> Any:
    set_up_totp(w.anna)
    by_password(w.browser, ANNA)
    return second_step(w.browser, "000000")


def totp_twice(w: World) -> Any:
    w.settings.CACHES = {**w.settings.CACHES, "default": IN_MEMORY}  # which codes were used
    secret = set_up_totp(w.anna)
    by_password(w.browser, ANNA)
    second_step(w.browser, totp_code(secret))
    w.browser = Client()
    by_password(w.browser, ANNA)
    return second_step(w.browser, totp_code(secret))


def recovery_code_twice(w: World) -> Any:
    set_up_totp(w.anna)
    code = set_up_recovery_codes(w.anna)[0]
    by_password(w.browser, ANNA)
    assert second_step(w.browser, code).status_code == 302
    w.browser = Client()
    by_password(w.browser, ANNA)
    return second_step(w.browser, code)


def second_factor_database_down(w: World) -> Any:
    set_up_totp(w.anna)
    by_password(w.browser, ANNA)
    with failing(everything):
        return second_step(w.browser, "000000")


def passkey_forged(w: World) -> Any:
    w.browser.get("/accounts/2fa/webauthn/login/", headers={"accept": "application/json"})
    forged = '{"id": "x", "rawId": "eA", "type": "public-key", "response": {}}'
    return w.browser.post("/accounts/2fa/webauthn/login/", {"credential": forged}, follow=True)


def orcid_down(w: World) -> Any:
    w.orcid.fault = "500"
    return by_orcid(w.browser, w.orcid)


def orcid_nonsense(w: World) -> Any:
    w.orcid.fault = "nonsense"
    return by_orcid(w.browser, w.orcid)


def orcid_without_id(w: World) -> Any:
    w.orcid.fault = "no iD"
    return by_orcid(w.browser, w.orcid)


def orcid_with_an_empty_record(w: World) -> Any:
    w.orcid.fault = "empty record"
    return by_orcid(w.browser, w.orcid)


def orcid_canceled(w: World) -> Any:
    return w.browser.get(by_orcid(w.browser, w.orcid, error="access_denied")["Location"])


def orcid_code_used_twice(w: World) -> Any:
    return by_orcid(w.browser, w.orcid, code="used")


def orcid_forged_state(w: World) -> Any:
    w.browser.post("/accounts/orcid/login/")
    return w.browser.get("/accounts/orcid/login/callback/", {"state": "forged", "code": "c1"}, follow=True)


def orcid_on_hold(w: World) -> Any:
    w.link_orcid()
    w.hold()
    return by_orcid(w.browser, w.orcid)


def orcid_unknown(w: World) -> Any:
    return w.browser.get(by_orcid(w.browser, w.orcid)["Location"])


def reset_for_unknown(w: World) -> Any:
    w.browser.post(steps.RESET, {"email": "nobody@example.org"})
    return w.browser.get("/accounts/password/reset/confirm/")


def reset_mail_down(w: World) -> Any:
    w.mail_down()
    return w.browser.post(steps.RESET, {"email": ANNA})


def register_taken(w: World) -> Any:
    w.browser.post("/accounts/signup/", {"email": ANNA, "password1": "a sentence nobody knows yet"})
    return w.browser.get("/accounts/confirm-email/")


@dataclass(frozen=True)
class Expected:
    status: int
    says: str
    stage: str = ""
    mails: int = 0
    mail_says: str = ""


NOT_CORRECT = "are not correct"
ENTER_CODE = "Enter your sign-in code"
E1, E3 = "sign anyone in right now", "There is a question about your account"
TOO_MANY = "Please wait a minute"
TABLE: dict[Callable[[World], Any], Expected] = {
    wrong_password: Expected(200, NOT_CORRECT),
    unknown_address: Expected(200, NOT_CORRECT),
    password_unconfirmed: Expected(200, "Confirm your email address", mails=1, mail_says="code to confirm"),
    password_on_hold: Expected(403, E3, "E3"),
    password_database_down: Expected(503, E1, "E1"),
    password_too_often: Expected(429, TOO_MANY, "E1"),
    unknown_too_often: Expected(429, TOO_MANY, "E1"),
    cookie_refused: Expected(403, "did not keep the cookie"),
    code_for_unknown: Expected(200, ENTER_CODE, mails=1, mail_says="no account under this address"),
    code_wrong: Expected(200, "Incorrect code", mails=1),
    code_expired: Expected(200, "Sign in with a code", mails=1),
    code_used_twice: Expected(200, "Incorrect code", mails=2),
    code_mail_down: Expected(503, E1, "E1"),
    code_on_hold: Expected(200, ENTER_CODE, mails=1, mail_says="question about that account"),
    code_database_down: Expected(503, E1, "E1", mails=1),
    code_too_often: Expected(429, TOO_MANY, "E1", mails=3),
    totp_wrong: Expected(200, "Incorrect code"),
    totp_twice: Expected(200, "Incorrect code"),
    recovery_code_twice: Expected(200, "Incorrect code"),
    second_factor_database_down: Expected(503, E1, "E1"),
    passkey_forged: Expected(200, "Sign in"),
    orcid_down: Expected(503, E1, "E1"),
    orcid_nonsense: Expected(503, E1, "E1"),
    orcid_without_id: Expected(503, E1, "E1"),
    orcid_with_an_empty_record: Expected(503, E1, "E1"),
    orcid_canceled: Expected(200, "You did not sign in with ORCID"),
    orcid_code_used_twice: Expected(503, E1, "E1"),
    orcid_forged_state: Expected(503, E1, "E1"),
    orcid_on_hold: Expected(403, E3, "E3"),
    orcid_unknown: Expected(200, "One more thing"),
    reset_for_unknown: Expected(200, "Enter your reset code", mails=1, mail_says="no account"),
    reset_mail_down: Expected(503, E1, "E1"),
    register_taken: Expected(200, "Confirm your email address", mails=1, mail_says="already"),
}


@pytest.mark.parametrize("goes_wrong", TABLE, ids=lambda case: case.__name__)
def test_what_goes_wrong_is_said_and_nobody_is_signed_in(world: World, goes_wrong: Callable[[World], Any]) -> None:
    expected = TABLE[goes_wrong]
    answer = goes_wrong(world)
    text = answer.content.decode()
    assert (answer.status_code, expected.says in text) == (expected.status, True), text
    assert ("Retry-After" in answer) is (expected.status in (429, 503))
    assert not steps.is_signed_in(world.browser)
    incidents.catch_up()
    stages = list(SignInIncident.objects.values_list("stage", flat=True))
    assert stages == ([expected.stage] if expected.stage else [])
    assert len(mail.outbox) == expected.mails, [str(letter.body) for letter in mail.outbox]
    assert not expected.mail_says or expected.mail_says in str(mail.outbox[-1].body)
    for stored in SignInIncident.objects.values_list("happened", "path"):
        assert PASSWORD not in "".join(stored)


# --- what goes right -------------------------------------------------------------------------------------------------

TO = "/search/?q=herons"


def right_password(w: World) -> Any:
    return by_password(w.browser, ANNA, next=TO)


def right_code(w: World) -> Any:
    ask_for_code(w.browser, ANNA, next=TO)
    return w.browser.post(f"/accounts/login/code/confirm/?next={TO.replace('?', '%3F')}", {"code": mailed_code(ANNA)})


def right_totp(w: World) -> Any:
    secret = set_up_totp(w.anna)
    right_password(w)
    return second_step(w.browser, totp_code(secret))


def right_recovery_code(w: World) -> Any:
    set_up_totp(w.anna)
    code = set_up_recovery_codes(w.anna)[0]
    right_password(w)
    return second_step(w.browser, code)


def right_after_a_wrong_one(w: World) -> Any:
    by_password(w.browser, ANNA, "wrong", next=TO)
    return right_password(w)


def right_after_a_wrong_second_step(w: World) -> Any:
    secret = set_up_totp(w.anna)
    right_password(w)
    second_step(w.browser, "000000")
    return second_step(w.browser, totp_code(secret))


def right_orcid(w: World) -> Any:
    w.link_orcid()
    return by_orcid(w.browser, w.orcid)


RIGHT = {
    right_password: TO,
    right_code: TO,
    right_totp: TO,
    right_recovery_code: TO,
    right_after_a_wrong_one: TO,
    right_after_a_wrong_second_step: TO,
    right_orcid: "/",
}


@pytest.mark.parametrize("way", RIGHT, ids=lambda way: way.__name__)
def test_each_way_signs_in_and_leads_back(world: World, way: Callable[[World], Any]) -> None:
    answer = way(world)
    assert (answer.status_code, answer["Location"]) == (302, RIGHT[way])
    assert steps.is_signed_in(world.browser)
    assert SignInIncident.objects.count() == 0
    assert "device" in answer.cookies


def test_orcid_makes_an_account_only_with_a_confirmed_address_and_finds_none_by_address(world: World) -> None:
    by_orcid(world.browser, world.orcid)
    world.browser.post("/accounts/3rdparty/signup/", {"email": ANNA, "name": "Josiah"})
    assert SocialAccount.objects.count() == 0
    assert "already" in str(mail.outbox[-1].body)
    other = Client()
    by_orcid(other, world.orcid)
    assert "Josiah Carberry" in other.get("/accounts/3rdparty/signup/").content.decode()
    other.post("/accounts/3rdparty/signup/", {"email": "josiah@example.org", "name": "Josiah"})
    assert not steps.is_signed_in(other)
    other.post("/accounts/confirm-email/", {"code": mailed_code("josiah@example.org")})
    assert steps.is_signed_in(other)
    assert SocialAccount.objects.get().user.email == "josiah@example.org"


def test_an_orcid_is_linked_by_its_owner_and_on_two_accounts_explained(world: World) -> None:
    by_password(world.browser, ANNA)
    by_orcid(world.browser, world.orcid, process="connect")
    assert JOSIAH in world.browser.get("/accounts/3rdparty/").content.decode()
    assert "ORCID was connected" in mail.outbox[-1].subject
    make_user("ben@example.org")
    ben = Client()
    by_password(ben, "ben@example.org")
    answer = by_orcid(ben, world.orcid, process="connect")
    page = ben.get(answer["Location"]).content.decode()
    assert "already signs in to another account" in page
    assert SocialAccount.objects.get().user == world.anna


def test_a_mail_scanner_that_opens_every_link_uses_nothing_up(world: World) -> None:
    ask_for_code(world.browser, ANNA)
    world.browser.post("/accounts/signup/", {"email": "x@example.org", "password1": PASSWORD})
    scanner = Client()
    found = [word for letter in mail.outbox for word in str(letter.body).split() if word.startswith("http")]
    for link in found:
        scanner.get(link.replace("http://testserver", ""))
    world.browser = Client()
    by_code(world.browser, ANNA)
    assert steps.is_signed_in(world.browser)
    assert not steps.is_signed_in(scanner)


def test_no_session_row_holds_what_a_failed_password_left(world: World) -> None:
    before = Session.objects.count()
    wrong_password(world)
    assert Session.objects.count() == before


def test_secrets_of_second_factors_lie_encrypted(world: World) -> None:
    secret = set_up_totp(world.anna)
    set_up_recovery_codes(world.anna)
    stored = [str(row) for row in Authenticator.objects.values_list("data", flat=True)]
    assert len(stored) == 2
    assert not any(secret in row for row in stored)
    assert all("gAAAA" in row for row in stored)


def test_a_provider_that_is_not_set_up_has_no_pages(world: World, settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {}
    for path in ("/accounts/orcid/login/", "/accounts/orcid/login/callback/"):
        assert world.browser.get(path).status_code == 404
        assert world.browser.post(path).status_code == 404
    assert "ORCID" not in world.browser.get("/accounts/login/").content.decode()
