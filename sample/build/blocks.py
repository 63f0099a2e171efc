"""Blocks of a manuscript (headings, paragraphs, lists, formulas, fences) as JATS.

A fence is ``:::kind ID | title`` ... ``:::`` and holds a figure, a table or a box; ``| wide`` after the title lets it
span both columns, ``| foot`` puts a figure at the foot of its column.
"""

from __future__ import annotations

import re

from sample.build.inline import fill
from sample.build.mathematics import mathml
from sample.build.tables import table
from sample.build.xml import Element, add, link, make

HEADING = re.compile(r"(#+) (.+)")
FENCE = re.compile(r":::(\w+) ?(\w*)(?: \| (.+?))?( \| (?:wide|foot))?")
FORMULA = re.compile(r"\$\$(!?)(.+?)\$\$ \{(E\d+)\}")
SEC_TYPES = {
    "Introduction": "intro",
    "Methods": "methods",
    "Results": "results",
    "Discussion": "discussion",
    "Conclusions": "conclusions",
    "Case": "cases",
}


def sections(parent: Element, lines: list[str], prefix: str = "s") -> Element:
    """Append the blocks of `lines` to `parent`, nested in sections by their headings."""
    open_secs: list[Element] = [parent]
    for level, title, blocks in split_headings(lines):
        del open_secs[max(level, 1) :]
        if level:
            add(open_secs[-1], sec := section(open_secs[-1], title, prefix))
            open_secs.append(sec)
        add(open_secs[-1], *make_blocks(blocks))
    return parent


def section(parent: Element, title: str, prefix: str) -> Element:
    above = parent.get("id", "") if parent.tag == "sec" else ""
    number = len(parent.findall("sec")) + 1
    sec = make("sec", id=f"{above}-{number}" if above else f"{prefix}{number}", sec_type=SEC_TYPES.get(title))
    return add(sec, fill(make("title"), title))


def split_headings(lines: list[str]) -> list[tuple[int, str, list[str]]]:
    """(level, title, lines) in order; level 0 is what stands before the first heading."""
    runs: list[tuple[int, str, list[str]]] = [(0, "", [])]
    for line in lines:
        if heading := HEADING.fullmatch(line):
            runs.append((len(heading[1]), heading[2], []))
        else:
            runs[-1][2].append(line)
    return runs


def make_blocks(lines: list[str]) -> list[Element]:
    blocks: list[Element] = []
    chunk: list[str] = []
    fenced = False
    for line in [*lines, ""]:
        fenced = fenced ^ (line.startswith(":::"))
        if line.strip() or fenced:
            chunk.append(line)
        elif chunk:
            blocks.append(block(chunk))
            chunk = []
    return blocks


def block(chunk: list[str]) -> Element:
    if fence := FENCE.fullmatch(chunk[0]):
        kind, name, title, wide = fence.groups()
        return FENCED[kind](name, title or "", (wide or "").strip(" |"), chunk[1:-1])
    text = " ".join(line.strip() for line in chunk)
    if formula := FORMULA.fullmatch(text):
        return display_formula(*formula.groups())
    if re.match(r"- |\d+\. ", chunk[0]):
        return bullet_list(chunk)
    if text.startswith("> "):
        return make("disp-quote", fill(make("p"), text[2:]))
    return fill(make("p"), text)


def bullet_list(chunk: list[str]) -> Element:
    items = re.split(r"(?:^|\n)(?:- |\d+\. )", "\n".join(chunk))[1:]
    ordered = chunk[0][0].isdigit()
    made = [make("list-item", fill(make("p"), " ".join(item.split()))) for item in items]
    return make("list", *made, list_type="order" if ordered else "bullet")


def display_formula(tex_only: str, tex: str, name: str) -> Element:
    content = make("tex-math", tex.strip()) if tex_only else mathml(tex.strip(), display=True)
    return make("disp-formula", make("label", f"({name[1:]})"), content, id=name)


def figure(name: str, title: str, place: str, lines: list[str]) -> Element:
    """First lines `file:` and `alt:`, then the caption's paragraphs."""
    options, rest = read_options(lines, ("file", "alt"))
    caption = make("caption", make("title"), *make_blocks(rest))
    fill(caption[0], title)
    graphic = link(make("graphic", mimetype="image", mime_subtype="png"), options["file"] + ".png")
    return make(
        "fig",
        make("label", f"Figure {name[1:]}"),
        caption,
        make("alt-text", options["alt"]),
        graphic,
        id=name,
        position="anchor" if place == "foot" else "float",
        specific_use="wide" if place == "wide" else None,
    )


def box(name: str, title: str, place: str, lines: list[str]) -> Element:
    caption = make("caption", fill(make("title"), title))
    kind = "key-points" if title == "Key Points" else "box"
    return make("boxed-text", caption, *make_blocks(lines), id=name, content_type=kind, position="float")


def read_options(lines: list[str], names: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    while lines and (found := re.fullmatch(rf"({'|'.join(names)}): (.+)", lines[0])):
        options[found[1]], lines = found[2], lines[1:]
    return options, lines


FENCED = {"figure": figure, "table": table, "box": box}
