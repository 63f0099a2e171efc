"""What every page needs: a name for the request, the same headers, and an answer while the database is away."""

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.db import DataError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control

from accounts import errors
from config.errors import DATABASE_AWAY

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RefuseMiddleware:
    """What no page of ours could mean: other methods (TRACE gives headers back), and a NUL, which no table can hold."""

    METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
    #: The search takes whatever was pasted, and helps (journal/search/query.py leaves out what no table can hold).
    READ_ANYTHING = frozenset({"/search/", "/search/suggestions/"})

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in self.METHODS:
            return HttpResponseNotAllowed(sorted(self.METHODS))
        has_nul = "%00" in request.META.get("QUERY_STRING", "") and request.path_info not in self.READ_ANYTHING
        if "\0" in request.path_info or has_nul:
            return HttpResponseBadRequest("This address cannot be read.", content_type="text/plain; charset=utf-8")
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A NUL in what was sent with a form: only here is it known that a table was meant."""
        if isinstance(error, (DataError, ValueError)) and "0x00" in str(error):
            return HttpResponseBadRequest("This cannot be read.", content_type="text/plain; charset=utf-8")
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


_KNOWN = re.compile(r"[\w.:-]{8,64}")


def request_id(meta: Mapping[str, Any]) -> str:
    said = meta.get("HTTP_X_REQUEST_ID", "") if settings.TRUSTED_PROXY_COUNT else ""
    return said if _KNOWN.fullmatch(said) else secrets.token_hex(8)


class RequestIdMiddleware:
    """A name for each request, in the answer and in the record of a failure; our proxy may have given it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.request_id = request_id(request.META)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        return response


class DatabaseDownMiddleware:
    """503 with a reference and Retry-After when PostgreSQL does not answer: the reader is told, Stripe tries again."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DATABASE_AWAY):
            return None
        return errors.cannot_sign_in(request, f"The database did not answer: {error}")
