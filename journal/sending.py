"""Files as answers: in pieces (Range), with their entity tag, and never larger in memory than one piece."""

import logging
import re
from collections.abc import Iterator
from typing import IO, Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header

from journal.models import ArticleFile

log = logging.getLogger(__name__)

PIECE = 64 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})$")
PRIVATE_POLICY = "sandbox; default-src 'none'"


class UnsatisfiableError(Exception):
    """The range begins behind the end of the file (416)."""


def send_file(request: HttpRequest, file: ArticleFile, *, public: bool, attachment: bool = False) -> HttpResponseBase:
    """A file of an article. `public`: any cache may keep it, because it holds nothing that is sold."""
    etag = f'"{file.sha256[:32]}"'
    if public and request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    try:
        opened = file.file.open("rb")
    except OSError as error:  # missing, or not to be read
        log.error("File %s of article %s: %s", file.name, file.article_id, error)
        raise Http404("The file is missing. Reader services can help.") from None
    response = send(request, opened, file.file.size, etag, file.content_type)
    response["Content-Disposition"] = content_disposition_header(attachment, file.name) or "inline"
    if public:
        patch_cache_control(response, public=True, max_age=86400)
    else:
        response["Content-Security-Policy"] = PRIVATE_POLICY
    return response


def send(request: HttpRequest, opened: IO[bytes] | Any, size: int, etag: str, content_type: str) -> HttpResponseBase:
    """An open file, whole or the one range that was asked for (RFC 9110, 14). It is closed with the response."""
    try:
        span = _span(request, size, etag)
    except UnsatisfiableError:
        opened.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response: HttpResponseBase
    if span is None:
        response = FileResponse(opened, content_type=content_type)
    else:
        start, end = span
        response = StreamingHttpResponse(_Part(opened, start, end - start), status=206, content_type=content_type)
        response["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        response["Content-Length"] = str(end - start)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _span(request: HttpRequest, size: int, etag: str) -> tuple[int, int] | None:
    """(start, end) of the range that was asked for, or None for the whole file: no range, several, or a stale one."""
    asked = _RANGE.match(request.headers.get("Range", "").replace(" ", ""))
    if asked is None or asked.group(0) == "bytes=-" or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = asked.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= size or start >= end:
        raise UnsatisfiableError
    return start, end


class _Part:
    """A stretch of an open file, piece by piece."""

    def __init__(self, opened: IO[bytes], start: int, length: int) -> None:
        self.opened, self.start, self.length = opened, start, length

    def __iter__(self) -> Iterator[bytes]:
        self.opened.seek(self.start)
        left = self.length
        while left and (piece := self.opened.read(min(PIECE, left))):
            left -= len(piece)
            yield piece

    def close(self) -> None:
        self.opened.close()
