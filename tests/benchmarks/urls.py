"""The site map with a view that does nothing: same server, same middleware, same run."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.urls import handler400, handler429, handler500
from config.urls import urlpatterns as site

__all__ = ["handler400", "handler429", "handler500", "urlpatterns"]

BARE = "Nothing was asked of the database."


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse(BARE, content_type="text/plain")


urlpatterns = [path("bare/", bare), *site]
