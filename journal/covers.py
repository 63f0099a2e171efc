"""Covers as small as they are shown: editors upload what the printer has, pages ask for a width."""

from io import BytesIO
from typing import Any

from django.core.cache import caches
from PIL import Image

WIDTHS = (240, 480)  # once and twice the pixels of a cover on a page
KEPT_SECONDS = 86_400
TALLEST = 4  # times its width


def smaller(cover: Any, width: int) -> bytes:
    """The cover in `width` pixels as WebP, made once a day in each process. A changed cover has another name."""
    kept = caches["memory"]
    key = f"cover:{cover.name}:{width}"
    found: bytes | None = kept.get(key)
    if found is None:
        found = _made(cover, width)
        kept.set(key, found, KEPT_SECONDS)
    return found


def _made(cover: Any, width: int) -> bytes:
    written = BytesIO()
    with cover.open("rb") as file, Image.open(file) as picture:
        picture.draft("RGB", (width * 2, width * 2 * TALLEST))  # JPEGs are decoded no larger than is needed
        small = picture.convert("RGB")
        small.thumbnail((width, width * TALLEST), Image.Resampling.LANCZOS)
        small.save(written, "WEBP", quality=80, method=4)
    return written.getvalue()
