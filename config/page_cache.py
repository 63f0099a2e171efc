"""Visitors' pages: kept whole in each process, and given out before Django has begun.

A page is given out only after PostgreSQL has said, in one statement made after the request came, that nothing it was
made from has changed and that the client's address is no institution's (subscriptions/public_changes.py). Only
addresses and views named here are kept, and only answers that say of themselves that they are for everybody. Why it
is like this: docs/decisions/0038-visitors-pages.md.
"""

import gzip
import hashlib
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import brotli
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.templatetags.static import static

from accounts.client_address import address_of
from config import frame
from config.middleware import request_id
from journal import negotiation
from journal.days import today
from subscriptions import public_changes, purging
from subscriptions.counter.actions import Seen, browser_in, is_foreboding
from subscriptions.counter.middleware import again
from subscriptions.middleware import is_for_everybody

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Key = tuple[str, ...]

#: Where kept pages can be: other addresses are not even asked about. The names below decide.
PLACES = re.compile(r"/(?:(?:doi|issues|online-first|topics|collections|authors|about)/.*)?", re.DOTALL)
VIEWS = frozenset(
    f"journal:{name}"
    for name in (
        "home", "issue_list", "volume", "issue", "online_first", "topic_list", "topic", "collection_list", "collection",
        "author_list", "author", "about", "article",
    )
)  # fmt: skip
# An article is fetched ahead when its link is pressed, on visitors' pages only: nothing gated, nothing stale by then.
AHEAD = "js/articles.speculationrules"
QUERY = re.compile(r"(?:page=[0-9]{1,4})?")
VARY = frozenset({"accept", "accept-encoding"})
KEPT_SECONDS = 300  # far less than public_changes.KEPT
LONGEST = 500  # path, or header: what is longer is asked of Django, and kept nowhere
MOST_PACKED = 500
MOST_ADDRESSES = 20_000
SHELF = "firstpage.shelf"
KEEP = "firstpage.keep"


@dataclass(slots=True)
class Page:
    """An answer for everybody. `seen` is what of it counts as usage, without the person."""

    headers: Headers
    body: bytes
    etag: str
    seen: Seen | None

    @property
    def size(self) -> int:
        return len(self.body)

    def is_known(self, environ: Mapping[str, Any]) -> bool:
        asked = environ.get("HTTP_IF_NONE_MATCH", "")
        return bool(asked) and (self.etag[2:] in asked or asked.strip() == "*")


class Sized(Protocol):
    """Whatever lies on the shelf (config/readers_pages.py puts more there)."""

    @property
    def size(self) -> int: ...


@dataclass(slots=True)
class Shelf:
    """Pages that were made after `snapshot` was taken, on `day`, and are right as long as nothing changed since."""

    snapshot: bytes = public_changes.NEVER
    day: tuple[bytes, str] = (b"", "")
    began: float = field(default_factory=time.monotonic)
    pages: dict[Key, Sized] = field(default_factory=dict)
    size: int = 0
    nobodys: set[str] = field(default_factory=set)  # addresses of no institution, as long as nothing changes

    def knows(self, ip: str) -> bool:
        """Networks are among what is watched: what was told of an address is true as long as the shelf's pages are."""
        return ip in self.nobodys

    def remember(self, ip: str) -> None:
        if len(self.nobodys) < MOST_ADDRESSES:
            self.nobodys.add(ip)

    def keep(self, key: Key, page: Sized) -> None:
        with _keeping:
            replaced = self.pages.pop(key, None)
            self.size += page.size - (replaced.size if replaced else 0)
            self.pages[key] = page
            while self.size > settings.PAGE_CACHE_MB * 1_000_000 and self.pages:
                self.size -= self.pages.pop(next(iter(self.pages))).size


_keeping = threading.Lock()
_shelf = Shelf()


def clear() -> None:
    global _shelf  # noqa: PLW0603  (one for the process; whoever still fills an older one fills it for nobody)
    _shelf = Shelf()


# --- before Django ---------------------------------------------------------------------------------------------------


def answer(environ: Environ) -> tuple[str, Headers, bytes] | None:
    """Status line, headers and body of a kept page that is right for this request; None where there is none."""
    key = key_of(environ) if settings.PAGE_CACHE_MB else None
    ip = address_of(environ) if key else None
    shelf = _current_shelf(ip) if ip else None
    if key is None or shelf is None:
        return None
    page = shelf.pages.get(key)
    if not isinstance(page, Page):
        environ[SHELF] = (shelf, key)
        return None
    if page.seen is not None and not is_foreboding(environ):
        again(page.seen, ip or "", browser_in(environ))
    own = [("X-Request-ID", request_id(environ))]
    if page.is_known(environ):
        return "304 Not Modified", [one for one in page.headers if one[0] != "Content-Type"] + own, b""
    encoding = _encoding(_accepted(environ))
    body = _packed(page.etag, page.body, encoding)
    if encoding:
        own.append(("Content-Encoding", encoding))
    return "200 OK", [*page.headers, *own, ("Content-Length", str(len(body)))], body


def key_of(environ: Mapping[str, Any]) -> Key | None:
    """What the page depends on beside the database; None for a request that no kept page may answer."""
    cookies = environ.get("HTTP_COOKIE", "")
    return None if cookies and not tells_nobody(cookies) else place_of(environ)


def place_of(environ: Mapping[str, Any]) -> Key | None:
    """The same, whoever asks."""
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    if environ.get("REQUEST_METHOD") != "GET" or not PLACES.fullmatch(path) or not QUERY.fullmatch(query):
        return None
    accepted = environ.get("HTTP_ACCEPT", "")
    if len(path) > LONGEST or len(accepted) > LONGEST or "HTTP_AUTHORIZATION" in environ or "HTTP_RANGE" in environ:
        return None
    if not _wants_page(accepted):
        return None
    proxy = environ.get("HTTP_X_FORWARDED_PROTO", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    host = environ.get("HTTP_HOST", "")
    return (environ["wsgi.url_scheme"], proxy, host, environ.get("SCRIPT_NAME", ""), path, query)


def tells_nobody(cookies: str) -> bool:
    """Only the secret behind forms, which every visitor gets who has seen one."""
    name, _, rest = cookies.partition("=")
    return name == settings.CSRF_COOKIE_NAME and ";" not in rest and "," not in rest


@lru_cache(maxsize=256)
def _wants_page(accept: str) -> bool:
    return negotiation.accepts_page(accept)


def _current_shelf(ip: str) -> Shelf | None:
    """The shelf whose pages are right now; None for an institution's address, and when nobody can tell."""
    shelf = _shelf
    is_nobodys = shelf.knows(ip)
    try:
        told = public_changes.asker.ask(shelf.snapshot, None if is_nobodys else ip)
        if is_nobodys and told.has_changed:  # perhaps whose the address is
            told = public_changes.asker.ask(shelf.snapshot, ip)
    except public_changes.UnknownError:
        clear()
        return None
    shelf = current(shelf, told)
    if told.is_institution:
        return None
    shelf.remember(ip)
    return shelf


def shelf_now() -> Shelf:
    """The newest shelf; whether its pages are right is asked with its snapshot."""
    return _shelf


def current(shelf: Shelf, told: public_changes.Told) -> Shelf:
    """The shelf that was asked about, or a new one where something has changed since."""
    global _shelf  # noqa: PLW0603
    day = (told.day, str(today()))
    if told.has_changed or day != shelf.day or time.monotonic() - shelf.began > KEPT_SECONDS:
        frame.forget()
        shelf = _shelf = Shelf(told.snapshot, day)
    return shelf


def _accepted(environ: Mapping[str, Any]) -> str:
    said: str = environ.get("HTTP_ACCEPT_ENCODING", "")
    return said if len(said) <= LONGEST else ""


def _encoding(accepted: str) -> str:
    """The best of ours that the client takes: br, gzip, or none."""
    return next((name for name in ("br", "gzip") if name in _taken(accepted)), "")


@lru_cache(maxsize=256)
def _taken(accepted: str) -> frozenset[str]:
    named = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        named[name.strip()] = weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return frozenset(name for name, is_taken in named.items() if is_taken)


def takes(environ: Mapping[str, Any], packing: str) -> bool:
    return packing in _taken(_accepted(environ))


_packings: dict[tuple[str, str], bytes] = {}


def _packed(etag: str, body: bytes, encoding: str) -> bytes:
    """Packed once for as long as the text is the same, whatever else changed meanwhile."""
    if not encoding:
        return body
    packed = _packings.get((etag, encoding))
    if packed is None:
        packed = brotli.compress(body, quality=5) if encoding == "br" else gzip.compress(body, 6, mtime=0)
        with _keeping:
            while len(_packings) >= MOST_PACKED:
                _packings.pop(next(iter(_packings)))
            _packings[etag, encoding] = packed
    return packed


# --- around the views ------------------------------------------------------------------------------------------------


class EverybodysPageMiddleware:
    """Tells shared caches which answers are for everybody, and keeps those that were asked for above."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if keep := request.META.get(KEEP):
            keep(request, response)
        page = _page(request, response)
        if page is None:
            return response
        place = request.META.get(SHELF)
        if place and not is_foreboding(request.META) and not connection.in_atomic_block:
            shelf, key = place  # what a browser fetched ahead was not counted, so it is not kept
            shelf.keep(key, page)
        if page.is_known(request.META):
            return HttpResponseNotModified(headers={k: v for k, v in page.headers if k != "Content-Type"})
        return response


def _page(request: HttpRequest, response: HttpResponseBase) -> Page | None:
    """The answer as everybody's page, if it is one."""
    if not isinstance(response, HttpResponse) or response.status_code != 200 or response.cookies:
        return None
    if request.method != "GET" or request.resolver_match is None or request.resolver_match.view_name not in VIEWS:
        return None
    if not response.headers.get("Content-Type", "").startswith("text/html"):
        return None  # what programs ask for has rules of its own
    if request.META.get("CSRF_COOKIE_NEEDS_UPDATE") or not is_for_everybody(request):
        return None
    varies = {name.strip().lower() for name in response.headers.get("Vary", "").split(",")} - {"", "cookie"}
    if not varies <= VARY:  # of cookies it depends no longer: there were none, and nothing looked for one
        return None
    etag = f'W/"{hashlib.blake2b(response.content, digest_size=12).hexdigest()}"'
    language = {"cookie"} if len(settings.LANGUAGES_OFFERED) > 1 else set()  # the reader's choice of it is one
    response.headers["Vary"] = ", ".join(sorted(varies | language | {"accept-encoding"})).title()
    response.headers["ETag"], response.headers["Cache-Control"] = etag, _cache_control()
    response.headers["Speculation-Rules"] = f'"{static(AHEAD)}"'
    if settings.PURGE_URL:
        shown = getattr(request, "shown_access", None)  # an article's page, and which
        for name, value in purging.headers(purging.keys_of(shown[0].pk if shown else None)).items():
            response.headers[name] = value
    headers = [(name, value) for name, value in response.headers.items() if name != "Content-Length"]
    seen: Seen | None = getattr(request, "usage_seen", None)
    return Page(headers, response.content, etag, seen._replace(ip="", browser="", session="") if seen else None)


def _cache_control() -> str:
    """Browsers and proxies ask each time whether it is still right; only a proxy that is told of changes need not."""
    seconds = settings.SHARED_CACHE_SECONDS
    if seconds:
        return f"public, max-age=0, s-maxage={seconds}, stale-while-revalidate={seconds}"
    return "public, no-cache"
