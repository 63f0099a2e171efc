"""What we ask beside e-mail and password when somebody registers: how to address them, and nothing else."""

import unicodedata
from typing import Any

from django import forms
from django.http import HttpRequest

from accounts.models import User

JOINERS = "\u200c\u200d"  # spelling needs them: Persian, Sinhala, emoji


class SignupForm(forms.Form):
    name = forms.CharField(
        max_length=200,
        required=False,
        label="Your name (optional)",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def signup(self, request: HttpRequest, user: Any) -> None:
        """Required by allauth; the adapter stores the name."""


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """How the person is addressed. License numbers are asked for only when CME credit is claimed."""

    class Meta:
        model = User
        fields = ("name", "degrees", "profession")
        labels = {"name": "Your name"}
        help_texts = {"name": "As it stands on receipts and certificates.", "degrees": "For example MD, PhD."}
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "degrees": forms.TextInput(attrs={"autocomplete": "honorific-suffix"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["profession"].choices = [("", "Rather not say"), *User.Profession.choices]  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return seen(self.cleaned_data["name"])

    def clean_degrees(self) -> str:
        return seen(self.cleaned_data["degrees"])


def seen(text: str) -> str:
    """A name as it is seen, in any script: one line, without marks that turn the writing around or hide."""
    kept = (c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs") or c in JOINERS or c.isspace())
    return " ".join("".join(kept).split())
