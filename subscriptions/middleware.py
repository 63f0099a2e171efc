"""Puts the reader on the request, as Django puts the user there."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from subscriptions.reader import RequestReader


class ReaderMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.reader = RequestReader(request)  # type: ignore[attr-defined]
        return self.get_response(request)
