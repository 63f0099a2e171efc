"""What machines read in the head of an article's page: the same for everybody, and never a word of the full text.

Highwire tags as Google Scholar's inclusion guidelines name them, schema.org JSON-LD with Google's paywall markup,
Dublin Core, OpenGraph (requirements: standards 3.2 and 3.4).
"""

import json
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from journal.jats.document import ArticleDoc
from journal.models import Article

DESCRIPTION_LENGTH = 200


def absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def head(article: Article, doc: ArticleDoc) -> SafeString:
    """Meta tags and JSON-LD as HTML. `article` has its journal, issue and final fields."""
    tags = format_html_join("\n", '<meta name="{}" content="{}">', _named(article, doc))
    graph = format_html_join("\n", '<meta property="{}" content="{}">', _open_graph(article))
    return format_html("{}\n{}\n{}", tags, graph, json_ld(article))


def _named(article: Article, doc: ArticleDoc) -> Iterator[tuple[str, str]]:
    yield "description", description(article)
    yield from _highwire(article)
    yield from _highwire_references(doc)
    yield from _dublin_core(article)


def description(article: Article) -> str:
    text = " ".join((article.abstract or article.title).split())
    if len(text) <= DESCRIPTION_LENGTH:
        return text
    return text[:DESCRIPTION_LENGTH].rsplit(" ", 1)[0] + "…"


def _highwire(article: Article) -> Iterator[tuple[str, str]]:
    journal, issue, day = article.journal, article.issue, article.published_online
    yield "citation_title", _full_title(article)
    for author in article.authors:
        yield "citation_author", author.get("group") or f"{author['surname']}, {author['given']}".strip(", ")
        if author.get("orcid"):
            yield "citation_author_orcid", f"https://orcid.org/{author['orcid'].rpartition('/')[2]}"
    if day:
        yield "citation_publication_date", f"{day:%Y/%m/%d}"
        yield "citation_online_date", f"{day:%Y/%m/%d}"
    yield "citation_journal_title", journal.title
    yield "citation_journal_abbrev", journal.abbreviation
    for issn in filter(None, (journal.issn_print, journal.issn_online)):
        yield "citation_issn", issn
    yield "citation_publisher", journal.publisher
    if issue:
        yield "citation_volume", issue.volume
        yield "citation_issue", issue.number
    if article.first_page or article.elocation_id:
        yield "citation_firstpage", article.first_page or article.elocation_id
    if article.last_page:
        yield "citation_lastpage", article.last_page
    yield "citation_doi", article.doi or ""
    yield "citation_language", article.language
    for word in article.keywords:
        yield "citation_keywords", word
    yield "citation_abstract_html_url", absolute(article.get_absolute_url())
    yield "citation_fulltext_html_url", absolute(article.get_absolute_url())
    if article.has_pdf:
        yield "citation_pdf_url", absolute(reverse("journal:pdf", args=[article.doi]))


def _highwire_references(doc: ArticleDoc) -> Iterator[tuple[str, str]]:
    for reference in doc.references:
        parts = [f"citation_title={reference.title}"] if reference.title else []
        parts += [f"citation_author={author}" for author in reference.authors]
        parts += [f"citation_journal_title={reference.source}"] if reference.source else []
        parts += [f"citation_publication_date={reference.year}"] if reference.year else []
        parts += [f"citation_doi={reference.doi}"] if reference.doi else []
        yield "citation_reference", "; ".join(parts) or reference.text


def _dublin_core(article: Article) -> Iterator[tuple[str, str]]:
    yield "DC.title", _full_title(article)
    for author in article.authors:
        yield "DC.creator", author.get("group") or f"{author['surname']}, {author['given']}".strip(", ")
    yield "DC.identifier", f"doi:{article.doi}"
    if article.published_online:
        yield "DC.date", article.published_online.isoformat()
    yield "DC.publisher", article.journal.publisher
    yield "DC.language", article.language
    if article.license_url:
        yield "DC.rights", article.license_url


def _open_graph(article: Article) -> Iterator[tuple[str, str]]:
    yield "og:type", "article"
    yield "og:title", article.title
    yield "og:description", description(article)
    yield "og:url", absolute(article.get_absolute_url())
    yield "og:site_name", article.journal.title


def json_ld(article: Article) -> SafeString:
    """A data block: it is not executed, so the strict policy lets it stand. `<` is escaped, so it cannot end early."""
    text = json.dumps(_graph(article), ensure_ascii=False).replace("<", "\\u003c").replace("&", "\\u0026")
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308


def _graph(article: Article) -> dict[str, Any]:
    free = article.access_type != article.AccessType.CONTROLLED
    graph: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "MedicalScholarlyArticle",
        "headline": article.title,
        "url": absolute(article.get_absolute_url()),
        "sameAs": f"https://doi.org/{article.doi}",
        "identifier": {"@type": "PropertyValue", "propertyID": "doi", "value": article.doi},
        "inLanguage": article.language,
        "abstract": article.abstract,
        "keywords": article.keywords,
        "author": [_person(author) for author in article.authors],
        "publisher": {"@type": "Organization", "name": article.journal.publisher},
        "isPartOf": _part_of(article),
        "pagination": article.pages,
        "isAccessibleForFree": free,
    }
    if article.published_online:
        graph["datePublished"] = article.published_online.isoformat()
    if article.license_url:
        graph["license"] = article.license_url
    if not free:
        # Google, "Structured data for subscription and paywalled content": class selectors only, not nested.
        graph["hasPart"] = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".paywall"}
    if article.retracted_on:
        graph["creativeWorkStatus"] = "Retracted"
    return {name: value for name, value in graph.items() if value not in ("", [], None)}


def _person(author: dict[str, Any]) -> dict[str, Any]:
    if author.get("group"):
        return {"@type": "Organization", "name": author["group"]}
    person = {"@type": "Person", "familyName": author["surname"], "givenName": author["given"]}
    if author.get("orcid"):
        person["sameAs"] = f"https://orcid.org/{author['orcid'].rpartition('/')[2]}"
    return person


def _part_of(article: Article) -> dict[str, Any]:
    journal = article.journal
    issns = [issn for issn in (journal.issn_print, journal.issn_online) if issn]
    periodical: dict[str, Any] = {"@type": "Periodical", "name": journal.title, "issn": issns}
    if article.issue is None:
        return periodical
    volume = {"@type": "PublicationVolume", "volumeNumber": article.issue.volume, "isPartOf": periodical}
    return {"@type": "PublicationIssue", "issueNumber": article.issue.number, "isPartOf": volume}


def _full_title(article: Article) -> str:
    return f"{article.title}: {article.subtitle}" if article.subtitle else article.title
