"""The picture of a PDF's first page, and what must not be in it.

An article of one page would be given away whole, and one that ends early on its second nearly so: of these only the
top is shown, a third at most. What another article has on the same page is painted over. pdfium is not thread-safe,
so this runs in the worker (`journal.worker`) and nowhere else.
"""

import ctypes
import io
from collections.abc import Iterable
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image, ImageChops, ImageDraw, ImageStat

from journal.pdf import PdfError
from journal.pdf.check import check
from journal.pdf.neighbors import Box, Line, lines, of_others, own_words
from journal.pictures import Encoded

#: Widths in pixels: beside the text, dense screens and phones, the large view. Each is drawn anew, which is sharper
#: and a third lighter than a large drawing made small.
WIDTHS = (480, 960, 1600)
#: A page of text needs few colors: without loss it is then half as heavy as with. Photographs need more (`QUALITY`);
#: they are told by how far the few colors are from theirs, on average, of 255.
COLORS, FAR, QUALITY = 48, 2.5, 60
#: How much of the height of an article's only page is shown: the first of these that shows no more of its words.
TOPS = (1 / 3, 0.3, 0.27, 0.24, 0.21, 0.18, 0.15)
SHARE = 0.15
#: A first page that holds more of the words than this is cut like an only page, if there are enough to tell.
MOST_OF_IT, FEWEST_WORDS = 0.75, 100
#: No picture is higher than this many times its width: pages of odd sizes are cut below.
MAX_RATIO = 2.0
MAX_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class FirstPage:
    """``cropped``: only its top is shown. ``text`` is what the shown part says. ``remarks`` are for the editor."""

    pages: int
    pictures: tuple[Encoded, ...]
    cropped: bool
    text: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is drawn: without ``hidden`` (points), from ``start`` to ``end`` (shares of the page's height)."""

    hidden: tuple[Box, ...] = ()
    start: float = 0.0
    end: float = 1.0


def first_page(data: bytes, xml: bytes = b"") -> FirstPage:
    """Check a PDF and draw its first page in three widths, smallest first. Raises `PdfError`.

    ``xml`` is the article's JATS: with it, the text of another article on the page is told and left out.
    """
    if not data.startswith(b"%PDF-"):
        raise PdfError("It is not a PDF.")
    try:
        document = pdfium.PdfDocument(data)
        pages = len(document)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise PdfError("It is locked by a password.", "Export the PDF again without one.") from error
        raise PdfError("It is damaged and cannot be opened.") from error
    if pages == 0:
        raise PdfError("It has no pages.")
    remarks = check(data)
    try:
        return _drawn(document, pages, own_words(xml) if xml else frozenset(), remarks)
    except pdfium.PdfiumError as error:
        raise PdfError("Its first page cannot be drawn.") from error
    finally:
        document.close()


def _drawn(document: pdfium.PdfDocument, pages: int, own: frozenset[str], remarks: list[str]) -> FirstPage:
    page = document[0]
    found = _lines(page, own) if own else []
    hidden = of_others(found)
    is_most = pages == 1 or _is_most(document, pages)
    shown = _Shown(tuple(hidden), *_stretch(page, found if hidden else [], is_most))
    if hidden:
        remarks.append("The first page holds text of another article: the preview leaves it out. Look at the preview.")
    if is_most:
        remarks.append(
            f"The PDF has {'one page' if pages == 1 else 'most of its text on page one'}: the preview shows only its"
            " top, so that the article is not given away."
        )
    pictures = tuple(_encoded(_picture(page, width, shown)) for width in WIDTHS)
    return FirstPage(pages, pictures, is_most, _said(page, found, shown)[:MAX_TEXT], tuple(remarks))


def _lines(page: pdfium.PdfPage, own: frozenset[str]) -> list[Line]:
    """The lines of the page as it is written, before it is turned."""
    turn = page.get_rotation()
    page.set_rotation(0)
    found = lines(page, own)
    page.set_rotation(turn)
    return found


def _is_most(document: pdfium.PdfDocument, pages: int) -> bool:
    """Whether the first page gives nearly all away. Long articles are not asked."""
    if pages > 3:
        return False
    words = [len(page.get_textpage().get_text_range().split()) for page in document]
    return sum(words) >= FEWEST_WORDS and words[0] > MOST_OF_IT * sum(words)


def _stretch(page: pdfium.PdfPage, found: list[Line], is_most: bool) -> tuple[float, float]:
    """From where to where the page is shown: from our first line on where another article is hidden above it."""
    height = _size(page)[1]
    tops = [_device(page, line.box, _size(page))[1] / height for line in found if line.is_own]
    start = max(0.0, min(tops) - 0.06) if tops and is_most else 0.0
    if not is_most:
        return 0.0, 1.0
    most = SHARE * len(_text(page, 0.0, 1.0).split())
    share = next((top for top in TOPS if len(_text(page, start, start + top).split()) <= most), TOPS[-1])
    return start, min(1.0, start + share)


def _said(page: pdfium.PdfPage, found: list[Line], shown: _Shown) -> str:
    if not shown.hidden:
        return _text(page, shown.start, shown.end)
    kept = [line for line in found if not any(_meets(line.box, box) for box in shown.hidden)]
    return " ".join(word for line in kept for word in line.words)


def _meets(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _text(page: pdfium.PdfPage, start: float, end: float) -> str:
    """The text between two heights of the page, as shares counted from its top."""
    _left, bottom, _right, upper = page.get_bbox()
    height = upper - bottom
    return str(page.get_textpage().get_text_bounded(bottom=upper - height * end, top=upper - height * start))


def _size(page: pdfium.PdfPage) -> tuple[float, float]:
    width, height = page.get_size()
    if not (width > 0 and height > 0):
        raise PdfError("Its first page has no size.")
    return width, height


def _picture(page: pdfium.PdfPage, width: int, shown: _Shown) -> Image.Image:
    across, down = _size(page)
    below = max(0.0, down - across * MAX_RATIO)
    drawn: Image.Image = page.render(scale=(width - 0.001) / across, crop=(0, below, 0, 0)).to_pil().convert("RGB")
    brush = ImageDraw.Draw(drawn)
    whole = (drawn.width, down * drawn.width / across)
    for box in shown.hidden:
        brush.rectangle(_device(page, box, whole), fill="white")
    if (shown.start, shown.end) != (0.0, 1.0):
        top, bottom = round(whole[1] * shown.start), round(whole[1] * shown.end)
        drawn = drawn.crop((0, min(top, drawn.height - 1), drawn.width, max(top + 1, min(bottom, drawn.height))))
    return drawn


def _device(page: pdfium.PdfPage, box: Box, size: tuple[float, float]) -> tuple[float, float, float, float]:
    """A box of the page (points) in a drawing of this size: its crop box and turn considered; the top is 0."""
    fine = 16  # pdfium answers in whole pixels
    corners = [_point(page, x, y, size, fine) for x in (box[0], box[2]) for y in (box[1], box[3])]
    across, down = zip(*corners, strict=True)
    return (min(across), min(down), max(across), max(down))


def _point(page: pdfium.PdfPage, x: float, y: float, size: tuple[float, float], fine: int) -> tuple[float, float]:
    right, down = ctypes.c_int(), ctypes.c_int()
    width, height = (round(side * fine) for side in size)
    limit = 1e5
    x, y = (max(-limit, min(limit, value)) for value in (x, y))
    pdfium_c.FPDF_PageToDevice(page, 0, 0, width, height, 0, x, y, ctypes.byref(right), ctypes.byref(down))
    return (max(-1.0, min(size[0] + 1, right.value / fine)), max(-1.0, min(size[1] + 1, down.value / fine)))


def _encoded(picture: Image.Image) -> Encoded:
    few = picture.quantize(COLORS, Image.Quantize.MAXCOVERAGE)  # which keeps a color that only a few letters have
    stream = io.BytesIO()
    if _average(ImageStat.Stat(ImageChops.difference(picture, few.convert("RGB"))).mean) <= FAR:
        few.save(stream, "WEBP", lossless=True, method=4)
    else:
        picture.save(stream, "WEBP", quality=QUALITY, method=4)
    return Encoded(picture.width, picture.height, stream.getvalue())


def _average(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)
