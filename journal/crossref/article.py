"""One `journal_article` of a deposit."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone

from journal.access import public_reason
from journal.citation.exports import LANGUAGES
from journal.crossref.markup import abstracts, put_marked
from journal.crossref.names import put, put_if
from journal.crossref.people import put_contributors
from journal.crossref.rights import put_links, put_programs, put_relations
from journal.metadata import absolute
from journal.models import Article
from journal.records import Facts, facts_of
from journal.xml import Element


def put_article(journal: Element, article: Article) -> list[str]:
    """Write the article; returns what of it the deposit does not say, in words. `article` has its record."""
    facts = facts_of(article)
    language = article.language.partition("-")[0].lower()
    entry = put(journal, "journal_article", language=language if language in LANGUAGES else "")
    _put_titles(entry, article, facts)
    put_contributors(entry, article, facts)
    record = getattr(article, "record", None)
    entry.extend(abstracts(record.front if record else ""))
    _put_dates(entry, article, facts)
    _put_place(entry, article)
    left_out = put_programs(entry, article, facts)
    put_relations(entry, article, facts)
    _put_doi(entry, article)
    _put_citations(entry, facts)
    return left_out


def _put_titles(entry: Element, article: Article, facts: Facts) -> None:
    titles = put(entry, "titles")
    retracted = "RETRACTED: " if article.retracted_on and not article.title.upper().startswith("RETRACTED") else ""
    put_marked(titles, "title", f"{retracted}{article.title_html}", f"{retracted}{article.title}")
    if article.subtitle.strip():
        put_marked(titles, "subtitle", article.subtitle_html, article.subtitle)
    for title in facts.get("translated_titles", ())[:19]:
        if title.get("text", "").strip():
            put(put(entry, "titles"), "title", title["text"])


def _put_dates(entry: Element, article: Article, facts: Facts) -> None:
    if article.published_online:
        put_date(entry, "publication_date", article.published_online, media_type="online")
    accepted = facts.get("dates", {}).get("accepted")
    if accepted:
        _put_parts(put(entry, "acceptance_date"), accepted)


def put_date(parent: Element, name: str, day: date, **attributes: str) -> None:
    _put_parts(put(parent, name, **attributes), {"year": day.year, "month": day.month, "day": day.day})


def _put_parts(holder: Element, parts: Mapping[str, Any]) -> None:
    for name in ("month", "day"):
        put_if(holder, name, f"{parts[name]:02}" if parts.get(name) else "")
    put(holder, "year", str(parts["year"]))


def _put_place(entry: Element, article: Article) -> None:
    if article.first_page:
        pages = put(entry, "pages")
        put(pages, "first_page", article.first_page)
        put_if(pages, "last_page", article.last_page)
    if article.elocation_id:
        item = put(entry, "publisher_item")
        put(item, "item_number", article.elocation_id, 32, item_number_type="article_number")


def _put_doi(entry: Element, article: Article) -> None:
    data = put(entry, "doi_data")
    put(data, "doi", article.doi or "")
    put(data, "resource", absolute(article.get_absolute_url()))
    if article.has_pdf and public_reason(article, timezone.localdate()):
        put_links(data, absolute(reverse("journal:pdf", args=[article.doi])))


# --- references ------------------------------------------------------------------------------------------------------


def _put_citations(entry: Element, facts: Facts) -> None:
    references = facts.get("references", ())
    if not references:
        return
    holder = put(entry, "citation_list")
    for number, reference in enumerate(references, start=1):
        _put_citation(put(holder, "citation", key=f"ref{number}"), reference)


def _put_citation(citation: Element, reference: Mapping[str, Any]) -> None:
    """Its parts where they are tagged, and always the words, from which Crossref finds what the parts do not tell."""
    is_article = bool(reference.get("volume"))
    put_if(citation, "journal_title" if is_article else "volume_title", reference.get("source", ""))
    put_if(citation, "author", next(iter(reference.get("authors", ())), ""))
    put_if(citation, "volume", reference.get("volume", ""), 32)
    put_if(citation, "first_page", reference.get("fpage", ""), 32)
    year = re.search(r"(?<!\d)(?:1[4-9]|20|21)\d\d(?!\d)", reference.get("year", ""))
    put_if(citation, "cYear", year[0] if year else "")
    doi = reference.get("doi", "")
    put_if(citation, "doi", doi if re.fullmatch(r"10\.\d{4,9}/\S{1,200}", doi) else "")
    put_if(citation, "article_title", reference.get("title", ""))
    put_if(citation, "unstructured_citation", reference.get("text", ""))
