"""What leads on from the sign-in form. (Not in forms.py, which allauth imports while its own are still being made.)"""

from typing import Any

from allauth.account.forms import LoginForm, RequestLoginCodeForm, ResetPasswordForm
from allauth.account.internal.stagekit import unstash_login
from django.conf import settings
from django.http import HttpRequest


def way_back(request: HttpRequest) -> str:
    """The address a reader will come back to, from the form, the query, or a sign-in that waits for its code; or ""."""
    said = request.POST.get("next") or request.GET.get("next")
    if said:
        return str(said)
    # Only a browser that has begun something has a session; a visitor's is not asked for.
    waiting = unstash_login(request, peek=True) if settings.SESSION_COOKIE_NAME in request.COOKIES else None
    return str(waiting.redirect_url or "") if waiting else ""


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth is not typed
    """allauth's; the way to a new password is a button of the page, which takes the address and the way back along."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""


class _AddressTypedBefore:
    """The address out of the sign-in form, whose buttons send it here: nobody types it twice (WCAG 3.3.7).

    Where nothing was typed, the form is shown, and nothing is wrong yet.
    """

    def __init__(self, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        if data and "email" not in data and "login" in data:
            data, files = ({"email": data["login"]}, files) if data["login"].strip() else (None, None)
        super().__init__(data=data, files=files, **kwargs)  # type: ignore[call-arg]


class CodeForm(_AddressTypedBefore, RequestLoginCodeForm):  # type: ignore[misc]
    pass


class ResetForm(_AddressTypedBefore, ResetPasswordForm):  # type: ignore[misc]
    pass
