"""Figures and tables apart from the text: a page of all, slides, tables as data. The decision is the figure's own."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from journal import figures, slides, tickets
from journal.figures import Shown
from journal.jats.markup import slug
from journal.models import Article, ArticleFile
from journal.sending import send
from journal.views import reader_of, refused

PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
View = Callable[..., HttpResponseBase]


def for_readers(view: View) -> View:
    """The view gets the published article, after the yes."""

    @require_safe
    @wraps(view)
    def asked(request: HttpRequest, doi: str, **names: str) -> HttpResponseBase:
        published = Article.objects.published().by_doi(doi).select_related("journal", "issue", "record")
        article = get_object_or_404(published)
        if not reader_of(request).access_to(article).granted:
            return refused(request, article)
        return view(request, article, **names)

    return asked


def file_for_readers(view: View) -> View:
    """As `for_readers`, at an address for this reader alone."""

    @for_readers
    @wraps(view)
    def given(request: HttpRequest, article: Article, **names: str) -> HttpResponseBase:
        reader = reader_of(request)
        way = tickets.way_to_file(request, reader, reader.access_to(article))  # was asked: no statement more
        return way or view(request, article, **names)

    return given


@for_readers
def figure_list(request: HttpRequest, article: Article) -> HttpResponse:
    """All figures and tables with their downloads. The viewer takes its links from here."""
    found = figures.shown(article)
    if not found:
        raise Http404("This article has no figures or tables.")
    stored = {file.name: file for file in article.files.filter(kind__in=[FIGURE, ORIGINAL])}
    items = [{"shown": one, "pictures": _pictures(one, stored)} for one in found]
    has_slides = any(item["pictures"] for item in items)
    return render(request, "journal/figures.html", {"article": article, "items": items, "has_slides": has_slides})


FIGURE, ORIGINAL = ArticleFile.Kind.FIGURE, ArticleFile.Kind.ORIGINAL


def _pictures(one: Shown, stored: dict[str, ArticleFile]) -> list[dict[str, Any]]:
    """[{file, original, words}] of the pictures that are there."""
    originals = {file.name.rpartition(".")[0]: file for file in stored.values() if file.kind == ORIGINAL}
    return [
        {"file": stored[name], "original": originals.get(name.rpartition("-")[0]), "words": words}
        for name, words in one.pictures
        if name in stored
    ]


@file_for_readers
def all_slides(request: HttpRequest, article: Article) -> HttpResponseBase:
    return _deck(request, article, figures.shown(article), "figures")


@file_for_readers
def slide(request: HttpRequest, article: Article, name: str) -> HttpResponseBase:
    return _deck(request, article, [_find(article, name)], name)


def _deck(request: HttpRequest, article: Article, found: list[Shown], name: str) -> HttpResponseBase:
    pictures = slides.pictures(article, found)
    if not pictures:
        raise Http404("There is no picture to make a slide of.")
    path = slides.kept_deck(article, pictures)
    response = send(request, path.open("rb"), path.stat().st_size, f'"{path.stem[:32]}"', PPTX)
    return _named(response, article, f"{name}.pptx")


@file_for_readers
def table(request: HttpRequest, article: Article, name: str) -> HttpResponseBase:
    found = _find(article, name)
    if not found.is_table:
        raise Http404("This is no table.")
    try:
        text = figures.as_csv(found)
    except figures.TableTooLargeError:
        raise Http404("This table is too large to be written as a file.") from None
    answer = HttpResponse(f"\ufeff{text}".encode(), content_type="text/csv; charset=utf-8")
    return _named(answer, article, f"{name}.csv")


def _find(article: Article, name: str) -> Shown:
    found = next((one for one in figures.shown(article) if one.id == name), None)
    if found is None:
        raise Http404("This article has no such figure or table.")
    return found


def _named(response: HttpResponseBase, article: Article, name: str) -> HttpResponseBase:
    whole = f"{slug(article.doi or 'article')}-{name}"
    response["Content-Disposition"] = content_disposition_header(True, whole) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response
