"""Parts of pages that many pages have in common: made once, and kept as long as the frame they were made from.

The frame (config/frame.py) goes after FRAME_SECONDS and at every change that a page's shelf hears of
(config/page_cache.py); its parts go with it.
"""

from collections.abc import Callable, Hashable
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

NAME = "kept_parts"
MOST = 2000


def kept(context: Any, key: tuple[Hashable, ...], make: Callable[[], str]) -> SafeString:
    """A part made from the frame, the language and what stands in `key`, and from nothing else."""
    parts: dict[Any, str] | None = context.get(NAME)
    if parts is None:  # a page without the frame
        return mark_safe(make())  # noqa: S308  (from a template)
    key = (get_language(), *key)
    part = parts.get(key)
    if part is None:
        part = make()
        if len(parts) >= MOST:
            parts.clear()
        parts[key] = part
    return mark_safe(part)  # noqa: S308
