"""What machines read in the head of an article's page: the same for everybody, and never a word of the full text.

Highwire tags as Google Scholar's inclusion guidelines name them, Dublin Core in HTML (DCMI "dc-html"), OpenGraph; the
JSON-LD is in `journal.schema_org`. Prepared at import but for what a day changes: `page_head` adds that.
"""

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from journal import schema_org
from journal.access import public_reason
from journal.days import today
from journal.models import Article, ArticleFile
from journal.records import Facts
from journal.schema_org import MOST_AUTHORS_IN_FULL

DESCRIPTION_LENGTH = 200
Tag = tuple[str, str]


def absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def head(article: Article, facts: Facts) -> SafeString:
    """Meta tags and JSON-LD as HTML. `article` has its journal, issue and final fields."""
    named = (tag for tag in _named(article, facts) if tag[1])
    picture = _first_page(article)
    tags, graph = _tags("name", named), _tags("property", _open_graph(article, picture))
    dublin_core = mark_safe('<link rel="schema.DC" href="http://purl.org/dc/elements/1.1/">')
    return format_html("{}\n{}\n{}\n{}", dublin_core, tags, graph, schema_org.script(article, facts, picture))


def _tags(attribute: str, pairs: Iterable[Tag]) -> SafeString:
    """A tag a line; names are ours. `format_html` would take most of the time that an import has for an article."""
    lines = [f'<meta {attribute}="{name}" content="{escape(content)}">' for name, content in pairs]
    return mark_safe("\n".join(lines))  # noqa: S308  (escaped)


def page_head(article: Article, prepared: str) -> SafeString:
    """The prepared head with what changes without an import: whether everybody may read the article today."""
    is_free = public_reason(article, today()) is not None
    robots = "" if is_free else '\n<meta name="robots" content="noarchive">'
    return mark_safe(schema_org.with_access(prepared, is_free=is_free) + robots)  # noqa: S308  (prepared by `head`)


def _named(article: Article, facts: Facts) -> Iterator[Tag]:
    yield "description", description(article)
    yield from _highwire(article, facts)
    for reference in facts.get("references", ()):
        yield "citation_reference", _reference(reference)
    yield from _dublin_core(article, facts)


def description(article: Article) -> str:
    text = " ".join((article.abstract or article.title).split())
    if len(text) <= DESCRIPTION_LENGTH:
        return text
    return text[:DESCRIPTION_LENGTH].rsplit(" ", 1)[0] + "…"


def full_title(article: Article) -> str:
    """Title and subtitle. A retracted article says so before anything else (NISO RP-45-2024)."""
    title = f"{article.title}: {article.subtitle}" if article.subtitle else article.title
    return f"RETRACTED: {title}" if article.retracted_on and not title.upper().startswith("RETRACTED") else title


def cited_date(article: Article) -> str:
    """The date of citations, as `2026/03/03` or `2026`: of the issue once there is one, else the day it came online."""
    issue, day = article.issue, article.published_online
    if issue:
        return f"{issue.published_on:%Y/%m/%d}" if issue.published_on.year == issue.year else str(issue.year)
    return f"{day:%Y/%m/%d}" if day else ""


def name_of(author: Mapping[str, Any]) -> str:
    """`Okafor, Ngozi J., Jr`, or a group's name."""
    if author.get("group"):
        return str(author["group"])
    return ", ".join(part for part in (author.get("surname"), author.get("given"), author.get("suffix")) if part)


def _highwire(article: Article, facts: Facts) -> Iterator[Tag]:
    journal, issue, day = article.journal, article.issue, article.published_online
    yield "citation_title", full_title(article)
    yield from _highwire_authors(article, facts)
    yield "citation_publication_date", cited_date(article)
    yield "citation_online_date", f"{day:%Y/%m/%d}" if day else ""
    yield from (("citation_journal_title", journal.title), ("citation_journal_abbrev", journal.abbreviation))
    yield from (("citation_issn", journal.issn_print), ("citation_issn", journal.issn_online))
    yield "citation_publisher", journal.publisher
    if issue:
        yield from (("citation_volume", issue.volume), ("citation_issue", issue.number))
    yield "citation_firstpage", article.first_page or article.elocation_id
    yield "citation_lastpage", article.last_page
    yield from (("citation_doi", article.doi or ""), ("citation_pmid", facts.get("pmid", "")))
    yield from (("citation_language", article.language), ("citation_article_type", article.type_label))
    yield from (("citation_keywords", word) for word in article.keywords)
    page = absolute(article.get_absolute_url())
    yield from (("citation_abstract_html_url", page), ("citation_fulltext_html_url", page))
    yield "citation_pdf_url", absolute(reverse("journal:pdf", args=[article.doi])) if article.has_pdf else ""


def _highwire_authors(article: Article, facts: Facts) -> Iterator[Tag]:
    """Each author, followed by what belongs to that author alone."""
    authors = facts.get("authors") or article.authors
    places = {place["id"]: place.get("text", "") for place in facts.get("affiliations", ())}
    for author in authors:
        yield "citation_author", name_of(author)
        if len(authors) <= MOST_AUTHORS_IN_FULL:
            yield from (("citation_author_institution", places.get(a, "")) for a in author.get("affiliations", ()))
            yield "citation_author_orcid", f"https://orcid.org/{author['orcid']}" if author.get("orcid") else ""


_OF_A_REFERENCE = {
    "title": "citation_title", "authors": "citation_author", "source": "citation_journal_title",
    "year": "citation_publication_date", "volume": "citation_volume", "fpage": "citation_firstpage",
    "doi": "citation_doi", "pmid": "citation_pmid",
}  # fmt: skip


def _reference(reference: Mapping[str, Any]) -> str:
    """`citation_title=…; citation_author=…`, or the reference as it is printed when nothing of it is tagged."""
    if "title" not in reference and "source" not in reference:
        return str(reference.get("text", ""))
    parts = []
    for key, name in _OF_A_REFERENCE.items():
        said = reference.get(key, "")
        values = said if isinstance(said, list) else [said] if said else []
        parts += [f"{name}={str(value).replace(';', ',')}" for value in values if value]
    return "; ".join(parts)


def _dublin_core(article: Article, facts: Facts) -> Iterator[Tag]:
    yield from ((f"DC.{name}", value) for name, value in dublin_core(article, facts))


def dublin_core(article: Article, facts: Facts) -> Iterator[Tag]:
    """The fifteen elements as far as they are known: here for the head, and for OAI-PMH's oai_dc."""
    journal, issue = article.journal, article.issue
    yield "title", full_title(article)
    yield from (("creator", name_of(author)) for author in facts.get("authors") or article.authors)
    yield from (("contributor", name_of(person)) for person in facts.get("contributors", ()))
    yield from (("subject", word) for word in article.keywords)
    yield "description", article.abstract
    yield "publisher", journal.publisher
    yield "date", article.published_online.isoformat() if article.published_online else ""
    yield from (("type", "Text"), ("type", "info:eu-repo/semantics/article"), ("type", article.type_label))
    yield "format", "text/html"
    yield "format", "application/pdf" if article.has_pdf else ""
    yield from (("identifier", f"https://doi.org/{article.doi}"), ("identifier", absolute(article.get_absolute_url())))
    yield "source", ", ".join(part for part in (journal.title, f"{issue}" if issue else "", article.pages) if part)
    yield "language", article.language
    yield from (("relation", f"https://doi.org/{found['doi']}") for found in _related(facts))
    yield from (("rights", article.license_url), ("rights", facts.get("copyright", "")))


def _related(facts: Facts) -> Iterator[Mapping[str, Any]]:
    return (related for related in facts.get("related_articles", ()) if related.get("doi"))


def _open_graph(article: Article, picture: str) -> Iterator[Tag]:
    yield "og:type", "article"
    yield "og:title", full_title(article)
    yield "og:description", description(article)
    yield "og:url", absolute(article.get_absolute_url())
    yield "og:site_name", article.journal.title
    if article.published_online:
        yield "article:published_time", article.published_online.isoformat()
    if picture:
        yield from (("og:image", picture), ("twitter:card", "summary_large_image"))


def _first_page(article: Article) -> str:
    """The address of the large picture of page one, which is public; "" when there is none."""
    if not article.has_pdf:
        return ""
    pictures = article.files.filter(kind=ArticleFile.Kind.PREVIEW).order_by("-width")
    name = pictures.values_list("name", flat=True).first()
    return absolute(reverse("journal:preview_picture", args=[article.doi, name])) if name else ""
