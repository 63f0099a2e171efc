"""What support asks when a reader says that an article is closed: which article, what of it, from where, and when."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from journal.doi import pasted_doi
from journal.models import Article
from subscriptions.explaining import REPRESENTATIONS


def representations() -> list[tuple[str, str]]:
    return [(name, one.words) for name, one in REPRESENTATIONS.items()]


class ExplainForm(forms.Form):
    doi = forms.CharField(
        label="DOI", max_length=300, widget=forms.TextInput(attrs={"size": 34, "placeholder": "10.1234/abc"})
    )
    representation = forms.ChoiceField(label="What of it", choices=representations, required=False)
    ip = forms.GenericIPAddressField(
        label="IP address", required=False,
        help_text="Of the reader's network, to see an institution's right.",
        error_messages={"invalid": "This is not an IP address. Write it like 192.0.2.7, or leave it empty."},
    )  # fmt: skip
    at = forms.DateTimeField(
        label="When", required=False, help_text="Empty: now. Else like 2026-11-20 14:05, in the journal's time.",
        error_messages={"invalid": "This is not a moment. Write it like 2026-11-20 14:05, or leave it empty."},
        widget=forms.DateTimeInput(attrs={"size": 18, "placeholder": "2026-11-20 14:05"}),
    )  # fmt: skip

    def clean_doi(self) -> Article:
        doi = pasted_doi(self.cleaned_data["doi"])
        if doi is None:
            raise forms.ValidationError(
                "This is not a DOI. Write it like 10.1234/abc, or paste the https://doi.org/ link."
            )
        article = Article.objects.by_doi(doi).select_related("issue", "journal").first()
        if article is None:
            raise forms.ValidationError(f"There is no article with the DOI {doi} here.")
        return article

    def clean_representation(self) -> str:
        return self.cleaned_data["representation"] or "page"

    def clean_at(self) -> Any:
        at = self.cleaned_data["at"]
        if at and at > timezone.now() + timedelta(seconds=1):
            raise forms.ValidationError("This moment has not come yet. Leave it empty to ask about now.")
        return at
