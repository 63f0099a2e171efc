"""The journal's own colors, typeface and logo, as files that every page links."""

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from journal import branding
from journal.models import Journal

A_YEAR, A_MOMENT = 31_536_000, 60


@require_safe
def brand(request: HttpRequest) -> HttpResponseBase:
    """A stylesheet of its own, because the policy allows no inline style."""
    journal = Journal.objects.first() or Journal()
    response = HttpResponse(branding.stylesheet(journal), content_type="text/css; charset=utf-8")
    return _kept(request, response, journal)


@require_safe
def logo(request: HttpRequest, which: str) -> HttpResponseBase:
    """`logo` or `logo-dark`."""
    journal = Journal.objects.first() or Journal()
    file = {"logo": journal.logo, "logo-dark": journal.logo_dark}.get(which)
    if not file:
        raise Http404("This journal has no such logo.")
    return _kept(request, FileResponse(file.open("rb"), content_type="image/webp"), journal)


def _kept(request: HttpRequest, response: HttpResponseBase, journal: Journal) -> HttpResponseBase:
    """For a year at the address that names this look; any other may be an older page's, and is asked for again."""
    current = request.GET.get("v") == branding.version(journal)
    patch_cache_control(response, public=True, max_age=A_YEAR if current else A_MOMENT)
    return response
