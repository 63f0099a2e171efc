"""Graphics, media and `alternatives`: which one to show, and what to show when a file was not supplied."""

from journal.jats import links
from journal.jats.markup import attribute, escape
from journal.jats.render.inline import link_to_file, printable
from journal.jats.render.rendering import BLOCKS, INLINES, Rendering, block, inline
from journal.jats.tree import Element, first_child, href, name, text_of

GRAPHICS = ("graphic", "inline-graphic")
#: Best first. A picture of a table or formula is the last resort.
PREFERENCE = (
    "mml:math",
    "math",
    "table",
    "oasis:table",
    "tex-math",
    "textual-form",
    "code",
    "preformat",
    "media",
    *GRAPHICS,
)


def alternative_text(el: Element) -> str:
    """What the source says about a picture, else the label and title of what it stands in."""
    for holder in (el, el.getparent()):
        for tag in ("alt-text", "long-desc"):
            if holder is not None and (said := text_of(holder.find(tag))):
                return said
    figure = next(
        el.iterancestors("fig", "table-wrap", "boxed-text", "supplementary-material", "chem-struct-wrap"), None
    )
    if figure is None:
        return (
            "Formula" if next(el.iterancestors("inline-formula", "disp-formula"), None) is not None else "Illustration"
        )
    label, title = text_of(first_child(figure, "label")), text_of(figure.find("caption/title"))
    return " ".join(part for part in (label, title) if part) or "Illustration"


def picture(r: Rendering, el: Element, css_class: str = "") -> str:
    """`<img>`, in a link to its large version when there is one; a visible note when the file is missing."""
    image = r.images.get(links.stem(href(el)))
    if image is None:
        return _missing(r, el)
    if r.place != "page":  # the files of the article stand behind the wall, and so do its pictures
        return '<span class="missing">[Picture: see the full text]</span>'
    attributes = attribute("class", css_class) + attribute("src", image.url) + attribute("srcset", image.srcset)
    attributes += attribute("sizes", "(min-width: 50rem) 46rem, 100vw" if image.srcset else "")
    attributes += attribute("width", image.width) + attribute("height", image.height)
    attributes += attribute("alt", alternative_text(el))
    img = f'<img{attributes} loading="lazy" decoding="async">'
    if not image.full_url or r.in_link:
        return img
    return f'<a class="zoom"{attribute("href", image.full_url)}>{img}</a>'


def _missing(r: Rendering, el: Element) -> str:
    file_name = printable(href(el).rpartition("/")[2])
    r.warn("missing-picture", f"The picture {file_name or 'of an unusable name'} was not supplied.", el)
    return '<span class="missing">[Picture not supplied]</span>'


@inline("inline-graphic", "graphic")
def inline_graphic(r: Rendering, el: Element) -> str:
    formula = next(el.iterancestors("inline-formula", "disp-formula"), None)
    return picture(r, el, "inline-image" if formula is None else "formula-image") + r.inline(el)


@block("graphic")
def graphic(r: Rendering, el: Element) -> str:
    """A picture as a block; what a graphic element says in words (label, caption, credit) follows it."""
    words = r.flow(el, skip=("alt-text", "long-desc"))
    return f"<p{r.anchor(el)}>{picture(r, el)}</p>{words}"


@block("media")
def media(r: Rendering, el: Element) -> str:
    """A file to fetch. Only web addresses become links; files of the package are named."""
    label = el.find("label")
    lead = f'<p><span class="label">{r.inline(label).strip()}</span></p>' if label is not None else ""
    words = r.flow(el, skip=("label", "alt-text", "long-desc"))
    return f'<div class="supplement"{r.anchor(el)}>{lead}{words}{file_named(r, href(el))}</div>'


def file_named(r: Rendering, address: str) -> str:
    """The name of a supplement; a link if it is on the web or was supplied."""
    shown = link_to_file(r, address, escape(printable(address)))
    return f'<p><span class="file">{shown}</span></p>' if shown else ""


def choose(r: Rendering, el: Element) -> Element | None:
    """The one alternative to show: the most usable kind, and of several graphics one that was supplied."""
    children = list(el)
    for kind in PREFERENCE:
        found = [child for child in children if name(child) == kind]
        if kind in GRAPHICS:
            found.sort(key=lambda child: links.stem(href(child)) not in r.images)
        if found:
            return found[0]
    return children[0] if children else None


@inline("alternatives")
def chosen_in_line(r: Rendering, el: Element) -> str:
    chosen = choose(r, el)
    if chosen is None:
        return r.inline(el)
    handler = INLINES.get(name(chosen))
    return (handler(r, chosen) if handler else r.inline(chosen)) + _loose_words(el)


def _loose_words(el: Element) -> str:
    """Text beside the alternatives, where none belongs."""
    return escape(" ".join(text.strip() for text in [el.text, *(c.tail for c in el)] if text and text.strip()))


@block("alternatives")
def alternatives(r: Rendering, el: Element) -> str:
    chosen = choose(r, el)
    handler = None if chosen is None else BLOCKS.get(name(chosen))
    if chosen is None or handler is None:
        return chosen_in_line(r, el)
    words = _loose_words(el)
    return handler(r, chosen) + (f"<p>{words}</p>" if words else "")


@inline("collab-alternatives", "name-alternatives", "citation-alternatives", "aff-alternatives")
def first_alternative(r: Rendering, el: Element) -> str:
    """Several forms of one name: the first, which is the article's own language."""
    first = next(iter(el), None)
    if first is None:
        return ""
    handler = INLINES.get(name(first))
    return handler(r, first) if handler else r.inline(first)
