"""The front matter alone, as JATS that anybody may have: what harvesters and content negotiation hand on."""

from copy import deepcopy

from lxml import etree

from journal.jats.tree import XLINK, XML, Element, detach, first_child, text_of

#: Harvesters need a namespace, which JATS itself has not; this is the one NLM gives its schema of the Archiving set.
NAMESPACE = "https://jats.nlm.nih.gov/ns/archiving/1.3/"
SCHEMA = "https://jats.nlm.nih.gov/archiving/1.3/xsd/JATS-archivearticle1-3.xsd"
VERSION = "1.3"
_NAMESPACES: dict[str, str] = {
    "xlink": XLINK[1:-1], "mml": "http://www.w3.org/1998/Math/MathML", "ali": "http://www.niso.org/schemas/ali/1.0/",
}  # fmt: skip
_DEFAULT = ' xmlns="'
#: Files of the package: the names lead nowhere for a stranger, and the PDF has an address of its own.
_OF_THE_PACKAGE = ("self-uri", "supplementary-material", "graphic", "inline-graphic", "media")


def front_only(article: Element) -> str:
    """An `<article>` with its `<front>` and nothing else, in `NAMESPACE`; "" when there is no article-meta."""
    front = first_child(article, "front")
    if front is None or first_child(front, "article-meta") is None:
        return ""
    root = etree.Element("article", nsmap=_NAMESPACES)
    root.set("dtd-version", VERSION)
    for name in ("article-type", f"{XML}lang"):
        if article.get(name):
            root.set(name, article.get(name, ""))
    root.append(deepcopy(front))
    for el in list(root.iter(*_OF_THE_PACKAGE)):
        if not text_of(el):
            _take_out(el)
    etree.cleanup_namespaces(root)
    return _in_namespace(root)


def _in_namespace(root: Element) -> str:
    """The tree in `NAMESPACE`. To write a default at its root takes a tenth of the time of naming each element, and is
    the same unless one beneath brings a default of its own."""
    written = etree.tostring(root, encoding="unicode")
    if _DEFAULT in written:
        for el in root.iter("{}*"):
            el.tag = f"{{{NAMESPACE}}}{el.tag}"
        return etree.tostring(root, encoding="unicode")
    return written.replace("<article", f'<article{_DEFAULT}{NAMESPACE}"', 1)


def _take_out(el: Element) -> None:
    """An element, and whatever around it has nothing left to hold: a graphical abstract is only its picture."""
    holder = el.getparent()
    detach(el)
    if holder is not None and holder.tag != "article-meta" and len(holder) == 0 and not text_of(holder):
        _take_out(holder)
