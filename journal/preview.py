"""The picture of a PDF's first page, and what must not be in it.

An article of one page would be given away whole: of that page only the top is shown, a third at most. pdfium is
not thread-safe, so this runs in the worker (`journal.worker`) and nowhere else.
"""

from dataclasses import dataclass

import pypdfium2 as pdfium
from PIL import Image

from journal.pdf import PdfError
from journal.pictures import Encoded, webp

#: Widths in pixels: beside the text, dense screens and phones, the large view.
WIDTHS = (480, 960, 1600)
#: How much of the height of an article's only page is shown: the first of these that shows no more of its words.
TOPS = (1 / 3, 0.3, 0.27, 0.24, 0.21, 0.18, 0.15)
SHARE = 0.15
#: No picture is higher than this many times its width: pages of odd sizes are cut below.
MAX_RATIO = 2.0
MAX_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class FirstPage:
    """``cropped``: only the top of the page is shown, because there is no other. ``text`` is what it says."""

    pages: int
    pictures: tuple[Encoded, ...]
    cropped: bool
    text: str


def first_page(data: bytes) -> FirstPage:
    """Open a PDF and draw its first page in three widths, smallest first. Raises `PdfError`."""
    if not data.startswith(b"%PDF-"):
        raise PdfError("It is not a PDF.")
    try:
        document = pdfium.PdfDocument(data)
        pages = len(document)
    except pdfium.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise PdfError("It is locked by a password." if locked else "It is damaged and cannot be opened.") from error
    if pages == 0:
        raise PdfError("It has no pages.")
    return _drawn(document, pages)


def _drawn(document: pdfium.PdfDocument, pages: int) -> FirstPage:
    try:
        page = document[0]
        large = _image(page)
        shown = _top(page) if pages == 1 else 1.0
        text = _text(page, shown)[:MAX_TEXT]
    except pdfium.PdfiumError as error:
        raise PdfError("Its first page cannot be drawn.") from error
    finally:
        document.close()
    if shown < 1:
        large = large.crop((0, 0, large.width, round(large.height * shown)))
    return FirstPage(pages, tuple(webp(large, width) for width in WIDTHS), shown < 1, text)


def _top(page: pdfium.PdfPage) -> float:
    """How much of the height of an only page may be shown: in columns, the end of the text stands high up, too."""
    most = SHARE * len(_text(page, 1.0).split())
    return next((top for top in TOPS if len(_text(page, top).split()) <= most), TOPS[-1])


def _text(page: pdfium.PdfPage, top: float) -> str:
    """The text in the upper part of the page."""
    _left, bottom, _right, upper = page.get_bbox()
    return str(page.get_textpage().get_text_bounded(bottom=upper - (upper - bottom) * top))


def _image(page: pdfium.PdfPage) -> Image.Image:
    width, height = page.get_size()
    if not (width > 0 and height > 0):
        raise PdfError("Its first page has no size.")
    below = max(0.0, height - width * MAX_RATIO)
    drawn = page.render(scale=WIDTHS[-1] / width, crop=(0, below, 0, 0)).to_pil()
    return drawn.convert("RGB")  # type: ignore[no-any-return]
