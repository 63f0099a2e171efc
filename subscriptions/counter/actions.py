"""What of a request counts, and as what (COUNTER 5.1, sections 3.3.6 and 7). Pure: nothing is looked up here.

An Investigation is any use of an article's page or of what belongs to it, a Request is its full text, HTML or PDF, and
the decision's yes makes the difference. The article's address is the address of its full text: whoever has no license
gets the abstract there, which counts as No_License and as an Investigation (Table 3.t).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from journal.access import Access, Reason


class Metric(StrEnum):
    SEARCHES = "Searches_Platform"
    TOTAL_INVESTIGATIONS = "Total_Item_Investigations"
    TOTAL_REQUESTS = "Total_Item_Requests"
    UNIQUE_INVESTIGATIONS = "Unique_Item_Investigations"
    UNIQUE_REQUESTS = "Unique_Item_Requests"
    LIMIT_EXCEEDED = "Limit_Exceeded"
    NO_LICENSE = "No_License"


SEARCH = "search"
# Addresses that give the full text after the yes.
TEXTS = frozenset({"article", "pdf"})
# Addresses that give a part of it after the yes: an investigation, or a denial.
PARTS = frozenset({"figures", "all_slides", "slide", "table", "supplement"})
# Addresses everybody gets.
OPEN = frozenset({"preview", "cite", "citation"})
COUNTED = TEXTS | PARTS | OPEN | {SEARCH}
SUCCESSFUL = frozenset({200, 304})  # section 7.1; 206 counts with the beginning of a file, below
# Neither a payment on its way nor a rental that waits for its reader is a missing license, and unknown is not no.
DENIALS = frozenset({Reason.NO_LICENSE, Reason.RENTAL_ENDED, Reason.SUBSCRIPTION_ENDED})
FOREBODING = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
LONGEST_PAGE = 300
LONGEST_BROWSER = 500  # longer names are nobody's browser, and would be kept by the thousand


class Seen(NamedTuple):
    """One thing that counts, as the request told it. What identifies somebody never leaves the process."""

    at: datetime
    page: str
    doi: str
    user_id: int | None
    session: str
    ip: str
    browser: str
    institutions: tuple[int, ...] | None  # None: the decision was not asked
    is_investigation: bool
    is_request: bool
    denied: str
    given: str = ""  # to whom a text was given by right (subscriptions/downloads.py)
    counts: bool = True  # False: for that alone


def browser_in(meta: Mapping[str, Any]) -> str:
    browser: str = meta.get("HTTP_USER_AGENT", "")
    return browser[:LONGEST_BROWSER]


def counted_view(request: HttpRequest) -> str:
    """The name of the view when what it answers may count, else the empty text."""
    match = request.resolver_match
    if match is None or match.app_names != ["journal"] or match.url_name not in COUNTED:
        return ""
    return match.url_name if request.method == "GET" else ""


def outcome(
    view: str, request: HttpRequest, response: HttpResponseBase, access: Access | None
) -> tuple[bool, bool, str]:
    """(investigation, request, denied) of an answer; all false when it does not count."""
    if view == SEARCH:
        return False, False, ""
    if view in OPEN:
        return _is_whole(request, response), False, ""
    if access is None:
        return False, False, ""  # metadata for programs: nobody was asked whether there is a right
    opened = access.allows_pdf if view == "pdf" else access.granted
    if opened:
        counts = _is_whole(request, response)
        return counts, counts and view in TEXTS, ""
    denied = Metric.NO_LICENSE.value if access.reason in DENIALS else ""
    return view == "article" and response.status_code == 200, False, denied


def is_search(request: HttpRequest, response: HttpResponseBase) -> bool:
    """A new set of results; turning its pages is none."""
    return bool(request.GET.get("q", "").strip()) and "page" not in request.GET and response.status_code == 200


def page_key(view: str, request: HttpRequest) -> str:
    """Which address was asked for, for double-clicks: the view and what it names. No search words, no query string."""
    kwargs = request.resolver_match.kwargs if request.resolver_match else {}
    named = [str(value) for name, value in sorted(kwargs.items()) if name != "doi"]
    return "/".join([view, *named])[:LONGEST_PAGE]


def _is_whole(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Viewers fetch a PDF in many pieces: the piece with its beginning stands for all of them."""
    if response.status_code == 206:
        return response.headers.get("Content-Range", "").startswith("bytes 0-")
    return response.status_code in SUCCESSFUL


def is_foreboding(meta: Mapping[str, Any]) -> bool:
    """A browser that fetches ahead: nobody has asked yet."""
    return any("prefetch" in said or "preview" in said for name in FOREBODING if (said := meta.get(name, "")))
