"""Links inside the article: citations of references, marks of notes, mentions of figures, tables, sections."""

from journal.jats.markup import attribute, escape
from journal.jats.render.rendering import Rendering, inline
from journal.jats.tree import Element, first_child, text_of


@inline("xref")
def xref(r: Rendering, el: Element) -> str:
    """A link to its first target; a citation names all its references in ``data-refs``. Else its text."""
    targets = r.index.resolved.get(el, [])
    if targets and (r.place != "page" or r.in_link):
        targets = [target for target in targets if r.may_link(target)]
    content = r.unlinked(el)
    if not content or content.isspace():
        content = _own_words(r, el)
    if not targets or not content:
        return content
    first = targets[0]
    href = f' href="{r.link_to(first)}"'
    if first.tag == "ref":
        more = _all_references(r, targets) if len(targets) > 1 else ""
        return f'<a class="cite"{href}{more}{r.mark(el)}>{content}</a>'
    if first.tag == "fn":
        return f'<a class="note-mark"{href}{r.mark(el)} role="doc-noteref">{content}</a>'
    return f"<a{href}{r.anchor(el)}>{content}</a>"


def _own_words(r: Rendering, el: Element) -> str:
    """An empty link shows its target's label, or the number of the reference."""
    words = []
    for target in r.index.resolved.get(el, ()):
        place = r.index.positions.get(target)
        words.append(text_of(first_child(target, "label")).strip(".") or (str(place[1] + 1) if place else ""))
    return escape(", ".join(word for word in words if word))


def _all_references(r: Rendering, targets: list[Element]) -> str:
    refs = [target for target in targets if target.tag == "ref"]
    if len(refs) < 2:
        return ""
    return attribute("data-refs", " ".join(r.link_to(ref)[1:] for ref in refs))
