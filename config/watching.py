"""For those who watch the site: /health/live, /health/ready, /metrics; and every other answer is counted and timed.

The three stand outside the site map: whoever asks for them names a machine and no host of ours, over plain HTTP from
within the network, and needs neither session nor policy.
"""

import logging
import secrets
from time import perf_counter

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from config import health, metrics
from config.middleware import GetResponse

log = logging.getLogger("firstpage.requests")

SLOW_SECONDS = 1.0
PLAIN = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class WatchingMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.own = {"/health/live": live, "/health/ready": ready, "/metrics": told}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if own := self.own.get(request.path_info):
            return own(request)
        began = perf_counter()
        response = self.get_response(request)
        _count(request, response, perf_counter() - began)
        return response


def _count(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    match = request.resolver_match
    view, status = (match.view_name if match else "none"), response.status_code
    metrics.answered(view, request.method, status, seconds)
    reader = getattr(request, "reader", None)
    if reader is not None and reader.was_asked:
        metrics.decided(reader.answers)
    if settings.LOG_REQUESTS or status >= 500 or seconds >= SLOW_SECONDS:
        facts = {"view": view, "method": request.method, "status": status, "ms": round(seconds * 1000)}
        log.log(logging.WARNING if status >= 500 else logging.INFO, "answered", extra=facts)


def live(request: HttpRequest) -> HttpResponse:
    """The process runs and has a thread for us. Asks nothing of anybody."""
    return HttpResponse("alive\n", content_type="text/plain", headers=PLAIN)


def ready(request: HttpRequest) -> HttpResponse:
    is_ready, found = health.examine()
    return JsonResponse(found, status=200 if is_ready else 503, headers=PLAIN)


def told(request: HttpRequest) -> HttpResponse:
    """With the token only; without a token set there is no such page."""
    if not settings.METRICS_TOKEN:
        return HttpResponse("Not found.\n", status=404, content_type="text/plain", headers=PLAIN)
    said = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not secrets.compare_digest(said.encode(), settings.METRICS_TOKEN.encode()):
        headers = {**PLAIN, "WWW-Authenticate": "Bearer"}
        return HttpResponse("The token is missing or wrong.\n", status=401, content_type="text/plain", headers=headers)
    return HttpResponse(metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8", headers=PLAIN)
