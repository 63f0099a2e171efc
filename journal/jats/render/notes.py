"""Footnotes: in the line of text, in groups at the end, beneath tables; each with the way back."""

from journal.jats.document import Note
from journal.jats.markup import escape
from journal.jats.render.rendering import Rendering, block, inline
from journal.jats.tree import Element, first_child, name, text_of


@inline("fn")
def footnote_in_line(r: Rendering, el: Element) -> str:
    """A note written where it is called: a mark here, the note with the others at the end."""
    if r.place != "page" or r.in_link:
        return ""
    if el not in r.pending_notes:
        r.pending_notes.append(el)
    mark = escape(_sign(el)) or f"n{len(r.pending_notes)}"
    back = f"{r.index.id_of(el, 'fn')}-mark"
    r.emitted.add(back)
    return f'<sup><a class="note-mark" href="{r.link_to(el)}" id="{back}" role="doc-noteref">{mark}</a></sup>'


def _sign(fn: Element) -> str:
    return text_of(first_child(fn, "label")) or fn.get("symbol", "").strip()


def note_item(r: Rendering, fn: Element) -> str:
    """One note as a list item, with links back to where it is called."""
    attributes = r.id(fn, "fn")
    label = first_child(fn, "label")
    mark = r.inline(label).strip() if label is not None else escape(fn.get("symbol", "").strip())
    lead = f'<span class="label">{mark}</span> ' if mark else ""
    content = _joined(lead, r.flow(fn, skip=("label",)))
    return f'<li class="note"{attributes}>{content}{backlinks(r, fn)}</li>'


def _joined(lead: str, content: str) -> str:
    """The label inside the first paragraph, so that both stand in one line."""
    return f"<p>{lead}{content[3:]}" if content.startswith("<p>") else lead + content


def backlinks(r: Rendering, el: Element) -> str:
    """Links from a note or reference to each place that calls it."""
    if r.place != "page":  # the mentions are in the full text
        return ""
    marks = r.index.marks_of.get(el, [])
    if el.tag == "fn" and (own := f"{r.index.id_of(el)}-mark") in r.emitted:
        marks = [own, *marks]
    links = []
    for place, mark in enumerate(marks, 1):
        said = f"Back to mention {place}" if len(marks) > 1 else "Back to the text"
        links.append(f'<a class="backlink" href="#{mark}" aria-label="{said}">↩</a>')
    return f' <span class="backlinks">{" ".join(links)}</span>' if links else ""


def with_notes(r: Rendering, el: Element, skip: tuple[str, ...] = ()) -> str:
    """Content of a holder of notes: the notes as one list, everything else as blocks before it."""
    notes = [child for child in el if name(child) == "fn"]
    items = "".join(note_item(r, fn) for fn in notes)
    _record(r, notes)
    rest = r.flow(el, skip=("fn", *skip))
    return rest + (f'<ol class="notes">{items}</ol>' if items else "")


def _record(r: Rendering, notes: list[Element]) -> None:
    if r.place == "page":
        r.notes += [Note(r.index.id_of(fn), _sign(fn), text_of(fn), fn.get("fn-type", "")) for fn in notes]


@block("fn-group", "author-notes")
def footnote_group(r: Rendering, el: Element) -> str:
    title = first_child(el, "title")
    head = f'<p class="caption-title">{r.inline(title)}</p>' if title is not None else ""
    return f"<div{r.anchor(el)}>{head}{with_notes(r, el, skip=('title', 'label'))}</div>"


def author_notes(r: Rendering, holder: Element) -> str:
    """Correspondence and notes about the authors."""
    title = first_child(holder, "title")
    head = f'<p class="caption-title">{r.inline(title)}</p>' if title is not None else ""
    notes = with_notes(r, holder, skip=("title", "label"))
    return f'<div class="author-notes"{r.anchor(holder)}>{head}{notes}</div>'


def footnotes_of_title(article: Element, r: Rendering) -> str:
    """Notes written into the title, whose marks the title itself does not show."""
    found = [el for el in r.index.title_notes if next(el.iterancestors("article"), article) is article]
    items = "".join(note_item(r, fn) for fn in found)
    return f'<ol class="notes">{items}</ol>' if items else ""


@block("corresp")
def correspondence(r: Rendering, el: Element) -> str:
    return f"<p{r.anchor(el)}>{r.inline(el).strip()}</p>"


def called_notes(r: Rendering) -> str:
    """The notes that were written in the line, as a list; more may appear while these are rendered."""
    items, done = [], 0
    while done < len(r.pending_notes):
        fn = r.pending_notes[done]
        items.append(note_item(r, fn))
        done += 1
    _record(r, r.pending_notes)
    r.pending_notes.clear()
    return f'<ol class="notes">{"".join(items)}</ol>' if items else ""
