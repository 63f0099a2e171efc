from functools import lru_cache

from django.urls import ResolverMatch, URLPattern, URLResolver, path, register_converter
from django.urls.resolvers import RoutePattern

from journal import (
    alert_views,
    brand_views,
    browse_views,
    citation_views,
    feeds,
    figure_views,
    keeping_views,
    related_views,
    search_views,
    sitemaps,
    views,
)
from journal.doi import DOIConverter, LabelConverter
from journal.oai.answer import oai

register_converter(DOIConverter, "doi")
register_converter(LabelConverter, "label")

app_name = "journal"

of_an_article = [
    # The words after a DOI come before the article itself, because a DOI's suffix may hold slashes.
    path("<doi:doi>/preview/", views.preview_page, name="preview"),
    path("<doi:doi>/preview/<str:name>", views.preview_picture, name="preview_picture"),
    path("<doi:doi>/figures/", figure_views.figure_list, name="figures"),
    path("<doi:doi>/slides.pptx", figure_views.all_slides, name="all_slides"),
    path("<doi:doi>/slides/<str:name>.pptx", figure_views.slide, name="slide"),
    path("<doi:doi>/tables/<str:name>.csv", figure_views.table, name="table"),
    path("<doi:doi>/figures/<str:name>", views.figure, name="figure"),
    path("<doi:doi>/files/<str:name>", views.supplement, name="supplement"),
    path("<doi:doi>/article.pdf", views.pdf, name="pdf"),
    path("<doi:doi>/save/", keeping_views.save, name="save"),
    path("<doi:doi>/share/", keeping_views.share, name="share"),
    path("<doi:doi>/permissions/", keeping_views.permissions, name="permissions"),
    path("<doi:doi>/related/", related_views.related, name="related"),
    path("<doi:doi>/related/arrange/", related_views.arrange, name="arrange"),
    path("<doi:doi>/cite/", citation_views.cite, name="cite"),
    path("<doi:doi>/citation.<str:form>", citation_views.citation, name="citation"),
    path("<doi:doi>/", views.article, name="article"),
]

LONGEST = 200  # of an address that is remembered


class Remembering(URLResolver):
    """Finds out once which view an address is of: seventeen patterns are tried before an article's own is."""

    def __init__(self, pattern: RoutePattern, views: list[URLPattern]) -> None:
        super().__init__(pattern, views)
        self._found = lru_cache(maxsize=1_000)(super().resolve)  # what is found nowhere is an error, and not kept

    def resolve(self, path: str) -> ResolverMatch:
        return self._found(path) if len(path) <= LONGEST else super().resolve(path)


urlpatterns = [
    Remembering(RoutePattern("doi/"), of_an_article),  # what is read most is found first
    path("", views.home, name="home"),
    path("issues/", views.issue_list, name="issue_list"),
    path("issues/<label:volume>/", browse_views.volume, name="volume"),
    path("issues/<label:volume>/<label:number>/", views.issue, name="issue"),
    path("issues/<label:volume>/<label:number>/cover/", views.issue_cover, name="issue_cover"),
    path("online-first/", views.online_first, name="online_first"),
    path("search/", search_views.search_page, name="search"),
    path("search/suggestions/", search_views.suggestions, name="suggestions"),
    path("openurl", search_views.openurl, name="openurl"),
    path("topics/", browse_views.topic_list, name="topic_list"),
    path("topics/<slug:slug>/", browse_views.topic, name="topic"),
    path("topics/<slug:slug>/feed/", feeds.topic_feed, name="topic_feed"),
    path("collections/", browse_views.collection_list, name="collection_list"),
    path("collections/<slug:slug>/", browse_views.collection, name="collection"),
    path("collections/<slug:slug>/feed/", feeds.collection_feed, name="collection_feed"),
    path("authors/", browse_views.author_list, name="author_list"),
    path("authors/<label:key>/", browse_views.author, name="author"),
    path("authors/<label:key>/feed/", feeds.author_feed, name="author_feed"),
    path("saved/", keeping_views.saved, name="saved"),
    path("saved/remove/", keeping_views.remove, name="saved_remove"),
    path("alerts/", alert_views.ask, name="alerts_ask"),
    path("alerts/<str:token>/", alert_views.alerts_of, name="alerts_of"),
    path("alerts/<str:token>/stop/", alert_views.stop, name="alerts_stop"),
    path("about/", views.about, name="about"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("brand.css", brand_views.brand, name="brand"),
    path("brand/<slug:which>.webp", brand_views.logo, name="logo"),
    path("robots.txt", sitemaps.robots, name="robots"),
    path("oai/", oai, name="oai"),
    path("feed/", feeds.journal_feed, name="feed"),
    path("online-first/feed/", feeds.online_first_feed, name="online_first_feed"),
    path("issues/<label:volume>/<label:number>/feed/", feeds.issue_feed, name="issue_feed"),
    path("sections/<int:section>/feed/", feeds.section_feed, name="section_feed"),
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("sitemap-pages.xml", sitemaps.pages, name="sitemap_pages"),
    path("sitemap-articles-<int:part>.xml", sitemaps.articles, name="sitemap_articles"),
]
