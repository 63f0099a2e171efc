"""The reference list: each entry as the source prints it, or in AMA style where the source gives only its parts."""

from journal.jats.document import Reference
from journal.jats.links import doi_url, find_doi
from journal.jats.markup import escape, line_text
from journal.jats.render.ama import formatted, has_own_words, is_author, plain_name
from journal.jats.render.blocks import heading_tag, heading_words
from journal.jats.render.inline import anchor_tag
from journal.jats.render.notes import backlinks
from journal.jats.render.rendering import Rendering, block, inline
from journal.jats.tree import Element, children_of, first_child, href, name, text_of

TITLES = ("article-title", "chapter-title", "data-title", "part-title")
_NAMES = ("name", "string-name", "collab")
_ASKED = {
    *(*TITLES, "source", "year", "volume", "fpage", "elocation-id"),
    *("pub-id", "article-id", "ext-link", "uri"),
    *_NAMES,
}
CITATIONS = ("mixed-citation", "element-citation", "citation", "nlm-citation")


@inline("mixed-citation", "citation", "nlm-citation", "element-citation", "nomenclature-citation")
def citation(r: Rendering, el: Element) -> str:
    """As given if there are words or punctuation between the parts, else built from the parts."""
    words = r.inline(el) if has_own_words(el) else formatted(r, el)
    anchor = r.anchor(el)
    return f"<span{anchor}>{words}</span>" if anchor else words


@block("ref-list")
def list_in_text(r: Rendering, el: Element) -> str:
    """A reference list within a section, appendix or letter, under its own heading."""
    head = heading_tag(r, heading_words(r, el))
    items, _references = entries(r, el)
    return f"<div{r.anchor(el)}>{head}{items}</div>"


def entries(r: Rendering, ref_list: Element) -> tuple[str, list[Reference]]:
    """(html, references) of a list and the lists nested in it, without its own title."""
    references: list[Reference] = []
    html = [_paragraph(escape(ref_list.text))]
    items: list[str] = []
    for child in ref_list:
        if child.tag == "ref":
            words = " ".join(_parts(r, child))
            references.append(reference(r, child, words))
            items.append(_item(r, child, references[-1], words))
            continue
        _close(items, html)
        if name(child) == "ref-list":
            if words := heading_words(r, child):
                html.append(f'<h3 class="refs-title">{words}</h3>')
            nested, more = entries(r, child)
            html.append(nested)
            references += more
        elif name(child) not in ("title", "label"):
            html.append(_paragraph(r.inline(child) + escape(child.tail)))
    _close(items, html)
    return "".join(html), references


def _paragraph(words: str) -> str:
    return f"<p>{words.strip()}</p>" if words.strip() else ""


def _close(items: list[str], html: list[str]) -> None:
    if items:
        html.append(f'<ol class="refs">{"".join(items)}</ol>')
        items.clear()


def _item(r: Rendering, ref: Element, entry: Reference, words: str) -> str:
    label = f'<span class="ref-label">{entry.label}</span> ' if entry.label else ""
    linked = "doi.org/" in words
    link = anchor_tag(r, doi_url(entry.doi), "DOI") if entry.doi and not linked else ""
    links = f' <span class="ref-links">{link}</span>' if link else ""
    text = f'<span class="ref-text">{words}{backlinks(r, ref)}</span>'
    return f'<li class="ref"{r.id(ref, "ref")}>{label}{text}{links}</li>'


def reference(r: Rendering, ref: Element, html: str) -> Reference:
    """What exports and meta tags need of an entry; ``html`` are its rendered words."""
    label = first_child(ref, "label")
    text = line_text(html)
    found, ids, authors = _facts(r, _citation_in(ref))
    return Reference(
        id=r.index.id_of(ref, "ref"),
        label=r.inline(label).strip() if label is not None else "",
        text=text,
        doi=find_doi(ids.get("doi", "")) or ids.get("linked", "") or (find_doi(text) if "10." in text else ""),
        pmid=ids.get("pmid", ""),
        pmcid=ids.get("pmcid", "") or ids.get("pmc", ""),
        title=next((found[key] for key in TITLES if key in found), ""),
        source=found.get("source", ""),
        authors=tuple(authors),
        year=found.get("year", ""),
        volume=found.get("volume", ""),
        fpage=found.get("fpage") or found.get("elocation-id", ""),
    )


def _citation_in(ref: Element) -> Element:
    """The first citation of an entry, which is nearly always a child; without one the entry itself."""
    for child in children_of(ref):
        if child.tag in CITATIONS:
            return child
        if len(child):
            break
    return next(ref.iter(*CITATIONS), ref)


def _facts(r: Rendering, citation_el: Element) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """What exports ask for: the text of the first element of each name; identifiers by kind, with `linked` a DOI in a
    link; the authors' names."""
    found: dict[str, str] = {}
    ids: dict[str, str] = {}
    authors: list[str] = []
    group, counts = None, True
    for el in citation_el.iter():
        tag = el.tag
        if tag not in _ASKED:
            continue
        if tag in _NAMES:
            parent = el.getparent()
            if parent is not group:
                group, counts = parent, is_author(el)
            if counts:
                authors.append(plain_name(r, el))
        elif tag in ("pub-id", "article-id"):
            ids[el.get("pub-id-type", "")] = text_of(el)
        elif tag in ("ext-link", "uri"):
            if "linked" not in ids and (doi := _linked_doi(el)):
                ids["linked"] = doi
        elif tag not in found:
            found[tag] = text_of(el)
    return found, ids, authors


def _parts(r: Rendering, ref: Element) -> list[str]:
    """Citations, notes and paragraphs in order, each in one line; the tagged twin of a printed citation is left out."""
    children = children_of(ref)
    tags = [child.tag for child in children]
    twins = ("label", "element-citation") if "mixed-citation" in tags else ("label",)
    parts = [_line(r, child) for child, tag in zip(children, tags, strict=True) if tag not in twins]
    return [words for part in [escape(ref.text), *parts] if (words := part.strip())]


def _line(r: Rendering, child: Element) -> str:
    if child.tag in CITATIONS:
        return citation(r, child)
    if child.tag == "citation-alternatives":
        chosen = next((el for el in child if name(el) == "mixed-citation"), next(iter(child), None))
        return citation(r, chosen) if chosen is not None else ""
    return r.inline(child)


def _linked_doi(link: Element) -> str:
    address = href(link)
    return find_doi(address) if link.get("ext-link-type") == "doi" or "doi.org/" in address else ""
