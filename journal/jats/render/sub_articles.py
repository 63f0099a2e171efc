"""Letters, replies, reviews and translations inside the article: a head like the article's own, one level deeper."""

from journal.jats import rights
from journal.jats.contributors import affiliations, contributors, group_of
from journal.jats.document import Heading, Section
from journal.jats.languages import own_name
from journal.jats.links import doi_url
from journal.jats.markup import attribute, escape, to_text, without_citations
from journal.jats.render.blocks import heading_tag, heading_words, keywords
from journal.jats.render.front import affiliation_list, byline
from journal.jats.render.information import biographies
from journal.jats.render.inline import anchor_tag
from journal.jats.render.notes import author_notes
from journal.jats.render.parts import sections, tree
from journal.jats.render.rendering import Rendering
from journal.jats.tree import Element, first_child, language, names, text_of

KINDS = {
    "reply": "Reply",
    "reviewer-report": "Reviewer report",
    "referee-report": "Reviewer report",
    "article-commentary": "Commentary",
    "translation": "Translation",
    "decision-letter": "Decision letter",
    "editor-report": "Editor’s report",
    "aggregated-review-documents": "Peer review",
    "author-comment": "Author’s comment",
}
#: What accompanies an article's way to print: read by few, and often longer than the article.
REVIEWS = names(
    "reviewer-report referee-report decision-letter editor-report aggregated-review-documents author-comment"
)


def sub_articles(el: Element, r: Rendering) -> list[Section]:
    """The parts of an article, or of a part, that are articles themselves."""
    return [_sub_article(part, r) for part in el.iterchildren("sub-article", "response")]


def _sub_article(el: Element, r: Rendering) -> Section:
    kind = KINDS.get(el.get("article-type") or el.get("response-type") or "", "Part of this article")
    attributes = r.id(el, "sub-article") + r.language(el)
    meta = _meta(el)
    title = meta.find("title-group/article-title") if meta is not None else None
    words = (r.inline(title).strip() if title is not None else "") or heading_words(r, el) or escape(kind)
    shown = without_citations(words)
    before = len(r.headings)
    r.headings.append(Heading(r.index.id_of(el), r.level, shown, to_text(shown)))
    head = _kind_line(el, kind, to_text(shown)) + heading_tag(r, words)
    head += _details(meta, r) if meta is not None else ""
    r.level += 1
    inner = "".join(section.html for section in [*sections(el, r), *sub_articles(el, r)])
    r.level -= 1
    rest = _rights(meta, r) if meta is not None else ""
    header = f'<header class="sub-article-head">{head}</header>'
    text = _folded(inner + rest, kind) if _is_of_review(el) and inner else inner + rest
    html = f'<section class="sub-article"{attributes}>{header}{text}</section>'
    part = "translation" if kind == KINDS["translation"] else "sub-article"
    headings = tree(r.headings[before:])
    return Section(r.index.id_of(el), r.level, shown, to_text(shown), html, part, headings, language(el))


def _is_of_review(el: Element) -> bool:
    """Whether it is a part of the article's peer review; a reply is one beside a review, and a letter without."""
    parent = el.getparent()
    beside = {one.get("article-type") for one in parent.iterchildren("sub-article")} if parent is not None else set()
    return el.get("article-type") in REVIEWS or (el.get("article-type") == "reply" and bool(beside & REVIEWS))


def _folded(text: str, kind: str) -> str:
    """Closed until somebody asks for it; a link into it opens it, and print shows it."""
    return f'<details class="disclosure"><summary>Show the {kind[0].lower()}{kind[1:]}</summary>{text}</details>'


def _meta(el: Element) -> Element | None:
    stub = first_child(el, "front-stub")
    return stub if stub is not None else el.find("front/article-meta")


def _kind_line(el: Element, kind: str, title: str) -> str:
    """What this part is, above its title, in the page's own language."""
    tongue = language(el)
    said = f"{kind}: {own_name(tongue)}" if kind == "Translation" and own_name(tongue) else kind
    return "" if title == said else f'<p class="sub-article-kind"{attribute("lang", "en" if tongue else "")}>{said}</p>'


def _details(meta: Element, r: Rendering) -> str:
    """Subtitle, authors and everybody else, affiliations, DOI, notes, abstracts and keywords of a part."""
    authors, others = contributors(meta, r)
    places = affiliations(meta, r)
    subtitles = [r.inline(el).strip() for el in meta.iterfind("title-group/subtitle")]
    lines = [f'<p class="sub-article-subtitle">{words}</p>' for words in subtitles if words]
    lines += [f"<p{r.language(el)}>{r.inline(el).strip()}</p>" for el in meta.iterfind("title-group/trans-title-group")]
    lines.append(byline(authors, places, group_of(meta)))
    for person in others:
        role = escape("; ".join(person.roles) or person.kind.replace("-", " ").capitalize())
        lines.append(f'<div class="sub-article-role">{role}: {byline((person,), places)}</div>')
    lines.append(affiliation_list(places, r))
    lines += [_role_line(author.name, author.roles) for author in authors if author.roles]
    lines.append(biographies(meta.iterfind("contrib-group/contrib/bio"), r))
    dois = [text_of(el) for el in meta.iterchildren("article-id") if el.get("pub-id-type") == "doi"]
    lines += [f'<p class="object-doi">{anchor_tag(r, doi_url(doi), escape(doi))}</p>' for doi in dois]
    lines += [author_notes(r, holder) for holder in meta.iterchildren("author-notes")]
    return "".join(lines) + _abstracts(meta, r)


def _role_line(author: str, roles: tuple[str, ...]) -> str:
    return f"<p>{escape(author)}: {escape('; '.join(roles))}</p>"


def _abstracts(meta: Element, r: Rendering) -> str:
    html = []
    r.level += 1
    for abstract in meta.iterchildren("abstract", "trans-abstract"):
        head = heading_tag(r, heading_words(r, abstract, "Abstract"))
        r.level += 1
        html.append(f"<section{r.language(abstract)}>{head}{r.flow(abstract, skip=('title', 'label'))}</section>")
        r.level -= 1
    html += [keywords(r, group) for group in meta.iterchildren("kwd-group")]
    r.level -= 1
    return "".join(html)


def _rights(meta: Element, r: Rendering) -> str:
    """What the part says about its money and its rights, at its end."""
    said = [f"<p>{r.inline(el).strip()}</p>" for el in meta.iterfind("funding-group/funding-statement")]
    copyright_line = rights.copyright_of(meta)
    said += [f"<p>{escape(copyright_line)}</p>"] if copyright_line else []
    said.append(rights.license_of(meta, r).html)
    products = [r.flow(meta, children=[el]) for el in meta.iterchildren("product", "supplementary-material")]
    text = "".join(said)
    return "".join(products) + (f'<div class="credit">{text}</div>' if text else "")
