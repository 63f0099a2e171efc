"""Deposits for Crossref as a download: of chosen articles, or of an issue."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from journal.crossref import deposit_of
from journal.models import ArticleQuerySet


def download(model_admin: Any, request: HttpRequest, articles: ArticleQuerySet, name: str) -> HttpResponse | None:
    """The deposit of those that are on the site, or None and a sentence when there is none of them."""
    chosen = articles.select_related("journal", "issue", "record").defer("search")
    on_site = list(chosen.published())
    if not on_site:
        sentence = "None of these is on the site, and a DOI that is registered must lead somewhere. Publish first."
        model_admin.message_user(request, sentence, messages.ERROR)
        return None
    deposit = deposit_of(on_site, name)
    response = HttpResponse(deposit.xml, content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="{deposit.name}"'
    return response
