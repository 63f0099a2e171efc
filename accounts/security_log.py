"""What the log says of signing in and of what guards an account: who by number, what, which way. No name, no address.

The request's id stands in each line, as in every answer (X-Request-ID); docs/security.md says what else is logged.
"""

import logging
from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth import signals as django_auth
from django.http import HttpRequest

log = logging.getLogger("security")


def _say(happened: str, request: HttpRequest | None, user: Any = None, **more: Any) -> None:
    facts = {"user": getattr(user, "pk", None) or "-", "request": getattr(request, "request_id", "-"), **more}
    log.info("%s %s", happened, " ".join(f"{name}={value}" for name, value in facts.items()))


def _ways(request: HttpRequest | None) -> str:
    """`password+mfa`, as allauth wrote down how the session began."""
    session = getattr(request, "session", None) or {}
    records = session.get("account_authentication_methods", [])
    return "+".join(str(record.get("method", "")) for record in records) or "-"


def signed_in(request: HttpRequest, user: Any, **_: Any) -> None:
    _say("signed in", request, user, way=_ways(request), staff=user.is_staff)


def signed_out(request: HttpRequest, user: Any, **_: Any) -> None:
    _say("signed out", request, user)


def refused(request: HttpRequest | None, **_: Any) -> None:
    """Neither the address that was typed nor its account: the counter of tries knows both (accounts/tries.py)."""
    _say("sign-in refused", request)


def password_changed(request: HttpRequest, user: Any, **_: Any) -> None:
    _say("password changed", request, user)


def email_changed(request: HttpRequest, user: Any, **_: Any) -> None:
    _say("email changed", request, user)


def factor_added(request: HttpRequest, user: Any, authenticator: Any, **_: Any) -> None:
    _say("second factor added", request, user, kind=authenticator.type)


def factor_removed(request: HttpRequest, user: Any, authenticator: Any, **_: Any) -> None:
    _say("second factor removed", request, user, kind=authenticator.type)


def listen() -> None:
    account.user_logged_in.connect(signed_in)
    django_auth.user_logged_out.connect(signed_out)
    django_auth.user_login_failed.connect(refused)
    for signal in (account.password_changed, account.password_set, account.password_reset):
        signal.connect(password_changed)
    for signal in (account.email_changed, account.email_added, account.email_removed):
        signal.connect(email_changed)
    mfa.authenticator_added.connect(factor_added)
    mfa.authenticator_reset.connect(factor_added)
    mfa.authenticator_removed.connect(factor_removed)
