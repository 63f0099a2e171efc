"""Usage on a library's own page: months at a glance, turnaways, reports to download, the key for its programs."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from subscriptions.counter import asking, catalogue, counting, credentials, showing, tabular
from subscriptions.counter.asking import Asked
from subscriptions.counter.exceptions import Refused
from subscriptions.institutions.permission import library_page
from subscriptions.models import Institution, UsageMonth

SHOWN = ("YOP", "Access_Type", "Access_Method", "Authors", "Publication_Date", "Article_Version")
TEMPLATE = "subscriptions/library/usage.html"


@library_page
@require_GET
def usage(request: HttpRequest, institution: Institution) -> HttpResponse:
    return render(request, TEMPLATE, context(institution))


@library_page
@require_GET
def report_file(request: HttpRequest, institution: Institution) -> HttpResponse:
    """The report that was chosen as a table; what cannot be made is said on the page."""
    try:
        return download(request.GET, institution)
    except Refused as refused:
        words = {**context(institution), "error": refused.said.data or refused.said.message}
        return render(request, TEMPLATE, words, status=400)


@library_page
@require_POST
def new_key(request: HttpRequest, institution: Institution) -> HttpResponse:
    """The answer itself shows the key: it is kept nowhere."""
    key = credentials.new_key(institution)
    return render(request, TEMPLATE, {**context(institution), "key": key})


def context(institution: Institution) -> dict[str, Any]:
    lines = showing.by_month(institution)
    closed = list(UsageMonth.objects.filter(closed_at__isnull=False).values_list("month", flat=True))
    return {
        "institution": institution,
        "tab": "usage",
        "lines": lines,
        "closed": closed,
        "turned_away": showing.turned_away_from(institution, lines[-1].month) if lines else [],
        "views": [report for report in catalogue.REPORTS.values() if report.is_view],
        "reports": [report for report in catalogue.REPORTS.values() if not report.is_view],
        "shown_columns": [(name, name.replace("_", " ").lower()) for name in SHOWN],
        "metrics": ("Searches_Platform", *catalogue.ITEM_METRICS, *catalogue.DENIED_METRICS),
        "access_types": catalogue.ACCESS_TYPES,
        "access": credentials.of(institution),
        "sushi": f"{settings.SITE_URL}/sushi",
    }


def download(asked_for: QueryDict, institution: Institution | None) -> HttpResponse:
    """A report as a file. Raises `Refused`; Http404 for a report there is not."""
    report = catalogue.REPORTS.get(asked_for.get("report", ""))
    if report is None:
        raise Http404("There is no such report.")
    asked = asking.read(report, parameters_of(asked_for), tabular=True)
    response = HttpResponse(tabular.tsv(counting.count(asked, institution)), content_type=tabular.TYPE)
    response["Content-Disposition"] = content_disposition_header(True, _file_name(asked, institution)) or "attachment"
    return response


def parameters_of(asked_for: QueryDict) -> Mapping[str, str]:
    """A form sends a name for each box that is ticked; COUNTER has them in one value. Empty fields were not asked."""
    joined = {name: "|".join(filter(None, asked_for.getlist(name))) for name in asked_for if name != "report"}
    return {name: value for name, value in joined.items() if value}


def _file_name(asked: Asked, institution: Institution | None) -> str:
    whose = f"institution-{institution.pk}" if institution else "world"
    return f"{asked.report.id}_{whose}_{asked.begin:%Y-%m}_{asked.end:%Y-%m}.tsv"
