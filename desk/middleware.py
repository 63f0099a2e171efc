"""Requests of staff who look at the site as a reader: who reads is the reader, nothing is done, every page is marked.

Everybody else pays a look into a dictionary: nothing is asked without the cookie.
"""

import re
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import resolve, reverse
from django.utils.cache import patch_cache_control

from desk import viewing_as
from desk.viewing_as import Viewing

SAFE = ("GET", "HEAD")
#: What is shown. All else is refused: pages of the account, links that are keys, files in the reader's name.
SHOWN = {
    *("journal:home", "journal:issue_list", "journal:volume", "journal:issue", "journal:issue_cover"),
    *("journal:online_first", "journal:topic_list", "journal:topic", "journal:collection_list", "journal:collection"),
    *("journal:author_list", "journal:author", "journal:about", "journal:brand", "journal:search"),
    *("journal:suggestions", "journal:preview", "journal:preview_picture", "journal:figures", "journal:figure"),
    *("journal:article", "journal:related", "journal:cite", "journal:citation"),
    *("subscriptions:my_access", "subscriptions:plans", "subscriptions:receipt", "subscriptions:order"),
    *("subscriptions:cancel", "cme:activities", "cme:activity", "cme:transcript"),
}
BODY = re.compile(rb"<body[^>]*>")


class ViewingAsMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if viewing_as.COOKIE not in request.COOKIES:
            return self.get_response(request)
        viewing = viewing_as.current(request)
        if viewing is None:
            return self._over(request)
        if request.path_info == reverse("admin:desk:end_viewing"):
            return self.get_response(request)
        if request.method not in SAFE:
            return _refused(request, "not_done", viewing)
        if request.path_info.startswith("/admin/"):
            return _marked(self.get_response(request), request, viewing)  # staff's own pages stay theirs
        if not _is_shown(request):
            return _refused(request, "not_shown", viewing)
        request.viewed_by, request.user = request.user, viewing.person  # type: ignore[attr-defined]
        return _marked(self.get_response(request), request, viewing)

    def _over(self, request: HttpRequest) -> HttpResponseBase:
        """It has ended: said once, so that nobody takes their own pages for the reader's, or acts by mistake."""
        number = request.session.get(viewing_as.STATE)
        response = self.get_response(request) if number is None else _refused(request, "over")
        if number is not None:
            viewing_as.end(number, viewing_as.BY_ITSELF)
        viewing_as.forget(request, response)
        return response


def _is_shown(request: HttpRequest) -> bool:
    try:
        return resolve(request.path_info).view_name in SHOWN
    except Http404:
        return True  # the site's own “not found”


def _refused(request: HttpRequest, why: str, viewing: Viewing | None = None) -> HttpResponse:
    context = _banner_context(request, viewing) | {"why": why}
    response = HttpResponse(render_to_string("desk/viewing_refused.html", context, request), status=403)
    patch_cache_control(response, private=True, no_store=True)
    return response


def _marked(response: HttpResponseBase, request: HttpRequest, viewing: Viewing) -> HttpResponseBase:
    """The banner goes into whatever page comes out, so that no template can forget it and no other reader pays."""
    patch_cache_control(response, private=True, no_store=True)
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    if not is_page or response.streaming or not isinstance(response, HttpResponse):
        return response
    banner = render_to_string("desk/_viewing_banner.html", _banner_context(request, viewing)).encode()
    content: bytes = response.content
    found = BODY.search(content)
    at = found.end() if found else 0
    response.content = content[:at] + banner + content[at:]
    if response.headers.get("Content-Length"):
        response.headers["Content-Length"] = str(len(response.content))
    return response


def _banner_context(request: HttpRequest, viewing: Viewing | None) -> dict[str, Any]:
    return {"viewing": viewing, "end_address": reverse("admin:desk:end_viewing"), "token": get_token(request)}
