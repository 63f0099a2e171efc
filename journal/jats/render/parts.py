"""The large parts of the page: sections of the body and back matter."""

from journal.jats.document import Heading, Section
from journal.jats.markup import attribute, escape, to_text, without_citations
from journal.jats.render.blocks import heading_tag, heading_words, under_heading
from journal.jats.render.notes import called_notes, with_notes
from journal.jats.render.rendering import Rendering
from journal.jats.tree import Element, first_child, name, names

#: Part of the back matter → (kind and class of its section, heading when the source gives none).
BACK = {
    "ack": ("ack", "Acknowledgments"),
    "app": ("appendix", "Appendix"),
    "app-group": ("appendix", ""),
    "glossary": ("glossary", "Glossary"),
    "notes": ("notes", "Notes"),
    "fn-group": ("endnotes", "Notes"),
    "bio": ("bio", "About the author"),
    "sec": ("back", ""),
}
#: Children of an article that are read elsewhere; anything else there is against the DTD, and shown.
ELSEWHERE = names("front front-stub article-meta journal-meta sub-article response processing-meta title label")


def sections(article: Element, r: Rendering) -> list[Section]:
    """The top-level parts of an article, or of an article within it, in reading order."""
    found: list[Section] = []
    for holder in article:
        kind = name(holder)
        if kind == "body":
            found += body_sections(holder, r)
        elif kind == "back":
            found += back_sections(holder, r)
        elif kind not in ELSEWHERE:
            found += _loose(article, holder, r)
    notes = called_notes(r)
    if notes:
        found.append(_footnotes(r, notes))
    return found


def _footnotes(r: Rendering, notes: str) -> Section:
    html_id = r.index.fresh_id("footnotes")
    html = f'<section class="endnotes" id="{html_id}">{heading_tag(r, "Footnotes")}{notes}</section>'
    heading = Heading(html_id, min(r.level, 6), "Footnotes", "Footnotes")
    r.headings.append(heading)
    return Section(html_id, heading.level, "Footnotes", "Footnotes", html, "endnotes", (heading,))


def body_sections(body: Element, r: Rendering) -> list[Section]:
    """Each sec is a section; what stands between secs becomes a section without a heading."""
    found: list[Section] = []
    loose: list[Element] = []
    _keep_loose_text(body)
    for child in body:
        if name(child) != "sec":
            loose.append(child)
            continue
        _close(loose, body, found, r)
        found.append(_section(child, r, "body", ""))
    _close(loose, body, found, r)
    return found


def _keep_loose_text(body: Element) -> None:
    """Text that stands directly in a body, against the DTD, becomes paragraphs."""
    for place, (holder, text) in reversed(
        list(enumerate([(None, body.text), *((child, child.tail) for child in body)]))
    ):
        if text and text.strip():
            paragraph = body.makeelement("p")
            paragraph.text = text
            if holder is None:
                body.text = None
            else:
                holder.tail = None
            body.insert(place, paragraph)


def _close(loose: list[Element], body: Element, found: list[Section], r: Rendering) -> None:
    if not loose:
        return
    before = len(r.headings)
    html = r.flow(body, children=loose)
    if html:
        html_id = r.index.fresh_id("text")
        whole = f'<section id="{html_id}">{html}</section>'
        found.append(Section(html_id, r.level, "", "", whole, "body", tree(r.headings[before:])))
    loose.clear()


def _section(el: Element, r: Rendering, kind: str, default: str) -> Section:
    before = len(r.headings)
    attributes = r.id(el, kind) + attribute("class", "" if kind in ("body", "back") else kind) + r.language(el)
    if el.tag == "fn-group":
        content = heading_tag(r, heading_words(r, el, default)) + with_notes(r, el, skip=("title", "label"))
        r.headings.append(_heading(el, r, default))
    else:
        content = under_heading(r, el, default, listed=True)
    headings = tree(r.headings[before:])
    own = headings[0] if headings and headings[0].id == r.index.id_of(el) else None
    title_html, title_text = (own.title_html, own.title_text) if own else ("", "")
    html = f"<section{attributes}>{content}</section>"
    return Section(r.index.id_of(el), r.level, title_html, title_text, html, kind, headings)


def _heading(el: Element, r: Rendering, default: str) -> Heading:
    title = first_child(el, "title")
    words = without_citations(r.unlinked(title)) if title is not None else escape(default)
    return Heading(r.index.id_of(el), min(r.level, 6), words, to_text(words))


def tree(flat: list[Heading]) -> tuple[Heading, ...]:
    """A list of headings in reading order as a tree by level."""
    roots: list[Heading] = []
    place = 0
    while place < len(flat):
        end = place + 1
        while end < len(flat) and flat[end].level > flat[place].level:
            end += 1
        head = flat[place]
        roots.append(Heading(head.id, head.level, head.title_html, head.title_text, tree(flat[place + 1 : end])))
        place = end
    return tuple(roots)


def back_sections(back: Element, r: Rendering) -> list[Section]:
    """Back matter but for the article's own reference lists, which are a fragment of their own."""
    parent = back.getparent()
    own_references = parent is not None and name(parent) == "article"
    found = []
    for child in back:
        if name(child) in BACK:
            found.append(_section(child, r, *BACK[name(child)]))
        elif not (name(child) == "ref-list" and own_references):
            found += _loose(back, child, r)
    return found


def _loose(holder: Element, child: Element, r: Rendering) -> list[Section]:
    """A part without a kind of its own, wherever it stands; nothing if it shows nothing."""
    html = r.flow(holder, children=[child])
    if not html:
        return []
    html_id = r.index.fresh_id("back")
    return [Section(html_id, r.level, "", "", f'<section id="{html_id}">{html}</section>', "back")]
