"""What people do to sign in, over HTTP without a browser: each returns the last answer."""

import re
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.test import Client

from accounts.models import User
from accounts.recovery_codes import HashedCodes
from tests.accounts.orcid import JOSIAH, LocalOrcid
from tests.make import PASSWORD

LOGIN, CODE, RESET = "/accounts/login/", "/accounts/login/code/", "/accounts/password/reset/"
SECOND = "/accounts/2fa/authenticate/"


def by_password(browser: Client, email: str, password: str = PASSWORD, **more: str) -> Any:
    return browser.post(LOGIN, {"login": email, "password": password, **more})


def ask_for_code(browser: Client, email: str, **more: str) -> Any:
    return browser.post(CODE, {"email": email, **more})


def enter_code(browser: Client, code: str) -> Any:
    return browser.post(f"{CODE}confirm/", {"code": code})


def mailed_code(email: str) -> str:
    letter = next(letter for letter in reversed(mail.outbox) if letter.to == [email])
    found = re.search(r"^ {4}(\S+)$", str(letter.body), re.MULTILINE)
    assert found, letter.body
    return found[1]


def by_code(browser: Client, email: str) -> Any:
    ask_for_code(browser, email)
    return enter_code(browser, mailed_code(email))


def set_up_totp(user: User) -> str:
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return str(secret)


def totp_code(secret: str, later: int = 0) -> str:
    counters = list(yield_hotp_counters_from_time())
    now = counters[len(counters) // 2]  # those before and after it are taken as well in tests
    return str(format_hotp_value(hotp_value(secret, now + later)))


def set_up_recovery_codes(user: User) -> list[str]:
    """They are known to the browser that made them, and afterwards to nobody."""
    with context.request_context(SimpleNamespace(session={})):
        made = HashedCodes.activate(user).get_unused_codes()
    assert all(made)
    return made


def second_step(browser: Client, code: str) -> Any:
    return browser.post(SECOND, {"code": code})


def to_orcid(browser: Client, process: str = "login", next: str = "") -> str:  # noqa: A002  (the form's word)
    """Off to ORCID; what it is to send back, so that the answer is known as ours."""
    sent = browser.post(f"/accounts/orcid/login/?process={process}", {"next": next} if next else {})
    assert sent.status_code == 302, sent.content
    return parse_qs(urlsplit(sent["Location"]).query)["state"][0]


def by_orcid(
    browser: Client,
    peer: LocalOrcid,
    orcid: str = JOSIAH,
    process: str = "login",
    next: str = "",  # noqa: A002
    **answer: str,
) -> Any:
    """To ORCID and back, as its sign-in page would send the browser."""
    state = to_orcid(browser, process, next)
    peer.codes["c1"] = orcid
    return browser.get("/accounts/orcid/login/callback/", {"state": state, **(answer or {"code": "c1"})})


def is_signed_in(browser: Client) -> bool:
    return browser.get("/my-access/").status_code == 200


def has_factors(user: User) -> int:
    return Authenticator.objects.filter(user=user).count()
