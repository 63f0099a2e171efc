"""A table of a manuscript as JATS.

widths: 40 30l 30               shares of the width, one a column; with `l` its cells stand left (the first always do)
head: r2:Outcome | c2:Events    cells; `r2:` and `c2:` span rows and columns,
head: + | Kit | Usual           `+` is a cell that a span from above or the left covers, `-` is empty
row: Age, y | 71 | 70
sub: Medical history            a row that heads those below it
note a: text    note: text      notes below, marked ^[a] in cells or not marked
"""

from __future__ import annotations

import re

from sample.build.inline import fill
from sample.build.xml import Element, add, make

LINE = re.compile(r"(widths|head|row|sub|note)(?: ([a-z]))?: ?(.*)")
SPAN = re.compile(r"(?:([rc])(\d+):)?(?:([rc])(\d+):)?\s*(.*)")


def table(name: str, title: str, place: str, lines: list[str]) -> Element:
    found = [LINE.fullmatch(line) for line in lines if line.strip()]
    rows = [(line[1], line[2], line[3]) for line in found if line]
    if len(rows) != len(found):
        raise ValueError(f"{name}: a line of the table is none of widths, head, row, sub, note")
    widths = rows[0][2].split()
    left = {position for position, width in enumerate(widths) if width.endswith("l")} | {0}
    wrap = make(
        "table-wrap",
        make("label", f"Table {name[1:]}"),
        make("caption", fill(make("title"), title, name)),
        id=name,
        position="float",
        specific_use="wide" if place == "wide" else None,
    )
    grid = make(
        "table",
        make("colgroup", *(make("col", width=f"{width.rstrip('l')}%") for width in widths)),
        frame="hsides",
        rules="groups",
    )
    add(grid, make("thead", *(row(cells, "th", name, mark, left) for mark, _, cells in rows if mark == "head")))
    add(
        grid,
        make(
            "tbody",
            *(body_row(mark, cells, name, len(widths), left) for mark, _, cells in rows if mark in ("row", "sub")),
        ),
    )
    notes = [note(name, mark, text) for kind, mark, text in rows if kind == "note"]
    return add(wrap, grid, make("table-wrap-foot", *notes) if notes else None)


def body_row(mark: str, cells: str, name: str, columns: int, left: set[int]) -> Element:
    if mark == "sub":
        return make("tr", fill(make("th", colspan=columns, align="left", scope="colgroup"), cells, name))
    return row(cells, "td", name, mark, left)


def row(cells: str, tag: str, name: str, mark: str, left: set[int]) -> Element:
    made = make("tr")
    for position, text in enumerate(cells.split(" | ")):
        if text.strip() != "+":
            add(made, cell(text, "th" if position == 0 and mark == "row" else tag, position in left, name, mark))
    return made


def cell(text: str, tag: str, left: bool, name: str, mark: str) -> Element:
    first, n, second, m, rest = SPAN.fullmatch(text.strip()).groups()  # type: ignore[union-attr]
    spans = {first: n, second: m}
    scope = {"head": "col", "row": "row"}[mark] if tag == "th" else None
    made = make(tag, rowspan=spans.get("r"), colspan=spans.get("c"), align="left" if left else "center", scope=scope)
    return fill(made, "" if rest == "-" else rest, name)


def note(name: str, mark: str | None, text: str) -> Element:
    label = make("label", make("sup", mark)) if mark else None
    return make("fn", label, fill(make("p"), text, name), id=f"{name}fn{mark}" if mark else None)
