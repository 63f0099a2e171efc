"""The front matter as data."""

import re
from typing import Any

from journal.jats import links, rights
from journal.jats.contributors import affiliations, contributors, group_of
from journal.jats.dates import dates
from journal.jats.document import Keywords, Metadata, RelatedArticle, Title
from journal.jats.markup import to_text, without_links
from journal.jats.render.rendering import Rendering
from journal.jats.tree import Element, detach, first_child, href, language, plain, raw_text, text_at, text_of

#: How numbers of trials begin: words to look for before the pattern is tried at every one.
_REGISTERS = ("NCT", "ISRCTN", "ACTRN", "ChiCTR", "UMIN", "EudraCT")
_TRIAL = re.compile(r"\b(?:NCT\d{8}|ISRCTN\d{8}|ACTRN\d{14}|ChiCTR[\w-]{5,20}|UMIN\d{9}|EudraCT \d{4}-\d{6}-\d\d)\b")


def metadata(article: Element, r: Rendering) -> Metadata:
    """Metadata of an indexed article; fields the source does not give stay empty."""
    front = first_child(article, "front")
    meta = first_child(front, "article-meta") if front is not None else first_child(article, "front-stub")
    journal = first_child(front, "journal-meta") if front is not None else None
    base = _journal(journal) if journal is not None else {}
    if meta is None:
        return Metadata(**base, article_type=article.get("article-type", ""), language=language(article))
    authors, others = contributors(meta, r)
    return Metadata(
        **base,
        **_identifiers(meta, r),
        **_titles(meta, r),
        **_place(meta),
        article_type=article.get("article-type", ""),
        subject=_subjects(meta)[0] if _subjects(meta) else "",
        subjects=_subjects(meta),
        language=language(article),
        translated_titles=tuple(_translated(meta, r)),
        authors=authors,
        on_behalf_of=group_of(meta),
        contributors=others,
        affiliations=affiliations(meta, r),
        dates=dates(meta, r),
        keywords=tuple(_keywords(meta)),
        license=rights.license_of(meta, r),
        copyright=rights.copyright_of(meta),
        funding=rights.funding_of(meta),
        funding_statement_html=rights.funding_statement(article, r),
        related_articles=tuple(_related(meta)),
        trial_registrations=_trials(raw_text(meta)),
    )


def _trials(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_TRIAL.findall(text))) if any(word in text for word in _REGISTERS) else ()


def _journal(journal: Element) -> dict[str, Any]:
    abbreviation = next(
        (text_of(el) for el in journal.iter("journal-id") if el.get("journal-id-type") in ("nlm-ta", "iso-abbrev")), ""
    ) or next((text_of(el) for el in journal.iter("abbrev-journal-title")), "")
    return {
        "journal_title": next((plain(text_of(el)) for el in journal.iter("journal-title")), ""),
        "journal_abbreviation": abbreviation,
        "issns": tuple(
            (el.get("pub-type") or el.get("publication-format") or "", text_of(el)) for el in journal.iter("issn")
        ),
        "publisher": text_at(journal, "publisher/publisher-name"),
    }


def _identifiers(meta: Element, r: Rendering) -> dict[str, Any]:
    ids: dict[str, str] = {}
    for el in meta.iterchildren("article-id"):
        ids.setdefault(el.get("pub-id-type", ""), text_of(el))
    doi = links.declared_doi(ids.get("doi", ""))
    if ids.get("doi") and doi != ids["doi"]:
        r.warn(
            "doi-form",
            f'The DOI is written "{ids["doi"][:80]}"; "{doi}" is used.' if doi else "What stands as DOI is none.",
        )
    digits = re.search(r"\d+", ids.get("pmcid", "") or ids.get("pmc", ""))
    return {
        "doi": doi,
        "publisher_id": ids.get("publisher-id", ""),
        "pmid": ids.get("pmid", ""),
        "pmcid": f"PMC{digits.group()}" if digits else "",
    }


def _titles(meta: Element, r: Rendering) -> dict[str, Any]:
    group = first_child(meta, "title-group")
    r.index.title_notes += meta.iterfind("title-group/fn-group//fn")
    holder = group if group is not None else meta
    title, subtitle = _title(first_child(holder, "article-title"), r), _title(first_child(holder, "subtitle"), r)
    return {
        "title_html": title.html,
        "title_text": title.text,
        "subtitle_html": subtitle.html,
        "subtitle_text": subtitle.text,
    }


def _title(el: Element | None, r: Rendering) -> Title:
    """A title without note marks and links: it is shown in lists, too."""
    if el is None:
        return Title("", "")
    r.index.title_notes += el.iter("fn")
    for mark in [
        *el.iter("fn"),
        *(x for x in el.iter("xref") if x.get("ref-type") in ("fn", "author-notes", "aff", "corresp")),
    ]:
        detach(mark)
    html = plain(without_links(r.unlinked(el)).replace("<br>", " "))
    return Title(html, plain(to_text(html)), language(el))


def _translated(meta: Element, r: Rendering) -> list[Title]:
    found = []
    for el in meta.iterfind("title-group//trans-title"):
        parent = el.getparent()
        title = _title(el, r)
        subtitle = _title(first_child(parent, "trans-subtitle"), r).html if parent is not None else ""
        tongue = language(el) or (language(parent) if parent is not None else "")
        found.append(Title(title.html, title.text, tongue, subtitle))
    return found


def _subjects(meta: Element) -> tuple[str, ...]:
    """Headings under which the article stands, the one of the contents list first."""
    groups = sorted(
        meta.iterfind("article-categories/subj-group"), key=lambda el: el.get("subj-group-type") != "heading"
    )
    return tuple(plain(text_of(subject)) for group in groups for subject in group.iter("subject") if text_of(subject))


def _place(meta: Element) -> dict[str, Any]:
    parts = {"volume": "volume", "issue": "issue", "issue_title": "issue-title", "fpage": "fpage", "lpage": "lpage"}
    parts |= {"page_range": "page-range", "elocation_id": "elocation-id"}
    return {key: text_at(meta, tag) for key, tag in parts.items()}


def _keywords(meta: Element) -> list[Keywords]:
    found = []
    for group in meta.iterchildren("kwd-group"):
        words = tuple(plain(text_of(el)) for el in group.iter("kwd") if text_of(el))
        words += tuple(" ".join(text_of(part) for part in el) for el in group.iterchildren("compound-kwd"))
        kind = group.get("kwd-group-type", "")
        named = " ".join(text_of(el) for el in group.iterchildren("label", "title"))
        found.append(Keywords(language(group), kind, named.rstrip(": "), words))
    return [keywords for keywords in found if keywords.words]


def _related(meta: Element) -> list[RelatedArticle]:
    found = []
    for el in meta.iterchildren("related-article"):
        relation, address = el.get("related-article-type", ""), href(el)
        doi = links.find_doi(address)
        url = "" if doi else links.typed_url(el.get("ext-link-type", ""), address)
        found.append(RelatedArticle(relation, doi, url, text_of(el)))
    return found
