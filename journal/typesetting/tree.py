"""The renderer's HTML as plain data that the layout walks.

Inline: a string, or ``{"k": kind, "c": [inline]}`` (b, i, sup, sub, sc, mono, u, s, o, link with ``to`` or ``url``),
``{"k": "br"}``, ``{"k": "math", "m": node, "alt": words}``, ``{"k": "picture", "file": …, "alt": …}``.
Blocks: p, h, list, terms, quote, code, box, figure, table, formula, notes; see the functions that make them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import lxml.html
from lxml.html import HtmlElement

from journal.typesetting import mathematics, tables

Node = dict[str, Any]
Inline = list[Any]
Maker = Callable[[Any, HtmlElement], Node | None]

_INLINE = {
    "b": "b", "strong": "b", "i": "i", "em": "i", "cite": "i", "sup": "sup", "sub": "sub", "s": "s", "u": "u",
    "code": "mono",
}  # fmt: skip
_SPANS = {"mono": "mono", "sc": "sc", "underline": "u", "overline": "o"}
_BLOCKS = {
    "p", "div", "section", "header", "footer", "aside", "article", "figure", "table", "ul", "ol", "dl", "blockquote",
    "pre", "hr", "details", "h1", "h2", "h3", "h4", "h5", "h6",
}  # fmt: skip
#: More letters than a first page takes.
FIRST_PAGE = 4500
_LEFT_OUT = {"script", "style", "button", "template", "summary"}
_CLASSES_LEFT_OUT = {"backlinks", "backlink", "object-doi", "corresponding", "orcid", "missing"}


class Reading:
    """One article's HTML being read. ``pictures`` are (file, width, height) by the address the HTML names."""

    def __init__(self, pictures: Mapping[str, tuple[str, int, int]]) -> None:
        self.pictures = pictures
        self.ids: set[str] = set()
        self._level = self._under = 0

    def blocks(self, html: str, under: int = 0) -> list[Node]:
        """The blocks of a fragment of HTML, its headings below one of level `under`."""
        self._level = self._under = under
        return list(self.flow(_parsed(html))) if html.strip() else []

    def line(self, html: str) -> Inline:
        """A fragment that is one line, for example a title."""
        return self.inline(_parsed(html)) if html.strip() else []

    def people(self, html: str) -> list[Inline]:
        """The authors of a byline, each as one line, and on whose behalf they write."""
        if not html.strip():
            return []
        names = {"author", "on-behalf-of"}
        return [self.inline(el) for el in _parsed(html).iter("li", "p") if names & set(el.get("class", "").split())]

    def references(self, html: str) -> list[Node]:
        """The entries of the reference list: {label, id, c}."""
        entries = [item for item in _parsed(html).iter("li") if "ref" in item.get("class", "").split()]
        return [self._reference(entry) for entry in entries]

    def _reference(self, entry: HtmlElement) -> Node:
        labels = [span for span in entry.iter("span") if span.get("class") == "ref-label"]
        said = " ".join(" ".join(label.text_content() for label in labels).split())
        for label in labels:
            label.drop_tree()
        anchor = self._target(entry)
        return {"label": said, "c": self.inline(entry)} | ({"id": anchor} if anchor else {})

    # --- blocks ------------------------------------------------------------------------------------------------------

    def flow(self, el: HtmlElement) -> Iterator[Node]:
        """The blocks within an element; words that stand between blocks become paragraphs."""
        loose = _words(el.text)
        for child in el:
            if child.tag in _BLOCKS and not _is_left_out(child):
                yield from _paragraph(loose)
                loose = []
                yield from self._block(child)
            else:
                loose += self._piece(child)
            loose += _words(child.tail)
        yield from _paragraph(loose)

    def _block(self, el: HtmlElement) -> Iterator[Node]:
        kinds = set(el.get("class", "").split())
        by_class: Maker | None = next((maker for kind, maker in _BY_CLASS.items() if kind in kinds), None)
        maker = by_class or _BY_TAG.get(str(el.tag))
        made = maker(self, el) if maker else None
        if made is None:
            blocks = list(self.flow(el))
            if blocks and (anchor := self._target(el)):
                blocks[0].setdefault("id", anchor)
            yield from blocks
        else:
            if anchor := self._target(el):
                made.setdefault("id", anchor)
            yield made

    def _target(self, el: HtmlElement) -> str:
        anchor: str = el.get("id", "")
        if anchor and anchor not in self.ids:
            self.ids.add(anchor)
            return anchor
        return ""

    def _heading(self, el: HtmlElement) -> Node:
        """Levels count from 1 and never jump (PDF/UA-1, 7.4.2)."""
        self._level = max(1 + self._under, min(int(el.tag[1]) - 1, self._level + 1))
        return {"k": "h", "level": self._level, "c": self.inline(el)}

    def _plain(self, el: HtmlElement) -> Node | None:
        found = self.inline(el)
        return {"k": "p", "c": found} if _has_words(found) else {"k": "none"}

    def _caption_title(self, el: HtmlElement) -> Node:
        return {"k": "p", "c": [{"k": "b", "c": self.inline(el)}]}

    def _list(self, el: HtmlElement) -> Node:
        entries = [item for item in el if item.tag == "li"]
        kinds = el.get("class", "").split()
        labels = [self._own_label(item) for item in entries]
        items = [list(self.flow(item)) for item in entries]
        kind = "plain" if "plain" in kinds else "ordered" if el.tag == "ol" else "bullets"
        start = el.get("start", "1")
        return {
            "k": "list", "kind": "labelled" if any(labels) else kind, "items": items, "labels": labels,
            "start": int(start) if start.isdecimal() else 1, "numbering": el.get("type", "1"),
        }  # fmt: skip

    def _own_label(self, item: HtmlElement) -> Inline:
        """The label a list item brings along, taken out of it."""
        for label in item.iterchildren("span"):
            if "list-label" in label.get("class", ""):
                made = self.inline(label)
                label.drop_tree()
                return made
        return []

    def _notes(self, el: HtmlElement) -> Node:
        entries = [item for item in el if item.tag == "li"]
        return {"k": "notes", "items": [{"id": self._target(item), "c": list(self.flow(item))} for item in entries]}

    def _terms(self, el: HtmlElement) -> Node:
        items: list[list[Any]] = []
        for part in el.iter("dt", "dd"):
            if part.tag == "dt":
                items.append([self.inline(part), []])
            elif items:
                items[-1][1] += list(self.flow(part))
        return {"k": "terms", "items": items}

    def _code(self, el: HtmlElement) -> Node:
        return {"k": "code", "text": "".join(el.itertext()).strip("\n")}

    def _quote(self, el: HtmlElement) -> Node:
        return {"k": "quote", "c": list(self.flow(el))}

    def _boxed(self, el: HtmlElement) -> Node:
        return {"k": "box", "c": list(self.flow(el))}

    def _formula(self, el: HtmlElement) -> Node | None:
        maths = list(el.iter("math"))
        label = next(
            (" ".join(s.text_content().split()) for s in el.iter("span") if s.get("class") == "formula-label"), ""
        )
        if len(maths) != 1:
            return None
        node, alt = mathematics.formula(maths[0])
        return {"k": "formula", "m": node, "alt": alt, "label": label}

    def _figure(self, el: HtmlElement) -> Node:
        """Pictures and caption; a group holds figures of its own."""
        inner = [self._block_of_figure(figure) for figure in el.iterchildren("figure")]
        pictures = [] if inner else [self._picture(img) for img in el.iter("img")]
        caption = next(iter(el.iterchildren("figcaption")), None)
        rest = [child for child in el if child.tag not in ("figure", "figcaption", "img", "a")]
        return {
            "k": "figure", "pictures": [picture for picture in pictures if picture], "figures": inner,
            "label": self._label(caption), "c": list(self.flow(caption)) if caption is not None else [],
            "size": len(el.text_content()),
            "rest": [block for child in rest for block in self._block(child)],
        }  # fmt: skip

    def _block_of_figure(self, el: HtmlElement) -> Node:
        return next(self._block(el))

    def _label(self, caption: HtmlElement | None) -> str:
        """“Figure 1”, taken out of its caption."""
        for label in caption.iterdescendants() if caption is not None else ():
            if "label" in label.get("class", "").split():
                said = " ".join(label.text_content().split()).rstrip(".")
                label.drop_tree()
                return said
        return ""

    def _table(self, el: HtmlElement) -> Node | None:
        """A table with its label, caption and notes; without rows (a table that is a picture) it is a figure."""
        found = el if el.tag == "table" else next(iter(el.iter("table")), None)
        if found is None:
            return self._figure(el)
        caption = next(iter(el.iterchildren("figcaption")), None)
        table = tables.grid(found, self)
        label = self._label(caption)
        rest = (
            [child for child in el if child.tag != "figcaption" and not _holds(child, found)] if el is not found else []
        )
        return {
            "k": "table", **table, "label": label, "caption": list(self.flow(caption)) if caption is not None else [],
            "size": len(el.text_content()),
            "notes": [block for child in rest for block in self._block(child)],
        }  # fmt: skip

    # --- inline ------------------------------------------------------------------------------------------------------

    def inline(self, el: HtmlElement) -> Inline:
        made = _words(el.text)
        for child in el:
            made += self._piece(child) + _words(child.tail)
        return made

    def _piece(self, el: HtmlElement) -> Inline:
        if not isinstance(el.tag, str) or _is_left_out(el):
            return []
        if el.tag == "br":
            return [{"k": "br"}]
        if el.tag == "details":
            return [" (", *_joined([self.inline(line) for line in el.iter("p")]), ")"]
        if el.tag == "math":
            node, alt = mathematics.formula(el)
            return [{"k": "math", "m": node, "alt": alt}]
        if el.tag == "img":
            picture = self._picture(el)
            return [{**picture, "k": "picture"}] if picture else []
        kind = _INLINE.get(el.tag) or next((_SPANS[name] for name in el.get("class", "").split() if name in _SPANS), "")
        within = self.inline(el)
        if el.tag == "a" and within:
            return [_link(el.get("href", ""), within)]
        return [{"k": kind, "c": within}] if kind else within

    def _picture(self, img: HtmlElement) -> Node | None:
        found = self.pictures.get(img.get("src", ""))
        if found is None:
            return None
        file, width, height = found
        alt = " ".join(img.get("alt", "").split()) or "Picture"
        return {"file": file, "width": width, "height": height, "alt": alt}


def _words(text: str | None) -> Inline:
    """The source's line breaks are spaces; its fixed spaces stay."""
    return [re.sub(r"[ \t\r\n\f]+", " ", text)] if text else []


def _joined(lines: list[Inline]) -> Inline:
    return [piece for place, line in enumerate(lines) for piece in ([*line] if place == 0 else ["; ", *line])]


def _parsed(html: str) -> HtmlElement:
    return lxml.html.fragment_fromstring(html, create_parent="div")


def _holds(child: HtmlElement, table: HtmlElement) -> bool:
    return child is table or any(found is table for found in child.iter("table"))


def _is_left_out(el: HtmlElement) -> bool:
    return el.tag in _LEFT_OUT or bool(_CLASSES_LEFT_OUT & set(el.get("class", "").split()))


def _link(href: str, within: Inline) -> Node:
    if href.startswith("#"):
        return {"k": "link", "to": href[1:], "c": within}
    return (
        {"k": "link", "url": href, "c": within}
        if re.match(r"(?:https?|mailto):", href)
        else {"k": "group", "c": within}
    )


def _has_words(found: Inline) -> bool:
    return any(not isinstance(piece, str) or piece.strip() for piece in found)


def _paragraph(loose: Inline) -> Iterator[Node]:
    if _has_words(loose):
        yield {"k": "p", "c": loose}


_BY_CLASS: dict[str, Maker] = {
    "table-wrap": Reading._table, "fig": Reading._figure, "fig-group": Reading._figure, "formula": Reading._formula,
    "boxed-text": Reading._boxed, "notes": Reading._notes, "caption-title": Reading._caption_title,
}  # fmt: skip
_BY_TAG: dict[str, Maker] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), Reading._heading),
    "p": Reading._plain, "ul": Reading._list, "ol": Reading._list, "dl": Reading._terms, "pre": Reading._code,
    "blockquote": Reading._quote, "table": Reading._table, "figure": Reading._figure,
    "hr": lambda _reading, _el: {"k": "none"},
}  # fmt: skip


def mark_early(blocks: list[Node], letters: int) -> None:
    """Say of each figure and table whether it may fall on the first page, by the letters before it."""
    for block in blocks:
        block["early"] = letters < FIRST_PAGE
        letters += len(str(block.get("c", ""))) if block["k"] in ("p", "list", "box") else 0


def resolved(value: Any, ids: set[str]) -> Any:
    """The tree with links that lead nowhere as plain words, and without nodes that hold nothing."""
    if isinstance(value, list):
        return [resolved(one, ids) for one in value if not (isinstance(one, dict) and one.get("k") == "none")]
    if isinstance(value, dict):
        if value.get("k") == "link" and "to" in value and value["to"] not in ids:
            value = {"k": "group", "c": value["c"]}
        return {key: resolved(one, ids) for key, one in value.items()}
    return value
