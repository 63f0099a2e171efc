"""Why somebody is asked to sign in: the article they come from."""

from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from accounts.sign_in import way_back
from journal.models import Article

register = template.Library()


@register.simple_tag(takes_context=True)
def article_waiting(context: Any) -> Article | None:
    """The published article that the way back leads to, or None. A strange or foreign address is simply no article."""
    request: HttpRequest | None = context.get("request")
    if request is None:
        return None
    path = way_back(request).partition("?")[0].partition("#")[0]
    try:
        match = resolve(path)
    except Resolver404:
        return None
    doi = match.kwargs.get("doi") if match.view_name == "journal:article" else None
    found = Article.objects.published().by_doi(doi).only("title_html") if doi else None
    return found.first() if found is not None else None
