"""What every page needs: a name for the request, the same headers, and an answer while the database is away."""

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.db import DataError, connections
from django.dispatch import receiver
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseForbidden,
    HttpResponseNotAllowed,
    UnreadablePostError,
)
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control

from accounts.away import DATABASE_AWAY
from config import logs, metrics
from config.errors import AskAgain, bad_request, database_away, stopped

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RefuseMiddleware:
    """What no page of ours could mean: other methods (TRACE gives headers back), a NUL on its way to a table, and
    programs with keys in the clear. A redirect to HTTPS would hide that they send them over HTTP."""

    METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in self.METHODS:
            return HttpResponseNotAllowed(sorted(self.METHODS))
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():  # what the redirect to HTTPS has left out
            return HttpResponseForbidden("Ask over HTTPS.", content_type="text/plain; charset=utf-8")
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A NUL that a page let through to a table, and a body that stops. Pages that can say something better do."""
        if isinstance(error, UnreadablePostError):
            return stopped()
        if isinstance(error, (DataError, ValueError)) and "0x00" in str(error):
            return bad_request(request)
        return None


class PrivateAnswersMiddleware:
    """What knew a session, or begins one, is kept by nobody; and whoever signs out leaves nothing in the browser."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        session = getattr(request, "session", None)
        knew = session is not None and session.accessed and settings.SESSION_COOKIE_NAME in request.COOKIES
        if knew or response.cookies:
            patch_cache_control(response, private=True, no_store=True)
        if getattr(request, "signed_out", False):
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


@receiver(user_logged_out)
def _signed_out(request: HttpRequest | None, **_: Any) -> None:
    if request is not None:
        request.signed_out = True  # type: ignore[attr-defined]


class SecurityHeadersMiddleware:
    """What Django's SecurityMiddleware does not know yet. A view may have said something stricter."""

    HEADERS = {
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",  # static files; pages have their own
        "X-Frame-Options": "DENY",
    }

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in self.HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class PolicyMiddleware(CSPMiddleware):
    """django-csp puts the policy together at every answer; ours is one for all pages, so it is put together once.

    No page has an inline script or style, so there is no nonce either. An answer that says something of its own about
    its policy (its decorators do that) is django-csp's as before.
    """

    _made: tuple[Any, str] = (None, "")

    def process_request(self, request: HttpRequest) -> None:
        pass

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        policy, text = self._made
        if any(name.startswith("_csp") for name in vars(response)):
            return super().process_response(request, response)
        if policy is not settings.CONTENT_SECURITY_POLICY:
            super().process_response(request, response)
            self._made = (settings.CONTENT_SECURITY_POLICY, response.headers.get(HEADER, ""))
        else:
            response.headers.setdefault(HEADER, text)
        return response


_KNOWN = re.compile(r"[\w.:-]{8,64}")


def request_id(meta: Mapping[str, Any]) -> str:
    said = meta.get("HTTP_X_REQUEST_ID", "") if settings.TRUSTED_PROXY_COUNT else ""
    return said if _KNOWN.fullmatch(said) else secrets.token_hex(8)


class RequestIdMiddleware:
    """A name for each request, in the answer and in the record of a failure; our proxy may have given it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = request_id(request.META)
        request.request_id = name  # type: ignore[attr-defined]
        token = logs.request_id.set(name)
        try:
            response = self.get_response(request)
        finally:
            logs.request_id.reset(token)
        response.headers["X-Request-ID"] = name
        return response


class DatabaseDownMiddleware:
    """A page whose connection was lost is made once more; if that fails, too: 503 with a reference and Retry-After.

    PostgreSQL's restart ends every connection; the pool waits a few seconds for the next (config/postgres/pool.py), so
    a reader notices a moment, not an error. Only what reads is repeated, from the very start: whatever the first
    try put on the request is forgotten. Stripe and forms get the 503, and try again.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        before = request.__dict__.copy()
        request.asks_again = True  # type: ignore[attr-defined]
        response = self.get_response(request)
        if not isinstance(response, AskAgain):
            return response
        metrics.ASKED_AGAIN.inc()
        for connection in connections.all(initialized_only=True):
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
            if pool := getattr(connection, "pool", None):
                pool.doubt()
        request.__dict__.clear()
        request.__dict__.update(before)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return database_away(request, error) if isinstance(error, DATABASE_AWAY) else None
