"""Formulas: TeX to MathML for the XML; MathML to Typst for the PDF, and to words for those who listen to it."""

from __future__ import annotations

import re
from collections.abc import Callable

from latex2mathml.converter import convert
from lxml import etree

from sample.build.xml import MML, Element

NAMED = {
    "×": "times",
    "−": "-",
    "·": "dot.op",
    "≤": "<=",
    "≥": ">=",
    "≈": "approx",
    "∑": "sum",
    "→": "->",
    "…": "dots.h",
}


def mathml(tex: str, display: bool = False) -> Element:
    """`tex` as a MathML tree under the prefix mml."""
    source = etree.fromstring(convert(tex, display="block" if display else "inline").encode())
    math = etree.Element(f"{{{MML}}}math", nsmap={"mml": MML})
    if display:
        math.set("display", "block")
    for child in source:
        math.append(prefixed(child))
    return math


def prefixed(source: Element) -> Element:
    """A copy with only what MathML Core needs: presentational attributes go."""
    copy = etree.Element(f"{{{MML}}}{etree.QName(source).localname}")
    if (variant := source.get("mathvariant")) is not None:
        copy.set("mathvariant", variant)
    copy.text, copy.tail = source.text, source.tail
    copy.extend(prefixed(child) for child in source)
    return copy


def typst(node: Element) -> str:
    """MathML as the inside of a Typst equation."""
    name = etree.QName(node).localname
    if name in LEAVES:
        return LEAVES[name]((node.text or "").strip())
    parts = [typst(child) for child in node]
    return TREES[name](parts) if name in TREES else " ".join(parts)


def identifier(text: str) -> str:
    return quoted(text) if len(text) > 1 else text


def quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def operator(text: str) -> str:
    if text in NAMED:
        return NAMED[text]
    return f"\\{text}" if re.fullmatch(r"[()\[\]{}|,;/]", text) else text


LEAVES: dict[str, Callable[[str], str]] = {
    "mi": identifier,
    "mn": quoted,
    "mo": operator,
    "mtext": quoted,
    "mspace": lambda text: "thin",
}
TREES: dict[str, Callable[[list[str]], str]] = {
    "mfrac": lambda parts: f"frac({parts[0]}, {parts[1]})",
    "msub": lambda parts: f"attach({parts[0]}, b: {parts[1]})",
    "msup": lambda parts: f"attach({parts[0]}, t: {parts[1]})",
    "msubsup": lambda parts: f"attach({parts[0]}, b: {parts[1]}, t: {parts[2]})",
    "munderover": lambda parts: f"attach(limits({parts[0]}), b: {parts[1]}, t: {parts[2]})",
    "munder": lambda parts: f"attach(limits({parts[0]}), b: {parts[1]})",
    "mover": lambda parts: f"overline({parts[0]})" if parts[1] in "¯‾―" else f"hat({parts[0]})",
    "msqrt": lambda parts: f"sqrt({' '.join(parts)})",
}

SPOKEN = {
    "mfrac": "{} over {}",
    "msub": "{} sub {}",
    "msup": "{} to the {}",
    "msubsup": "{} sub {} to the {}",
    "munderover": "{} from {} to {}",
    "msqrt": "square root of {}",
}


def spoken(node: Element) -> str:
    """MathML as words to be read aloud."""
    parts = [said for child in node if (said := spoken(child))]
    form = SPOKEN.get(etree.QName(node).localname)
    if form and len(parts) == form.count("{}"):
        return form.format(*parts)
    return " ".join(parts) or (node.text or "").strip()
