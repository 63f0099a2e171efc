"""RSS 2.0 of the journal, of what is online first, of an issue and of a section. Abstracts only, never full text.

The same as Atom where the address says `?format=atom`.

With the fields of Dublin Core and PRISM 2.1 that readers of tables of contents use, and conditional requests: a feed is
asked for every few minutes by programs that nearly always have it already.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from journal import authors, browsing
from journal.metadata import absolute, cited_date, full_title, name_of
from journal.models import Article, ArticleQuerySet, Issue, Journal, Section
from journal.topic_models import Collection, Topic
from journal.xml import clean

NEWEST, MOST = 30, 200
FRESH_SECONDS = 300
FIELDS = (
    "doi", "title", "subtitle", "abstract", "authors", "type_label", "keywords", "published_online", "updated_at",
    "retracted_on", "first_page", "last_page", "elocation_id", "license_url", "language", "journal", "issue",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Channel:
    """What a feed is about: `articles` in its order, `link` the page it stands for, `path` its own address."""

    title: str
    link: str
    path: str
    articles: ArticleQuerySet


@require_safe
def journal_feed(request: HttpRequest) -> HttpResponse:
    articles = Article.objects.published().newest()
    return _answer(request, Channel("", reverse("journal:home"), request.path, articles[:NEWEST]))


@require_safe
def online_first_feed(request: HttpRequest) -> HttpResponse:
    articles = Article.objects.online_first().newest()
    return _answer(request, Channel("Online first", reverse("journal:online_first"), request.path, articles[:NEWEST]))


@require_safe
def issue_feed(request: HttpRequest, volume: str, number: str) -> HttpResponse:
    issue = get_object_or_404(Issue.objects.published(), volume=volume, number=number)
    articles = Article.objects.published().filter(issue=issue).in_issue_order()
    return _answer(request, Channel(str(issue), issue.get_absolute_url(), request.path, articles[:MOST]))


@require_safe
def section_feed(request: HttpRequest, section: int) -> HttpResponse:
    found = get_object_or_404(Section, pk=section)
    articles = Article.objects.published().filter(section=found).newest()
    return _answer(request, Channel(found.name, reverse("journal:issue_list"), request.path, articles[:NEWEST]))


@require_safe
def topic_feed(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Topic, slug=slug)
    articles = _newest(browsing.newest_of_topic(found.pk, NEWEST))
    return _answer(request, Channel(found.name, found.get_absolute_url(), request.path, articles[:NEWEST]))


@require_safe
def collection_feed(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Collection, slug=slug, is_shown=True)
    newest = browsing.newest_of_collection(found, NEWEST)
    articles = browsing.of_collection(found) if newest is None else _newest(newest)
    return _answer(request, Channel(found.title, found.get_absolute_url(), request.path, articles[:NEWEST]))


def _newest(ids: list[int]) -> ArticleQuerySet:
    return Article.objects.published().filter(pk__in=ids).newest()


@require_safe
def author_feed(request: HttpRequest, key: str) -> HttpResponse:
    person = authors.find(key)
    if person is None:
        raise Http404("Nobody of this name has written in this journal.")
    if person.key != key:
        return redirect("journal:author_feed", person.key)
    page = reverse("journal:author", args=[key])
    articles = browsing.of_author(authors.rows_of(key))
    return _answer(request, Channel(person.name, page, request.path, articles[:NEWEST]))


def _answer(request: HttpRequest, channel: Channel) -> HttpResponse:
    """304 when nothing has changed, else the feed. What it depends on is asked first, without the articles' texts."""
    journal = Journal.objects.first() or Journal(title="First Page")
    kind = AtomFeed if request.GET.get("format") == "atom" else JournalFeed
    state = list(channel.articles.values_list("pk", "updated_at", "published_online"))
    told = repr((kind.asked_by, journal.title, channel.title, channel.path, state))
    etag = f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'
    changed = max((max(updated, _midnight(day)) for _, updated, day in state if day), default=None)
    response = get_conditional_response(request, etag=etag, last_modified=int(changed.timestamp()) if changed else None)
    if response is None:
        response = HttpResponse(_written(kind, journal, channel), content_type=kind.content_type)
    response["ETag"] = etag
    if changed:
        response["Last-Modified"] = http_date(changed.timestamp())
    patch_cache_control(response, public=True, max_age=FRESH_SECONDS)
    return response


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_current_timezone())


def _written(kind: "type[JournalFeed | AtomFeed]", journal: Journal, channel: Channel) -> str:
    title = clean(f"{journal.title}: {channel.title}" if channel.title else journal.title)
    words = f"{title}. Abstracts of articles."
    feed = kind(
        title=title, link=absolute(channel.link), description=words, subtitle=words, language="en",
        feed_url=absolute(f"{channel.path}{kind.asked_by}"), feed_copyright=clean(journal.publisher),
        author_name=clean(journal.title),
    )  # fmt: skip
    listed = channel.articles.select_related(None).select_related("journal", "issue")
    for article in listed.only(*FIELDS, *_OF_OTHERS):
        feed.add_item(
            title=clean(full_title(article)),
            link=absolute(article.get_absolute_url()),
            description=clean(article.abstract),
            unique_id=f"https://doi.org/{clean(article.doi or '')}",
            unique_id_is_permalink=False,
            pubdate=_midnight(article.published_online) if article.published_online else None,
            updateddate=article.updated_at,
            categories=[clean(word) for word in article.keywords],
            fields=[(name, clean(value)) for name, value in _fields(article) if value],
        )
    text: str = feed.writeString("utf-8")
    return text


_OF_OTHERS = (
    "journal__title", "journal__issn_print", "journal__issn_online", "journal__publisher",
    "issue__volume", "issue__number", "issue__year", "issue__published_on",
)  # fmt: skip


def _fields(article: Article) -> Iterator[tuple[str, str]]:
    """Dublin Core, then PRISM."""
    journal, issue = article.journal, article.issue
    yield from (("dc:creator", name_of(author)) for author in article.authors)
    yield from (("dc:identifier", f"doi:{article.doi}"), ("dc:type", article.type_label))
    yield from (("dc:source", journal.title), ("dc:publisher", journal.publisher), ("dc:language", article.language))
    yield from (("dc:date", f"{article.published_online}"), ("dc:rights", article.license_url))
    yield from (("prism:publicationName", journal.title), ("prism:doi", article.doi or ""))
    yield from (("prism:issn", journal.issn_print), ("prism:eIssn", journal.issn_online))
    yield from (("prism:url", absolute(article.get_absolute_url())), ("prism:section", article.type_label))
    if issue:
        yield from (("prism:volume", issue.volume), ("prism:number", issue.number))
        yield "prism:coverDate", cited_date(article).replace("/", "-")
    yield "prism:publicationDate", f"{article.published_online}"
    yield "prism:startingPage", article.first_page or article.elocation_id
    yield "prism:endingPage", article.last_page


SPACES = {
    "xmlns:dc": "http://purl.org/dc/elements/1.1/", "xmlns:prism": "http://prismstandard.org/namespaces/basic/2.1/",
}  # fmt: skip


class JournalFeed(Rss201rev2Feed):
    """RSS 2.0 with the fields of each item after Django's own."""

    asked_by = ""

    def rss_attributes(self) -> dict[str, str]:
        return {**super().rss_attributes(), **SPACES}

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        for name, value in item["fields"]:
            handler.addQuickElement(name, value)


class AtomFeed(Atom1Feed):
    """The same as Atom 1.0."""

    asked_by = "?format=atom"

    def root_attributes(self) -> dict[str, str]:
        return {**super().root_attributes(), **SPACES}

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        for name, value in item["fields"]:
            handler.addQuickElement(name, value)
