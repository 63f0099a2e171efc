"""An article's rendering put into its rows: fields for lists, public parts of its page, full text, search entry."""

import logging
from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.template.loader import render_to_string

from accounts.languages import speaking
from journal import metadata, records, search, worker
from journal.asides import aside
from journal.filing import addresses, doi_in_addresses
from journal.jats import ArticleDoc, JatsError
from journal.jats.document import ABBREVIATIONS, Author, Heading, PartialDate
from journal.jats.remedies import in_words
from journal.models import Article, ArticleFile, ArticleSource, FullText, MetadataRecord, PublicPage, Relation
from journal.notices import banners, notices_about
from journal.rows import Question, put
from journal.translations import abstracts_by_language, text_by_language

logger = logging.getLogger(__name__)

MOST_NAMES = 10
#: The columns `fill` sets.
FROM_JATS = (
    "article_type",
    "type_label",
    "language",
    "title_html",
    "title",
    "subtitle_html",
    "subtitle",
    "authors",
    "byline",
    "abstract",
    "keywords",
    "first_page",
    "last_page",
    "elocation_id",
    "published_online",
    "license_url",
    "has_full_text",
    "pmid",
    "problems",
    "search",
)
_BACK_MATTER = {"appendix", "glossary", "notes", "bio", "endnotes", "back", "ack"}
#: Articles of their own within an article.
_PARTS = {"translation", "sub-article"}


def fill(article: Article, doc: ArticleDoc) -> None:
    """Set the fields that the JATS decides. What staff decide (access, issue, status) is left alone."""
    meta = doc.metadata
    article.article_type = meta.article_type[:60] or "research-article"
    article.type_label = meta.subject[:100] or article.type_label
    article.language = meta.language[:12] or "en"
    article.title_html, article.title = meta.title_html, meta.title_text
    article.subtitle_html, article.subtitle = meta.subtitle_html, meta.subtitle_text
    article.authors = [author_data(author) for author in meta.authors]
    article.byline = byline([author.name for author in meta.authors])
    article.abstract = _abstract_text(doc)
    article.keywords = [
        word
        for group in meta.keywords
        if group.language in ("", article.language) and group.kind.lower() not in ABBREVIATIONS
        for word in group.words
    ]
    article.first_page, article.last_page = meta.fpage[:20], meta.lpage[:20]
    article.elocation_id = meta.elocation_id[:40]
    article.published_online = whole_date(meta.dates.published) or article.published_online
    article.license_url = meta.license.url[:300]
    # Thanks and notes alone are no text: an older volume has them beside its PDF.
    article.has_full_text = any(section.kind not in _BACK_MATTER for section in doc.sections)
    article.pmid = meta.pmid if meta.pmid.isascii() and meta.pmid.isdigit() and len(meta.pmid) <= 12 else ""
    article.problems = in_words(doc.errors)
    article.search = search.entry(article)


def byline(names: list[str]) -> str:
    """Authors as lists show them: ten, and of more the first nine and how many follow."""
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[: MOST_NAMES - 1])} and {len(names) - MOST_NAMES + 1} more"


def author_data(author: Author) -> dict[str, Any]:
    """What lists, citations and meta tags need of an author; empty values are left out but for the name."""
    data: dict[str, Any] = {"surname": author.surname, "given": author.given}
    more = {
        "suffix": author.suffix,
        "degrees": author.degrees,
        "group": author.group,
        "orcid": author.orcid,
        "corresponding": author.corresponding,
    }
    return data | {key: value for key, value in more.items() if value}


def whole_date(found: PartialDate | None) -> date | None:
    """A day for a column of days: a month stands for its first, a year for its first of January."""
    return date(found.year, found.month or 1, found.day or 1) if found else None


def _abstract_text(doc: ArticleDoc) -> str:
    """The abstract itself; else any abstract; else the extract."""
    own = [abstract for abstract in doc.abstracts if abstract.kind == ""] or list(doc.abstracts)
    return own[0].text if own else doc.extract.text if doc.extract else ""


def write(
    article: Article,
    doc: ArticleDoc,
    *,
    is_new: bool = False,
    notices: str | None = None,
    source: ArticleSource | None = None,
) -> None:
    """Store the prepared parts of a saved article, and beside them the `source` they were made of, if it is new.

    `is_new`: the article was made in this transaction.
    """
    facts = records.facts(doc)
    has_notices, has_pictures = notices != "", article.has_pdf or not is_new
    text = text_parts(doc) if doc.sections else None
    with speaking(settings.LANGUAGE_CODE):
        parts = public_parts(article, doc)
        parts["head"] = metadata.head(article, facts) if article.doi else ""
        parts["notices"] = banners(article) if has_notices else ""
        parts["first_page"] = _first_page(article) if has_pictures else ""
        has_figures = text is not None and "<figure" in f"{text['body']}{text['notes']}"
        parts["aside"] = aside(article, parts, has_figures=has_figures)
        aside_of_text = aside(article, parts, text) if text else ""
    public: dict[str, dict[str, str]] = {}
    behind: dict[str, dict[str, str]] = {}
    for language in settings.LANGUAGES_OFFERED[1:]:
        with speaking(language):
            said = public_parts(article, doc) | {"aside": aside(article, parts, has_figures=has_figures)}
            public[language] = {name: text for name, text in said.items() if text != parts[name]}
            public[language] |= {"notices": banners(article)} if parts["notices"] else {}
            public[language] |= {"first_page": _first_page(article)} if parts["first_page"] else {}
            behind[language] = {"aside": aside(article, parts, text)} if text else {}
    rows: list[models.Model] = [source] if source else []
    rows += [
        PublicPage(article=article, spoken=public, **parts),
        MetadataRecord(article=article, facts=facts, front=doc.front_xml),
    ]
    if text:
        rows.append(FullText(article=article, aside=aside_of_text, spoken=behind, **text))
    elif not is_new:
        FullText.objects.filter(article=article).delete()
    put(rows)


def public_parts(article: Article, doc: ArticleDoc) -> dict[str, str]:
    """The parts of the page that follow from the document alone and that everybody gets."""
    context = {"article": article, "doc": doc, "languages": abstracts_by_language(doc)}
    parts: dict[str, str] = {
        part: render_to_string(f"journal/_article_{part}.html", context).strip() for part in ("abstract", "information")
    }
    return parts | {"header": header(article, doc), "references": reference_list(doc, doc.public_references_html)}


def header(article: Article, doc: ArticleDoc) -> str:
    context = {"article": article, "doc": doc, "journal": article.journal, "issue": article.issue}
    return render_to_string("journal/_article_header.html", context).strip()


def text_parts(doc: ArticleDoc) -> dict[str, Any]:
    """What the wall protects; the references once more, now with the way back to each mention."""
    translations = [section for section in doc.sections if section.kind == "translation"]
    others = [section for section in doc.sections if section.kind == "sub-article"]
    body = "\n".join(section.html for section in doc.sections if section.kind not in {*_BACK_MATTER, *_PARTS})
    notes = "\n".join(section.html for section in doc.sections if section.kind in _BACK_MATTER)
    if translations:
        body, notes = text_by_language(doc, f"{body}\n{notes}", translations), ""
    notes += "\n".join(section.html for section in others)
    return {
        "body": body,
        "notes": notes,
        "references": reference_list(doc, doc.references_html) if "backlinks" in doc.references_html else "",
        # Headings inside the abstract stand on their own in the tree; the list begins with the sections.
        "contents": contents(tuple(heading for heading in doc.contents if heading.level == 2)),
        "plain_text": doc.plain_text.replace("\x00", ""),
    }


def reference_list(doc: ArticleDoc, entries: str) -> str:
    """The section of the references around one of the two variants of its entries."""
    context = {"title": doc.references_title, "entries": entries}
    return render_to_string("journal/_article_references.html", context).strip()


def _first_page(article: Article) -> str:
    """The picture of page one, small and large. The article's files are stored before its page is written."""
    pictures = article.files.filter(kind=ArticleFile.Kind.PREVIEW).order_by("width")
    previews = list(pictures.values("name", "width", "height"))
    context = {"article": article, "doi": doi_in_addresses(article), "previews": previews}
    return render_to_string("journal/_preview.html", context) if previews else ""


def contents(headings: tuple[Heading, ...]) -> list[dict[str, Any]]:
    """The contents tree as a flat list in reading order."""
    found: list[dict[str, Any]] = []
    for heading in headings:
        found.append({"id": heading.id, "level": heading.level, "title_html": heading.title_html})
        found += contents(heading.children)
    return found


def relate(article: Article, doc: ArticleDoc, *, is_new: bool) -> bool:
    """Store what a saved article says about others; whether that is anything. A relation to itself says nothing."""
    known = {kind.value for kind in Relation.Kind}
    said = {(r.relation, r.doi.lower()) for r in doc.metadata.related_articles if r.relation in known and r.doi}
    said.discard(("companion", (article.doi or "").lower()))
    if not is_new:
        article.relations.all().delete()
    rows = [
        Relation(article=article, kind=kind, target_doi=doi)
        for kind, doi in sorted(said)
        if doi != (article.doi or "").lower()
    ]
    Relation.objects.bulk_create(rows)
    return bool(rows)


def told_about(article: Article) -> Question:
    """Whether others say something about it: of most new articles they do not."""
    return "EXISTS (SELECT FROM journal_relation WHERE target_doi = %s)", [(article.doi or "").lower()]


def refresh_around(article: Article) -> None:
    """After publishing or withdrawing: dates and banners of the article and of those it is related to, both ways.

    In a transaction: whoever stores a new version of one of those meanwhile comes before or after, not in between.
    """
    date_by_relations(article)
    for one in [article, *related(article).select_for_update(of=("self",), no_key=True)]:
        date_by_relations(one)
        try:
            prepared = prepare(one)
        except (JatsError, worker.WorkerError):
            logger.exception("The page of article %s could not be prepared again; only its banners are new.", one.pk)
            prepared = None
        if prepared is None:
            PublicPage.objects.filter(article=one).update(notices=banners(one), spoken={})


def related(article: Article) -> "models.QuerySet[Article]":
    """The articles this one says something about, and those that say something about it."""
    targets = [relation.target_doi for relation in article.relations.all()]
    sources = Relation.objects.filter(target_doi=(article.doi or "").lower()).values("article")
    found = Article.objects.filter(Q(doi_key__in=targets) | Q(pk__in=sources)).exclude(pk=article.pk)
    return found.select_related("journal", "issue").order_by("pk")


def date_by_relations(article: Article) -> None:
    """`corrected_on` and `retracted_on` follow from the notices about the article whose day has come."""
    days = list(notices_about(article).values_list("kind", "article__published_online"))
    corrected = [day for kind, day in days if kind == Relation.Kind.CORRECTION and day]
    retracted = [day for kind, day in days if kind == Relation.Kind.RETRACTION and day]
    before = article.corrected_on, article.retracted_on
    article.corrected_on, article.retracted_on = max(corrected, default=None), min(retracted, default=None)
    if (article.corrected_on, article.retracted_on) != before:
        article.save(update_fields=["corrected_on", "retracted_on", "updated_at"])


def prepare(article: Article) -> ArticleDoc | None:
    """Render the current version again and store its parts: after a change of issue, title page or renderer.

    None when the article has no stored version. Raises `JatsError` or `worker.WorkerError`.
    """
    source = article.sources.first()
    if source is None:
        return None
    xml = bytes(source.xml)
    survey = worker.call("survey", xml)
    images, files = addresses(article, survey)
    doc: ArticleDoc = worker.call("render", xml, images, files)
    day = article.published_online
    fill(article, doc)
    article.published_online = day or article.published_online  # staff may have set it since the import
    article.save(update_fields=[*FROM_JATS, "updated_at"])
    write(article, doc)
    return doc
