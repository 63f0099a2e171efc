"""Marks inside a line of a manuscript, as JATS.

*italic*  **bold**  ^sup^  ~sub~  $TeX$  [@1,3-5] citations  {F1} {T2} {E1} {A1} {S1} {B1} cross-references
^[a] a table's note  [fn:a] a note of the article  [words](https://...) a link
"""

from __future__ import annotations

import re

from sample.build.mathematics import mathml
from sample.build.xml import Element, add, add_text, link, make

MARK = re.compile(
    r"\[@(?P<cite>[\d,-]+)\]|\{(?P<xref>[A-Z]\d+[A-Z]?)\}|\^\[(?P<table_note>[a-z])\]|\[fn:(?P<note>[a-z])\]"
    r"|\$(?P<tex>[^$]+)\$|\*\*(?P<bold>.+?)\*\*|\*(?P<italic>.+?)\*|\^(?P<sup>[^^\s]+)\^|~(?P<sub>[^~\s]+)~"
    r"|\[(?P<words>[^\]]+)\]\((?P<url>[^)\s]+)\)"
)
XREF = {
    "F": ("fig", "Figure"),
    "T": ("table", "Table"),
    "E": ("disp-formula", "Equation"),
    "A": ("app", "Appendix"),
    "S": ("supplementary-material", "Supplement"),
    "B": ("boxed-text", "Box"),
}


def fill(parent: Element, text: str, table: str = "") -> Element:
    """Append marked `text` to `parent`; `table` is the id whose notes ^[a] means."""
    text, position = curly(text), 0
    for found in MARK.finditer(text):
        add_text(parent, text[position : found.start()])
        add(parent, *marked(found, table))
        position = found.end()
    add_text(parent, text[position:])
    return parent


def marked(found: re.Match[str], table: str) -> list[Element]:
    kind = found.lastgroup or ""
    value = found[kind]
    match kind:
        case "cite":
            return [citations(value)]
        case "xref":
            return [cross_reference(value)]
        case "table_note":
            return [make("xref", make("sup", value), ref_type="table-fn", rid=f"{table}fn{value}")]
        case "note":
            return [make("xref", make("sup", value), ref_type="fn", rid=f"fn-{value}")]
        case "tex":
            return [make("inline-formula", mathml(value))]
        case "url":
            return [link(make("ext-link", found["words"], ext_link_type="uri"), value)]
    return [fill(make(kind), value, table)]


def citations(numbers: str) -> Element:
    """`1,3-5` as superscript links, separated as printed."""
    sup = make("sup")
    for piece in re.split(r"([,-])", numbers):
        add(sup, piece if piece in ",-" else make("xref", piece, ref_type="bibr", rid=f"R{piece}"))
    return sup


def cross_reference(name: str) -> Element:
    ref_type, word = XREF[name[0]]
    return make("xref", f"{word} {name[1:]}", ref_type=ref_type, rid=name.rstrip("ABCDEF") if len(name) > 2 else name)


def curly(text: str) -> str:
    """Typewriter quotes as printers set them, and numbers that stay with their °C or n =; TeX is left alone."""
    pieces = re.split(r"(\$[^$]+\$)", text)
    return "".join(piece if piece.startswith("$") else curl(piece) for piece in pieces)


def curl(text: str) -> str:
    text = re.sub(r" (?=°C)|(?<=\b[nN]) (?== \d)|(?<=\b[nN] =) (?=\d)", "\u00a0", text)
    text = re.sub(r'(^|[\s(\[—–])"', r"\1“", text)
    text = re.sub(r"(^|[\s(\[—–“])'", r"\1‘", text)
    return text.replace('"', "”").replace("'", "’")
