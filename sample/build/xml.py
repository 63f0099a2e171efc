"""The namespaces of JATS and one way to make an element."""

from __future__ import annotations

from lxml import etree

XLINK = "http://www.w3.org/1999/xlink"
MML = "http://www.w3.org/1998/Math/MathML"
ALI = "http://www.niso.org/schemas/ali/1.0/"
XML = "http://www.w3.org/XML/1998/namespace"
NSMAP = {"xlink": XLINK, "mml": MML, "ali": ALI}
LANG = f"{{{XML}}}lang"
HREF = f"{{{XLINK}}}href"

Element = etree._Element


def make(tag: str, *content: object, **attributes: object) -> Element:
    """An element; `_` in an attribute's name stands for `-`, None leaves out, content is text or elements."""
    element = etree.Element(tag)
    for name, value in attributes.items():
        if value is not None:
            element.set(name.strip("_").replace("_", "-"), str(value))
    add(element, *content)
    return element


def add(parent: Element, *content: object) -> Element:
    for item in content:
        if isinstance(item, etree._Element):
            parent.append(item)
        elif item is not None:
            add_text(parent, str(item))
    return parent


def add_text(parent: Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def link(element: Element, href: str) -> Element:
    element.set(HREF, href)
    return element


def plain(element: Element) -> str:
    """The element's text, white space folded."""
    return " ".join("".join(element.itertext()).split())
