"""The form for a new passkey, in our words. (Apart from second_factor.py, which allauth's own forms import.)"""

from typing import Any

from allauth.mfa.webauthn.forms import AddWebAuthnForm
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
