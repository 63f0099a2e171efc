"""What we ask beside e-mail and password when somebody registers: how to address them, and nothing else."""

from typing import Any

from django import forms
from django.http import HttpRequest


class SignupForm(forms.Form):
    name = forms.CharField(
        max_length=200,
        required=False,
        label="Your name (optional)",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def signup(self, request: HttpRequest, user: Any) -> None:
        """Required by allauth; the adapter stores the name."""
