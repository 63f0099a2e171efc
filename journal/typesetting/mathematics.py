"""MathML Core, as the renderer puts it into pages, as data for the layout, and in words for those who cannot see it.

A node is a list: its kind and its parts. ``["row", …]``, ``["sym", "x", style]``, ``["num", "2"]``, ``["text", "if"]``,
``["frac", a, b]``, ``["root", a, index or None]``, ``["attach", base, {t, b, tl, bl: node}, limits]``,
``["accent", base, mark]``, ``["fence", …]`` (grows with what it holds), ``["grid", [[node]]]``, ``["space", em]``,
``["hide", a]``, ``["line", base, "over" or "under"]``.
"""

import re
from typing import Any

from lxml.html import HtmlElement

Node = list[Any]

_OPEN, _CLOSE = "([{⟨⌊⌈", ")]}⟩⌋⌉"
_ACCENTS = {
    "^": "\u0302", "ˆ": "\u0302", "~": "\u0303", "˜": "\u0303", "¯": "\u0304", "‾": "\u0304", "―": "\u0304",
    "˙": "\u0307", "¨": "\u0308", "→": "\u20d7", "⃗": "\u20d7", "ˇ": "\u030c", "`": "\u0300", "´": "\u0301",
}  # fmt: skip
_BARS = {"¯", "‾", "―", "_", "̲", "–", "—", "-"}
_LIMITS = "∑∏∐⋃⋂⨁⨂⋁⋀"
_INVISIBLE = dict.fromkeys(map(ord, "\u2061\u2062\u2063\u2064\u200b"))
_STYLES = {
    "normal": "upright", "bold": "bold", "bold-italic": "bold-italic", "italic": "italic", "script": "cal",
    "bold-script": "cal", "fraktur": "frak", "double-struck": "bb", "sans-serif": "sans", "monospace": "mono",
}  # fmt: skip


def formula(math: HtmlElement) -> tuple[Node, str]:
    """(node, words) of a ``<math>`` element."""
    node = _row(math)
    return node, " ".join(words(node).split()) or "formula"


def _row(el: HtmlElement) -> Node:
    children = [_node(child) for child in el if isinstance(child.tag, str)]
    made = _fenced([child for child in children if child is not None])
    return made[0] if len(made) == 1 else ["row", *made]


def _node(el: HtmlElement) -> Node | None:
    maker = _MAKERS.get(el.tag)
    return maker(el) if maker else _row(el) if len(el) else _text(el)


def _parts(el: HtmlElement, count: int) -> list[Node]:
    """The first children as nodes; what is missing is an empty row."""
    found = [_node(child) or ["row"] for child in el if isinstance(child.tag, str)]
    return [*found, *([["row"]] * count)][:count]


def _said(el: HtmlElement) -> str:
    return " ".join("".join(el.itertext()).translate(_INVISIBLE).split())


def _symbol(el: HtmlElement) -> Node | None:
    said = _said(el)
    style = _STYLES.get(el.get("mathvariant", ""), "")
    if not said:
        return None
    return ["sym", said, style] if len(said) == 1 or style else ["text", said]


def _number(el: HtmlElement) -> Node | None:
    said, style = _said(el), _STYLES.get(el.get("mathvariant", ""), "")
    return ["num", said, style] if said else None


def _text(el: HtmlElement) -> Node | None:
    said = "".join(el.itertext())
    return ["text", re.sub(r"\s+", " ", said)] if said.strip() else ["space", 0.25] if said else None


def _operator(el: HtmlElement) -> Node | None:
    said = _said(el)
    if not said:
        return None
    return ["sym", said, "fixed" if el.get("stretchy") == "false" else ""] if len(said) == 1 else ["text", said]


def _space(el: HtmlElement) -> Node | None:
    width = re.match(r"(-?[\d.]+)em$", el.get("width", ""))
    return ["space", min(4.0, float(width[1]))] if width else None


def _scripts(*places: str) -> Any:
    def made(el: HtmlElement) -> Node:
        base, *scripts = _parts(el, 1 + len(places))
        return ["attach", base, dict(zip(places, scripts, strict=True)), False]

    return made


def _limits(*places: str) -> Any:
    def made(el: HtmlElement) -> Node:
        base, *marks = _parts(el, 1 + len(places))
        mark = marks[0][1] if marks[0][0] == "sym" else ""
        if len(places) == 1 and (mark in _BARS or mark in _ACCENTS):
            if places[0] == "t" and base[0] in ("sym", "num") and mark in _ACCENTS:
                return ["accent", base, _ACCENTS[mark]]
            if mark in _BARS:
                return ["line", base, "over" if places[0] == "t" else "under"]
        return ["attach", base, dict(zip(places, marks, strict=True)), True]

    return made


def _multiscripts(el: HtmlElement) -> Node:
    """Pairs of (below, above) after the base, those behind ``<mprescripts>`` before it (MathML Core 3.4.3)."""
    places: dict[str, Node] = {}
    names, side = ("b", "t"), 0
    children = [child for child in el if isinstance(child.tag, str)]
    for child in children[1:]:
        if child.tag == "mprescripts":
            names, side = ("bl", "tl"), 0
            continue
        node = _node(child) if child.tag not in ("none", "mrow") or len(child) else None
        if node:
            places[names[side]] = ["row", *filter(None, [places.get(names[side])]), node]
        side = 1 - side
    return ["attach", _node(children[0]) or ["row"] if children else ["row"], places, False]


def _grid(el: HtmlElement) -> Node:
    rows = [[_row(cell) for cell in row.iterchildren("mtd")] for row in el.iterchildren("mtr")]
    width = max(map(len, rows), default=0)
    return ["grid", [[*row, *([["row"]] * (width - len(row)))] for row in rows]] if width else ["row"]


_MAKERS: dict[Any, Any] = {
    "mi": _symbol, "mn": _number, "mo": _operator, "mtext": _text, "ms": _text, "mspace": _space,
    "mfrac": lambda el: ["frac", *_parts(el, 2)], "msqrt": lambda el: ["root", _row(el), None],
    "mroot": lambda el: ["root", *_parts(el, 2)],
    "msub": _scripts("b"), "msup": _scripts("t"), "msubsup": _scripts("b", "t"),
    "munder": _limits("b"), "mover": _limits("t"), "munderover": _limits("b", "t"),
    "mmultiscripts": _multiscripts, "mtable": _grid, "mphantom": lambda el: ["hide", _row(el)],
    "annotation": lambda el: None, "annotation-xml": lambda el: None,
}  # fmt: skip


def _fenced(nodes: list[Node]) -> list[Node]:
    """Brackets with what is between them as one node, so that they grow with it; the closing one may be raised."""
    stack: list[list[Node]] = [[]]
    for node in nodes:
        inner = node[1] if node[0] == "attach" else node
        sign = inner[1] if inner[0] == "sym" and inner[2] != "fixed" else ""
        if sign and sign in _OPEN and inner is node:
            stack.append([node])
        elif sign and sign in _CLOSE and len(stack) > 1:
            fence = ["fence", *stack.pop(), inner]
            stack[-1].append(fence if inner is node else ["attach", fence, *node[2:]])
        else:
            stack[-1].append(node)
    return [node for level in stack for node in level]


def words(node: Node) -> str:
    """The formula on one line, as it would be typed: for screen readers."""
    kind, *parts = node
    if kind in ("sym", "num", "text"):
        said = str(parts[0])
        return f" {said} " if kind == "sym" and not said.isalnum() and said not in _OPEN + _CLOSE else said
    if kind == "frac":
        return f"({words(parts[0])})/({words(parts[1])})"
    if kind == "root":
        return f"root {words(parts[1])} of ({words(parts[0])})" if parts[1] else f"square root of ({words(parts[0])})"
    if kind == "attach":
        signs = {"b": "_", "t": "^", "bl": "_", "tl": "^"}
        return words(parts[0]) + "".join(f"{signs[place]}({words(script)})" for place, script in parts[1].items())
    if kind == "grid":
        return "; ".join(", ".join(words(cell) for cell in row) for row in parts[0])
    if kind in ("accent", "line", "hide"):
        return words(parts[0]) + (parts[1] if kind == "accent" else "")
    return "".join(words(part) for part in parts) if kind != "space" else " "
