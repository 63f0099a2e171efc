"""The three stages of a failed sign-in, and nothing else on their pages (docs/support.md has them as a table).

E1: nobody can be signed in; nothing was checked; trying later helps.
E2: signed in, but what is paid for cannot be seen; shown where the article is (subscriptions/get_access.py).
E3: the password was right, and there is a question about the account; trying again does not help.
"""

import logging
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode

from accounts import incidents, languages, service_center
from accounts.models import User
from accounts.rate_limits import is_allowed

log = logging.getLogger(__name__)

NEW = ("account_signup", "socialaccount_signup")
RETRY_AFTER_SECONDS = 30
TOO_MANY_SECONDS = 60
FAILURES = f"{settings.COOKIE_PREFIX}failures"  # the cookie that counts a browser's failures, for a quarter of an hour
REMEMBERED_SECONDS = 900


def cannot_sign_in(
    request: HttpRequest, happened: str, *, failed: str = "", way_back: str = "", retry_after: int = RETRY_AFTER_SECONDS
) -> HttpResponse:
    """E1. Asks neither database nor session: one of them may be what failed. No session comes of it.

    `failed`: "" for our records, "mail", or the name of another site that did not sign the reader in. Then the other
    ways in still work, and the page says so; trying that site again begins at our sign-in page.
    """
    reference = incidents.report(request, "E1", happened)
    again = "" if request.method == "GET" else with_way_back(request, request.path)
    login_url = with_way_back(request, reverse("account_login"), way_back)
    context = {
        "reference": reference, "signing_in": request.path.startswith("/accounts/"), "retry_after": retry_after,
        "with_password": request.method == "POST" and "password" in request.POST, "failed": failed,
        "since": incidents.failing_since(), "again": login_url if failed not in ("", "mail") else again,
        "is_new": request.path in map(reverse, NEW), "login_url": login_url,
        "by_mail_only": request.path in map(reverse, (*NEW, "account_email")),
        "code_url": with_way_back(request, reverse("account_request_login_code"), way_back),
    }  # fmt: skip
    return _plain(request, "503.html", context, status=503, retry_after=retry_after)


def with_way_back(request: HttpRequest, address: str, way_back: str = "") -> str:
    """The address of a page, with where the reader wanted to go in the end. (That page looks at it before it goes.)"""
    said = way_back or request.POST.get("next") or request.GET.get("next")
    return f"{address}?{urlencode({'next': said})}" if said else address


def too_many(request: HttpRequest, *, retry_after: int = TOO_MANY_SECONDS, again: str = "") -> HttpResponse:
    """E1 as 429: this address, or everybody together for this account, has tried too often."""
    happened = "Rate-limited: too many tries from this address or for one account."
    if is_allowed(request, "rate-limited-incidents", most=20, seconds=3600):
        reference = incidents.report(request, "E1", happened, is_rise=False)
    else:  # an attack: not a row for each try
        reference = incidents.new_reference("E1")
        log.warning("%s: %s", reference, happened)
    code, again = reverse("account_request_login_code"), again or with_way_back(request, request.path)
    context = {
        "reference": reference, "minutes": -(-retry_after // 60), "again": again,
        "is_code": request.path.startswith(code), "has_begun": settings.SESSION_COOKIE_NAME in request.COOKIES,
        "code_url": with_way_back(request, code), "login_url": with_way_back(request, reverse("account_login")),
    }  # fmt: skip
    return _plain(request, "429.html", context, status=429, retry_after=retry_after)


def about_account(request: HttpRequest, user: User) -> HttpResponse:
    """E3. Only for who has shown that the account is theirs; no session is kept."""
    held = user.get_held_for_display() if user.held_for else "not active, no reason given"
    reference = incidents.report(request, "E3", f"The account is on hold: {held}.", user.pk)
    context = {"reference": reference, "held_for": user.held_for}
    response = render(request, "account/account_inactive.html", context, status=403)
    response["Cache-Control"] = "no-store"
    return response


def _plain(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int, retry_after: int
) -> HttpResponse:
    failures = failures_of(request) + 1
    shown = {**context, "service_center": service_center.kept(), "show_contact": failures > 1}
    with languages.speaking(languages.of_request(request)):  # it may be made around the middleware that sees to it
        response = HttpResponse(render_to_string(template, shown), status=status)
    response["Retry-After"] = str(retry_after)
    response["Cache-Control"] = "no-store"
    response.set_cookie(
        FAILURES, str(min(failures, 9)), max_age=REMEMBERED_SECONDS, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip
    return response


def failures_of(request: HttpRequest) -> int:
    said = request.COOKIES.get(FAILURES, "")
    return int(said) if said.isdigit() and len(said) == 1 else 0
