"""Pass 1: what can be pointed at, what points at it, and the marks a reference or note links back to."""

import re
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from journal.jats.document import Problem
from journal.jats.markup import slug
from journal.jats.tree import Element, line_of, name, text_of

MAX_RANGE = 200
_ELEMENTS_WITH_IDS = etree.XPath("descendant-or-self::*/@id/..")
_DASH = re.compile(r"\s*[-‐‑‒–—−]\s*")
_WRITTEN_RANGE = re.compile(r"[\[(]?(\d+)\s*[-‐‑‒–—−]\s*(\d+)[\])]?")


@dataclass(slots=True)
class Index:
    """Ids on the page are unique, begin with ``a-`` and are made of letters, digits, ``_`` and ``-``."""

    ids: dict[Element, str] = field(default_factory=dict)
    targets: dict[str, Element] = field(default_factory=dict)
    resolved: dict[Element, list[Element]] = field(default_factory=dict)
    marks: dict[Element, str] = field(default_factory=dict)
    marks_of: dict[Element, list[str]] = field(default_factory=dict)
    pointed_at: set[Element] = field(default_factory=set)
    positions: dict[Element, tuple[list[Element], int]] = field(default_factory=dict)
    title_notes: list[Element] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    _taken: dict[str, int] = field(default_factory=dict)

    def id_of(self, el: Element, kind: str = "") -> str:
        """The element's id on the page, made from its name if the source gives none."""
        known = self.ids.get(el)
        if known is None:
            known = self.ids[el] = self.fresh_id(kind or name(el))
        return known

    def fresh_id(self, wish: str) -> str:
        """An id nothing on the page has."""
        return self._free("a-" + (slug(wish) or "x"))

    def _free(self, base: str) -> str:
        count = self._taken.get(base, 0) + 1
        self._taken[base] = count
        return base if count == 1 else self._free(f"{base}-{count}")

    def fresh_mark(self) -> str:
        """An id for the next link that something leads back to."""
        return self._free(f"a-cite-{len(self.marks) + 1}")

    def first_target(self, xref: Element) -> Element | None:
        found = self.resolved.get(xref)
        return found[0] if found else None


def build(article: Element) -> Index:
    """Index an arranged article."""
    index = Index()
    _collect_ids(article, index)
    found: dict[str, list[Element]] = {"ref-list": [], "xref": [], "contrib": [], "aff": []}
    for el in article.iter(*found):
        found[el.tag].append(el)
    for ref_list in found["ref-list"]:
        refs = list(ref_list.iterchildren("ref"))
        index.positions.update({ref: (refs, place) for place, ref in enumerate(refs)})
    for xref in found["xref"]:
        _resolve(xref, index)
    for xref in found["xref"]:
        _open_range(xref, index)
    of_people = {xref for holder in (*found["contrib"], *found["aff"]) for xref in holder.iter("xref")}
    for xref in found["xref"]:
        if xref not in of_people:
            _mark(xref, index)
    return index


def _collect_ids(article: Element, index: Index) -> None:
    elements: Any = _ELEMENTS_WITH_IDS(article)
    ids, targets = index.ids, index.targets
    for el in elements:
        source_id = el.get("id")
        if not source_id or (el.tag[0] == "{" and name(el).startswith("mml:")):
            continue
        if source_id in targets:
            message = f'The id "{source_id[:60]}" is used more than once; links go to the first.'
            index.warnings.append(Problem("duplicate-id", message, line_of(el)))
        else:
            targets[source_id] = el
        ids[el] = index.fresh_id(source_id)


def _resolve(xref: Element, index: Index) -> None:
    rids = xref.get("rid", "").split()
    found = []
    for rid in rids:
        target = index.targets.get(rid)
        if target is None:
            message = f'A link points to "{rid[:60]}", which is not in the file; it is shown as text.'
            index.warnings.append(Problem("dangling-link", message, line_of(xref)))
        else:
            found.append(_whole(target))
    if not rids and xref.get("ref-type"):
        index.warnings.append(Problem("dangling-link", "A link points nowhere; it is shown as text.", line_of(xref)))
    index.resolved[xref] = found
    index.pointed_at.update(found)


def _whole(target: Element) -> Element:
    """What a link to this element should lead to: the entry of the reference list, not a part of it."""
    return target if target.tag == "ref" else next(target.iterancestors("ref"), target)


def _open_range(xref: Element, index: Index) -> None:
    """`1–5`, written in one link or between two, stands for every reference from the first to the last."""
    found = index.resolved[xref]
    place = index.positions.get(found[0]) if found else None
    if place is None:
        return
    refs, start = place
    end = _end_of_range(xref, index, refs, start)
    if start < end <= start + MAX_RANGE:
        index.resolved[xref] = refs[start : end + 1]
        index.pointed_at.update(refs[start : end + 1])


def _end_of_range(xref: Element, index: Index, refs: list[Element], start: int) -> int:
    tail = xref.tail
    following = xref.getnext() if tail and _DASH.fullmatch(tail) else None
    if following is not None and following.tag == "xref":
        last = index.first_target(following)
        if last is not None and index.positions.get(last, (None,))[0] is refs:
            return index.positions[last][1]
    words = text_of(xref)
    if words.isdecimal():
        return start
    written = _WRITTEN_RANGE.fullmatch(words)
    if written and len(index.resolved[xref]) == 1 and int(written.group(1)) == start + 1:
        return min(int(written.group(2)) - 1, len(refs) - 1)
    return start


def _mark(xref: Element, index: Index) -> None:
    """Give the link an id to come back to, when it points to references or notes from running text."""
    targets = [el for el in index.resolved[xref] if el.tag in ("ref", "fn", "table-fn")]
    if not targets:
        return
    mark = index.marks[xref] = index.fresh_mark()
    for target in targets:
        index.marks_of.setdefault(target, []).append(mark)
