"""How an article is cited: the line on its page, the styles one can copy, the files reference managers read."""

from collections.abc import Callable
from html import unescape
from typing import Any

from django.utils.html import strip_tags
from django.utils.safestring import SafeString

from journal.citation import chosen, styles
from journal.citation.csl import csl
from journal.citation.exports import bibtex, nbib, ris
from journal.citation.record import Record
from journal.models import Article

__all__ = ["FORMATS", "Record", "ama", "bibtex", "csl", "in_styles", "nbib", "ris"]


def ama(article: Article) -> str:
    """The whole reference in AMA style, as plain text."""
    return unescape(strip_tags(styles.ama(Record.of(article))))


def in_styles(article: Article) -> list[tuple[str, SafeString]]:
    """[(name of the style, citation as HTML)]: the four of medicine, then those the journal has chosen."""
    record = Record.of(article)
    return [*((name, write(record)) for name, write in styles.STYLES.values()), *chosen.chosen(article)]


#: Ending of the file → its media type, and what writes it.
FORMATS: dict[str, tuple[str, Callable[[Article], Any]]] = {
    "ris": ("application/x-research-info-systems", ris),
    "bib": ("application/x-bibtex", bibtex),
    "nbib": ("application/nbib", nbib),
    "json": ("application/vnd.citationstyles.csl+json", csl),
    "txt": ("text/plain", ama),
}
