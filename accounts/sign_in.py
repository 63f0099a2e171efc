"""The sign-in form. (Not in forms.py, which allauth imports while its own forms are still being made.)"""

from typing import Any

from allauth.account.forms import LoginForm
from allauth.account.internal.stagekit import unstash_login
from allauth.account.utils import passthrough_next_redirect_url
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _


def way_back(request: HttpRequest) -> str:
    """The address a reader will come back to, from the form, the query, or a sign-in that waits for its code; or ""."""
    said = request.POST.get("next") or request.GET.get("next")
    if said:
        return str(said)
    # Only a browser that has begun something has a session; a visitor's is not asked for.
    waiting = unstash_login(request, peek=True) if settings.SESSION_COOKIE_NAME in request.COOKIES else None
    return str(waiting.redirect_url or "") if waiting else ""


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth is not typed
    """allauth's, with the way back to the article kept on the way to a new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        forgotten = passthrough_next_redirect_url(self.request, reverse("account_reset_password"), "next")
        self.fields["password"].help_text = format_html(_('<a href="{}">Forgot your password?</a>'), forgotten)
