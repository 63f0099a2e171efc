"""Articles for those who may read them: the page is kept without what is this reader's, and put together anew.

For every request PostgreSQL is asked who asks (session and account), whether anything has changed that the page was
made from, and for the decision: one statement. Only after the yes the text is taken from what is kept, and the line
that says why and until when, and the token of the page's form, are put in. Whatever is not the plain case is answered
by Django, as ever. Why: docs/decisions/0059-readers-pages.md.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CSRF_SECRET_LENGTH
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts import sessions, viewing
from accounts.client_address import address_of
from accounts.models import User
from config import form_tokens, frame, metrics, page_cache, stitching
from config.middleware import request_id
from config.page_cache import Environ, Headers, Key, Shelf
from config.stitching import Packed
from journal.access import Access
from journal.models import Article
from subscriptions import downloads, public_changes
from subscriptions.counter import recording
from subscriptions.counter.actions import Seen, browser_in, is_foreboding
from subscriptions.get_access import line_for, shown
from subscriptions.public_changes import Account
from subscriptions.reader import GIFTS

PLACE = "/doi/"
SESSION = re.compile(r"[a-z0-9]{32}")
SECRET = re.compile(rf"[A-Za-z0-9]{{{CSRF_SECRET_LENGTH}}}")
# Sessions with anything else in them are Django's: a message to show, a form that waits, a sign-in half done.
PLAIN = frozenset(
    {SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY, "_session_expiry", sessions.LONGEST, GIFTS,
     "account_authentication_methods"}
)  # fmt: skip
TOKEN = re.compile(rb'(?<=name="csrfmiddlewaretoken" value=")\w{64}(?=")')
TEXT = b'<div class="full-text '  # an article of a PDF alone says more of the reader
LINE_HOLE, TOKEN_HOLE = object(), object()


@dataclass(frozen=True, slots=True)
class Cookies:
    session: str
    secret: str


@dataclass(frozen=True, slots=True)
class Known:
    """Who asks, as far as a page that may be read depends on it."""

    user_id: int | None
    gifts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Holder:
    """As much of an account as Django makes a session's hash of: making the whole took longer than the hash."""

    password: str
    _get_session_auth_hash = User._get_session_auth_hash  # type: ignore[attr-defined]  # the stubs do not know it


@dataclass(slots=True)
class ReadersPage:
    """A page with holes: what was packed once, and where the line and the form's tokens go."""

    headers: Headers
    parts: list[Any]
    size: int
    article: Article
    seen: Seen | None


def answer(environ: Environ) -> tuple[str, Headers, bytes] | None:
    """Status line, headers and body for a reader who may read the article; None where Django must say."""
    cookies = _plain_case(environ)
    ip = address_of(environ) if cookies else None
    place = page_cache.place_of(environ) if ip else None
    if not cookies or not ip or not place or environ.get("QUERY_STRING"):
        return None
    shelf = page_cache.shelf_now()
    try:
        told, data, account, access = public_changes.asker.ask_as(
            shelf.snapshot, cookies.session, _article_at(shelf, place), ip
        )
    except public_changes.UnknownError:
        page_cache.clear()
        return None
    shelf = page_cache.current(shelf, told)
    known = _known(data, account) if cookies.session else Known(None, ())
    if known is None:
        return None
    environ[page_cache.KEEP] = partial(keep, shelf, place, known)
    if access is None:  # nothing is kept of this article, or it is gone
        return None
    if not access.is_public and downloads.may_be_asked(downloads.mark(known.user_id, cookies.session, ip)):
        return None
    page = _kept(shelf, place, known, pdf=access.allows_pdf) if access.granted else None
    return _put_together(environ, page, access, cookies, known, ip) if page else None


def _plain_case(environ: Mapping[str, Any]) -> Cookies | None:
    """The cookies of a request that can be answered here: none, or a session and the secret behind forms."""
    if not settings.PAGE_CACHE_MB or page_cache.SHELF in environ or not environ["PATH_INFO"].startswith(PLACE):
        return None
    said = environ.get("HTTP_COOKIE", "")
    if not said or page_cache.tells_nobody(said):
        return Cookies("", "")
    pairs = [part.strip().partition("=") for part in said.split(";")]
    values = {name: value for name, _, value in pairs}
    if (
        settings.READER_SECOND_FACTOR
        or len(pairs) != 2
        or values.keys() != {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME}
    ):
        return None
    cookies = Cookies(values[settings.SESSION_COOKIE_NAME], values[settings.CSRF_COOKIE_NAME])
    return cookies if SESSION.fullmatch(cookies.session) and SECRET.fullmatch(cookies.secret) else None


def _known(data: str | None, account: Account | None) -> Known | None:
    """Whose session this is, by the rules of django.contrib.auth.get_user; None for whatever is not plain."""
    if data is None:
        return None
    try:
        session = json.loads(data)
    except ValueError:
        return None
    if not isinstance(session, dict) or not session.keys() <= PLAIN:
        return None
    gifts = tuple(int(link) for link in session.get(GIFTS, ()))
    if SESSION_KEY not in session:
        return Known(None, gifts)
    if account is None or account.is_staff or session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    if not constant_time_compare(session.get(HASH_SESSION_KEY, ""), _hash_of(account.password, settings.SECRET_KEY)):
        return None
    return Known(account.id, gifts)


@lru_cache(maxsize=1000)
def _hash_of(password: str, _made_with: str) -> str:
    """What Django puts into a session of an account with this password (which is a hash itself)."""
    made: str = User.get_session_auth_hash(cast("User", _Holder(password)))
    return made


def _key(place: Key, known: Known, *, pdf: bool) -> Key:
    return (*place, "known" if known.user_id else "", "pdf" if pdf else "reading only")


def _article_at(shelf: Shelf, place: Key) -> int | None:
    """The article of a place where anything is kept of it: the decision about it is asked for at once."""
    for known, right in product(("known", ""), ("pdf", "reading only")):
        found = shelf.pages.get((*place, known, right))
        if isinstance(found, ReadersPage):
            return found.article.pk
    return None


def _kept(shelf: Shelf, place: Key, known: Known, *, pdf: bool) -> ReadersPage | None:
    found = shelf.pages.get(_key(place, known, pdf=pdf))
    return found if isinstance(found, ReadersPage) else None


def _put_together(
    environ: Environ, page: ReadersPage, access: Access, cookies: Cookies, known: Known, ip: str
) -> tuple[str, Headers, bytes] | None:
    block, around = line_for(page.article, access), frame.current()
    if block is None or around is None or any(one.resolver_url for one in access.institutions):
        return None
    line = shown(around, block, page.article).encode()
    holes = {LINE_HOLE: line, TOKEN_HOLE: form_tokens.masked(cookies.secret).encode()}
    parts = [part if isinstance(part, Packed) else holes[part] for part in page.parts]
    packed = page_cache.takes(environ, "gzip")
    body = stitching.gzip(parts) if packed else b"".join(p.plain if isinstance(p, Packed) else p for p in parts)
    if page.seen:
        _record(page.seen, environ, access, cookies, known, ip)
    metrics.decided([access])
    own = [("X-Request-ID", request_id(environ)), ("Content-Length", str(len(body)))]
    own += [("Content-Encoding", "gzip")] if packed else []
    return "200 OK", [*page.headers, *own], body


def _record(seen: Seen, environ: Environ, access: Access, cookies: Cookies, known: Known, ip: str) -> None:
    own = seen._replace(
        at=timezone.now(), user_id=known.user_id, session=cookies.session, ip=ip,
        browser=browser_in(environ), institutions=tuple(one.id for one in access.institutions),
        given="" if access.is_public else downloads.mark(known.user_id, cookies.session, ip),
        counts=not is_foreboding(environ),
    )  # fmt: skip
    if own.counts or own.given:
        recording.buffer.add(own)


# --- after Django ----------------------------------------------------------------------------------------------------


def keep(shelf: Shelf, place: Key, known: Known, request: HttpRequest, response: HttpResponseBase) -> None:
    """Put what Django has made onto the shelf that was right when it began, if it is the plain case."""
    made = getattr(request, "shown_access", None)
    if made is None or not isinstance(response, HttpResponse) or not _is_plain(request, response):
        return
    article, block, line = made
    access: Access = block.access
    if article.open_activity or line_for(article, access) != block or line.encode() not in response.content:
        return
    if TEXT not in response.content or any(one.resolver_url for one in access.institutions):
        return
    parts = with_holes(response.content, line.encode(), is_known=known.user_id is not None)
    if parts is None or viewing.is_by_staff(request) or connection.in_atomic_block:
        return
    varies = f"{response.headers.get('Vary', 'Cookie')}, Accept-Encoding"
    headers = [(name, value) for name, value in response.headers.items() if name not in ("Content-Length", "Vary")]
    headers.append(("Vary", varies))
    seen: Seen | None = getattr(request, "usage_seen", None)
    size = sum(len(part.plain) + len(part.deflated) for part in parts if isinstance(part, Packed))
    nobodys = seen._replace(ip="", browser="", session="", user_id=None, given="") if seen else None
    page = ReadersPage(headers, parts, size, article, nobodys)
    shelf.keep(_key(place, known, pdf=access.allows_pdf), page)


def _is_plain(request: HttpRequest, response: HttpResponse) -> bool:
    match = request.resolver_match
    if (
        response.status_code != 200
        or match is None
        or match.view_name != "journal:article"
        or is_foreboding(request.META)
    ):
        return False
    return not (response.cookies.keys() - {settings.CSRF_COOKIE_NAME}) and not len(getattr(request, "_messages", ()))


def with_holes(content: bytes, line: bytes, *, is_known: bool) -> list[Any] | None:
    """The page taken apart; None where the line does not stand once, or a form is where none should be."""
    before, _, after = content.partition(line)
    tokens = len(TOKEN.findall(content))
    if line in after or (tokens > 0) != is_known:
        return None
    return [*_without_tokens(before), LINE_HOLE, *_without_tokens(after)]


def _without_tokens(content: bytes) -> list[Any]:
    pieces: list[Any] = []
    for piece in TOKEN.split(content):
        pieces += [stitching.pack(piece), TOKEN_HOLE]
    return pieces[:-1]
