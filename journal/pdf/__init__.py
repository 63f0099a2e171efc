"""Publishers' PDFs: what is in them, the license line on a reader's copy, and how a copy is handed over.

`examine` and `stamp` open what others made, so they run in the worker (`journal.worker`) and nowhere else.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """What happened to an article: `line` at the head of every page, `title` before the document's title.

    `across` stands in large letters over the page, "" for none.
    """

    line: str
    title: str
    across: str = ""


class PdfError(Exception):
    """The PDF cannot be used; message and remedy are sentences for an editor."""

    def __init__(self, message: str, remedy: str = "Export the PDF again.") -> None:
        super().__init__(message)
        self.remedy = remedy
