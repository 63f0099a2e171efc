"""Titles with Crossref's face markup, and abstracts as the JATS its schema takes."""

from collections.abc import Iterator

from lxml import etree, html

from journal.crossref.names import CROSSREF, JATS, MATHML
from journal.jats import front
from journal.xml import LANG, Element, clean, safe_parser

_FACES = {
    "i": "i", "em": "i", "b": "b", "strong": "b", "sub": "sub", "sup": "sup", "u": "u", "code": "tt", "span": "",
}  # fmt: skip
#: What stays of an abstract's markup; all else is its text.
_INLINE = {"italic", "bold", "sub", "sup", "sc", "underline", "monospace"}
_FORMULAS = {"inline-formula", "disp-formula"}
_FRONT = f"{{{front.NAMESPACE}}}"


def put_marked(parent: Element, name: str, markup: str, plain: str) -> None:
    """An element with the italics, raised and lowered letters and formulas of prepared HTML."""
    holder = etree.SubElement(parent, f"{{{CROSSREF}}}{name}")
    _copy_faces(html.fragment_fromstring(clean(markup or html_escaped(plain)), create_parent=True), holder)
    if not "".join(holder.itertext()).strip():  # type: ignore[arg-type]
        _append(holder, clean(plain))


def html_escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _copy_faces(source: Element, target: Element) -> None:
    _append(target, source.text)
    for child in source:
        if child.tag == "math":
            target.append(_math(child))
        else:
            face = "scp" if child.get("class") == "sc" else _FACES.get(str(child.tag), "")
            _copy_faces(child, etree.SubElement(target, f"{{{CROSSREF}}}{face}") if face else target)
        _append(target, child.tail)


def _append(target: Element, text: str | None) -> None:
    """Text at the end of an element's content."""
    if not text:
        return
    if len(target):
        target[-1].tail = (target[-1].tail or "") + text
    else:
        target.text = (target.text or "") + text


def _math(source: Element) -> Element:
    """A formula in MathML's namespace, without what a page or a publisher added."""
    formula = etree.Element(f"{{{MATHML}}}{etree.QName(source).localname}")
    for name, value in source.attrib.items():
        if str(name) in ("mathvariant", "stretchy", "fence", "separator", "accent", "columnalign", "linethickness"):
            formula.set(name, value)
    formula.text = source.text
    for child in source.iterchildren("*"):
        formula.append(_math(child))
        formula[-1].tail = child.tail
    return formula


# --- abstracts -------------------------------------------------------------------------------------------------------


def abstracts(front_xml: str) -> Iterator[Element]:
    """The abstracts of a stored front matter, in their languages; those that are only a picture are left out."""
    if not front_xml:
        return
    root = etree.fromstring(front_xml, safe_parser())
    for source in root.iter(f"{_FRONT}abstract", f"{_FRONT}trans-abstract"):
        target = etree.Element(f"{{{JATS}}}abstract")
        if source.get("abstract-type"):
            target.set("abstract-type", source.get("abstract-type", ""))
        if source.get(LANG):
            target.set(LANG, source.get(LANG, ""))
        _copy_section(source, target)
        if "".join(target.itertext()).strip():  # type: ignore[arg-type]
            yield target


def _copy_section(source: Element, target: Element) -> None:
    """Title, then paragraphs, then sections: what comes as a paragraph after a section goes to that section."""
    holder = target
    _paragraph(holder, source.text)
    for child in source.iterchildren("*"):
        name = etree.QName(child).localname
        if name == "title":
            _titled(child, target)
        elif name == "sec":
            holder = etree.SubElement(target, f"{{{JATS}}}sec")
            if child.find(f"{_FRONT}title") is None:
                etree.SubElement(holder, f"{{{JATS}}}title")
            _copy_section(child, holder)
        elif name != "label":
            _copy_block(child, holder)
        _paragraph(holder, child.tail)


def _titled(source: Element, target: Element) -> None:
    title = etree.Element(f"{{{JATS}}}title")
    _copy_inline(source, title)
    target.insert(0, title)


def _copy_block(source: Element, holder: Element) -> None:
    """A paragraph, or the paragraphs of anything that holds some (lists, boxes, quotations)."""
    inner = [el for el in source.iter(f"{_FRONT}p") if el is not source]
    for paragraph in inner or [source]:
        target = etree.SubElement(holder, f"{{{JATS}}}p")
        _copy_inline(paragraph, target)
        if not "".join(target.itertext()).strip():  # type: ignore[arg-type]
            holder.remove(target)


def _paragraph(holder: Element, text: str | None) -> None:
    if text and text.strip():
        etree.SubElement(holder, f"{{{JATS}}}p").text = text.strip()


def _copy_inline(source: Element, target: Element) -> None:
    _append(target, source.text)
    for child in source.iterchildren("*"):
        name = etree.QName(child).localname
        formula = next(child.iter(f"{{{MATHML}}}math"), None)
        if formula is not None and (name in _FORMULAS or name in ("math", "alternatives")):
            wrapper = etree.SubElement(target, f"{{{JATS}}}inline-formula")
            wrapper.append(_math(formula))
        elif not (name == "p" and source.tag == child.tag):  # a paragraph within a paragraph has its own turn
            _copy_inline(child, etree.SubElement(target, f"{{{JATS}}}{name}") if name in _INLINE else target)
        _append(target, child.tail)
