"""The feed of new articles, the map for search engines, and the rules for robots. Abstracts only, never full text."""

from typing import Any

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import require_safe

from journal.models import Article, Issue, Journal

NEWEST = 30


class LatestArticles(Feed):  # type: ignore[type-arg]  # generic for mypy only
    feed_type = Atom1Feed

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Journal | None:
        return Journal.objects.first()

    def title(self, journal: Journal | None) -> str:
        return journal.title if journal else "First Page"

    def link(self) -> str:
        return reverse("journal:home")

    def feed_guid(self) -> str:
        return f"{settings.SITE_URL}{reverse('journal:feed')}"

    def items(self) -> Any:
        newest = Article.objects.published().newest()
        return newest.only("doi", "title", "abstract", "byline", "published_online", "updated_at")[:NEWEST]

    def item_title(self, item: Any) -> str:
        return str(item.title)

    def item_description(self, item: Any) -> str:
        return str(item.abstract)

    def item_guid(self, item: Any) -> str:
        return f"https://doi.org/{item.doi}"

    def item_author_name(self, item: Any) -> str:
        return str(item.byline)

    def item_updateddate(self, item: Any) -> Any:
        return item.updated_at


class ArticleSitemap(Sitemap):  # type: ignore[type-arg]  # generic for mypy only
    limit = 10_000

    def items(self) -> Any:
        return Article.objects.published().newest().only("doi", "updated_at")

    def lastmod(self, item: Article) -> Any:
        return item.updated_at


class IssueSitemap(Sitemap):  # type: ignore[type-arg]
    def items(self) -> Any:
        return Issue.objects.published()


SITEMAPS = {"articles": ArticleSitemap, "issues": IssueSitemap}


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = [
        "User-agent: *",
        "Disallow: /search/?",
        "Disallow: /accounts/*?",
        "Disallow: /my-access/",
        "Disallow: /offers/",
        f"Sitemap: {settings.SITE_URL}/sitemap.xml",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
