"""What a PDF must not bring along: programs, forms that send, files, more than can be opened. Runs in the worker."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePosixPath

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf

from journal.pdf import PdfError
from journal.pdf.stamp import stamp_to

MOST_PAGES = 3_000
DEEPEST = 40
#: Actions (ISO 32000-2, 12.6.4) that do something outside the document.
ACTIONS = {
    "/JavaScript": "It runs JavaScript",
    "/Launch": "It starts other programs",
    "/SubmitForm": "It sends a form to another address",
    "/ImportData": "It reads files of the reader's computer",
    "/Rendition": "It plays media with a script",
}
PLAIN = "Export the PDF again without forms and scripts."
APART = "Supply them as supplementary files, and export the PDF without."
#: What data files are called. Anything else attached to a PDF is refused: readers would be handed a program.
DATA = {
    ".csv",
    ".tsv",
    ".txt",
    ".xml",
    ".mml",
    ".tex",
    ".json",
    ".bib",
    ".md",
    ".png",
    ".jpg",
    ".jpeg",
    ".pdf",
    ".xlsx",
}


def check(data: bytes) -> list[str]:
    """Remarks for the editor. Raises `PdfError` with what to do about it."""
    try:
        with Pdf.open(BytesIO(data)) as document:
            return _checked(document)
    except pikepdf.PasswordError as error:
        raise PdfError("It is locked by a password.", "Export the PDF again without one.") from error
    except (pikepdf.PdfError, RecursionError) as error:
        raise PdfError("It is damaged and cannot be opened.") from error


def _checked(document: Pdf) -> list[str]:
    if len(document.pages) > MOST_PAGES:
        raise PdfError(f"It has {len(document.pages):,} pages; {MOST_PAGES:,} are the most.")
    remarks: list[str] = []
    signed = False
    for one in _dictionaries(document):
        _refuse_actions(one)
        signed = signed or one.get(Name.Type) == Name.Sig
    remarks += _attachments(document)
    if document.is_encrypted:
        remarks.append("The PDF is protected against copying; readers' copies with their license line are not.")
    if signed:
        remarks.append("The PDF is digitally signed; the signature does not hold in readers' copies.")
    stamp_to(document, BytesIO(), ["A trial of the license line"])
    return remarks


def _dictionaries(document: Pdf) -> Iterator[Object]:
    """Every dictionary of the document, also those that nothing refers to, each once."""
    for one in document.objects:
        yield from _within(one, 0)


def _within(one: Object, depth: int) -> Iterator[Object]:
    if depth > DEEPEST:
        raise PdfError("Its objects are nested too deeply.")
    if isinstance(one, Dictionary | pikepdf.Stream):
        yield one
        inner = [value for _, value in one.items()]
    elif isinstance(one, Array):
        inner = list(one)
    else:
        return
    for value in inner:
        if isinstance(value, Object) and not value.is_indirect:
            yield from _within(value, depth + 1)


def _refuse_actions(one: Object) -> None:
    action = str(one.get(Name.S, ""))
    if action in ACTIONS and (one.get(Name.Type, Name.Action) == Name.Action):
        raise PdfError(f"{ACTIONS[action]}.", PLAIN)
    if Name.JS in one:
        raise PdfError(f"{ACTIONS['/JavaScript']}.", PLAIN)
    if Name.XFA in one:
        raise PdfError("It is a form that a program fills in (XFA).", PLAIN)
    if one.get(Name.Subtype) == Name.RichMedia:
        raise PdfError("It holds media that run in it (RichMedia).", APART)


def _attachments(document: Pdf) -> list[str]:
    names = sorted({*document.attachments.keys(), *_annotated_files(document)})
    foreign = [name for name in names if PurePosixPath(name).suffix.lower() not in DATA]
    if foreign:
        raise PdfError(f"A file is attached to it: {foreign[0][:80]}.", APART)
    if names:
        shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
        return [f"{len(names)} data files are attached to the PDF ({shown}); readers get them with it."]
    return []


def _annotated_files(document: Pdf) -> Iterator[str]:
    """Names of files that hang on annotations, or on any object, rather than in the document's list."""
    for one in _dictionaries(document):
        if Name.EF in one:
            yield str(one.get(Name.UF, one.get(Name.F, "unnamed")))
