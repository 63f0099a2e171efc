"""The head of the page as HTML: byline, affiliations, article information; and the head of a part of the article."""

import calendar
from collections.abc import Iterable

from journal.jats.contributors import contributors
from journal.jats.document import Author, Metadata, PartialDate
from journal.jats.links import doi_url
from journal.jats.markup import element, escape, to_text, without_links
from journal.jats.render.blocks import heading_words
from journal.jats.render.inline import anchor_tag
from journal.jats.render.notes import with_notes
from journal.jats.render.rendering import Rendering
from journal.jats.rights import data_statement_in_front
from journal.jats.tree import Element, text_of

SHOWN = 10


def byline(meta: Metadata) -> str:
    """The authors as a list; past the tenth they wait in a disclosure."""
    labels = {aff.id: aff.label or str(number) for number, aff in enumerate(meta.affiliations, 1)}
    items = [element("li", _author(author, labels), ' class="author"') for author in meta.authors]
    if not items:
        return ""
    first = f'<ul class="authors">{"".join(items[:SHOWN])}</ul>'
    if len(items) <= SHOWN:
        return first
    rest = f'<ul class="authors">{"".join(items[SHOWN:])}</ul>'
    return f'{first}<details class="more-authors"><summary>{len(items) - SHOWN} more authors</summary>{rest}</details>'


def _author(author: Author, labels: dict[str, str]) -> str:
    words = author.group_html or escape(author.name)
    if author.degrees:
        words += f', <span class="degrees">{escape(author.degrees)}</span>'
    if author.orcid:
        words += f' <a class="orcid" href="https://orcid.org/{author.orcid}" rel="nofollow noopener">ORCID iD</a>'
    marks = [f'<a href="#{aff}">{escape(labels[aff])}</a>' for aff in author.affiliations if aff in labels]
    if marks and len(labels) > 1:
        words += f'<sup class="aff-mark">{",".join(marks)}</sup>'
    if author.corresponding:
        words += ' <span class="corresponding">(corresponding author)</span>'
    if author.on_behalf_of:
        words += f" {escape(author.on_behalf_of)}"
    if author.members:
        members = "; ".join(escape(member.name) for member in author.members)
        words += f'<details class="members"><summary>{len(author.members)} members</summary>{members}</details>'
    return words


def affiliation_list(meta: Metadata, r: Rendering) -> str:
    """All affiliations with the labels the byline uses."""
    several = len(meta.affiliations) > 1
    items = []
    for number, aff in enumerate(meta.affiliations, 1):
        mark = aff.label or (str(number) if several else "")
        lead = f'<span class="label">{escape(mark)}</span> ' if mark else ""
        r.emitted.add(aff.id)
        items.append(f'<li id="{aff.id}">{lead}{aff.html}</li>')
    return f'<ul class="affiliations">{"".join(items)}</ul>' if items else ""


def information(article: Element, meta: Metadata, r: Rendering) -> str:
    """Everything of the front matter that is neither title, byline nor abstract."""
    rows = [*_dates(meta), *_people(meta), *_contributions(article, meta, r), *_declarations(article, meta, r)]
    listed = "".join(f"<div><dt>{term}</dt><dd>{words}</dd></div>" for term, words in rows if words)
    notes = author_notes(article, r)
    return (f'<dl class="information">{listed}</dl>' if listed else "") + notes


def author_notes(article: Element, r: Rendering) -> str:
    parts = []
    for holder in article.iterfind("front/article-meta/author-notes"):
        title = holder.find("title")
        head = f'<p class="caption-title">{r.inline(title)}</p>' if title is not None else ""
        parts.append(
            f'<div class="author-notes"{r.anchor(holder)}>{head}{with_notes(r, holder, skip=("title", "label"))}</div>'
        )
    return "".join(parts)


def spelled(date: PartialDate) -> str:
    """`November 3, 2015`, `November 2015` or `2015`."""
    if date.month is None:
        return str(date.year)
    month = calendar.month_name[date.month]
    return f"{month} {date.day}, {date.year}" if date.day else f"{month} {date.year}"


def _dates(meta: Metadata) -> Iterable[tuple[str, str]]:
    known = meta.dates
    named = {
        "Received": known.received,
        "Revised": known.revised,
        "Accepted": known.accepted,
        "Published online": known.published_online,
        "Corrected": known.corrected,
        "Retracted": known.retracted,
    }
    for term, date in named.items():
        if date is not None:
            yield term, spelled(date)


def _people(meta: Metadata) -> Iterable[tuple[str, str]]:
    roles: dict[str, list[str]] = {}
    for person in meta.contributors:
        role = person.roles[0] if person.roles else person.kind.replace("-", " ").capitalize()
        roles.setdefault(escape(role), []).append(escape(", ".join(p for p in (person.name, person.degrees) if p)))
    for role, names in roles.items():
        yield role, "; ".join(names)


def _contributions(article: Element, meta: Metadata, r: Rendering) -> Iterable[tuple[str, str]]:
    """What each author did (CRediT), and what their biographies say."""
    said = [
        f"<p>{escape(author.name)}: {escape('; '.join(author.roles))}</p>" for author in meta.authors if author.roles
    ]
    yield "Author contributions", "".join(said)
    bios = article.iterfind("front/article-meta/contrib-group/contrib/bio")
    yield "About the authors", "".join(r.flow(bio, skip=("label", "title")) for bio in bios)


def _declarations(article: Element, meta: Metadata, r: Rendering) -> Iterable[tuple[str, str]]:
    yield "Funding", _funding(article, meta)
    yield "Data availability", data_statement_in_front(article, r)
    yield "Trial registration", escape(", ".join(meta.trial_registrations))
    yield "Copyright", escape(meta.copyright)
    yield "License", meta.license.html or anchor_tag(r, meta.license.url, escape(meta.license.url))
    for words in meta.keywords:
        yield escape(words.title) or "Keywords", escape("; ".join(words.words))


def _funding(article: Element, meta: Metadata) -> str:
    """The statement of the front matter, then the awards by source, as far as the statement does not name them."""
    group = article.find("front/article-meta/funding-group/funding-statement")
    statement = without_links(meta.funding_statement_html) if group is not None else ""
    sources: dict[str, list[str]] = {}
    for award in meta.funding:
        recipients = [f"({', '.join(award.recipients)})"] if award.recipients else []
        sources.setdefault(award.source, []).append(" ".join([", ".join(award.award_ids), *recipients]).strip())
    lines = [
        ": ".join(p for p in (source, "; ".join(a for a in awards if a)) if p) for source, awards in sources.items()
    ]
    return statement + "".join(f"<p>{escape(line)}</p>" for line in lines if line and line not in to_text(statement))


def head_of_part(part: Element, r: Rendering, default: str) -> tuple[str, str]:
    """(heading, the rest of the head) of a sub-article or response."""
    stub = part.find("front-stub")
    meta = stub if stub is not None else part.find("front/article-meta")
    if meta is None:
        return heading_words(r, part, default), ""
    title = meta.find("title-group/article-title")
    words = r.inline(title).strip() if title is not None else ""
    return words or default, _details(meta, r) + _inner_abstracts(meta, r)


def _details(meta: Element, r: Rendering) -> str:
    authors, others = contributors(meta, r)
    people = [_named_with_roles(person, "") for person in authors]
    people += [_named_with_roles(person, person.kind) for person in others]
    lines = [f"<p>{', '.join(people)}</p>"] if people else []
    lines += [f"<p{r.id(aff, 'aff')}>{r.inline(aff).strip()}</p>" for aff in meta.iter("aff")]
    dois = [text_of(el) for el in meta.iterchildren("article-id") if el.get("pub-id-type") == "doi"]
    lines += [f"<p>{anchor_tag(r, doi_url(doi), escape(doi))}</p>" for doi in dois]
    lines += [with_notes(r, notes, skip=("title", "label")) for notes in meta.iterchildren("author-notes")]
    return "".join(lines)


def _named_with_roles(person: Author, otherwise: str) -> str:
    roles = escape("; ".join(person.roles) or otherwise)
    return (person.group_html or escape(person.name)) + (f" ({roles})" if roles else "")


def _inner_abstracts(meta: Element, r: Rendering) -> str:
    html = []
    r.level += 1
    for abstract in meta.iterchildren("abstract", "trans-abstract"):
        title = abstract.find("title")
        words = r.inline(title) if title is not None else "Abstract"
        level = min(r.level, 6)
        r.level += 1
        content = r.flow(abstract, skip=("title", "label"))
        html.append(f"<section{r.language(abstract)}><h{level}>{words}</h{level}>{content}</section>")
        r.level -= 1
    for group in meta.iterchildren("kwd-group"):
        words = "; ".join(r.inline(kwd).strip() for kwd in group.iter("kwd"))
        html.append(f'<p class="keywords"{r.language(group)}>{words}</p>')
    r.level -= 1
    return "".join(html)
