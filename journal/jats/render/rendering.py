"""Pass 2's engine: two tables of element functions, and the two ways to render content: in a line, or as blocks.

Depth: libxml2 allows 256 levels and Python 1,000 frames, so a function here
calls `inline` or `flow` itself (two frames a level).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from journal.jats.document import Figure, Heading, Images, Note, Problem, Table
from journal.jats.index import Index
from journal.jats.languages import is_rtl
from journal.jats.markup import attribute, escape
from journal.jats.tree import Element, children_of, language, line_of, name, names, prefixed

Handler: TypeAlias = Callable[["Rendering", Element], str]
#: Where the html will stand: on the page beside the full text; on the page everybody gets; in the extract.
Place: TypeAlias = Literal["page", "public", "extract"]

INLINES: dict[str, Handler] = {}
BLOCKS: dict[str, Handler] = {}
#: Data about the article, or words already shown elsewhere: no element of the page comes from these in running text.
SILENT = names(
    "alt-text long-desc object-id processing-meta custom-meta custom-meta-group x-meta sec-meta index-term "
    "index-term-range-end institution-id counts"
)


#: Real articles use some 300 names; a hostile file may invent more than should be remembered.
MOST_TAGS = 2000


class _ByTag(dict[str, Handler | None]):
    """A table's entries by lxml's own tags, so that an element costs one look-up."""

    def __init__(self, table: dict[str, Handler]) -> None:
        self.table = table

    def __missing__(self, tag: str) -> Handler | None:
        handler = self.table.get(prefixed(tag))
        if len(self) < MOST_TAGS:
            self[tag] = handler
        return handler


inline_of, block_of = _ByTag(INLINES), _ByTag(BLOCKS)


def inline(*names: str) -> Callable[[Handler], Handler]:
    """Register a function for elements that may stand in a line of text."""

    def register(handler: Handler) -> Handler:
        INLINES.update(dict.fromkeys(names, handler))
        return handler

    return register


def block(*names: str) -> Callable[[Handler], Handler]:
    """Register a function for elements that may not stand in a line of text."""

    def register(handler: Handler) -> Handler:
        BLOCKS.update(dict.fromkeys(names, handler))
        return handler

    return register


@dataclass(slots=True)
class Rendering:
    """The state of one article's rendering.

    ``level`` is the level of the next heading; ``files`` are addresses of supplements by `links.file_name`; ``names``
    are people of citations as they were written, for those who ask for them again.
    """

    index: Index
    images: Images
    files: Mapping[str, str] = field(default_factory=dict)
    place: Place = "page"
    level: int = 2
    in_link: bool = False
    warnings: list[Problem] = field(default_factory=list)
    emitted: set[str] = field(default_factory=set)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    pending_notes: list[Element] = field(default_factory=list)
    names: dict[Element, str] = field(default_factory=dict)
    _reported: set[str] = field(default_factory=set)

    def warn(self, code: str, message: str, el: Element | None = None) -> None:
        """Tell the editor once."""
        if message not in self._reported:
            self._reported.add(message)
            self.warnings.append(Problem(code, message, line_of(el)))

    def inline(self, el: Element) -> str:
        """The content as one line of text: a block in it gives up its box, never its words."""
        text = el.text
        parts = [escape(text)] if text else []
        for child in children_of(el):
            handler = inline_of[child.tag]
            if handler is plainly and len(child) == 0:  # most parts of names and citations
                text = child.text
                if text:
                    parts.append(escape(text))
            elif handler is not None:
                parts.append(handler(self, child))
            elif name(child) not in SILENT:
                parts.append(self._unboxed(child))
            tail = child.tail
            if tail:
                parts.append(escape(tail))
        return "".join(parts)

    def _unboxed(self, child: Element) -> str:
        if name(child) in BLOCKS:
            return f" {self.inline(child)} "
        self._unknown(child)
        return self.inline(child)

    def flow(
        self, el: Element, skip: Collection[str] = (), wrap: bool = True, children: list[Element] | None = None
    ) -> str:
        """The content as blocks: runs of text become paragraphs (bare if not ``wrap``), blocks stay between them.

        With ``children``, only that part of the content.
        """
        out: list[str] = []
        run = [escape(text)] if children is None and (text := el.text) else []
        for child in children_of(el) if children is None else children:
            tag = child.tag
            if tag in skip:
                pass
            elif (handler := block_of[tag]) is not None:
                self._close(run, out, wrap)
                out.append(handler(self, child))
            elif (handler := inline_of[tag]) is not None:
                run.append(handler(self, child))
            elif prefixed(tag) not in SILENT and prefixed(tag) not in skip:
                self._flow_unknown(child, run, out, wrap)
            tail = child.tail
            if tail:
                run.append(escape(tail))
        self._close(run, out, wrap)
        return "".join(out)

    def _flow_unknown(self, child: Element, run: list[str], out: list[str], wrap: bool) -> None:
        self._unknown(child)
        if any(name(inner) in BLOCKS for inner in child.iter("{*}*")):
            self._close(run, out, wrap)
            out.append(self.flow(child))
        else:
            run.append(self.inline(child))

    @staticmethod
    def _close(run: list[str], out: list[str], wrap: bool) -> None:
        if not run:
            return
        text = "".join(run).strip(" \t\r\n")
        if text:
            out.append(f"<p>{text}</p>" if wrap else text)
        run.clear()

    def _unknown(self, el: Element) -> None:
        tag = name(el)
        if not tag.startswith("tp:"):
            self.warn("unknown-element", f"<{tag[:80]}> has no rendering of its own; its content is shown plainly.", el)

    def unlinked(self, el: Element) -> str:
        """The content in a line, for the inside of a link: no links in it."""
        if len(el) == 0:
            return escape(el.text)
        before, self.in_link = self.in_link, True
        try:
            return self.inline(el)
        finally:
            self.in_link = before

    def id(self, el: Element, kind: str = "") -> str:
        """`` id="a-…"`` for an element readers may link to; given out once."""
        if self.place == "extract":
            return ""
        html_id = self.index.id_of(el, kind)
        if html_id in self.emitted:
            return ""
        self.emitted.add(html_id)
        return f' id="{html_id}"'

    def anchor(self, el: Element) -> str:
        """The same, but only if something in the article points at it."""
        return self.id(el) if el in self.index.pointed_at else ""

    def mark(self, xref: Element) -> str:
        """`` id`` of a citation or note mark, to come back to from the list."""
        html_id = self.index.marks.get(xref)
        if html_id is None or self.place != "page" or html_id in self.emitted:
            return ""
        self.emitted.add(html_id)
        return f' id="{html_id}"'

    def link_to(self, target: Element) -> str:
        """``#a-…`` of an element. A link whose end is never written is taken out when the rendering is finished."""
        return "#" + self.index.id_of(target)

    def may_link(self, target: Element) -> bool:
        """Links from public parts lead only to what everybody gets: the reference list and the front matter."""
        if self.in_link:
            return False
        if self.place == "page":
            return True
        if name(target) == "ref":
            around = [name(el) for el in target.iterancestors()]
            return around[around.count("ref-list") :] == ["back", "article"] and around[0] == "ref-list"
        return self.place == "public" and any(name(el) == "front" for el in target.iterancestors())

    def language(self, el: Element) -> str:
        """`` lang`` and, for right-to-left scripts, `` dir`` of an element that names its language."""
        tag = language(el)
        if not tag:
            return ""
        return attribute("lang", tag) + (' dir="rtl"' if is_rtl(tag) else "")


#: What a name is registered with whose content alone is shown.
plainly: Handler = Rendering.inline
