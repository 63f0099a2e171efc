"""The figures and tables of an article's full text, read from its stored HTML: for slides, data and downloads.

Whoever calls has asked the decision: what is read here stands behind the wall.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from lxml import html as lxml_html

from journal.article_parts import full_text
from journal.models import Article

MOST_CELLS = 2_000_000  # of a table as data, the empty ones under spans with them
KINDS = {"fig", "table-wrap"}
_NUMBER = re.compile(r"[-+]?[\d.,]+\s*%?$")


@dataclass(frozen=True, slots=True)
class Shown:
    """One figure or table. `pictures` are (name of the largest file, words for it); `tables` their elements."""

    id: str
    label: str
    title: str
    caption: str
    credit: str
    pictures: tuple[tuple[str, str], ...]
    tables: tuple[Any, ...]

    @property
    def is_table(self) -> bool:
        return bool(self.tables)

    @property
    def name(self) -> str:
        """`Figure 1. Stations and patients`"""
        words = ". ".join(part for part in (self.label.rstrip("."), self.title) if part)
        return words or ("Table" if self.is_table else "Figure")


class TableTooLargeError(Exception):
    """The table's spans make more cells than can be written."""


def shown(article: Article) -> list[Shown]:
    """In the order of the text."""
    text = full_text(article)
    return in_html(text.body + text.notes) if text else []


def in_html(text: str) -> list[Shown]:
    if "<figure" not in text:
        return []
    root = lxml_html.fragment_fromstring(text, create_parent="div")
    return [_shown(el) for el in root.iter("figure") if el.get("id") and KINDS & set(el.get("class", "").split())]


def _shown(figure: Any) -> Shown:
    caption = next(figure.iterchildren("figcaption"), None)
    label, title, credit = (_words_of(figure, name) for name in ("label", "caption-title", "credit"))
    whole = "" if caption is None else _text(caption, "label", "caption-title", "credit", "object-doi")
    pictures = tuple((_largest(img), img.get("alt", "")) for img in figure.iter("img") if _is_own(img, figure))
    return Shown(figure.get("id"), label, title, whole, credit, pictures, tuple(figure.iter("table")))


def _is_own(img: Any, figure: Any) -> bool:
    """Not a sign in a line of text, nor a picture of a figure within this one."""
    holder = next(img.iterancestors("figure"))
    return holder is figure and "inline-image" not in img.get("class", "") and "/figures/" in img.get("src", "")


def _largest(img: Any) -> str:
    link = next((a for a in img.iterancestors("a") if "zoom" in a.get("class", "").split()), None)
    address = link.get("href") if link is not None else img.get("src")
    return unquote(address.rpartition("/")[2])


def _words_of(figure: Any, css_class: str) -> str:
    """The words of the figure's first element of a class; all of them for credits."""
    around = (child for child in figure.iterchildren() if child.get("class") != "table-scroll")
    of_class = (el for child in around for el in child.iter() if css_class in str(el.get("class", "")).split())
    found = [el for el in of_class if _holds(figure, el)]
    return " ".join(_text(el) for el in (found if css_class == "credit" else found[:1]))


def _holds(figure: Any, el: Any) -> bool:
    return next(el.iterancestors("figure"), None) is figure


def _text(el: Any, *without: str) -> str:
    return " ".join("".join(_pieces(el, frozenset(without))).split())


def _pieces(el: Any, without: frozenset[str]) -> Iterator[str]:
    """The text of an element; blocks stand apart, and what belongs to a class of `without` is left out."""
    if without & set(str(el.get("class", "")).split()):
        return
    yield from (" " if el.tag in ("p", "div", "li", "br") else "", el.text or "")
    for child in el:
        if isinstance(child.tag, str):
            yield from _pieces(child, without)
        yield child.tail or ""


# --- a table as data -------------------------------------------------------------------------------------------------


def as_csv(one: Shown) -> str:
    """Comma-separated values (RFC 4180). Cells under a span are empty, so that columns stay in line."""
    out = io.StringIO()
    writer = csv.writer(out)
    for n, table in enumerate(one.tables):
        if n:
            writer.writerow([])
        for row in rows(table):
            writer.writerow([_harmless(cell) for cell in row])
    return out.getvalue()


def rows(table: Any) -> Iterator[list[str]]:
    """The table's rows as a grid. Raises `TableTooLargeError`."""
    taken: dict[int, int] = {}  # column → rows it is still taken by a cell from above
    written = 0
    for tr in table.iter("tr"):
        row: list[str] = []
        above, taken = taken, {column: left - 1 for column, left in taken.items() if left > 1}
        for cell in tr.iterchildren("td", "th"):
            while len(row) in above:
                row.append("")
            wide, high = int(cell.get("colspan", 1)), int(cell.get("rowspan", 1))
            if high > 1:
                taken |= dict.fromkeys(range(len(row), len(row) + wide), high - 1)
            row += [_text(cell, "note-mark"), *[""] * (wide - 1)]
        written += len(row)
        if written > MOST_CELLS:
            raise TableTooLargeError
        yield row


def _harmless(cell: str) -> str:
    """A spreadsheet must take no cell for a formula: what begins like one and is no number gets an apostrophe."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) and not _NUMBER.match(cell) else cell
