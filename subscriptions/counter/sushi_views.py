"""The COUNTER API (COUNTER_SUSHI, Release 5.1, section 8): library programs fetch reports as JSON.

Signed with customer id, requestor id and API key; never by network address. The specification has the key in the
address, where logs and histories keep it; so it may come in a header, and SUSHI_KEY_IN_ADDRESS=0 wants it there.
Every answer is JSON, a refusal one exception of Table D.1.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from accounts.rate_limits import is_allowed, is_allowed_for
from subscriptions.counter import asking, counting, credentials, describing, exceptions, json_form
from subscriptions.counter.catalogue import REPORTS
from subscriptions.counter.exceptions import Refused, Said
from subscriptions.models import Institution, SushiAccess, UsageMonth

MOST_A_DAY = 1_000  # requests of one requestor
MOST_WRONG = 30  # wrong credentials from one address within
WRONG_SECONDS = 600
DAY = 86_400
LONGEST = 100
View = Callable[..., Any]


def as_exception(said: Said) -> JsonResponse:
    response = JsonResponse(said.as_json(), status=said.status)
    if said.status in (429, 503):
        response["Retry-After"] = "3600" if said.status == 429 else "60"
    return response


def answered_in_json(view: View) -> Callable[..., HttpResponse]:
    """What goes wrong is said in COUNTER's words, also a database that is down."""

    @require_safe
    @gzip_page
    @never_cache
    @wraps(view)
    def answered(request: HttpRequest, **names: str) -> HttpResponse:
        try:
            return JsonResponse(view(request, **names), safe=False, json_dumps_params={"separators": (",", ":")})
        except Refused as refused:
            return as_exception(refused.said)
        except DatabaseError:
            return as_exception(exceptions.not_available("The database did not answer."))

    return answered


@answered_in_json
def status(request: HttpRequest) -> dict[str, Any]:
    """Public: whether reports can be fetched. A database that is down answers 503."""
    UsageMonth.objects.exists()
    record = {"Registry_Record": settings.COUNTER_REGISTRY_RECORD} if settings.COUNTER_REGISTRY_RECORD else {}
    return {"Description": "COUNTER usage reports, Release 5.1", "Service_Active": True, **record}


@answered_in_json
def members(request: HttpRequest) -> list[dict[str, Any]]:
    """An institution is no consortium here, so it is its only member."""
    institution = allowed(request)
    if institution is None:
        return [{"Institution_Name": describing.WORLD_NAME, "Customer_ID": describing.WORLD_ID}]
    ids = describing.institution_ids(institution)
    others = {space: value for space, value in ids.items() if space != settings.COUNTER_PLATFORM_ID}
    named = {"Institution_ID": json_form.organization_ids(others)} if others else {}
    customer = credentials.of(institution).customer_id
    return [{"Institution_Name": describing.institution_name(institution), **named, "Customer_ID": customer}]


@answered_in_json
def report_list(request: HttpRequest) -> list[dict[str, Any]]:
    """The reports, with the months there are. Before the first month is over there is none to offer."""
    allowed(request)
    closed = UsageMonth.objects.filter(closed_at__isnull=False).order_by("month").values_list("month", flat=True)
    if not (available := list(closed)):
        return []
    return [
        {
            "Report_Name": report.name, "Report_ID": report.id, "Release": "5.1",
            "Report_Description": report.description, "Path": f"/r51/reports/{path}",
            "First_Month_Available": f"{available[0]:%Y-%m}", "Last_Month_Available": f"{available[-1]:%Y-%m}",
        }
        for path, report in REPORTS.items()
    ]  # fmt: skip


@answered_in_json
def report(request: HttpRequest, report_id: str) -> dict[str, Any]:
    found = REPORTS.get(report_id)
    if found is None:
        raise Http404("There is no such report.")
    institution = allowed(request)
    asked = asking.read(found, request.GET.dict())
    return json_form.report(counting.count(asked, institution))


# --- who may ---------------------------------------------------------------------------------------------------------


def allowed(request: HttpRequest) -> Institution | None:
    """The institution whose usage is asked for; None is The World. Raises `Refused`."""
    told = {name: request.GET.get(name, "") for name in ("customer_id", "requestor_id")} | {"api_key": _key(request)}
    if missing := [name for name, value in told.items() if not value]:
        raise Refused(exceptions.insufficient(f"{', '.join(missing)} missing"))
    customer = told["customer_id"]
    access = _known(request, told["requestor_id"][:LONGEST], told["api_key"][:LONGEST])
    if not is_allowed_for(access.requestor_id, "sushi", most=MOST_A_DAY, seconds=DAY):
        raise Refused(exceptions.too_many(f"{MOST_A_DAY} requests a day and requestor"))
    credentials.was_used(access)
    if customer == describing.WORLD_ID:
        if not settings.COUNTER_GLOBAL_REPORTS:
            raise Refused(exceptions.no_global_reports())
        return None
    if customer != access.customer_id:
        raise Refused(exceptions.foreign_institution())
    return access.institution


def _key(request: HttpRequest) -> str:
    """Of the header `Authorization: Bearer …`, else of the address, where the operator lets it stand there."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return key.strip()
    return request.GET.get("api_key", "") if settings.SUSHI_KEY_IN_ADDRESS else ""


def _known(request: HttpRequest, requestor: str, key: str) -> SushiAccess:
    """Wrong ones are counted by address, so that nobody tries keys; a right one is never held up by others' tries."""
    found = SushiAccess.objects.select_related("institution").filter(requestor_id=requestor.replace("\0", "")).first()
    if (found or credentials.NOBODY).fits(key) and found:
        return found
    if not is_allowed(request, "sushi-wrong", most=MOST_WRONG, seconds=WRONG_SECONDS):
        raise Refused(exceptions.too_many(f"{MOST_WRONG} tries with wrong credentials"))
    raise Refused(exceptions.wrong_key() if found else exceptions.unknown_requestor())
