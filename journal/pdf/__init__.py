"""Publishers' PDFs: what is in them, the license line on a reader's copy, and how a copy is handed over.

`examine` and `stamp` open what others made, so they run in the worker (`journal.worker`) and nowhere else.
"""


class PdfError(Exception):
    """The PDF cannot be used; the message is a sentence for an editor."""
