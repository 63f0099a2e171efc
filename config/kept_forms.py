"""A form that is sent after the session has ended is not lost: after signing in it is shown, ready to be sent again.

What was typed waits in the session that signing in goes on with, for a quarter of an hour, without secrets and files
(config/errors.py says what is kept of a form). Nothing is done by itself: the button is pressed again.
"""

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from config.errors import is_ours, typed

# In the session; a cookie of this name says that there is one, so that no other page asks.
KEPT = f"{settings.COOKIE_PREFIX}kept_form"
KEPT_SECONDS = 900


class KeptFormMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method == "GET" and KEPT in request.COOKIES and request.user.is_authenticated:
            shown = _shown(request)
            if shown is not None:
                return shown
        response = self.get_response(request)
        if request.method == "POST" and _asks_to_sign_in(response) and not request.user.is_authenticated:
            _keep(request, response)
        return response


def _asks_to_sign_in(response: HttpResponseBase) -> bool:
    return response.status_code == 302 and response["Location"].startswith(f"{reverse(settings.LOGIN_URL)}?next=")


def _keep(request: HttpRequest, response: HttpResponseBase) -> None:
    fields = typed(request) if is_ours(request) and not request.path.startswith("/accounts/") else []
    if not fields:
        return
    request.session[KEPT] = {
        "path": request.path, "fields": fields, "has_files": bool(request.FILES), "until": time.time() + KEPT_SECONDS,
    }  # fmt: skip
    response.set_cookie(
        KEPT, "1", max_age=KEPT_SECONDS, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )


def _shown(request: HttpRequest) -> HttpResponse | None:
    """On the page the form was sent to, once."""
    kept = request.session.get(KEPT)
    if kept and kept["path"] != request.path:
        return None
    request.session.pop(KEPT, None)
    if not kept or kept["until"] < time.time():
        return None
    context = {
        "back": request.path, "kept": kept["fields"], "has_files": kept["has_files"], "signed_in_again": True,
        "asks_password": False,
    }  # fmt: skip
    response = render(request, "403_csrf.html", context)
    response.delete_cookie(KEPT)
    return response
