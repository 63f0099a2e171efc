"""The tree before rendering: blocks lifted out of inline markup, floats at their first mention, citations raised."""

import re
from collections.abc import Collection, Iterator

from lxml import etree

from journal.jats.tree import Element, children_of, first_child, name, names

#: Inline markup that is closed before a block and opened again behind it.
LIFT_THROUGH = names(
    "bold ext-link fixed-case inline-supplementary-material italic monospace named-content overline roman "
    "sans-serif sc strike styled-content sub sup underline uri xref tp:taxon-name"
)
_INLINE = [tag.replace("tp:", "{*}") for tag in LIFT_THROUGH]
#: Blocks that stand only in their tables; nobody writes italics around a cell.
CELLS = names("tr td th thead tbody tfoot col colgroup")
#: Where a float may stand: the nearest of these around its first mention takes it in.
HOMES = names("ack app app-group back body boxed-text glossary notes sec tp:taxon-treatment tp:treatment-sec")


def arrange(article: Element, blocks: Collection[str]) -> None:
    """Rearrange in place. ``blocks`` are the names that may not stand in a line of text."""
    lift_blocks(article, blocks)
    for scope in _scopes(article):
        place_floats(scope)
    raise_citations(article)


def _scopes(article: Element) -> Iterator[Element]:
    """The article and the articles in it, at any depth."""
    yield article
    for part in article.iterchildren("sub-article", "response"):
        yield from _scopes(part)


_NUMBERS = re.compile(r"\s*\d{1,3}(?:\s*[,–-]\s*\d{1,3})*\s*")
_BETWEEN = re.compile(r"[\s,–-]*")
_CLOSE_BEFORE = re.compile(r"[\w.,;:)\]”’\"'%]$")


def raise_citations(article: Element) -> None:
    """Put `effusions.1 2` into `<sup>`: numbers of references that follow a word without space or bracket."""
    for xref in list(article.iter("xref")):
        if _is_number(xref) and _stands_close(xref):
            _raise(xref)


def _is_number(el: Element | None) -> bool:
    if el is None or el.tag != "xref" or len(el) or el.get("ref-type") != "bibr":
        return False
    words = el.text or ""
    return words[:1] <= "9" and _NUMBERS.fullmatch(words) is not None


def _stands_close(xref: Element) -> bool:
    """Whether a word or its punctuation touches the number, and nothing has raised it yet."""
    previous, parent = xref.getprevious(), xref.getparent()
    before = (parent.text if parent is not None else "") if previous is None else previous.tail
    return bool(before and _CLOSE_BEFORE.search(before[-2:])) and next(xref.iterancestors("sup", "ref"), None) is None


def _raise(first: Element) -> None:
    """The number, and those that follow it with nothing but commas, dashes and spaces between."""
    parent = first.getparent()
    if parent is None:
        return
    run, last = [first], first
    while _BETWEEN.fullmatch(last.tail or "") and _is_number(last.getnext()):
        last = last.getnext()  # type: ignore[assignment]  # a number is an element
        run.append(last)
    raised = parent.makeelement("sup")
    parent.insert(parent.index(first), raised)
    raised.tail, last.tail = last.tail, None
    raised.extend(run)


def lift_blocks(root: Element, blocks: Collection[str]) -> None:
    """Split inline markup around each block in it. Text keeps its order and its words."""
    inside = {child.tag for el in root.iter(*_INLINE) for child in children_of(el)}
    tags = [block for block in blocks if block in inside and block not in CELLS]
    for el in list(root.iter(*tags)) if tags else ():  # of most articles no block stands in a line
        if el.getparent() is not None:
            while (parent := el.getparent()) is not None and parent is not root and name(parent) in LIFT_THROUGH:
                _lift(el, parent)


def _lift(block: Element, parent: Element) -> None:
    """`g(a(x b y) t)` becomes `g(a(x) b a(y) t)`; an empty second half is left out."""
    home = parent.getparent()
    if home is None:
        return
    rest = parent.makeelement(parent.tag)
    rest.attrib.update({key: value for key, value in parent.attrib.items() if key != "id"})
    rest.text, block.tail = block.tail, None
    for follower in list(block.itersiblings()):
        rest.append(follower)
    rest.tail, parent.tail = parent.tail, None
    place = home.index(parent) + 1
    home.insert(place, block)
    if len(rest) or (rest.text or "").strip():
        home.insert(place + 1, rest)
    else:
        block.tail = (rest.text or "") + (rest.tail or "") or None


def place_floats(scope: Element) -> None:
    """Move each child of the scope's floats-group behind the block that first mentions it, the rest to the end."""
    group = first_child(scope, "floats-group")
    if group is None:
        return
    body = first_child(scope, "body")
    if body is None:
        body = etree.SubElement(scope, "body")
    mentions = _first_mentions(scope)
    last_at: dict[Element, Element] = {}
    for item in list(group):
        ids = [el.get("id", "") for el in item.iter("{*}*") if el.get("id")]
        anchor = min((mentions[i] for i in ids if i in mentions), key=lambda found: found[0], default=(0, None))[1]
        item.tail = None
        if anchor is None:
            body.append(item)
            continue
        after = last_at.get(anchor, anchor)
        home = after.getparent()
        if home is not None:
            home.insert(home.index(after) + 1, item)
        last_at[anchor] = item
    scope.remove(group)


def _first_mentions(scope: Element) -> dict[str, tuple[int, Element]]:
    """Source id → (order, the block that mentions it first), for mentions in body and back of this scope."""
    found: dict[str, tuple[int, Element]] = {}
    for part in scope.iterchildren("body", "back"):
        for xref in part.iter("xref"):
            for rid in xref.get("rid", "").split():
                if rid not in found and (anchor := _anchor(xref)) is not None:
                    found[rid] = (len(found), anchor)
    return found


def _anchor(xref: Element) -> Element | None:
    el = xref
    for parent in xref.iterancestors():
        if name(parent) in HOMES:
            return el
        el = parent
    return None
