"""What can go wrong with a password, a mailed code, a second factor and ORCID, and what the reader then gets.

Each function does it and returns the answer the reader sees; TABLE says what that is.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import caches
from django.test import Client

from tests.accounts import steps
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
from tests.accounts.world import ANNA, COOKIE, E1, E3, NO_CODE, TOO_MANY, Expected, World

TO = "/search/?q=herons"
IN_MEMORY = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}


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


def password_unconfirmed_mail_down(w: World) -> Any:
    w.unconfirmed()
    w.mail_down()
    return by_password(w.browser, ANNA)


def cookie_refused(w: World) -> Any:
    w.strict()
    return by_password(w.browser, ANNA)


def code_for_unknown(w: World) -> Any:
    ask_for_code(w.browser, "nobody@example.org")
    return w.browser.get("/accounts/login/code/confirm/")


def code_wrong(w: World) -> Any:
    ask_for_code(w.browser, ANNA)
    return enter_code(w.browser, "AAAA-AAAA")


def code_expired(w: World) -> Any:
    ask_for_code(w.browser, ANNA)
    w.age_session(3600, "account_login", "state", "stages", "login_by_code", "data")
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
        ask_for_code(w.browser, ANNA)
    return ask_for_code(w.browser, ANNA)


def code_guessed(w: World) -> Any:
    ask_for_code(w.browser, ANNA)
    for _ in range(2):
        enter_code(w.browser, "AAAA-AAAA")
    return w.browser.post("/accounts/login/code/confirm/", {"code": "AAAA-AAAA"}, follow=True)


def code_cookie_refused(w: World) -> Any:
    w.strict()
    return ask_for_code(w.browser, ANNA)


def code_then_wrong_second_factor(w: World) -> Any:
    set_up_totp(w.anna)
    by_code(w.browser, ANNA)
    return second_step(w.browser, "000000")


def code_to_an_address_that_is_none(w: World) -> Any:
    w.settings.EMAIL_BACKEND = "tests.accounts.refusing.EmailBackend"
    asked = ask_for_code(w.browser, "nobody@example.org", next=TO)
    assert asked["Location"] == "/accounts/login/code/?next=%2Fsearch%2F%3Fq%3Dherons"
    return w.browser.get(asked["Location"])


def second_factor_too_often(w: World) -> Any:
    w.settings.CACHES = {**w.settings.CACHES, "default": IN_MEMORY}  # in which allauth counts
    caches["default"].clear()
    set_up_totp(w.anna)
    by_password(w.browser, ANNA)
    for _ in range(8):
        second_step(w.browser, "000000")
    return second_step(w.browser, "000000")


def second_factor_on_hold(w: World) -> Any:
    """Put on hold between the two steps."""
    secret = set_up_totp(w.anna)
    by_password(w.browser, ANNA)
    w.hold()
    return second_step(w.browser, totp_code(secret))


def second_factor_expired(w: World) -> Any:
    """The session of the first step is over."""
    set_up_totp(w.anna)
    by_password(w.browser, ANNA)
    Session.objects.all().delete()
    return w.browser.post(steps.SECOND, {"code": "000000"}, follow=True)


def orcid_database_down(w: World) -> Any:
    w.link_orcid()
    state = steps.to_orcid(w.browser)
    with failing(everything):
        return w.browser.get("/accounts/orcid/login/callback/", {"state": state, "code": "c1"})


def orcid_unconfirmed(w: World) -> Any:
    w.link_orcid()
    w.unconfirmed()
    by_orcid(w.browser, w.orcid)
    return w.browser.get("/accounts/confirm-email/")


def orcid_then_wrong_second_factor(w: World) -> Any:
    w.link_orcid()
    set_up_totp(w.anna)
    by_orcid(w.browser, w.orcid)
    return second_step(w.browser, "000000")


def orcid_cookie_refused(w: World) -> Any:
    w.strict()
    return w.browser.post("/accounts/orcid/login/")


def orcid_new_mail_down(w: World) -> Any:
    by_orcid(w.browser, w.orcid)
    w.mail_down()
    return w.browser.post("/accounts/3rdparty/signup/", {"email": "josiah@example.org", "name": "Josiah"})


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


NOT_CORRECT = "are not correct"
ENTER_CODE = "Enter your sign-in code"
NOT_THIS_KEY = "This passkey did not work here"
RUN_OUT = "That code has run out, or was used before"
OVER = "is over, or was begun in another browser"
NO_ORCID = "be signed in with ORCID right now"
TABLE: dict[Callable[[World], Any], Expected] = {
    wrong_password: Expected(200, NOT_CORRECT),
    unknown_address: Expected(200, NOT_CORRECT),
    password_unconfirmed: Expected(200, "Confirm your email address", mails=1, mail_says="code to confirm"),
    password_on_hold: Expected(403, E3, "E3"),
    password_database_down: Expected(503, E1, "E1"),
    password_too_often: Expected(429, TOO_MANY, "E1"),
    unknown_too_often: Expected(429, TOO_MANY, "E1"),
    cookie_refused: Expected(403, COOKIE),
    password_unconfirmed_mail_down: Expected(503, NO_CODE, "E1"),
    code_for_unknown: Expected(200, ENTER_CODE, mails=1, mail_says="no account under this address"),
    code_wrong: Expected(200, "Incorrect code", mails=1),
    code_guessed: Expected(200, "That was wrong too often", mails=1),
    code_expired: Expected(200, RUN_OUT, mails=1),
    code_used_twice: Expected(200, "Incorrect code", mails=2),
    code_mail_down: Expected(503, NO_CODE, "E1"),
    code_on_hold: Expected(200, ENTER_CODE, mails=1, mail_says="question about that account"),
    code_database_down: Expected(503, E1, "E1", mails=1),
    code_too_often: Expected(429, TOO_MANY, "E1", mails=3),
    code_cookie_refused: Expected(403, COOKIE),
    code_then_wrong_second_factor: Expected(200, "Incorrect code", mails=1),
    code_to_an_address_that_is_none: Expected(200, "no mail can be sent to nobody@example.org"),
    totp_wrong: Expected(200, "Incorrect code"),
    totp_twice: Expected(200, "Incorrect code"),
    recovery_code_twice: Expected(200, "Incorrect code"),
    second_factor_database_down: Expected(503, E1, "E1"),
    passkey_forged: Expected(200, NOT_THIS_KEY),
    second_factor_too_often: Expected(200, "That was wrong too often"),
    second_factor_on_hold: Expected(403, E3, "E3"),
    second_factor_expired: Expected(200, "Sign in"),
    orcid_down: Expected(503, NO_ORCID, "E1"),
    orcid_nonsense: Expected(503, NO_ORCID, "E1"),
    orcid_without_id: Expected(503, NO_ORCID, "E1"),
    orcid_with_an_empty_record: Expected(503, NO_ORCID, "E1"),
    orcid_canceled: Expected(200, "You did not sign in with ORCID"),
    orcid_code_used_twice: Expected(503, NO_ORCID, "E1"),
    orcid_forged_state: Expected(200, OVER),
    orcid_on_hold: Expected(403, E3, "E3"),
    orcid_unknown: Expected(200, "One more thing"),
    orcid_database_down: Expected(503, E1, "E1"),
    orcid_unconfirmed: Expected(200, "Confirm your email address", mails=1),
    orcid_then_wrong_second_factor: Expected(200, "Incorrect code"),
    orcid_cookie_refused: Expected(403, COOKIE),
    orcid_new_mail_down: Expected(503, NO_CODE, "E1"),
}
