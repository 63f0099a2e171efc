"""Codes that were mailed: what the page says when one is over, and what is typed elsewhere while one waits."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.account import views
from allauth.account.mixins import RedirectAuthenticatedUserMixin
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts import errors

View = Callable[..., HttpResponseBase]

OVER = gettext_lazy("That code has run out, or was used before. Ask for a new one.")
OVER_NEW = gettext_lazy("That code has run out, or was used before. Sign in, and we mail you a new one.")
BEGINNINGS = ("account_login", "account_request_login_code")

_resume = RedirectAuthenticatedUserMixin._redirect_to_pending_stage


def resume(self: Any, request: HttpRequest, stage: Any) -> Any:
    """Whoever comes to the sign-in page again is shown the step that waits; but what is sent there counts.

    A password, another address or a passkey from a second tab would otherwise be answered with “Enter the code”.
    """
    return None if request.method == "POST" else _resume(self, request, stage)


RedirectAuthenticatedUserMixin._redirect_to_pending_stage = resume


def _told_when_over(view: View, begin: str, words: Any) -> View:
    """allauth's view of a code; one that is over leads to the beginning, and the reader is told why."""

    @wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if request.method != "POST" or response.status_code != 302 or request.user.is_authenticated:
            return response
        if urlsplit(response["Location"]).path not in map(reverse, BEGINNINGS):
            return response
        if not getattr(messages.get_messages(request), "added_new", False):
            messages.error(request, words)
        return redirect(errors.with_way_back(request, reverse(begin)))

    return told


confirm_login_code = _told_when_over(views.confirm_login_code, "account_request_login_code", OVER)
confirm_password_reset_code = _told_when_over(views.confirm_password_reset_code, "account_reset_password", OVER)
email_verification_sent = _told_when_over(views.email_verification_sent, "account_login", OVER_NEW)
