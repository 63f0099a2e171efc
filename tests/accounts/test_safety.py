"""What an attacker meets, and what the owner is spared."""

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection
from django.test import Client

from accounts import letters, second_factor, tries
from accounts.devices import browser_named
from accounts.models import KnownDevice, User
from accounts.tasks import send_notice
from config.settings import CACHES
from tests.accounts.steps import (
    ask_for_code,
    by_password,
    is_signed_in,
    set_up_recovery_codes,
    set_up_totp,
    totp_code,
)
from tests.conftest import signed_in
from tests.make import PASSWORD, make_journal, make_user

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
SIGNUP = "/accounts/signup/"


@pytest.fixture(autouse=True)
def journal(db: None, settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path
    settings.TRUSTED_PROXY_COUNT = 1
    make_journal()


def at(address: str, browser: Client | None = None) -> Client:
    browser = browser or Client()
    browser.defaults["HTTP_X_FORWARDED_FOR"] = address
    return browser


def test_an_attacker_from_everywhere_is_slowed_and_the_owner_still_signs_in(dan: User) -> None:
    owner = at("192.0.2.1")
    by_password(owner, dan.email)
    owner.post("/accounts/logout/")
    said = [
        by_password(at(f"198.51.100.{n}"), dan.email, "guess").status_code for n in range(tries.OF_ACCOUNT.most + 3)
    ]
    assert said == [200] * tries.OF_ACCOUNT.most + [429] * 3
    assert by_password(at("198.51.100.99"), dan.email).status_code == 429
    by_password(owner, dan.email, "a slip")
    assert by_password(owner, dan.email).status_code == 302
    assert is_signed_in(owner)


def test_one_address_is_stopped_early_and_a_forged_header_or_a_next_ipv6_address_does_not_help(dan: User) -> None:
    for n in range(tries.OF_ADDRESS_AND_ACCOUNT.most):
        by_password(at(f"203.0.113.{n}, 2001:db8:1:1::{n:x}"), dan.email, "guess")
    assert by_password(at("203.0.113.200, 2001:db8:1:1::ffff"), dan.email).status_code == 429
    assert by_password(at("203.0.113.1, 2001:db8:1:2::1"), dan.email).status_code == 302


def test_right_passwords_do_not_use_up_tries_and_unknown_addresses_are_counted_alike(dan: User) -> None:
    for _ in range(tries.OF_ADDRESS_AND_ACCOUNT.most + 2):
        assert by_password(at("192.0.2.1"), dan.email).status_code == 302
    unknown = [by_password(at("192.0.2.2"), "nobody@example.org", "guess").status_code for _ in range(7)]
    known = [by_password(at("192.0.2.3"), dan.email, "guess").status_code for _ in range(7)]
    assert unknown == known


HOSTILE_NEXT = (
    "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "http:///evil.example",
    "javascript:alert(1)", "https:evil.example", "////evil.example", "http://testserver@evil.example/",
    "https://testserver.evil.example/", "\t//evil.example", "http://127.0.0.1/", "data:text/html,x",
    "/%0a/evil.example\n",
)  # fmt: skip


@pytest.mark.parametrize("target", HOSTILE_NEXT)
def test_no_way_back_leads_to_another_site(dan: User, target: str) -> None:
    browser = Client()
    answer = by_password(browser, dan.email, next=target)
    assert answer.status_code == 302
    assert answer["Location"] == "/" or answer["Location"].startswith("/%")
    assert browser.get("/accounts/login/", {"next": target}).headers.get("Location", "/").startswith("/")
    out = browser.post("/accounts/logout/", {"next": target})
    assert out["Location"] == "/" or out["Location"].startswith("/%")


def test_a_new_browser_is_told_by_mail_and_a_known_one_is_not(dan: User) -> None:
    first = Client(HTTP_USER_AGENT=FIREFOX)
    by_password(first, dan.email)
    first.post("/accounts/logout/")
    by_password(first, dan.email)
    assert mail.outbox == []
    by_password(Client(), dan.email)
    (letter,) = mail.outbox
    assert letter.to == [dan.email]
    assert "new sign-in" in letter.subject
    assert "/accounts/sessions/" in str(letter.body)
    assert KnownDevice.objects.filter(user=dan).count() == 2
    assert browser_named(FIREFOX) == "Firefox on Windows"


def test_sessions_are_listed_and_one_or_all_others_ended(dan: User) -> None:
    here, phone, library = (Client(HTTP_USER_AGENT=FIREFOX) for _ in range(3))
    for browser in (here, phone, library):
        by_password(browser, dan.email)
    assert here.get("/accounts/sessions/").content.decode().count("Firefox on Windows") > 2
    others = UserSession.objects.exclude(session_key=here.session.session_key).order_by("pk")
    here.post(f"/account/sessions/{others[0].pk}/end/")
    assert [is_signed_in(browser) for browser in (here, phone, library)] == [True, False, True]
    here.post("/accounts/sessions/")
    assert [is_signed_in(browser) for browser in (here, library)] == [True, False]
    stranger = signed_in(make_user())
    mine = UserSession.objects.get()
    assert stranger.post(f"/account/sessions/{mine.pk}/end/").status_code == 404
    assert is_signed_in(here)


@pytest.mark.parametrize("password", ["password123", "1234567890", "qwertyuiop", "iloveyou123", "dan@example"])
def test_common_passwords_and_ones_like_the_address_are_refused(db: None, password: str) -> None:
    answer = Client().post(SIGNUP, {"email": "dan@example.org", "password1": password})
    assert answer.status_code == 200
    assert answer.context["form"].errors["password1"]


def test_staff_set_up_a_second_factor_before_they_see_the_admin_and_keep_one(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True
    edith = make_user("edith@example.org", is_staff=True, is_superuser=True)
    browser = Client()
    by_password(browser, edith.email)
    sent = browser.get("/admin/", follow=True)
    assert sent.redirect_chain[-1][0] == "/accounts/2fa/"
    assert "Staff pages need a second factor" in sent.content.decode()
    secret = browser.get("/accounts/2fa/totp/activate/").context["form"].secret
    done = browser.post("/accounts/2fa/totp/activate/", {"code": totp_code(secret)}, follow=True)
    assert "Recovery codes" in done.content.decode()
    assert browser.get("/admin/").status_code == 200
    refused = browser.post("/accounts/2fa/totp/deactivate/")
    assert Authenticator.objects.filter(type="totp").count() == 1, refused.content
    settings.STAFF_SECOND_FACTOR = False
    browser.post("/accounts/2fa/totp/deactivate/")
    assert Authenticator.objects.count() == 0


def test_keys_of_second_factors_are_written_anew(dan: User, settings: Any) -> None:
    secret, codes = set_up_totp(dan), set_up_recovery_codes(dan)
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [old]
    call_command("reencrypt", verbosity=0)
    settings.SECRET_KEY_FALLBACKS = []
    browser = Client()
    by_password(browser, dan.email)
    assert browser.post("/accounts/2fa/authenticate/", {"code": totp_code(secret)}).status_code == 302
    assert Authenticator.objects.get(type="recovery_codes").wrap().validate_code(codes[3])
    assert not second_factor.is_missing(dan)


def test_a_notice_whose_mail_server_is_away_does_not_undo_the_change_and_is_sent_later(
    dan: User, settings: Any
) -> None:
    by_password(Client(), dan.email)
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend",
        "127.0.0.1",
        9,
    )
    assert by_password(Client(), dan.email).status_code == 302
    settings.EMAIL_BACKEND = backend
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'accounts.send_notice'")
        ((args,),) = cursor.fetchall()
    send_notice(**json.loads(args))
    assert mail.outbox[0].to == [dan.email]
    assert mail.outbox[0].alternatives  # type: ignore[attr-defined]


def test_tries_are_counted_in_the_database_for_all_processes(settings: Any) -> None:
    settings.CACHES = CACHES
    caches["default"].set("a", [1], 60)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_cache")
        assert cursor.fetchone() == (1,)
    answers = [Client().post("/accounts/password/reset/", {"email": f"n{n}@example.org"}) for n in range(21)]
    assert [answer.status_code for answer in answers].count(429) == 1


def test_every_letter_is_text_and_html_in_plain_words(dan: User) -> None:
    ask_for_code(Client(), dan.email)
    ask_for_code(Client(), "nobody@example.org")
    Client().post(SIGNUP, {"email": dan.email, "password1": PASSWORD})
    Client().post(SIGNUP, {"email": "new@example.org", "password1": PASSWORD})
    Client().post("/accounts/password/reset/", {"email": dan.email})
    signed = signed_in(dan)
    signed.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "a new long sentence", "password2": "a new long sentence"},
    )
    assert len(mail.outbox) == 6
    for letter in mail.outbox:
        ((html, kind),) = letter.alternatives  # type: ignore[attr-defined]
        assert kind == "text/html"
        assert letter.subject in str(html)
        assert "<script" not in str(html)
        text = str(letter.body)
        assert text.startswith("Journal of Tests\n")
        assert "\n--\n" in text
        for said, words in letters.parts_of(text):
            assert said in ("text", "code", "link")
            assert words.splitlines()[0] in str(html).replace("&#x27;", "'").replace("&quot;", '"')
        assert "please do not reply" not in text.lower()


def test_a_form_sent_after_the_session_ended_waits_until_its_owner_is_signed_in_again(dan: User) -> None:
    """The token still fits, so the expired form's page does not help: what was typed waits in the browser's session."""
    browser = Client(headers={"Origin": "http://testserver"})
    by_password(browser, dan.email)
    browser.get("/account/profile/")
    Session.objects.all().delete()
    sent = browser.post("/account/profile/", {"name": "Dan D. Heron", "degrees": "MD", "password": "not kept"})
    assert sent["Location"] == "/accounts/login/?next=/account/profile/"
    assert "Dan D. Heron" not in browser.get("/account/profile/", follow=True).content.decode()
    by_password(browser, dan.email)
    dan.refresh_from_db()
    assert dan.name == "Dan"  # nothing is done by itself
    kept = browser.get("/account/profile/").content.decode()
    assert "Your session had ended" in kept
    assert 'name="name" value="Dan D. Heron"' in kept
    assert 'name="degrees" value="MD"' in kept
    assert "not kept" not in kept
    assert "Your session had ended" not in browser.get("/account/profile/").content.decode()  # once
    browser.post("/account/profile/", {"name": "Dan D. Heron", "degrees": "MD"})
    dan.refresh_from_db()
    assert dan.name == "Dan D. Heron"


def test_a_form_another_site_sent_is_not_kept_for_the_next_sign_in(dan: User) -> None:
    browser = Client(headers={"Origin": "https://elsewhere.example"})
    browser.post("/account/profile/", {"name": "Mallory"})
    browser.defaults.pop("HTTP_ORIGIN", None)
    by_password(browser, dan.email)
    assert "Mallory" not in browser.get("/account/profile/").content.decode()


def test_saved_articles_alerts_orders_and_privacy_are_reached_from_the_account(dan: User) -> None:
    page = signed_in(dan).get("/account/profile/").content.decode()
    for address in (
        "/my-access/",
        "/saved/",
        "/alerts/",
        "/account/privacy/",
        "/accounts/email/",
        "/accounts/sessions/",
    ):
        assert f'href="{address}"' in page
