"""The article information: everything of the front matter that is neither title, byline nor abstract."""

import calendar
from collections.abc import Iterable

from journal.jats.document import ABBREVIATIONS, Metadata, PartialDate
from journal.jats.links import license_name, trial_url
from journal.jats.markup import escape, to_text, without_links
from journal.jats.render.inline import anchor_tag
from journal.jats.render.notes import author_notes, footnotes_of_title
from journal.jats.render.rendering import INLINES, Rendering
from journal.jats.rights import data_statement_in_front
from journal.jats.tree import Element, first_child, name, names, text_of

#: Ways out that stand among the metadata.
_LINKS = ("ext-link", "uri", "email")
#: What an article's metadata may hold; anything else there is against the DTD, or of a publisher's own system.
_METADATA = names(
    "article-id article-version article-version-alternatives article-categories title-group contrib-group aff "
    "aff-alternatives author-notes pub-date pub-date-not-available volume volume-id volume-series issue issue-id "
    "issue-title issue-title-group issue-sponsor issue-part isbn supplement fpage lpage page-range elocation-id "
    "email ext-link uri product supplementary-material history pub-history permissions copyright-statement "
    "copyright-year copyright-holder license self-uri related-article related-object abstract trans-abstract kwd-group "
    "funding-group contract-num contract-sponsor support-group conference counts custom-meta-group "
    "custom-meta-wrap custom-meta"
)
_NOTES = ("fn-group", "notes")
#: Lists of words that are none of keywords, where the source gives them no heading.
_KEYWORDS = {
    **dict.fromkeys(ABBREVIATIONS, "Abbreviations"),
    "mesh": "Medical subject headings",
    "research-organism": "Research organism",
}
#: Taken once: the calendar asks the system for each name, each time.
_MONTHS = tuple(calendar.month_name)


def information(article: Element, meta: Metadata, r: Rendering) -> str:
    """Dates, people behind the article, declarations; then the notes of the front matter, under headings of level 3."""
    notes = _front_notes(article, r)
    rows = [
        *_dates(meta),
        *_people(meta),
        *_contributions(article, meta, r),
        *_declarations(article, meta, r, notes),
        *_occasion(article, r),
    ]
    listed = "".join(f"<div><dt>{term}</dt><dd>{words}</dd></div>" for term, words in rows if words)
    holders = article.iterfind("front/article-meta/author-notes")
    said = "".join(author_notes(r, holder) for holder in holders) + footnotes_of_title(article, r) + notes
    return (f'<dl class="information">{listed}</dl>' if listed else "") + said


def spelled(date: PartialDate) -> str:
    """`November 3, 2015`, `November 2015` or `2015`."""
    if date.month is None:
        return str(date.year)
    month = _MONTHS[date.month]
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
        role = "; ".join(person.roles) or person.kind.replace("-", " ").capitalize()
        roles.setdefault(escape(role), []).append(escape(", ".join(p for p in (person.name, person.degrees) if p)))
    for role, people in roles.items():
        yield role, "; ".join(people)


def _contributions(article: Element, meta: Metadata, r: Rendering) -> Iterable[tuple[str, str]]:
    """What each author did (CRediT), and what their biographies say."""
    said = [
        f"<p>{escape(author.name)}: {escape('; '.join(author.roles))}</p>" for author in meta.authors if author.roles
    ]
    yield "Author contributions", "".join(said)
    equal = [escape(author.name) for author in meta.authors if author.equal and not author.marks]
    yield "Contributed equally", "; ".join(equal) if len(equal) > 1 else ""
    yield "About the authors", biographies(article.iterfind("front/article-meta/contrib-group/contrib/bio"), r)


def biographies(bios: Iterable[Element], r: Rendering) -> str:
    return "".join(r.flow(bio, skip=("label", "title")) for bio in bios)


def _declarations(article: Element, meta: Metadata, r: Rendering, notes: str) -> Iterable[tuple[str, str]]:
    yield "Funding", _funding(article, meta)
    data = data_statement_in_front(article, r)
    yield "Data availability", data if to_text(data) not in to_text(notes) else ""
    trials = (anchor_tag(r, trial_url(trial), escape(trial)) for trial in meta.trial_registrations)
    yield "Trial registration", ", ".join(trials)
    yield "Copyright", escape(meta.copyright)
    yield "License", _license(meta, r)
    for words in meta.keywords:
        yield escape(words.title) or _KEYWORDS.get(words.kind.lower(), "Keywords"), escape("; ".join(words.words))


def _license(meta: Metadata, r: Rendering) -> str:
    """The license's own words; its address below them where they do not lead there."""
    url, words = meta.license.url, meta.license.html
    link = (
        anchor_tag(r, url, escape(license_name(url))) if url and url.split("://")[-1].rstrip("/") not in words else ""
    )
    return words + (f"<p>{link}</p>" if words and link else link)


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


def _occasion(article: Element, r: Rendering) -> Iterable[tuple[str, str]]:
    """The supplement or conference an article belongs to, and files that are listed in the front matter."""
    for term, tag in (("Supplement", "supplement"), ("Conference", "conference")):
        for el in article.iterfind(f"front/article-meta/{tag}"):
            yield term, "; ".join(text for child in el if (text := r.inline(child).strip())) or escape(text_of(el))
    files = article.iterfind("front/article-meta/supplementary-material")
    yield "Supplementary files", "".join(r.flow(el, children=[el]) for el in files)
    links = article.iterfind("front/article-meta/*")
    yield "Links", "; ".join(words for el in links if el.tag in _LINKS and (words := INLINES[el.tag](r, el).strip()))


def _front_notes(article: Element, r: Rendering) -> str:
    """Notes beside the article's metadata (`front/notes`): declarations, versions, how to cite; and notes among it."""
    front = first_child(article, "front")
    if front is None:
        return ""
    before, r.level = r.level, 3
    try:
        beside = r.flow(front, children=[child for child in front if child.tag not in ("article-meta", "journal-meta")])
        return beside + "".join(_notes_among(meta, r) for meta in front.iterchildren("article-meta"))
    finally:
        r.level = before


def _notes_among(meta: Element, r: Rendering) -> str:
    """Notes that stand among the metadata against the DTD. What is nobody's vocabulary is not shown, and reported."""
    for el in meta:
        if name(el) not in _METADATA and el.tag not in _NOTES:
            r.warn("unknown-element", f"<{name(el)[:80]}> is not known in an article's metadata; it is not shown.", el)
    return "".join(r.flow(meta, children=[el]) for el in meta.iterchildren(*_NOTES))
