"""What a reader confirms before paying."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from subscriptions.consents import Statement
from subscriptions.models import Consent

FIELDS = {Consent.Kind.IMMEDIATE: "consent", Consent.Kind.RENEWAL: "renewal"}
MISSING = {
    Consent.Kind.IMMEDIATE: gettext_lazy("Please tick the box: without it we may not open the text at once."),
    Consent.Kind.RENEWAL: gettext_lazy(
        "Please tick the box about renewal: without it we may not start the subscription."
    ),
}


class OrderForm(forms.Form):
    """One box for each statement, none of them ticked beforehand; a guest also says where to write to."""

    def __init__(self, *args: Any, statements: tuple[Statement, ...], is_guest: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_guest:
            self.fields["email"] = forms.EmailField(
                label=_("Your email address"),
                help_text=_("The receipt and the link to your purchase go there."),
                widget=forms.EmailInput(attrs={"autocomplete": "email"}),
                error_messages={"required": _("Please give your email address: the link to what you buy goes there.")},
            )
            self.fields["key"] = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput, required=False)
        for one in statements:
            self.fields[FIELDS[Consent.Kind(one.kind)]] = forms.BooleanField(
                label=one.text, error_messages={"required": MISSING[Consent.Kind(one.kind)]}
            )

    @property
    def boxes(self) -> list[Any]:
        return [self[name] for name in FIELDS.values() if name in self.fields][::-1]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()
