"""Pass 2 and the whole way: an `<article>` element to an `ArticleDoc`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from journal.jats import index as indexing
from journal.jats.arrange import arrange
from journal.jats.document import Abstract, ArticleDoc, Extract, Heading, Images, Metadata, Problem, Reference
from journal.jats.extract import extract
from journal.jats.front import front_only
from journal.jats.markup import to_text, without_citations
from journal.jats.metadata import metadata
from journal.jats.render import blocks, cals, citations, figures, inline, maths, notes, pictures, references, tables
from journal.jats.render.allowed import clean, clean_and_read
from journal.jats.render.blocks import heading_words
from journal.jats.render.front import affiliation_list, byline
from journal.jats.render.information import information
from journal.jats.render.parts import sections, tree
from journal.jats.render.rendering import BLOCKS, Rendering
from journal.jats.render.sub_articles import sub_articles
from journal.jats.tree import Element, language, line_of, name

#: Raise it when stored HTML should be made again; `manage.py rerender` compares it.
VERSION = 6

#: Imported for what they register.
SUBJECTS = (blocks, cals, citations, figures, inline, maths, notes, pictures, references, tables)

#: U+E000 to U+F8FF in UTF-8.
_PRIVATE = re.compile(rb"\xee[\x80-\xbf][\x80-\xbf]|\xef[\x80-\xa3][\x80-\xbf]")
_LINK = re.compile(r'<a ([^>]*?)href="#([^"]+)"([^>]*)>(.*?)</a>', re.DOTALL)
_PUBLIC = ("product_html", "byline_html", "affiliations_html", "information_html", "references_html")
_BACKLINKS = re.compile(r' <span class="backlinks">(?:<a [^>]*>[^<]*</a> ?)*</span>')


def render(article: Element, images: Images | None = None, files: Mapping[str, str] | None = None) -> ArticleDoc:
    """Render an article (its tree is rearranged in place).

    ``images`` by `links.stem` of their file names, ``files`` (addresses of supplements) by `links.file_name`.

    Never raises on what the article says: what cannot be shown is a warning, what is missing an error of the result.
    """
    front = front_only(article)
    arrange(article, BLOCKS)
    index = indexing.build(article)
    r = Rendering(index, images or {}, files or {})
    r.warnings += index.warnings
    parts = _public_parts(article, r)
    r.place = "page"
    found = sections(article, r) + sub_articles(article, r)
    reference_parts = _references(article, r)
    public = {**parts, **reference_parts}
    shown = _ids([public[part] for part in _PUBLIC] + [abstract.html for abstract in parts["abstracts"]])
    finish = _Finish(shown | _ids(section.html for section in found), shown)
    return _finished(article, r, finish, {**public, "sections": found, "front": front})


def _ids(fragments: Iterable[str]) -> set[str]:
    """The ids that are really there: a link may lead only to these."""
    return {piece.partition('"')[0] for fragment in fragments for piece in fragment.split(' id="')[1:]}


def _public_parts(article: Element, r: Rendering) -> dict[str, Any]:
    """What everybody gets. Metadata first, without ids, because its words are shown in several places."""
    r.place = "extract"
    meta = metadata(article, r)
    abstracts = [el for el in article.iterfind("front/article-meta/*") if name(el) in ("abstract", "trans-abstract")]
    brief = extract(article, r, BLOCKS) if not abstracts else None  # it stands where an abstract would
    r.place = "public"
    return {
        "metadata": meta,
        "extract": brief,
        "abstracts": [_abstract(el, r) for el in abstracts],
        "product_html": "".join(r.flow(el, children=[product]) for el, product in _products(article)),
        "byline_html": byline(meta.authors, meta.affiliations, meta.on_behalf_of),
        "affiliations_html": affiliation_list(meta.affiliations, r),
        "information_html": information(article, meta, r),
    }


def _products(article: Element) -> Iterable[tuple[Element, Element]]:
    """What a review is about: each product with its parent."""
    for meta in article.iterfind("front/article-meta"):
        yield from ((meta, product) for product in meta.iterchildren("product"))


def _abstract(el: Element, r: Rendering) -> Abstract:
    kind = el.get("abstract-type", "") or ("translated" if name(el) == "trans-abstract" else "")
    title_html = without_citations(heading_words(r, el))
    _keep_further_titles(el)
    r.level = 3
    html = r.flow(el, skip=("title", "label"))
    r.level = 2
    return Abstract(kind, title_html, to_text(title_html), language(el), html, to_text(html))


def _keep_further_titles(abstract: Element) -> None:
    """A second label or title, where one abstract holds the words of two languages, is a paragraph of it."""
    for tag in ("label", "title"):
        for further in list(abstract.iterchildren(tag))[1:]:
            further.tag = "p"


def _references(article: Element, r: Rendering) -> dict[str, Any]:
    """The article's own reference lists as one fragment, with and without the way back into the text."""
    lists = article.findall("back/ref-list")
    html: list[str] = []
    found: list[Reference] = []
    titles = [heading_words(r, el) for el in lists]
    for ref_list, title in zip(lists, titles, strict=True):
        if title and len(lists) > 1:
            html.append(f'<h3 class="refs-title">{title}</h3>')
        entries, more = references.entries(r, ref_list)
        html.append(entries)
        found += more
    title_text = to_text(without_citations(titles[0])) if len(titles) == 1 else ""
    return {"references": found, "references_html": "".join(html), "references_title": title_text or "References"}


def _finished(article: Element, r: Rendering, finish: "_Finish", fields: dict[str, Any]) -> ArticleDoc:
    """Take out links to nothing, clean, and freeze."""
    meta: Metadata = fields["metadata"]
    found = [(section, *finish.read(section.html)) for section in fields["sections"]]
    reference_html = finish.html(fields["references_html"])
    brief: Extract | None = fields["extract"]
    plain_text = "\n\n".join(words for _section, _html, words in found)
    _warn_of_private_letters(plain_text, r)
    return ArticleDoc(
        metadata=replace(meta, title_html=clean(meta.title_html), subtitle_html=clean(meta.subtitle_html)),
        abstracts=tuple(
            replace(abstract, html=finish.public(abstract.html), title_html=clean(abstract.title_html))
            for abstract in fields["abstracts"]
        ),
        extract=replace(brief, html=finish.public(brief.html)) if brief else None,
        sections=tuple(replace(section, html=html) for section, html, _words in found),
        contents=tree([_clean_heading(heading) for heading in r.headings]),
        figures=tuple(r.figures),
        tables=tuple(r.tables),
        references=tuple(fields["references"]),
        references_title=fields["references_title"],
        references_html=reference_html,
        public_references_html=finish.for_everybody(_BACKLINKS.sub("", reference_html)),
        notes=tuple(r.notes),
        product_html=finish.public(fields["product_html"]),
        byline_html=finish.public(fields["byline_html"]),
        affiliations_html=finish.public(fields["affiliations_html"]),
        information_html=finish.public(fields["information_html"]),
        plain_text=plain_text,
        front_xml=fields["front"],
        errors=tuple(_errors(article, meta)),
        warnings=tuple(r.warnings),
        renderer_version=VERSION,
    )


def _warn_of_private_letters(text: str, r: Rendering) -> None:
    """Signs that only the publisher's own fonts know are boxes to everybody else. Looked for as bytes: in no time."""
    data = text.encode()
    found = _PRIVATE.search(data) if b"\xee" in data or b"\xef" in data else None
    if found:
        around = data[max(0, found.start() - 30) : found.end() + 30].decode(errors="ignore")
        r.warn("private-letter", f"A letter of private use (U+{ord(found[0].decode()):04X}) stands at “{around}”.")


def _clean_heading(heading: Heading) -> Heading:
    return replace(heading, title_html=clean(heading.title_html)) if "<" in heading.title_html else heading


class _Finish:
    """The last step of each fragment: links whose end was never written lose their link, then nh3."""

    def __init__(self, present: set[str], public: set[str]) -> None:
        self.present, self.present_in_public = present, public

    def html(self, fragment: str) -> str:
        """A fragment for the page with the full text."""
        return clean(self._with_ends(fragment, self.present))

    def read(self, fragment: str) -> tuple[str, str]:
        """The same, and its words."""
        return clean_and_read(self._with_ends(fragment, self.present))

    def public(self, fragment: str) -> str:
        """A fragment for everybody: its links must not need the full text."""
        return clean(self._with_ends(fragment, self.present_in_public))

    @staticmethod
    def _with_ends(fragment: str, present: set[str]) -> str:
        def unlinked(match: re.Match[str]) -> str:
            if match.group(2) in present:
                return match.group()
            return "" if "backlink" in match.group(1) else match.group(4)

        targets = [piece.partition('"')[0] for piece in fragment.split('href="#')[1:]]
        return fragment if present.issuperset(targets) else _LINK.sub(unlinked, fragment)

    def for_everybody(self, cleaned: str) -> str:
        """A fragment that is clean already, without the links that lead into the full text."""
        return self._with_ends(cleaned, self.present_in_public)


def _errors(article: Element, meta: Metadata) -> list[Problem]:
    """What keeps the article a draft."""
    meta_element = article.find("front/article-meta")
    line = line_of(article if meta_element is None else meta_element)
    found = []
    if meta_element is None:
        found.append(Problem("no-front", "The article has no front matter (front/article-meta).", line_of(article)))
    if not meta.doi:
        found.append(Problem("no-doi", "The article has no DOI (article-id with pub-id-type doi).", line))
    if not meta.title_text:
        found.append(Problem("no-title", "The article has no title (article-title).", line))
    if meta.dates.published is None:
        found.append(Problem("no-date", "The article has no publication date (pub-date).", line))
    return found
