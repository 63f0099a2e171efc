"""The license line on every page of a reader's copy, at the foot of what is visible, in whatever script a name has.

The line is set by Typst as a small PDF of its own and put onto each page as a form of that page. What is visible is
the crop box (ISO 32000-2, 14.11.2), turned by /Rotate and measured in /UserUnit; several publishers' pages have their
crop box 34 points inside the media box. It is a deterrent, not a lock. Runs in the worker (`journal.worker`).
"""

from collections.abc import Sequence
from copy import copy
from functools import lru_cache
from io import BytesIO
from typing import cast

import pikepdf
import typst
from pikepdf import Array, Dictionary, Name, Pdf, Rectangle

from journal.pdf import PdfError

#: Points: from the edge of the visible page to the line's lower edge, and to its ends. Printers leave out about 12.
FOOT, SIDE = 8.0, 24.0
SIZE = 6.5
#: Raised when a copy would look different, so that copies made before are not mixed with it.
VERSION = 1
_LINE = f"""
#set document(title: "License line")
#set page(width: auto, height: auto, margin: 0pt, fill: none)
#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"), size: {SIZE}pt, fill: luma(30%))
#sys.inputs.line
"""
_FORM = Name("/FirstPageLicense")
#: What qpdf and its Python side raise about broken objects.
_BROKEN = (
    pikepdf.PdfError, pikepdf.ForeignObjectError, ValueError, TypeError, LookupError, AttributeError, RuntimeError,
)  # fmt: skip
# Pagination artifacts are left out by screen readers (ISO 32000-2, 14.8.2.2), which would read the line on every page.
_ARTIFACT = b"/Artifact <</Type /Pagination /Subtype /Footer>> BDC q %s cm /FirstPageLicense Do Q EMC"


def stamp(source: str, target: str, lines: Sequence[str]) -> int:
    """Write a copy of the PDF at path `source` to `target` with a license line on every page; its number of pages.

    Of `lines` the first is taken that the server has letters for. The same input gives the same bytes. The source is
    only read, and stream by stream: memory does not grow with it. A password that opens it without asking is taken
    off. Raises `PdfError`.
    """
    try:
        with Pdf.open(source) as document:
            stamp_to(document, target, lines)
            return len(document.pages)
    except pikepdf.PasswordError as error:
        raise PdfError("It is locked by a password.") from error
    except pikepdf.PdfError as error:
        raise PdfError(f"A license line cannot be put onto it ({_reason(error)}).") from error


def stamp_to(document: Pdf, target: str | BytesIO, lines: Sequence[str]) -> None:
    """The same for an open document. It is changed, and written to `target` only."""
    line = next((line for line in lines if _has_letters(line)), lines[-1])
    try:
        with Pdf.open(BytesIO(_set(line))) as made:
            form = document.copy_foreign(made.pages[0].as_form_xobject())
            width, height = made.pages[0].mediabox[2:]
            for page in document.pages:
                _put(page, form, float(width), float(height))
            _say_in_metadata(document, line)
            document.save(target, deterministic_id=True)
    except _BROKEN as error:
        raise PdfError(f"A license line cannot be put onto it ({_reason(error)}).") from error


def _reason(error: Exception) -> str:
    """qpdf's own words without the path it puts before them."""
    return str(error).rpartition(".pdf: ")[2][:200]


@lru_cache(maxsize=1)
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=typst.Fonts(include_system_fonts=True))


def _set(line: str) -> bytes:
    """The line as a PDF of one page that is just as large as the line."""
    return cast(bytes, _compiler().compile(_LINE.encode(), format="pdf", sys_inputs={"line": line}, pdf_tags=False))


def _has_letters(line: str) -> bool:
    """Whether some font here has every letter: PDF/UA forbids boxes in their place, so Typst says what it misses."""
    if line.isascii():
        return True
    try:
        _compiler().compile(_LINE.encode(), format="pdf", sys_inputs={"line": line}, pdf_standards=["ua-1"])
    except typst.TypstError:
        return False
    return True


def _put(page: pikepdf.Page, form: pikepdf.Object, width: float, height: float) -> None:
    """The form onto one page, in a graphics state of its own whatever the page's content has left behind."""
    unsaved, left_open = _imbalance(page)
    page.contents_add(b"q " * (1 + unsaved), prepend=True)
    page.contents_add(b"\n" + b"Q " * (1 + left_open) + _ARTIFACT % _matrix(page, width, height))
    page.obj.Resources = _own_resources(page)
    page.add_resource(form, Name.XObject, _FORM)


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


def _matrix(page: pikepdf.Page, width: float, height: float) -> bytes:
    """Where the line of this size (points) goes: centered at the foot of the visible page, smaller on a narrow one."""
    box, turn, unit = visible(page), _rotation(page), float(page.obj.get(Name.UserUnit, 1)) or 1.0
    across = box.width if turn in (0, 180) else box.height
    scale = min(1.0, max(0.1, across * unit - 2 * SIDE) / width) / unit
    start, foot = (across - width * scale) / 2, FOOT / unit
    # (direction of the line, direction of its letters upward, the visible page's lower left corner)
    right, up, corner = {
        0: ((1, 0), (0, 1), (box.llx, box.lly)),
        90: ((0, 1), (-1, 0), (box.urx, box.lly)),
        180: ((-1, 0), (0, -1), (box.urx, box.ury)),
        270: ((0, -1), (1, 0), (box.llx, box.ury)),
    }[turn]
    x = corner[0] + right[0] * start + up[0] * foot
    y = corner[1] + right[1] * start + up[1] * foot
    values = (right[0] * scale, right[1] * scale, up[0] * scale, up[1] * scale, x, y)
    return " ".join(f"{value:.4f}" for value in values).encode()


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


def _say_in_metadata(document: Pdf, line: str) -> None:
    """Dublin Core's rights, beside what the publisher has written there; metadata that is broken stays as it is."""
    with document.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False, strict=False) as metadata:
        said = metadata.get("dc:rights")
        metadata["dc:rights"] = f"{said} {line}" if isinstance(said, str) and said else line
