"""A library checks an article: whether its readers can read it, why not, and whether an address is one of theirs."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from journal.doi import pasted_doi
from journal.models import Article
from subscriptions.explaining import Question, explain
from subscriptions.institutions.permission import library_page
from subscriptions.models import Institution


class CheckForm(forms.Form):
    doi = forms.CharField(label=_("DOI"), max_length=300)
    ip = forms.GenericIPAddressField(
        label=_("IP address of the reader"), required=False,
        help_text=_("To see whether it is in one of your networks. May stay empty."),
        error_messages={"invalid": _("This is not an IP address. Write it like 192.0.2.7, or leave it empty.")},
    )  # fmt: skip

    def clean_doi(self) -> Article:
        doi = pasted_doi(self.cleaned_data["doi"])
        articles = Article.objects.published().select_related("issue", "journal")
        article = articles.by_doi(doi).first() if doi else None
        if article is None:
            raise forms.ValidationError(_("There is no article with this DOI here. It looks like 10.1234/abc."))
        return article


@library_page
@require_safe
def check(request: HttpRequest, institution: Institution) -> HttpResponse:
    """The library's own part of the explanation: its rights and networks, and nothing about any reader."""
    form = CheckForm(request.GET or None)
    context: dict[str, Any] = {"institution": institution, "tab": "check", "form": form, "found": None}
    if form.is_valid():
        article, address = form.cleaned_data["doi"], form.cleaned_data["ip"] or None
        found = explain(Question(article, ip=address, institution=institution))
        context |= {"found": found, "article": article}
    return render(request, "subscriptions/library/check.html", context)
