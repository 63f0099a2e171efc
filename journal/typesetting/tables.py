"""HTML tables as cells with their places: every cell inside the grid, none upon another, whatever the spans say."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lxml.html import HtmlElement

from journal.pdf import PdfError

if TYPE_CHECKING:
    from journal.typesetting.tree import Reading

MOST_COLUMNS = 200
#: More cells than anybody prints; a hundred thousand took a minute and two gigabytes, and came to nothing.
MOST_CELLS = 30_000
EM_PER_LETTER = 0.47


def grid(table: HtmlElement, reading: "Reading") -> dict[str, Any]:
    """``columns``, ``head`` (rows repeated on each page), ``rows``, ``ems``, ``cells``: [{x, y, colspan, … c}]."""
    rows = [row for row in table.iter("tr") if next(row.iterancestors("table")) is table]
    head = [row for row in rows if row.getparent().tag == "thead"]
    body = [row for row in rows if row.getparent().tag != "thead"]
    width = min(MOST_COLUMNS, max((_width(row) for row in rows), default=1))
    cells: list[dict[str, Any]] = []
    for part, first in ((head, 0), (body, len(head))):
        cells += _placed(part, first, width, reading)
    for cell in cells[: sum(cell["y"] < len(head) for cell in cells)]:
        cell["c"] = _without_links(cell["c"])
    if len(cells) > MOST_CELLS:
        raise PdfError(f"A table has {len(cells):,} cells; {MOST_CELLS:,} are the most that are set on pages.")
    tops = [cell["y"] + cell["rowspan"] for cell in cells if cell["y"] < len(head)]
    return {
        "columns": max((cell["x"] + cell["colspan"] for cell in cells), default=1),
        "rows": max((cell["y"] + cell["rowspan"] for cell in cells), default=0),
        "head": max(tops, default=0), "cells": cells, "ems": round(_ems(rows), 1),
    }  # fmt: skip


def _ems(rows: list[HtmlElement]) -> float:
    """About how wide the table would be if no cell were broken into lines, in ems: what decides how it is set."""
    longest: dict[int, int] = {}
    for row in rows:
        for x, cell in enumerate(cell for cell in row if cell.tag in ("td", "th")):
            if _span(cell, "colspan") == 1:
                longest[x] = max(longest.get(x, 0), min(120, len(cell.text_content().strip())))
    return sum(longest.values()) * EM_PER_LETTER


def _without_links(value: Any) -> Any:
    """A head is repeated on every page, as an artifact, and PDF/UA allows no links in those."""
    if isinstance(value, list):
        return [_without_links(one) for one in value]
    if isinstance(value, dict):
        kept = {key: _without_links(one) for key, one in value.items() if key not in ("to", "url")}
        return kept | {"k": "group"} if value.get("k") == "link" else kept
    return value


def _width(row: HtmlElement) -> int:
    return sum(_span(cell, "colspan") for cell in row if cell.tag in ("td", "th"))


def _span(cell: HtmlElement, name: str) -> int:
    said = cell.get(name, "1")
    return max(1, min(MOST_COLUMNS if name == "colspan" else 10_000, int(said))) if said.isdecimal() else 1


def _placed(rows: list[HtmlElement], first: int, width: int, reading: "Reading") -> Iterator[dict[str, Any]]:
    """The cells of one part of the table; a span ends with its part, and before a cell that is already there."""
    taken: set[tuple[int, int]] = set()
    for y, row in enumerate(rows):
        x = 0
        for cell in (cell for cell in row if cell.tag in ("td", "th")):
            while (x, y) in taken:
                x += 1
            if x >= MOST_COLUMNS:
                break
            colspan = 1
            while colspan < min(_span(cell, "colspan"), max(1, width - x)) and (x + colspan, y) not in taken:
                colspan += 1
            rowspan = min(_span(cell, "rowspan"), len(rows) - y)
            taken |= {(x + across, y + down) for across in range(colspan) for down in range(rowspan)}
            yield {
                "x": x, "y": first + y, "colspan": colspan, "rowspan": rowspan, "align": _alignment(cell),
                "th": cell.tag == "th", "c": list(reading.flow(cell)),
            }  # fmt: skip
            x += colspan


def _alignment(cell: HtmlElement) -> str:
    classes = cell.get("class", "")
    return next((side for side in ("center", "right") if f"align-{side}" in classes), "left")
