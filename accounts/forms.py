"""What we ask beside email and password when somebody registers: how to address them, and nothing else."""

import unicodedata
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.models import User

JOINERS = "\u200c\u200d"  # spelling needs them: Persian, Sinhala, emoji


class SignupForm(forms.Form):
    name = forms.CharField(
        max_length=200,
        required=False,
        label=gettext_lazy("Your name (optional)"),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def signup(self, request: HttpRequest, user: Any) -> None:
        """Required by allauth; the adapter stores the name."""


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """How the person is addressed. License numbers are asked for only when CME credit is claimed."""

    class Meta:
        model = User
        fields = ("name", "degrees", "profession", "language")
        labels = {
            "name": gettext_lazy("Your name"),
            "degrees": gettext_lazy("Degrees"),
            "profession": gettext_lazy("Profession"),
        }
        help_texts = {
            "name": gettext_lazy("As it stands on receipts and certificates."),
            "degrees": gettext_lazy("For example MD, PhD."),
        }
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "degrees": forms.TextInput(attrs={"autocomplete": "honorific-suffix"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(settings.LANGUAGES) > 1:
            self.fields["language"] = forms.ChoiceField(
                label=_("Language"), choices=settings.LANGUAGES, help_text=_("Of the pages and of our emails.")
            )
            self.initial["language"] = self.instance.language or get_language()
        else:
            del self.fields["language"]
        self.fields["profession"].choices = [("", _("Rather not say")), *User.Profession.choices]  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return seen(self.cleaned_data["name"])

    def clean_degrees(self) -> str:
        return seen(self.cleaned_data["degrees"])


def seen(text: str) -> str:
    """A name as it is seen, in any script: one line, without marks that turn the writing around or hide."""
    kept = (c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs") or c in JOINERS or c.isspace())
    return " ".join("".join(kept).split())
