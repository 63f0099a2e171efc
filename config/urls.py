"""The site map: includes only."""

from django.conf import settings
from django.contrib import admin
from django.contrib.sitemaps.views import index, sitemap
from django.urls import URLPattern, URLResolver, include, path

from journal.feeds import SITEMAPS

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.account.urls")),
    path("sitemap.xml", index, {"sitemaps": SITEMAPS}, name="sitemap"),
    path("sitemap-<section>.xml", sitemap, {"sitemaps": SITEMAPS}, name="django.contrib.sitemaps.views.sitemap"),
    path("", include("subscriptions.urls")),
    path("", include("journal.urls")),
]
if settings.DEMO:
    urlpatterns.insert(0, path("demo/", include("demo.urls")))
