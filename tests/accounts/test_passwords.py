"""Passwords, codes and session keys: what is taken, what is refused, what goes around nothing (docs/asvs.md, 6, 7)."""

import re
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.conf import global_settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.password_validation import CommonPasswordValidator, validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.test import Client

from accounts import encryption
from accounts.models import User
from accounts.password_words import words
from journal.models import Article
from tests.accounts.steps import (
    LOGIN,
    RESET,
    by_password,
    is_signed_in,
    mailed_code,
    second_step,
    set_up_totp,
    totp_code,
)
from tests.conftest import signed_in
from tests.make import PASSWORD, SECRET_SENTENCE, make_journal, make_right

SIGNUP = "/accounts/signup/"


@pytest.mark.parametrize(
    "password",
    [
        "heronsstandinwater",
        "1029384756 5647382910",
        "ÄÖÜ ß 日本語 ‽ 🦩🦩🦩",
        "  spaces on both ends  ",
        "h" + "ab-" * 40,
    ],
)
def test_any_composition_and_any_length_people_use_is_taken_as_it_is(db: None, password: str) -> None:
    make_journal()
    validate_password(password)
    user = User.objects.create_user("composed@example.org", password)
    assert user.check_password(password)
    assert not user.check_password(password.upper() if password.upper() != password else password[:-1])
    assert not user.check_password(password[:-1])
    answer = Client().post(SIGNUP, {"email": "new@example.org", "password1": password})
    assert answer.status_code == 302
    assert User.objects.get(email="new@example.org").check_password(password)


@pytest.mark.parametrize("password", ["JournalReader2026!", "membership-2026", "firstpage.2026!", "Testserver12345"])
def test_words_of_the_site_and_a_few_signs_are_no_password(password: str) -> None:
    with pytest.raises(ValidationError, match="Words of this site"):
        validate_password(password)
    validate_password("the journal lies below seven herons")


def test_one_sentence_says_what_makes_a_password_and_the_rest_is_said_of_a_typed_one(db: None) -> None:
    make_journal()
    asked = Client().get(SIGNUP).content.decode()
    assert "At least 10 characters. Several words of your own" in asked
    assert "personal information" not in asked
    refused = Client().post(SIGNUP, {"email": "new@example.org", "password1": "journal-2026"}).content.decode()
    assert "Words of this site and a few signs are tried first." in refused
    reader = Client()
    reader.force_login(User.objects.create_user("kept@example.org", PASSWORD))
    assert "At least 10 characters." in reader.get("/accounts/password/change/").content.decode()


def test_the_words_are_those_of_the_document() -> None:
    text = (Path(__file__).parents[2] / "docs/security.md").read_text()
    assert [word for word in words() if word != "testserver" and word not in text] == []


def test_a_password_out_of_a_breach_is_refused() -> None:
    """Each of the list that is long enough, and far more than 3,000 that are made of one and a few signs."""
    common = sorted(CommonPasswordValidator().passwords)
    long = [password for password in common if len(password) >= 10]
    made = [f"{word}2026!" for word in common if word.isalpha() and len(word) >= 5]
    assert len(made) > 8000
    for password in [*long[::50], *made[::400], "Dragon#2026", "!!Sunshine99"]:
        with pytest.raises(ValidationError):
            validate_password(password)
    validate_password("dragon 83749-28374-90")


def test_fields_are_masked_and_take_what_a_manager_pastes(dan: User) -> None:
    make_journal()
    pages = [(Client(), SIGNUP), (Client(), LOGIN), (signed_in(dan), "/accounts/password/change/")]
    for client, path in pages:
        fields = re.findall(r"<input[^>]*name=\"(?:password1?|oldpassword)\"[^>]*>", client.get(path).content.decode())
        assert fields, path
        for field in fields:
            assert 'type="password"' in field
            assert "onpaste" not in field
            assert re.search(r'autocomplete="(current|new)-password"', field), field


def test_passwords_are_stored_by_a_slow_hash() -> None:
    """The tests themselves use a quick one (tests/settings.py)."""
    assert global_settings.PASSWORD_HASHERS[0].endswith(".PBKDF2PasswordHasher")
    assert "PASSWORD_HASHERS" not in Path("config/settings.py").read_text()
    assert PBKDF2PasswordHasher().iterations >= 600_000


def test_a_reset_password_does_not_go_around_the_second_factor(dan: User) -> None:
    make_journal()
    secret, browser = set_up_totp(dan), Client()
    sent = browser.post(RESET, {"email": dan.email}, follow=True).request["PATH_INFO"]
    browser.post(sent, {"code": mailed_code(dan.email)})
    page = browser.get("/accounts/password/reset/complete/")
    new = "herons wait in the water"
    browser.post(page.request["PATH_INFO"], {"password1": new, "password2": new})
    assert not is_signed_in(browser)
    dan.refresh_from_db()
    assert dan.check_password(new)
    by_password(browser, dan.email, new)
    assert not is_signed_in(browser)
    second_step(browser, totp_code(secret))
    assert is_signed_in(browser)


def test_a_code_of_the_app_works_once(dan: User, settings) -> None:
    make_journal()
    settings.CACHES = {**settings.CACHES, "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    secret = set_up_totp(dan)
    code = totp_code(secret)
    first, second = Client(), Client()
    for browser in (first, second):
        by_password(browser, dan.email)
        second_step(browser, code)
    assert is_signed_in(first)
    assert not is_signed_in(second)


def test_the_apps_code_of_half_a_minute_ago_is_over(dan: User, settings) -> None:
    """Tests themselves take it (tests/settings.py), for they may begin at the end of a half minute."""
    make_journal()
    assert "MFA_TOTP_TOLERANCE = 0" in Path("config/settings.py").read_text()
    settings.MFA_TOTP_TOLERANCE = 0
    secret, browser = set_up_totp(dan), Client()
    by_password(browser, dan.email)
    answer = second_step(browser, totp_code(secret, later=-1))
    assert "take the next one" in answer.content.decode()
    assert not is_signed_in(browser)


def test_recovery_codes_are_shown_once_kept_as_digests_and_work_once(dan: User) -> None:
    make_journal()
    secret, browser, other = set_up_totp(dan), Client(), Client()
    by_password(browser, dan.email)
    second_step(browser, totp_code(secret))
    browser.post("/accounts/2fa/recovery-codes/generate/")
    page = browser.get("/accounts/2fa/recovery-codes/").content.decode()
    codes = re.findall(r"<li>([a-z2-9-]{29})</li>", page)
    assert len(set(codes)) == 10
    assert "never again" in page
    assert codes == browser.get("/accounts/2fa/recovery-codes/download/").content.decode().split()
    stored = Authenticator.objects.get(type="recovery_codes").data
    assert set(stored) == {"hashes", "viewed_at"}
    assert not any(code in str(stored) or code.replace("-", "") in str(stored) for code in codes)
    by_password(other, dan.email)
    second_step(other, codes[0].upper().replace("-", " "))
    assert is_signed_in(other)
    assert codes[1] not in other.get("/accounts/2fa/recovery-codes/").content.decode(), "elsewhere they are not shown"
    assert "9 of 10" in other.get("/accounts/2fa/recovery-codes/").content.decode()
    third = Client()
    by_password(third, dan.email)
    second_step(third, codes[0])
    assert not is_signed_in(third)
    session = browser.session
    session["recovery_codes"] = {**session["recovery_codes"], "until": 0}
    session.save()
    assert codes[1] not in browser.get("/accounts/2fa/recovery-codes/").content.decode(), "after ten minutes neither"


def test_codes_made_from_a_seed_before_work_until_new_ones_are_made(dan: User) -> None:
    seed = {"seed": encryption.encrypt("0" * 80), "used_mask": 0}
    row = Authenticator.objects.create(user=dan, type="recovery_codes", data=seed)
    codes = row.wrap().get_unused_codes()
    assert len(codes) == 10
    assert row.wrap().validate_code(codes[0])
    assert not row.wrap().validate_code(codes[0])


def test_a_site_may_ask_a_second_factor_of_everybody(dan: User, article: Article, settings) -> None:
    settings.READER_SECOND_FACTOR = True
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "accounts.second_factor.EverybodysSecondFactor"]
    make_right(dan, article)
    place, visitor, browser = article.get_absolute_url(), Client(), Client()
    assert visitor.get(place).status_code == 200
    by_password(browser, dan.email)
    for path in (place, "/my-access/", "/account/privacy/"):
        assert browser.get(path)["Location"] == "/accounts/2fa/"
    assert "Accounts here need a second factor" in browser.get("/accounts/2fa/").content.decode()
    secret = browser.get("/accounts/2fa/totp/activate/").context["form"].secret
    browser.post("/accounts/2fa/totp/activate/", {"code": totp_code(secret)})
    assert SECRET_SENTENCE in browser.get(place).content.decode()
    browser.post("/accounts/2fa/totp/deactivate/")
    assert Authenticator.objects.filter(type="totp").exists(), "the last one is not taken away"


def test_changing_the_address_asks_again_who_it_is(dan: User) -> None:
    make_journal()
    browser = signed_in(dan)
    answer = browser.post("/accounts/email/", {"action_add": "", "email": "else@example.org"})
    assert answer.status_code == 302
    assert "/reauthenticate/" in answer["Location"]
    assert not dan.emailaddress_set.filter(email="else@example.org").exists()


def test_a_session_key_is_long_random_and_new_after_signing_in(dan: User) -> None:
    make_journal()
    browser, keys = Client(), set()
    for _ in range(3):
        by_password(browser, dan.email, PASSWORD)
        assert is_signed_in(browser)
        keys.add(browser.cookies["session"].value)
        before = browser.cookies["session"].value
        browser.post("/accounts/logout/")
        browser.cookies["session"] = before
        assert not is_signed_in(browser)
    assert len(keys) == 3
    assert all(re.fullmatch(r"[a-z0-9]{32}", key) for key in keys)  # 165 bits


def test_a_session_that_somebody_else_planted_is_not_the_one_that_is_signed_in(dan: User) -> None:
    """Fixation: the eavesdropper knows the key that Dan's browser came with, and it stays a visitor's."""
    make_journal()
    eve, his = Client(), Client()
    planted = eve.session
    planted["planted"] = True
    planted.save()
    his.cookies["session"] = eve.cookies["session"] = planted.session_key
    by_password(his, dan.email, PASSWORD)
    assert is_signed_in(his)
    assert his.cookies["session"].value != planted.session_key
    assert not is_signed_in(eve)
    assert not Session.objects.filter(session_key=planted.session_key).exists()
