"""Where a new password is chosen, one sentence says what makes a good one; what a typed one lacks is said then."""

from typing import Any

from allauth.account.forms import ChangePasswordForm, ResetPasswordKeyForm, SetPasswordForm, SignupForm
from django.contrib.auth.password_validation import MinimumLengthValidator, get_default_password_validators
from django.utils.translation import gettext as _


def advice() -> str:
    least = next(v.min_length for v in get_default_password_validators() if isinstance(v, MinimumLengthValidator))
    return _("At least %(least)d characters. Several words of your own are easy to keep and hard to guess.") % {
        "least": least
    }


class _Advised:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "password1" in self.fields:  # type: ignore[attr-defined]  # nobody who registers with a passkey has one
            self.fields["password1"].help_text = advice()  # type: ignore[attr-defined]


class RegistrationForm(_Advised, SignupForm):  # type: ignore[misc]  # allauth is not typed
    pass


class ChangeForm(_Advised, ChangePasswordForm):  # type: ignore[misc]
    pass


class FirstForm(_Advised, SetPasswordForm):  # type: ignore[misc]
    pass


class ForgottenForm(_Advised, ResetPasswordKeyForm):  # type: ignore[misc]
    pass
