"""Puts the reader on the request, as Django puts the user there; and somebody waits for the answer."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers

from journal.access import Reason
from subscriptions import download_views, downloads, patience
from subscriptions.reader import RequestReader

NOBODYS = frozenset({Reason.OPEN, Reason.FREE_TO_READ, Reason.NO_LICENSE})


class ReaderMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, names: dict[str, Any]) -> HttpResponse | None:
        """Whoever fetches many texts is asked about it first; of everybody else nothing is looked up."""
        return download_views.question_before(request, names) if downloads.watch.asked else None

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        reader = RequestReader(request)
        request.reader = reader  # type: ignore[attr-defined]
        with patience.of_a_page():
            response = self.get_response(request)
        if reader.was_asked:
            # Whatever read a decision depends on the reader, or on the address they come from, which no cookie tells:
            # no cache between us and them may keep it.
            patch_cache_control(response, private=True, no_store=True)
            patch_vary_headers(response, ["Cookie"])
        return response


def is_for_everybody(request: HttpRequest) -> bool:
    """Whether any visitor at home would get this answer: nobody signed in, no institution's address, nobody's right.

    Decides what may be kept and given to others (config/page_cache.py), so it says yes only to what it knows.
    """
    reader = getattr(request, "reader", None)
    if not isinstance(reader, RequestReader) or not reader.is_anybody or request.session.accessed:
        return False
    answers = reader.answers
    return all(one.reason in NOBODYS and not one.institutions and not one.considered for one in answers)
