"""The browsers an account has signed in with before, known by a cookie of their own.

Two things follow. A sign-in with a browser that is new is told to the owner by mail. And tries are counted apart: who
attacks an account from elsewhere uses up the strangers' tries, never those of the owner's own browser.
"""

import hashlib
import re
import secrets
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.signals import user_logged_in
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import KnownDevice, User

COOKIE = f"{settings.COOKIE_PREFIX}device"
KEPT_SECONDS = 400 * 24 * 3600  # as long as browsers keep a cookie
TOKEN = re.compile(r"[\w-]{20,64}")


def token_of(request: HttpRequest) -> str:
    said = request.COOKIES.get(COOKIE, "")
    return said if TOKEN.fullmatch(said) else ""


def is_known(request: HttpRequest, email: str) -> bool:
    """Whether the account of this address has signed in with this browser before; asked for unknown ones, too."""
    token = token_of(request)
    return bool(token) and KnownDevice.objects.filter(user__email=email.lower(), digest=_digest(token)).exists()


def _digest(token: str) -> str:
    return hashlib.sha256(f"device:{token}".encode()).hexdigest()


@receiver(user_logged_in)
def remember(request: HttpRequest, response: HttpResponse, user: User, **_: Any) -> None:
    token = token_of(request) or secrets.token_urlsafe(24)
    response.set_cookie(
        COOKIE, token, max_age=KEPT_SECONDS, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
    browser = browser_of(request)
    has_others = KnownDevice.objects.filter(user=user).exists()
    _device, is_new = KnownDevice.objects.update_or_create(
        user=user, digest=_digest(token), defaults={"browser": browser, "seen_at": timezone.now()}
    )
    if is_new and has_others:
        get_adapter(request).send_notification_mail("account/email/new_device", user, {"browser": browser})


BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


def browser_of(request: HttpRequest) -> str:
    return browser_named(request.headers.get("User-Agent", ""))


def browser_named(user_agent: str) -> str:
    """`Firefox on Windows`, for people; no more than the browser says of itself."""
    name = next((name for sign, name in BROWSERS if sign in user_agent), "A browser")
    system = next((name for sign, name in SYSTEMS if sign in user_agent), "")
    return f"{name} on {system}" if system else name
