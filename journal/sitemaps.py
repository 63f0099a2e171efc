"""The map for search engines (sitemaps.org): pages that are for everybody, with when they last changed. And robots.txt.

Articles are divided by their row's number, 50,000 to a file: an article stays in its file, and a file is a range
of the primary key, however many articles there are.
"""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from urllib.parse import quote

from django.conf import settings
from django.db.models import F, Max, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe
from lxml import etree

from journal.metadata import absolute
from journal.models import Article, Issue
from journal.xml import add, document

PER_FILE, MOST_ISSUES = 50_000, 49_000  # a file may hold 50,000
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_SAMPLE = "10.1234/sample"
PAGES = ("home", "issue_list", "online_first", "topic_list", "collection_list", "author_list", "about")
Entry = tuple[str, date | datetime | None]


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    parts = Article.objects.published().annotate(part=F("pk") / PER_FILE).values("part")
    changed = parts.annotate(last=Max("updated_at")).order_by("part").values_list("part", "last")
    files: list[Entry] = [(reverse("journal:sitemap_pages"), None)]
    files += [(reverse("journal:sitemap_articles", args=[part]), last) for part, last in changed]
    return _answer("sitemapindex", "sitemap", files)


@require_safe
def pages(request: HttpRequest) -> HttpResponse:
    """The journal's own pages and its issues."""
    published = Q(articles__status=Article.Status.PUBLISHED)
    issues = Issue.objects.published().annotate(last=Max("articles__updated_at", filter=published)).order_by("pk")
    named = issues.values_list("volume", "number", "last", "published_on")[:MOST_ISSUES]
    listed: list[Entry] = [(reverse(f"journal:{name}"), None) for name in PAGES]
    listed += [(reverse("journal:issue", args=[volume, number]), last or day) for volume, number, last, day in named]
    return _answer("urlset", "url", listed)


@require_safe
def articles(request: HttpRequest, part: int) -> HttpResponse:
    found = Article.objects.published().filter(pk__gte=part * PER_FILE, pk__lt=(part + 1) * PER_FILE)
    named = found.order_by("pk").values_list("doi", "updated_at")
    listed: list[Entry] = [(_address(doi or ""), changed) for doi, changed in named.iterator()]
    if not listed:
        raise Http404("There is no such part of the site map.")
    return _answer("urlset", "url", listed)


def _address(doi: str) -> str:
    """The article's address, as `reverse` writes it, which takes 60 µs: too long 50,000 times."""
    return _like(_SAMPLE).replace(_SAMPLE, quote(doi, safe="/~:@!$&'()*+,;="))


@lru_cache(maxsize=1)
def _like(sample: str) -> str:
    return reverse("journal:article", args=[sample])


def _answer(root_name: str, name: str, entries: Iterable[Entry]) -> HttpResponse:
    root = etree.Element(f"{{{NAMESPACE}}}{root_name}", nsmap={None: NAMESPACE})  # type: ignore[dict-item]
    for path, changed in entries:
        entry = add(root, f"{{{NAMESPACE}}}{name}")
        add(entry, f"{{{NAMESPACE}}}loc", absolute(path))
        if changed:
            add(entry, f"{{{NAMESPACE}}}lastmod", changed.isoformat())
    response = HttpResponse(document(root), content_type="application/xml; charset=utf-8")
    response["X-Robots-Tag"] = "noindex"
    patch_cache_control(response, public=True, max_age=3600)
    return response


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = [
        "User-agent: *",
        "Disallow: /search/?",
        "Disallow: /accounts/*?",
        "Disallow: /my-access/",
        "Disallow: /saved/",
        "Disallow: /alerts/",
        "Disallow: /offers/",
        "Disallow: /oai/",
        f"Sitemap: {settings.SITE_URL}{reverse('journal:sitemap')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
