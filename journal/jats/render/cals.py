"""CALS (OASIS) tables to HTML tables: column names, spans, header rows."""

from dataclasses import dataclass, field

from journal.jats.markup import element
from journal.jats.render.rendering import Rendering, block
from journal.jats.render.tables import MAX_COLSPAN, MAX_ROWSPAN, contents, scroll
from journal.jats.tree import Element, local_name


@dataclass(slots=True)
class Columns:
    """Column names and spans of one tgroup; positions count from 1."""

    at: dict[str, int] = field(default_factory=dict)
    spans: dict[str, tuple[str, str]] = field(default_factory=dict)
    align: dict[str, str] = field(default_factory=dict)


def _children(el: Element, local: str) -> list[Element]:
    return [child for child in el if local_name(child) == local]


@block("oasis:table", "oasis:tgroup", "tgroup")
def cals_table(r: Rendering, el: Element) -> str:
    groups = [el] if local_name(el) == "tgroup" else _children(el, "tgroup")
    titles = "".join(f'<p class="caption-title">{r.inline(title)}</p>' for title in _children(el, "title"))
    return titles + "".join(scroll(f"<table>{_group(r, group)}</table>") for group in groups)


def _group(r: Rendering, group: Element) -> str:
    columns = _columns(group)
    parts = []
    for kind in ("thead", "tbody", "tfoot"):
        for part in _children(group, kind):
            own = _columns(part) if _children(part, "colspec") else columns
            rows = "".join(_row(r, row, own, kind == "thead") for row in _children(part, "row"))
            parts.append(element(kind, rows) if rows else "")
    return "".join(parts)


def _columns(group: Element) -> Columns:
    columns = Columns()
    place = 0
    for spec in _children(group, "colspec"):
        number = spec.get("colnum", "")
        place = int(number) if number.isdigit() and len(number) < 5 else place + 1
        column = spec.get("colname") or str(place)
        columns.at[column] = place
        columns.align[column] = spec.get("align", "")
    for spec in _children(group, "spanspec"):
        columns.spans[spec.get("spanname", "")] = (spec.get("namest", ""), spec.get("nameend", ""))
    return columns


def _row(r: Rendering, row: Element, columns: Columns, in_head: bool) -> str:
    cells = [_entry(r, entry, columns, in_head) for entry in row if local_name(entry) in ("entry", "entrytbl")]
    return element("tr", "".join(cells))


def _entry(r: Rendering, entry: Element, columns: Columns, in_head: bool) -> str:
    content = contents(r, entry) if local_name(entry) == "entry" else cals_table(r, entry)
    across = _across(entry, columns)
    more = entry.get("morerows", "")
    down = min(int(more) + 1, MAX_ROWSPAN) if more.isdigit() and len(more) < 9 else 1
    attributes = f' colspan="{across}"' if across > 1 else ""
    attributes += f' rowspan="{down}"' if down > 1 else ""
    side = entry.get("align") or columns.align.get(entry.get("colname", ""), "")
    attributes += f' class="align-{side}"' if side in ("left", "right", "center", "justify") else ""
    if in_head and content:
        return f'<th scope="{"colgroup" if across > 1 else "col"}"{attributes}>{content}</th>'
    return f"<td{attributes}>{content}</td>"


def _across(entry: Element, columns: Columns) -> int:
    named = (entry.get("namest", ""), entry.get("nameend", ""))
    first, last = columns.spans.get(entry.get("spanname", ""), named)
    if first in columns.at and last in columns.at:
        return max(1, min(columns.at[last] - columns.at[first] + 1, MAX_COLSPAN))
    return 1
