"""Which language is spoken: on a page what the browser has chosen, in a mail what its reader has, else the site's.

`LANGUAGES_OFFERED` names them; with one nothing of this is asked. What a browser would like (Accept-Language) decides
nothing, so that every visitor without the cookie gets the same page and a cache may keep it (docs/decisions/0043).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.account.signals import user_logged_in
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

STAFF_PAGES = "/admin/"
STAFF_LANGUAGE = "en"  # the staff's pages have one language
KEPT_SECONDS = 400 * 24 * 3600
DEPENDS = ("text/html", "application/rss+xml")


def chosen_by(request: HttpRequest) -> str:
    """The language of the browser's cookie, or "" where it has chosen none that is offered."""
    said = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return said if said in settings.LANGUAGES_OFFERED else ""


def of_request(request: HttpRequest) -> str:
    """What a page is written in. A shared cache may go by this."""
    if request.path.startswith(STAFF_PAGES):
        return STAFF_LANGUAGE
    return chosen_by(request) or settings.LANGUAGE_CODE


def of_reader(person: Any) -> str:
    """What a mail to this person is written in: an account, or whatever else says its `language`."""
    said = getattr(person, "language", "")
    return said if said in settings.LANGUAGES_OFFERED else settings.LANGUAGE_CODE


def speaking(language: str) -> AbstractContextManager[Any]:
    """`with speaking(of_reader(user)):` writes in that language; "" leaves the one that is spoken."""
    return translation.override(language or translation.get_language())


def spoken() -> str:
    """The language of this moment: what a row keeps that is written on somebody's page and answered by mail."""
    return translation.get_language()[:7]


def spoken_to(whose: Callable[[Any], Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """For functions that write a mail about a row: its words, days and amounts are those of its reader's language."""

    def decorate(write: Callable[..., None]) -> Callable[..., None]:
        @wraps(write)
        def written(row: Any, *args: Any, **more: Any) -> None:
            with speaking(of_reader(whose(row))):
                write(row, *args, **more)

        return written

    return decorate


class LanguageMiddleware:
    """Only there where several languages are offered, or another than English."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with translation.override(of_request(request)):
            response = self.get_response(request)
        if response.get("Content-Type", "").startswith(DEPENDS) and len(settings.LANGUAGES_OFFERED) > 1:
            patch_vary_headers(response, ["Cookie"])
        return response


@csrf_exempt  # it stands on visitors' pages, which have no session; the account is changed only by a page of ours
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """The language from the page's foot, and back to the page."""
    response = HttpResponseRedirect(_back(request))
    language = request.POST.get("language", "")
    if language in settings.LANGUAGES_OFFERED:
        keep_in_browser(response, language)
        if request.headers.get("Origin") == settings.SITE_URL and request.user.is_authenticated:
            request.user.language = language
            request.user.save(update_fields=["language"])
    return response


def _back(request: HttpRequest) -> str:
    """The page the form stood on, if it is one of ours."""
    came_from = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(came_from, {request.get_host()}):
        return "/"
    parts = urlsplit(came_from)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def keep_in_browser(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=KEPT_SECONDS, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip


@receiver(user_logged_in)
def bring_along(request: HttpRequest, response: HttpResponse, user: Any, **_: Any) -> None:
    """Signing in on another device brings the account's language there; the first choice becomes the account's."""
    if user.language:
        if user.language != chosen_by(request) and user.language in settings.LANGUAGES_OFFERED:
            keep_in_browser(response, user.language)
    elif chosen_by(request):
        user.language = chosen_by(request)
        user.save(update_fields=["language"])
