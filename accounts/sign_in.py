"""The sign-in form. (Not in forms.py, which allauth imports while its own forms are still being made.)"""

from typing import Any

from allauth.account.forms import LoginForm
from allauth.account.utils import passthrough_next_redirect_url
from django.urls import reverse
from django.utils.html import format_html


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth is not typed
    """allauth's, with the way back to the article kept on the way to a new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        forgotten = passthrough_next_redirect_url(self.request, reverse("account_reset_password"), "next")
        self.fields["password"].help_text = format_html('<a href="{}">Forgot your password?</a>', forgotten)
