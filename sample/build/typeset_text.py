"""JATS as Typst markup: running text and blocks."""

from __future__ import annotations

import re
from collections.abc import Callable

from sample.build.mathematics import mathml, spoken, typst
from sample.build.xml import HREF, MML, Element, plain

SPECIAL = re.compile(r"([\\#$*_`@<>\[\]~=+\-/'\"])")
UNIT = re.compile(r"(?<![\w/.])(\w{1,4}\\/\w{1,3})\b")


def escape(text: str | None) -> str:
    """Typst markup for plain text; units such as g/dL are not broken."""
    return UNIT.sub(r"#box[\1];", SPECIAL.sub(r"\\\1", text or ""))


def inside(element: Element) -> str:
    """All that stands in an element, in order."""
    return escape(element.text) + "".join(markup(child) + escape(child.tail) for child in element)


def markup(element: Element) -> str:
    if not isinstance(element.tag, str):
        return ""
    return MARKUP.get(element.tag, inside)(element)


def call(name: str) -> Callable[[Element], str]:
    return lambda element: f"#{name}[{inside(element)}];"


def sup(element: Element) -> str:
    """Citations and marks stand high; their inner xrefs are links already."""
    return f"#sup[{inside(element)}];"


def reference(element: Element) -> str:
    """Words such as "Figure 1" stay on one line."""
    return inside(element).replace(" ", "~")


def formula(element: Element) -> str:
    """Short formulas are not broken over lines."""
    made = equation(element[0], f"${typst(element[0])}$")
    return f"#box[{made}];" if len(plain(element)) < 16 else made


def display_formula(element: Element) -> str:
    tex = element.findtext("tex-math")
    math = mathml(tex, display=True) if tex else element.find(f"{{{MML}}}math")
    return f"\n#formula([{escape(element.findtext('label'))}])[{equation(math, f'$ {typst(math)} $')}]\n"


def equation(math: Element, made: str) -> str:
    """Typst's formula with its words, which PDF/UA asks for."""
    return f'#[#set math.equation(alt: "{quote(spoken(math))}"); {made}]'


def quote(text: str) -> str:
    """`text` inside the quotes of a Typst string."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def external(element: Element) -> str:
    return f'#link("{element.get(HREF)}")[{inside(element)}];'


def doi_link(element: Element) -> str:
    return f'#link("https://doi.org/{element.text}")[{escape(element.text)}];'


def paragraph(element: Element) -> str:
    return f"\n{inside(element)}\n"


def section(element: Element) -> str:
    depth = sum(1 for above in element.iterancestors() if above.tag == "sec") + 1
    title = element.find("title")
    rest = "".join(markup(child) for child in element if child is not title)
    return f"\n#heading(level: {depth})[{inside(title)}]\n{rest}"


def items(element: Element) -> str:
    name = "enum" if element.get("list-type") == "order" else "list"
    return f"\n#{name}(" + ", ".join(f"[{inside(item).strip()}]" for item in element) + ")\n"


def definitions(element: Element) -> str:
    made = [f"[{inside(item[0])}: {inside(item[1]).strip()}]" for item in element]
    return "\n#definitions(" + ", ".join(made) + ")\n"


def scope(element: Element) -> str:
    """How far a figure or table reaches, or `foot` when it belongs at the foot of its column."""
    if element.get("position") == "anchor":
        return "foot"
    return "parent" if element.get("specific-use") == "wide" else "column"


def figure(element: Element) -> str:
    caption = element.find("caption")
    file = element.find("graphic").get(HREF).replace(".png", ".svg")
    alt = quote(element.findtext("alt-text"))
    words = "".join(markup(child) for child in caption if child.tag != "title").strip()
    return (
        f'\n#plate("{file}", "{scope(element)}", [{escape(element.findtext("label"))}], '
        f'[{inside(caption.find("title"))}], alt: "{alt}")[{words}]\n'
    )


def table_wrap(element: Element) -> str:
    notes = [f"[{labeled(note)}]" for note in element.findall("table-wrap-foot/fn")]
    foot = ", ".join(notes) + ("," if notes else "")
    return (
        f'\n#grid-table("{scope(element)}", [{escape(element.findtext("label"))}], '
        f"[{inside(element.find('caption/title'))}], ({foot}))[{table(element.find('table'))}]\n"
    )


def table(element: Element) -> str:
    widths = [col.get("width", "1%").rstrip("%") + "fr" for col in element.findall("colgroup/col")]
    head = ", ".join(cell(each, True) for each in element.findall("thead/tr/*"))
    body = ", ".join(cell(each, False) for each in element.findall("tbody/tr/*"))
    count = len(element.findall("thead/tr"))
    return f"#rules(({', '.join(widths)}), {count}, ({head},), ({body},))"


def cell(element: Element, head: bool) -> str:
    spans = "".join(f", {name}: {element.get(name)}" for name in ("colspan", "rowspan") if element.get(name))
    words = inside(element).strip()
    if element.get("scope") == "colgroup":
        words = f"#strong[{words}];"
    return f"table.cell(align: {element.get('align')} + {'bottom' if head else 'top'}{spans})[{words}]"


def boxed(element: Element) -> str:
    title = inside(element.find("caption/title"))
    words = "".join(markup(child) for child in element if child.tag != "caption")
    return f"\n#panel([{title}])[{words}]\n"


def appendix(element: Element) -> str:
    label, title = escape(element.findtext("label")), inside(element.find("title"))
    rest = "".join(markup(child) for child in element if child.tag not in ("label", "title"))
    return f"\n#heading(level: 1)[{label}. {title}]\n{rest}"


def titled(element: Element) -> str:
    title = element.find("title")
    return f"\n#heading(level: 1)[{inside(title)}]\n" + "".join(
        markup(child) for child in element if child is not title
    )


def material(element: Element) -> str:
    caption = element.find("caption")
    return f"\n*{escape(element.findtext('label'))}.* {inside(caption.find('title'))}. {inside(caption.find('p'))}\n"


def note(element: Element) -> str:
    return f"\n#small[{labeled(element)}]\n"


def labeled(element: Element) -> str:
    """A note's mark and words on one line."""
    label = element.find("label")
    mark = f"{inside(label)} " if label is not None else ""
    return mark + " ".join(inside(child) for child in element.findall("p"))


def nothing(element: Element) -> str:
    return ""


MARKUP: dict[str, Callable[[Element], str]] = {
    "italic": call("emph"),
    "bold": call("strong"),
    "sup": sup,
    "sub": call("sub"),
    "email": call("box"),
    "inline-formula": formula,
    "disp-formula": display_formula,
    "xref": reference,
    "ext-link": external,
    "p": paragraph,
    "sec": section,
    "list": items,
    "def-list": definitions,
    "fig": figure,
    "table-wrap": table_wrap,
    "boxed-text": boxed,
    "app": appendix,
    "ack": titled,
    "fn-group": titled,
    "glossary": titled,
    "supplementary-material": material,
    "fn": note,
    "ref-list": nothing,
    "disp-quote": call("blockquote"),
}
