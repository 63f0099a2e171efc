"""Where holdings are fetched: everybody's at one address, an institution's at an address of its own (NISO RP-26)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from journal.models import Journal
from subscriptions.counter import kbart
from subscriptions.models import Institution, SushiAccess


@require_safe
@cache_control(public=True, max_age=3600)
def holdings(request: HttpRequest) -> HttpResponse:
    return _file(None)


@require_safe
@never_cache
def institution_holdings(request: HttpRequest, token: str) -> HttpResponse:
    """The token is the institution's; a new SUSHI key gives a new one."""
    access = get_object_or_404(SushiAccess.objects.select_related("institution"), holdings_token=token)
    response = _file(access.institution)
    response["X-Robots-Tag"] = "noindex"
    return response


def _file(institution: Institution | None) -> HttpResponse:
    journal = Journal.objects.first()
    if journal is None:
        raise Http404("There is no journal yet.")
    response = HttpResponse(kbart.text(journal, institution), content_type=kbart.TYPE)
    name = kbart.file_name(journal, institution, timezone.localdate())
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
