"""Searching: the page, the same as JSON, suggestions while typing, and OpenURL."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_cache_control
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.rate_limits import is_allowed
from journal.metadata import absolute
from journal.models import Article, Journal
from journal.search import pasted, snippets, terms
from journal.search.asking import Asked, TooSlow, ask
from journal.search.database import found as as_found
from journal.search.filters import SORTS, Facet, Filters, address, facets, in_order, read
from journal.search.folding import fold
from journal.search.query import LONGEST, Query, parse, readable
from journal.views import LIST_FIELDS, PER_PAGE, marked

TOO_SLOW = gettext_lazy("This search took too long. More words, or rarer ones, help.")
NO_WORD = gettext_lazy("Please add a word to look for: only words to leave out were given.")
PROGRAMS_A_MINUTE = 60


@require_safe
@vary_on_headers("Accept")
def search_page(request: HttpRequest) -> HttpResponse:
    """Results with what they may be narrowed to. What names one article (DOI, PMID, citation) goes straight there."""
    text = readable(request.GET.get("q", ""))
    wants_json = _wants_json(request)
    if wants_json and not is_allowed(request, "search", most=PROGRAMS_A_MINUTE, seconds=60):
        said = {"error": "At most 60 searches a minute, please."}
        return JsonResponse(said, status=429, headers={"Retry-After": "60"})
    named = pasted.named_article(text) if text else None
    if named and not wants_json:
        return redirect(named)
    context = _found(request, text, [named] if named else None)
    if wants_json:
        return JsonResponse(_told(context))
    return render(request, "journal/search.html", context)


def _wants_json(request: HttpRequest) -> bool:
    if request.GET.get("format") == "json":
        return True
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _found(request: HttpRequest, text: str, named: list[Article] | None) -> dict[str, Any]:
    query, filters = parse(text), read(request.GET)
    sort = request.GET.get("sort", "")
    sort = sort if sort in SORTS else "relevance"
    context: dict[str, Any] = {
        "q": text[:LONGEST], "filters": filters, "sort": sort, "was_cut": query.was_cut,
        "is_asked": bool(text) or not filters.is_empty,
    }  # fmt: skip
    if named:
        return context | _shown(request, query, Asked(as_found([article.pk for article in named])), context)
    if query.is_empty and filters.is_empty:
        return context | ({"error": NO_WORD if query.without else ""} if text else {}) | {"is_asked": False}
    try:
        return context | _shown(request, query, ask(query, filters, sort), context)
    except TooSlow:
        return context | {"error": TOO_SLOW}


def _shown(request: HttpRequest, query: Query, asked: Asked, said: dict[str, Any]) -> dict[str, Any]:
    """One page of what was found, and everything beside it."""
    ids, filters = asked.found.ids, said["filters"]
    page = Paginator(ids, PER_PAGE).get_page(request.GET.get("page"))
    listed = Article.objects.published().select_related(None).only(*LIST_FIELDS, "abstract")
    items = marked(request, in_order(list(page.object_list), listed))
    sought = snippets.wanted(query)
    for item in items:
        abstract = item["article"].abstract
        item["snippet"] = snippets.quoted(abstract, sought) or snippets.beginning(abstract)
    kept = {"q": said["q"], "sort": said["sort"] if said["sort"] != "relevance" else ""}
    shown = {
        "page": page, "items": items, "count": asked.found.count, "is_more": asked.found.is_more,
        "in_full_text": asked.found.in_full_text, "is_limited": asked.is_limited, "is_relaxed": asked.is_relaxed,
        "facets": facets(asked.found.sample, filters, kept, asked.found.counted) if ids or not filters.is_empty else [],
        "sorts": [(label, address(kept | {"sort": name}, filters), name) for name, label in SORTS.items()],
        "page_terms": address(kept, filters), "without_filters": address(kept, Filters()),
    }  # fmt: skip
    needs_help = not items or asked.is_relaxed
    return shown | _help(query, kept, filters) if needs_help else shown


def _help(query: Query, kept: dict[str, str], filters: Filters) -> dict[str, Any]:
    """For a search that found nothing: another spelling, and what begins alike."""
    other = terms.respelled(query)
    said = {fold(kept["q"]), fold(other)}  # already on the page
    alike = [one for one in terms.suggest(query.words[0][:4]) if fold(one.text) not in said] if query.words else []
    return {
        "respelled": other, "respelled_terms": address(kept | {"q": other}, filters) if other else "",
        "alike": [(one.text, address({"q": one.text}, Filters())) for one in alike],
    }  # fmt: skip


def _told(context: dict[str, Any]) -> dict[str, Any]:
    """The page for programs."""
    page: Page[int] | None = context.get("page")
    return {
        "query": context["q"], "error": context.get("error") or None, "sort": context["sort"],
        "filters": context["filters"].terms(), "count": context.get("count", 0),
        "more": context.get("is_more", False),
        "full_text": context.get("in_full_text", False), "some_words": context.get("is_relaxed", False),
        "page": page.number if page else 1, "pages": page.paginator.num_pages if page else 1,
        "spelling": context.get("respelled") or None,
        "results": [_result(item) for item in context.get("items", [])],
        "facets": [_facet(facet, is_exact=not context.get("is_more")) for facet in context.get("facets", [])],
    }  # fmt: skip


def _facet(facet: Facet, *, is_exact: bool) -> dict[str, Any]:
    """A number only where it is exact, as on the page."""
    choices = [
        {"label": one.label, "count": one.count if is_exact else None, "query": one.terms} for one in facet.choices
    ]
    return {"name": facet.name, "choices": choices}


def _result(item: dict[str, Any]) -> dict[str, Any]:
    article, access = item["article"], item["access"]
    return {
        "doi": article.doi, "title": article.title, "authors": article.byline, "type": article.type_label,
        "published": article.published_online.isoformat(), "url": absolute(article.get_absolute_url()),
        "access": {"granted": access.granted, "reason": access.reason}, "snippet": strip_tags(item["snippet"]),
    }  # fmt: skip


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """What begins as typed, for the list below the search field."""
    found = terms.suggest(readable(request.GET.get("q", "")))
    response = JsonResponse({"suggestions": [{"kind": one.kind, "text": one.text} for one in found]})
    patch_cache_control(response, public=True, max_age=300)
    return response


@require_safe
def openurl(request: HttpRequest) -> HttpResponse:
    """A library's link resolver asks for an article by its metadata."""
    target = pasted.openurl({key: value for key, value in request.GET.items() if isinstance(value, str)})
    if target:
        return HttpResponseRedirect(target)
    title = readable(request.GET.get("rft.atitle", "") or request.GET.get("atitle", ""))[:LONGEST]
    journal = Journal.objects.first()
    context = {"q": title, "title_terms": address({"q": title}, Filters()) if title else "", "journal": journal}
    return render(request, "journal/openurl.html", context, status=404)
