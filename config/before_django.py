"""Around Django: what is kept is answered before it begins."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from config import metrics, page_cache, readers_pages
from config.page_cache import Environ


class KeptPages:
    """The WSGI application: visitors' pages as they are, readers' articles put together, all else by Django."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        began = time.perf_counter()
        found, name = page_cache.answer(environ), "kept page"
        if found is None:
            found, name = readers_pages.answer(environ), "kept article"
        if found is None:
            return self.application(environ, start_response)
        status, headers, body = found
        metrics.answered(name, "GET", int(status[:3]), time.perf_counter() - began)
        start_response(status, headers)
        return [body]
