"""The site map: includes only."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

handler400 = "config.errors.bad_request"
handler500 = "config.errors.server_error"
handler429 = "accounts.errors.too_many"  # allauth asks for it

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("journal.urls")),  # first, because it is asked for most
    path("admin/", admin.site.urls),
    path("accounts/inactive/", RedirectView.as_view(pattern_name="account_login")),  # E3 comes with the sign-in itself
    path("accounts/", include("accounts.code_urls")),
    path("accounts/", include("allauth.urls")),
    path("account/", include("accounts.urls")),
    path("cme/", include("cme.urls")),
    path("", include("subscriptions.urls")),
]
if settings.DEMO:
    urlpatterns.insert(0, path("demo/", include("demo.urls")))
