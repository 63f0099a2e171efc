"""The site map: includes only."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.account.urls")),
    path("", include("subscriptions.urls")),
    path("", include("journal.urls")),
]
if settings.DEMO:
    urlpatterns.insert(0, path("demo/", include("demo.urls")))
