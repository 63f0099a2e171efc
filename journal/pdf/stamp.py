"""What a reader's copy says on every page: the license line at the foot, in whatever script a name has, and at the head
what happened to the article (`marks`), with the word "Retracted" across the page.

Each is set by Typst as a small PDF of its own and put onto each page as a form of that page. What is visible is the
crop box (ISO 32000-2, 14.11.2), turned by /Rotate and measured in /UserUnit; several publishers' pages have their crop
box 34 points inside the media box. It is a deterrent, not a lock. Runs in the worker (`journal.worker`).
"""

from collections.abc import Sequence
from copy import copy
from functools import lru_cache
from io import BytesIO
from math import atan2, cos, hypot, sin
from typing import cast

import pikepdf
import typst
from pikepdf import Array, Dictionary, Name, Pdf, Rectangle

from journal.pdf import Mark, PdfError

#: Points: from the edge of the visible page to a line's nearer edge, and to its ends. Printers leave out about 12.
EDGE, SIDE = 8.0, 24.0
SIZE = 6.5
#: Raised when a copy would look different, so that copies made before are not mixed with it.
VERSION = 2
#: How much of the diagonal the word across the page takes, and how much it covers of what is below.
ACROSS, VEIL = 0.66, "82%"
_HEAD = """
#set document(title: "License line")
#set page(width: auto, height: auto, margin: 0pt, fill: none)
#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"))
"""
_FOOT_LINE = f"{_HEAD}#set text(size: {SIZE}pt, fill: luma(30%))\n#sys.inputs.line"
_HEAD_LINE = f"""{_HEAD}#set text(size: 7.5pt, weight: "bold", fill: rgb("#a01818"))
#box(fill: white, inset: (x: 4pt, y: 2pt), radius: 1pt, stroke: 0.4pt + rgb("#a01818"), sys.inputs.line)"""
_WORD = f"""{_HEAD}#set text(size: 72pt, weight: "bold", fill: rgb("#a01818").transparentize({VEIL}), tracking: 5pt)
#text(top-edge: "cap-height", bottom-edge: "baseline", sys.inputs.line)"""
#: What qpdf and its Python side raise about broken objects.
_BROKEN = (
    pikepdf.PdfError, pikepdf.ForeignObjectError, ValueError, TypeError, LookupError, AttributeError, RuntimeError,
)  # fmt: skip
# Artifacts are left out by screen readers (ISO 32000-2, 14.8.2.2), which would read the line on every page. What
# happened to the article they read in the document's title.
_ARTIFACT = b"/Artifact <</Type /Pagination /Subtype /%s>> BDC q %s cm %s Do Q EMC "


class _Form:
    """Something set, as a form of the document, and where on a page it belongs: Footer, Header or Watermark."""

    def __init__(self, document: Pdf, source: str, line: str, place: str) -> None:
        with Pdf.open(BytesIO(_set(source, line))) as made:
            self.form = document.copy_foreign(made.pages[0].as_form_xobject())
            self.width, self.height = (float(value) for value in made.pages[0].mediabox[2:])
        self.place, self.name = place, Name(f"/FirstPage{place}")


def stamp(source: str, target: str, lines: Sequence[str], mark: Mark | None = None) -> int:
    """Write a copy of the PDF at path `source` to `target` with a license line and a mark; its number of pages.

    Of `lines` the first is taken that the server has letters for; without any the copy names nobody. The same input
    gives the same bytes. The source is only read, and stream by stream: memory does not grow with it. A password that
    opens it without asking is taken off. Raises `PdfError`.
    """
    try:
        with Pdf.open(source) as document:
            stamp_to(document, target, lines, mark)
            return len(document.pages)
    except pikepdf.PasswordError as error:
        raise PdfError("It is locked by a password.") from error
    except pikepdf.PdfError as error:
        raise PdfError(f"A license line cannot be put onto it ({_reason(error)}).") from error


def stamp_to(document: Pdf, target: str | BytesIO, lines: Sequence[str], mark: Mark | None = None) -> None:
    """The same for an open document. It is changed, and written to `target` only."""
    line = next((line for line in lines if _has_letters(line)), lines[-1] if lines else "")
    try:
        forms = [_Form(document, _FOOT_LINE, line, "Footer")] if line else []
        if mark:
            forms.append(_Form(document, _HEAD_LINE, mark.line, "Header"))
        if mark and mark.across:
            forms.append(_Form(document, _WORD, mark.across, "Watermark"))
        for page in document.pages:
            _put(page, forms)
        _say_in_metadata(document, line, mark)
        document.save(target, deterministic_id=True)
    except _BROKEN as error:
        raise PdfError(f"A license line cannot be put onto it ({_reason(error)}).") from error


def _reason(error: Exception) -> str:
    """qpdf's own words without the path it puts before them."""
    return str(error).rpartition(".pdf: ")[2][:200]


@lru_cache(maxsize=1)
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=typst.Fonts(include_system_fonts=True))


def _set(source: str, line: str) -> bytes:
    """The line as a PDF of one page that is just as large as the line."""
    return cast(bytes, _compiler().compile(source.encode(), format="pdf", sys_inputs={"line": line}, pdf_tags=False))


def _has_letters(line: str) -> bool:
    """Whether some font here has every letter: PDF/UA forbids boxes in their place, so Typst says what it misses."""
    if line.isascii():
        return True
    try:
        _compiler().compile(_FOOT_LINE.encode(), format="pdf", sys_inputs={"line": line}, pdf_standards=["ua-1"])
    except typst.TypstError:
        return False
    return True


def _put(page: pikepdf.Page, forms: Sequence[_Form]) -> None:
    """The forms onto one page, in graphics states of their own whatever the page's content has left behind."""
    unsaved, left_open = _imbalance(page)
    page.contents_add(b"q " * (1 + unsaved), prepend=True)
    drawn = [_ARTIFACT % (one.place.encode(), _matrix(page, one), str(one.name).encode()) for one in forms]
    page.contents_add(b"\n" + b"Q " * (1 + left_open) + b"".join(drawn))
    page.obj.Resources = _own_resources(page)
    for one in forms:
        page.add_resource(one.form, Name.XObject, one.name)


def _own_resources(page: pikepdf.Page) -> pikepdf.Object:
    """Resources and their forms as the page's own: a dictionary shared by pages, or inherited, is not changed."""
    resources = copy(page.resources)
    resources.XObject = copy(resources.XObject) if Name.XObject in resources else Dictionary()
    return resources


def _imbalance(page: pikepdf.Page) -> tuple[int, int]:
    """How many graphics states the page's content gives back without having saved them, and leaves saved at its end."""
    depth = lowest = 0
    for instruction in pikepdf.parse_content_stream(page, "q Q"):
        depth += 1 if str(instruction.operator) == "q" else -1
        lowest = min(lowest, depth)
    return -lowest, depth - lowest


def _matrix(page: pikepdf.Page, form: _Form) -> bytes:
    """Where the form goes on the visible page as it is held upright, in the page's own coordinates."""
    box, turn, unit = visible(page), _rotation(page), float(page.obj.get(Name.UserUnit, 1)) or 1.0
    across, tall = (box.width, box.height) if turn in (0, 180) else (box.height, box.width)
    # (direction of the line, direction of its letters upward, the visible page's lower left corner)
    right, up, corner = {
        0: ((1, 0), (0, 1), (box.llx, box.lly)),
        90: ((0, 1), (-1, 0), (box.urx, box.lly)),
        180: ((-1, 0), (0, -1), (box.urx, box.ury)),
        270: ((0, -1), (1, 0), (box.llx, box.ury)),
    }[turn]
    a, b, c, d, e, f = _diagonal(form, across, tall) if form.place == "Watermark" else _level(form, across, tall, unit)

    def turned(x: float, y: float) -> tuple[float, float]:
        return right[0] * x + up[0] * y, right[1] * x + up[1] * y

    start = turned(e, f)
    values = (*turned(a, b), *turned(c, d), corner[0] + start[0], corner[1] + start[1])
    return " ".join(f"{value:.4f}" for value in values).encode()


def _level(form: _Form, across: float, tall: float, unit: float) -> tuple[float, ...]:
    """Centered at the foot or the head of a page of this size, smaller on a narrow one."""
    scale = min(1.0, max(0.1, across * unit - 2 * SIDE) / form.width) / unit
    foot = EDGE / unit if form.place == "Footer" else tall - EDGE / unit - form.height * scale
    return scale, 0.0, 0.0, scale, (across - form.width * scale) / 2, foot


def _diagonal(form: _Form, across: float, tall: float) -> tuple[float, ...]:
    """In the middle, rising from corner to corner."""
    angle = atan2(tall, across)
    scale = ACROSS * hypot(across, tall) / form.width
    along, rise = scale * cos(angle), scale * sin(angle)
    start = (across - form.width * along + form.height * rise) / 2
    foot = (tall - form.width * rise - form.height * along) / 2
    return along, rise, -rise, along, start, foot


def _rotation(page: pikepdf.Page) -> int:
    """0, 90, 180 or 270 clockwise; inherited from the page's parents; anything else is read as the nearest."""
    node: pikepdf.Object | None = page.obj
    for _ in range(32):
        if node is None or Name.Rotate in node:
            break
        node = node.get(Name.Parent)
    value = node.get(Name.Rotate, 0) if node is not None else 0
    return round(float(value) / 90) * 90 % 360


def visible(page: pikepdf.Page) -> Rectangle:
    """The part of the page that is shown: its crop box within its media box, the media box where they don't meet."""
    media, crop = _rectangle(page.mediabox), _rectangle(page.cropbox)
    llx, lly = max(media.llx, crop.llx), max(media.lly, crop.lly)
    urx, ury = min(media.urx, crop.urx), min(media.ury, crop.ury)
    return Rectangle(llx, lly, urx, ury) if urx > llx and ury > lly else media


def _rectangle(box: Array) -> Rectangle:
    """Corners may be named in any order (ISO 32000-2, 7.9.5)."""
    left, bottom, right, top = (float(value) for value in box)
    return Rectangle(min(left, right), min(bottom, top), max(left, right), max(bottom, top))


def _say_in_metadata(document: Pdf, line: str, mark: Mark | None) -> None:
    """Dublin Core, beside what the publisher has written there; metadata that is broken stays as it is."""
    with document.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False, strict=False) as metadata:
        said = metadata.get("dc:rights")
        if line:
            metadata["dc:rights"] = f"{said} {line}" if isinstance(said, str) and said else line
        if mark:
            title = metadata.get("dc:title") or document.docinfo.get(Name.Title)
            metadata["dc:title"] = f"{mark.title}: {title}" if title else mark.line
            metadata["dc:description"] = mark.line
    if mark:
        document.docinfo[Name.Title] = str(f"{mark.title}: {title}" if title else mark.line)
