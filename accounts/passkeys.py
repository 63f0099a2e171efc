"""The forms of passkeys, in our words. (Apart from second_factor.py, which allauth's own forms import.)"""

from typing import Any

from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]  # allauth is not typed
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name of the passkey")
        self.fields["passwordless"].label = _("Sign in with it alone, without the password")
        self.fields["passwordless"].help_text = _(
            "Leave it off for a security key that is only asked for after the password."
        )
        self.fields["passwordless"].initial = True


class _Said:
    """What is wrong with a passkey in one sentence. What no browser would send is wrong, too, and no error of ours."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except (ValidationError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValidationError(
                _("This passkey did not work here, or it took too long. Try it once more, or choose another way.")
            ) from error


class SecondPasskeyForm(_Said, AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class LoginPasskeyForm(_Said, LoginWebAuthnForm):  # type: ignore[misc]
    pass


class AgainPasskeyForm(_Said, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass
