"""Tables: wrapper with caption, scroll container and notes; HTML tables with header cells, spans and alignment."""

import re
from typing import Any

from lxml import etree

from journal.jats.document import Table
from journal.jats.markup import attribute, element, escape, to_text, without_links
from journal.jats.render.figures import caption_of, credits_of, label_of, object_doi
from journal.jats.render.notes import with_notes
from journal.jats.render.rendering import BLOCKS, Rendering, block
from journal.jats.tree import Element, children_of, first_child, name, text_of

MAX_COLSPAN, MAX_ROWSPAN = 100, 1000
#: Cells a browser lays out in the blink of an eye; the longest table of the corpus has 1,430.
LONG_TABLE = 2000
#: Cells that take a browser more than half a second.
HUGE_TABLE = 20_000
#: Rows of a huge table that a browser lays out together.
ROWS_TOGETHER = 100
_ALIGN = re.compile(r"text-align\s*:\s*(left|right|center|justify)", re.IGNORECASE)
#: Nothing, or nothing but spaces and rules, as PMC sets in the corner of a head.
_BLANK = re.compile(r"(?:\s|</?(?:hr|br|p|b|i|sup|sub)>)*")
_UNNAMED = ' aria-label="Table"'
#: A text in a cell that is more than a number or a name.
_WORDY = re.compile(">[^<]{25}")
#: What HTML says by itself is said in ARIA where the parts of a table are laid out as blocks.
_ROLES = {
    **{f"<{part}>": f'<{part} role="rowgroup">' for part in ("thead", "tbody", "tfoot")},
    "<tr": '<tr role="row"',
    "<td": '<td role="cell"',
    **{f'<th scope="{way}': f'<th role="{way}header" scope="{way}' for way in ("col", "row")},
}
_WORDS_OUTSIDE_CELLS: Any = etree.XPath("(. | thead | tbody | tfoot | tr | */tr)/text()[normalize-space()]")
HEAD = ("label", "caption", "object-id", "alt-text", "long-desc", "table-wrap-foot", "attrib", "permissions")


@block("table-wrap")
def table_wrap(r: Rendering, el: Element) -> str:
    attributes = r.id(el, "table")
    html_id = r.index.id_of(el)
    words = label_of(r, el) + caption_of(r, el) + object_doi(r, el)
    caption, named = (element("figcaption", words), _UNNAMED) if words else ("", _UNNAMED)
    if words and attributes:
        caption = element("figcaption", words, f' id="{html_id}-caption"')
        named = f' aria-labelledby="{html_id}-caption"'
    body = r.flow(el, skip=HEAD).replace(_UNNAMED, named, 1)
    if _UNNAMED in body and named != _UNNAMED:
        body = _further_parts(body, text_of(first_child(el, "label")) or "Table")
    foot = "".join(table_notes(r, part) for part in el.iterchildren("table-wrap-foot")) + credits_of(r, el)
    if r.place == "page" and attributes:
        bare = without_links(words)
        title = text_of(el.find("caption/title")) or to_text(bare)[:200]
        r.tables.append(Table(html_id, text_of(first_child(el, "label")), title, bare, to_text(bare)))
    return f'<figure class="table-wrap"{attributes}>{caption}{body}{foot}</figure>'


def _further_parts(body: str, label: str) -> str:
    """More tables under one caption: each has a name of its own, "Table 2, part 2"."""
    first, *others = body.split(_UNNAMED)
    named = (f"{attribute('aria-label', f'{label}, part {n}')}{part}" for n, part in enumerate(others, 2))
    return first + "".join(named)


def table_notes(r: Rendering, foot: Element) -> str:
    content = with_notes(r, foot, skip=("title",))
    title = first_child(foot, "title")
    head = f'<p class="caption-title">{r.inline(title)}</p>' if title is not None else ""
    return f'<div class="table-notes">{head}{content}</div>' if head or content else ""


@block("table-wrap-group")
def table_group(r: Rendering, el: Element) -> str:
    line, blocks, rest = (label_of(r, el) + caption_of(r, el)).partition("<p")
    lead = (element("p", line) if line.strip() else "") + blocks + rest
    return f'<div class="table-group"{r.id(el, "tables")}>{lead}{r.flow(el, skip=("label", "caption"))}</div>'


@block("table-wrap-foot")
def loose_foot(r: Rendering, el: Element) -> str:
    return table_notes(r, el)


def scroll(table: str) -> str:
    """A table in a focusable scroll region; `table_wrap` gives it its name.

    A long one scrolls in both directions under its own head, and the browser need not lay it out before it is looked
    at; a huge one waits until it is asked for.
    """
    cells = table.count("<td")
    long = " table-long" if cells > LONG_TABLE else ""
    region = f'<div class="table-scroll{long}" tabindex="0" role="region" {_UNNAMED[1:]}>{table}</div>'
    if cells <= HUGE_TABLE:
        return region
    rows = f"{table.count('<tr'):,}"
    return f'<details class="table-huge"><summary>Show the table of {rows} rows</summary>{region}</details>'


@block("table", "array")
def table(r: Rendering, el: Element) -> str:
    if first_child(el, "tgroup") is not None:
        return BLOCKS["oasis:table"](r, el)
    parts, loose = [], []
    for child in el:
        if name(child) == "tr":
            loose.append(row(r, child, in_head=False))
            continue
        if loose:
            parts.append(element("tbody", "".join(loose)))
            loose = []
        parts.append(_part(r, child))
    if loose:
        parts.append(element("tbody", "".join(loose)))
    loose_words = "".join(f"<p>{escape(str(text).strip())}</p>" for text in _WORDS_OUTSIDE_CELLS(el))
    attributes = r.anchor(el)
    if sum(part.count("<td") for part in parts) > HUGE_TABLE and _is_even(parts):
        attributes, parts = f'{attributes} role="table" class="{_class_of(parts)}"', [_apart(part) for part in parts]
    return scroll(f"<table{attributes}>{''.join(parts)}</table>") + loose_words


def _is_even(parts: list[str]) -> bool:
    """Whether each row has a cell a column: none spans, and no cell holds a table of its own."""
    return not any('span="' in part or "<table" in part or part.startswith("<caption") for part in parts)


def _class_of(parts: list[str]) -> str:
    return "table-parts table-parts-wide" if any(_WORDY.search(part) for part in parts) else "table-parts"


def _apart(part: str) -> str:
    """A body as many: browsers lay out all cells of a table at once, but of its bodies, as blocks, those in sight."""
    if part.startswith("<tbody>"):
        rows = part.removeprefix("<tbody>").removesuffix("</tbody>").split("</tr>")[:-1]
        together = ("</tr>".join(rows[n : n + ROWS_TOGETHER]) for n in range(0, len(rows), ROWS_TOGETHER))
        part = "".join(f"<tbody>{some}</tr></tbody>" for some in together)
    for written, said in _ROLES.items():
        part = part.replace(written, said)
    return part


def _part(r: Rendering, child: Element) -> str:
    kind = name(child)
    if kind in ("col", "colgroup"):
        return ""
    if kind in ("thead", "tbody", "tfoot"):
        rows = "".join(row(r, tr, kind == "thead") if name(tr) == "tr" else _stray(r, tr) for tr in child)
        return element(kind, rows) if rows else ""
    if kind == "caption":
        return element("caption", r.inline(child).strip())
    return element("tbody", _stray(r, child))


def _stray(r: Rendering, el: Element) -> str:
    """Something that is no row where rows stand: its words, or its cells, get a row of their own."""
    if any(name(child) in ("td", "th") for child in el):
        return row(r, el, in_head=name(el) == "th")
    words = r.inline(el).strip()
    return f"<tr><td>{words}</td></tr>" if words else ""


def row(r: Rendering, tr: Element, in_head: bool) -> str:
    cells = []
    for td in children_of(tr):
        if td.tag in ("td", "th"):
            cells.append(cell(r, td, in_head))
        elif words := r.inline(td).strip():
            cells.append(f"<td>{words}</td>")
    return f"<tr{r.anchor(tr)}>{''.join(cells)}</tr>"


def cell(r: Rendering, td: Element, in_head: bool) -> str:
    """One cell. Words in a head are header cells whatever the source calls them; empty corners are not."""
    content = escape(td.text).strip(" \t\r\n") if len(td) == 0 else contents(r, td)
    given: Any = td.items()
    attributes = _attributes(r, td, given) if given else ""
    if (in_head or td.tag == "th") and not _BLANK.fullmatch(content):
        return f"<th{_scope(td, in_head)}{attributes}>{content}</th>"
    return f"<td{attributes}>{content}</td>"


def contents(r: Rendering, td: Element) -> str:
    content = r.flow(td, wrap=False)
    if content.startswith("<p>") and content.endswith("</p>") and content.count("<p") == 1:
        return content[3:-4]
    return content


def _scope(td: Element, in_head: bool) -> str:
    if in_head:
        return ' scope="colgroup"' if _number(td.get("colspan")) > 1 else ' scope="col"'
    return ' scope="rowgroup"' if _number(td.get("rowspan")) > 1 else ' scope="row"'


def _number(value: str | None) -> int:
    return int(value) if value and re.fullmatch(r"\s*\d{1,18}\s*", value) else 1


def _attributes(r: Rendering, td: Element, given: list[tuple[str, str]]) -> str:
    """Most cells of a table bear the same attributes: they are written once."""
    key = tuple(given)
    known = _shapes.get(key)
    if known is not None:
        return known
    found = dict(given)
    shape = _span(found, "colspan", MAX_COLSPAN) + _span(found, "rowspan", MAX_ROWSPAN) + _alignment(found)
    if "id" in found:
        return r.anchor(td) + shape
    if len(_shapes) < MOST_SHAPES:
        _shapes[key] = shape
    return shape


#: Of cells without an id.
_shapes: dict[tuple[tuple[str, str], ...], str] = {}
MOST_SHAPES = 2000


def _span(given: dict[str, str], key: str, most: int) -> str:
    said = given.get(key, "1")
    if said == "1":
        return ""
    count = min(_number(said), most)
    return f' {key}="{count}"' if count > 1 else ""


def _alignment(given: dict[str, str]) -> str:
    styled = given.get("style")
    style = _ALIGN.search(styled) if styled else None
    side = (style.group(1) if style else given.get("align", "")).lower()
    return f' class="align-{side}"' if side in ("left", "right", "center", "justify") else ""


@block("tr", "td", "th", "thead", "tbody", "tfoot", "col", "colgroup")
def loose_cell(r: Rendering, el: Element) -> str:
    return r.flow(el)
