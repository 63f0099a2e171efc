"""A second opinion on a page, by another HTML parser (lexbor): is it sound, is it safe?"""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.journal.jats.letters import normal


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


UNSAFE_TAGS = _set(
    "script style iframe object embed form input textarea select link meta base svg template noscript frame frameset "
    "applet audio video source portal plaintext xmp foreignobject annotation-xml maction image animate set use"
)
UNSAFE_ATTRIBUTES = _set(
    "style srcdoc action formaction background poster ping xlink:href xmlns data http-equiv target"
)
SCHEMES = ("http://", "https://", "mailto:", "#", "/")
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass
class Soundness:
    """What is wrong with a page, by kind, and the counts a table of them needs."""

    faults: dict[str, list[str]] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    pointed: list[str] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    tables: int = 0
    tables_with_headers: int = 0
    images: int = 0
    letters: str = ""

    def fault(self, kind: str, what: str) -> None:
        self.faults.setdefault(kind, []).append(what)

    def __getitem__(self, kind: str) -> list[str]:
        return self.faults.get(kind, [])


def examine(page: str) -> Soundness:
    """Look at every element of a page."""
    found = Soundness()
    root = LexborHTMLParser(page).root
    assert root is not None
    for node in root.traverse(include_text=False):
        _element(node, found)
    found.letters = normal(root.text(deep=True, separator="", strip=False))
    _links(found)
    _headings(found)
    return found


def faults(page: str) -> list[str]:
    """All faults in words; empty for a sound and safe page."""
    return [f"{kind}: {what}" for kind, all_of_it in examine(page).faults.items() for what in all_of_it]


def _element(node: LexborNode, found: Soundness) -> None:
    tag, attributes = str(node.tag), node.attributes
    if tag in UNSAFE_TAGS:
        found.fault("unsafe", f"<{tag}>")
    for key, value in attributes.items():
        _attribute(tag, key, value or "", found)
    if tag in HEADINGS:
        found.levels.append(int(tag[1]))
        if not normal(node.text()):
            found.fault("empty heading", tag)
    elif tag == "img":
        found.images += 1
        if not (attributes.get("alt") or "").strip():
            found.fault("image without words", str(attributes.get("src")))
    elif tag == "table":
        found.tables += 1
        found.tables_with_headers += node.css_first("th") is not None
    elif tag == "a":
        _anchor(node, found)


def _attribute(tag: str, key: str, value: str, found: Soundness) -> None:
    if key.startswith("on") or key in UNSAFE_ATTRIBUTES:
        found.fault("unsafe", f"{key} on <{tag}>")
    if key in ("href", "src", "srcset") and not value.startswith(SCHEMES):
        found.fault("unsafe", f"{key}={value[:60]}")
    if key in ("src", "srcset") and "//" in value:
        found.fault("unsafe", f"remote {key}={value[:60]}")
    if key == "id":
        found.ids.append(value)
    elif key in ("aria-labelledby", "aria-describedby", "aria-controls", "data-refs"):
        found.pointed += value.split()
    elif key == "href" and value.startswith("#"):
        found.pointed.append(value[1:])


def _anchor(node: LexborNode, found: Soundness) -> None:
    href = node.attributes.get("href") or ""
    own = href.startswith("https://doi.org/10.")  # as in the citation line
    if href.startswith("http") and not own and "noopener" not in (node.attributes.get("rel") or ""):
        found.fault("unsafe", f"outward link without rel: {href[:60]}")
    if not normal(node.text()) and node.css_first("img, math") is None:
        found.fault("empty link", href[:60])
    around = node.parent
    while around is not None:
        if around.tag == "a":
            found.fault("link in a link", href[:60])
        around = around.parent


def _links(found: Soundness) -> None:
    for html_id, times in Counter(found.ids).items():
        if times > 1:
            found.fault("duplicate id", html_id)
    known = set(found.ids)
    for target in found.pointed:
        if target not in known:
            found.fault("dangling link", target)


def _headings(found: Soundness) -> None:
    if found.levels.count(1) != 1:
        found.fault("h1", f"{found.levels.count(1)} of them")
    for before, after in pairwise(found.levels):
        if after > before + 1:
            found.fault("heading jump", f"h{before} to h{after}")
