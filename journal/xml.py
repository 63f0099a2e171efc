"""Building XML that is always well-formed, whatever stands in the database."""

import re
from typing import TypeAlias

from lxml import etree

Element: TypeAlias = etree._Element
XSI = "http://www.w3.org/2001/XMLSchema-instance"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
#: What XML 1.0 forbids, however it is written (2.2, "Characters").
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """The text without characters XML cannot hold."""
    return _FORBIDDEN.sub("", text)


def add(parent: Element, tag: str, text: str = "", **attributes: str) -> Element:
    """A new last child with text and attributes; attributes without a value are left out."""
    child = etree.SubElement(parent, tag)
    child.text = clean(text) or None
    for name, value in attributes.items():
        if value:
            child.set(name, clean(value))
    return child


def document(root: Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def safe_parser() -> etree.XMLParser:
    """For what we have written ourselves, and answers of others: nothing is resolved, nothing fetched."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
