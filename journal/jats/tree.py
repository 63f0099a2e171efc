"""Reading a JATS tree: names with their known prefixes, text, attributes, line numbers."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeAlias

from lxml import etree

Element: TypeAlias = etree._Element

XLINK = "{http://www.w3.org/1999/xlink}"
XML = "{http://www.w3.org/XML/1998/namespace}"
ALI = "{http://www.niso.org/schemas/ali/1.0/}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"
_LANG, _HREF = XML + "lang", XLINK + "href"
#: In half the time of `itertext`, of few words as of many.
_words: Any = etree.XPath("string()", smart_strings=False)
_SPACES = re.compile("  +")
_BCP_47 = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")

_PREFIXES = {
    "http://www.w3.org/1998/Math/MathML": "mml:",
    "http://docs.oasis-open.org/ns/oasis-exchange/table": "oasis:",
    "http://www.niso.org/standards/z39-96/ns/oasis-exchange/table": "oasis:",
    "http://www.plazi.org/taxpub": "tp:",
    "http://www.niso.org/schemas/ali/1.0": "ali:",
    "http://www.w3.org/1999/xlink": "xlink:",
}
_names: dict[str, str] = {}


def names(words: str) -> frozenset[str]:
    """A set of names, written as words."""
    return frozenset(words.split())


def name(el: Element) -> str:
    """The element's name as the dispatch tables write it: ``p``, ``mml:math``, ``oasis:entry``; ``{…}x`` if foreign."""
    tag: str = el.tag
    return tag if tag[0] != "{" else _names.get(tag) or prefixed(tag)


def prefixed(tag: str) -> str:
    """An lxml tag as `name` writes it."""
    if tag[0] != "{":
        return tag
    known = _prefixed_anew(tag)
    if len(_names) < 2000:
        _names[tag] = known
    return known


def _prefixed_anew(tag: str) -> str:
    namespace, _, local = tag[1:].partition("}")
    prefix = _PREFIXES.get(namespace.rstrip("/"))
    return prefix + local if prefix else tag


def local_name(el: Element) -> str:
    return str(el.tag).rpartition("}")[2]


def squeeze(text: str) -> str:
    """One space for each run of XML white space, none at the ends. Thin and no-break spaces stay."""
    if text.isalnum():  # one word, as most texts of data are
        return text
    if text.isascii():  # among the characters of XML, and in ASCII, only those four are space to Python
        return " ".join(text.split())
    for sign in "\n\t\r":  # plain replacements: a pattern of all four, tried at every space, takes four times as long
        if sign in text:
            text = text.replace(sign, " ")
    if "  " in text:
        text = _SPACES.sub(" ", text)
    return text.strip(" ")


def raw_text(el: Element) -> str:
    """All text beneath an element as it stands."""
    text: str = _words(el) if len(el) else el.text or ""
    return text


def text_of(el: Element | None) -> str:
    """All text beneath an element, squeezed; "" for None."""
    if el is None:
        return ""
    text: str | None = _words(el) if len(el) else el.text
    if not text or text.isalnum():
        return text or ""
    return squeeze(text)


#: The children as a list: half the time of an iterator, for the few that most elements have.
children_of: Callable[[Element], list[Element]] = itemgetter(slice(None))


def first_child(el: Element, tag: str) -> Element | None:
    """The first child so named: `find` searches a path for it, in four times the time."""
    for each in children_of(el):
        if each.tag == tag:
            return each
    return None


def by_name(el: Element) -> dict[str, list[Element]]:
    """The children by their names, for those who ask for several: each `find` costs as much."""
    found: dict[str, list[Element]] = {}
    for child in children_of(el):
        found.setdefault(name(child), []).append(child)
    return found


def text_at(el: Element, path: str) -> str:
    """Text of the first element at an ElementPath, "" if there is none."""
    return text_of(el.find(path) if "/" in path else first_child(el, path))


def line_of(el: Element | None) -> int | None:
    """Line of the element in its file, from 1."""
    return None if el is None or not isinstance(el.sourceline, int) else el.sourceline


def href(el: Element) -> str:
    return (el.get(_HREF) or el.get("href") or "").strip()


def language(el: Element) -> str:
    """BCP 47 tag of the element itself, "" if none or not one."""
    tag = el.get(_LANG)
    return _tag(tag) if tag else ""


@lru_cache(maxsize=256)
def _tag(said: str) -> str:
    return said.strip() if _BCP_47.fullmatch(said.strip()) else ""


def detach(el: Element) -> None:
    """Take an element out of the tree, leaving the text that follows it where it was."""
    parent = el.getparent()
    if parent is None:
        return
    if el.tail:
        before = el.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + el.tail
        else:
            parent.text = (parent.text or "") + el.tail
        el.tail = None
    parent.remove(el)


_INVISIBLE = dict.fromkeys([*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF, 0x00AD])


def plain(text: str) -> str:
    """Text fit for a title, a name or a file name: NFC, no bidi or zero-width controls, squeezed."""
    if text.isascii():
        return squeeze(text)
    return squeeze(unicodedata.normalize("NFC", text.translate(_INVISIBLE)))
