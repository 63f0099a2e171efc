"""Figures, figure groups, chemical structures, supplements: label, picture, caption, credit."""

from journal.jats.document import Figure
from journal.jats.links import doi_url, find_doi, stem
from journal.jats.markup import escape, to_text, without_links
from journal.jats.render.inline import anchor_tag
from journal.jats.render.pictures import choose, file_named
from journal.jats.render.rendering import Rendering, block
from journal.jats.tree import Element, first_child, href, name, text_of

CREDITS = ("attrib", "permissions")
HEAD = ("label", "caption", "object-id", "alt-text", "long-desc", *CREDITS)


def label_of(r: Rendering, el: Element) -> str:
    label = first_child(el, "label")
    return f'<span class="label">{r.inline(label).strip()}</span> ' if label is not None else ""


def caption_of(r: Rendering, el: Element) -> str:
    """Caption in flow: its title as a span, then its paragraphs. Several captions (languages) follow each other."""
    return "".join(_caption(r, caption) for caption in el.iterchildren("caption"))


def _caption(r: Rendering, caption: Element) -> str:
    title = first_child(caption, "title")
    lead = f'<span class="caption-title">{r.inline(title).strip()}</span>' if title is not None else ""
    body = r.flow(caption, skip=("title",))
    attributes = r.language(caption)
    return f"<div{attributes}>{lead}{body}</div>" if attributes else lead + body


def credits_of(r: Rendering, el: Element) -> str:
    parts = (child for child in el if name(child) in CREDITS)
    said = (r.flow(part) if name(part) == "permissions" else f"<p>{r.inline(part)}</p>" for part in parts)
    text = "".join(said)
    return f'<div class="credit">{text}</div>' if text else ""


def object_doi(r: Rendering, el: Element) -> str:
    """The part's own DOI, as a link."""
    for object_id in el.iterchildren("object-id"):
        doi = find_doi(text_of(object_id)) if object_id.get("pub-id-type") == "doi" else ""
        if doi:
            return f'<p class="object-doi">{anchor_tag(r, doi_url(doi), escape(doi))}</p>'
    return ""


def figcaption(r: Rendering, el: Element, attributes: str = "") -> str:
    content = label_of(r, el) + caption_of(r, el) + object_doi(r, el) + credits_of(r, el)
    return f"<figcaption{attributes}>{content}</figcaption>" if content else ""


@block("fig", "chem-struct-wrap", "chem-struct-wrapper")
def figure(r: Rendering, el: Element) -> str:
    attributes = r.id(el, "fig")
    content = r.flow(el, skip=HEAD)
    caption = figcaption(r, el)
    if r.place == "page":
        r.figures.append(_record(r, el, caption))
    return f'<figure class="fig"{attributes}>{content}{caption}</figure>'


def _record(r: Rendering, el: Element, caption: str) -> Figure:
    bare = without_links(caption.removeprefix("<figcaption>").removesuffix("</figcaption>"))
    graphics = []
    for graphic in el.iter("graphic"):
        parent = graphic.getparent()
        if parent is None or name(parent) != "alternatives" or choose(r, parent) is graphic:
            graphics.append(stem(href(graphic)))
    return Figure(
        id=r.index.id_of(el),
        label=text_of(first_child(el, "label")),
        title_text=text_of(el.find("caption/title")),
        caption_html=bare,
        caption_text=to_text(bare),
        credit_text=" ".join(text_of(part) for part in el if name(part) in CREDITS),
        graphics=tuple(graphics),
    )


@block("fig-group")
def figure_group(r: Rendering, el: Element) -> str:
    attributes = r.id(el, "figs")
    caption = figcaption(r, el)
    return f'<figure class="fig-group"{attributes}>{caption}{r.flow(el, skip=HEAD)}</figure>'


@block("supplementary-material")
def supplement(r: Rendering, el: Element) -> str:
    """Label and caption, then the files. A supplement may name its own file or hold media elements."""
    attributes = r.id(el, "supplement")
    head = label_of(r, el)
    words = f"<p>{head}</p>" if head else ""
    body = r.flow(el, skip=("label", "object-id", "alt-text", "long-desc", *CREDITS))
    told = "://" in href(el) and escape(href(el)) in body
    rest = ("" if told else file_named(r, href(el))) + object_doi(r, el) + credits_of(r, el)
    return f'<div class="supplement"{attributes}>{words}{body}{rest}</div>'


@block("caption")
def loose_caption(r: Rendering, el: Element) -> str:
    return r.flow(el)


@block("chem-struct")
def chemical_structure(r: Rendering, el: Element) -> str:
    return f'<div class="formula"{r.anchor(el)}>{label_of(r, el)}{r.flow(el, skip=("label",))}</div>'
