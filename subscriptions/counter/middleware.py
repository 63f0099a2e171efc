"""After a page is answered: what of it counts goes into the buffer. Stands inside the reader's middleware."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts import viewing
from subscriptions import downloads
from subscriptions.counter import recording
from subscriptions.counter.actions import (
    SEARCH,
    Seen,
    browser_in,
    counted_view,
    is_foreboding,
    is_search,
    outcome,
    page_key,
)
from subscriptions.reader import RequestReader

LONGEST_SESSION = 64  # of a key; what is longer is none

log = logging.getLogger(__name__)


class UsageMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        try:
            if (view := counted_view(request)) and not viewing.is_by_staff(request):
                notice(view, request, response)
        except Exception:  # the reader has their page, whatever happens here
            log.exception("A use was not recorded")
            recording.buffer.lost += 1
        return response


def notice(view: str, request: HttpRequest, response: HttpResponseBase) -> None:
    reader: RequestReader = request.reader  # type: ignore[attr-defined]
    access = reader.answer
    is_investigation, is_request, denied = outcome(view, request, response, access)
    counts = bool(is_investigation or is_request or denied or (view == SEARCH and is_search(request, response)))
    counts = counts and not is_foreboding(request.META)
    given = downloads.mark_of(reader) if downloads.is_given(view, response, access) else ""
    if not (counts or given):
        return
    user = reader.user
    seen = Seen(
        at=timezone.now(),
        page=page_key(view, request),
        doi="" if view == SEARCH else str(request.resolver_match.kwargs["doi"]).lower(),  # type: ignore[union-attr]
        user_id=user.pk if user else None,
        session=request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")[:LONGEST_SESSION],
        ip=reader.ip or "",
        browser=browser_in(request.META),
        institutions=tuple(one.id for one in access.institutions) if access else None,
        is_investigation=is_investigation,
        is_request=is_request,
        denied=denied,
        given=given,
        counts=counts,
    )
    recording.buffer.add(seen)
    request.usage_seen = seen if counts else None  # type: ignore[attr-defined]


def again(seen: Seen, ip: str, browser: str) -> None:
    """The same use by another visitor, whom a kept page has answered: nobody's account, nobody's institution."""
    recording.buffer.add(seen._replace(at=timezone.now(), ip=ip, browser=browser))
