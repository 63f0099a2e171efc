"""What the article's page asks of the database: one statement for all that is public, one for the text after the yes.

They are written out because Django took longer to put them together than PostgreSQL to answer them, and this is the
page that is read most (docs/performance.md). A test holds the first to what `Article.objects.published()` says.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import get_language

from journal.models import Article, FullText, PublicPage

_NEEDED = {
    "id", "doi", "title", "title_html", "article_type", "access_type", "free_from", "published_online", "retracted_on",
    "is_for_sale", "license_url", "has_pdf", "pdf_pages", "has_full_text", "journal_id", "issue_id", "status",
    "language", "activity",
}  # fmt: skip
_ARTICLE = [
    field.attname for field in Article._meta.concrete_fields if field.attname in _NEEDED
]  # in the model's order
_PUBLIC = ("head", "header", "abstract", "references", "information", "notices", "first_page", "aside")
_COLUMNS = ", ".join([*(f"a.{name}" for name in _ARTICLE), *(f'p."{name}"' for name in _PUBLIC)])
_WHERE = """
FROM journal_article a LEFT JOIN journal_publicpage p ON p.article_id = a.id
WHERE a.doi_key = %s AND a.status = 'published' AND a.published_online <= %s
"""
_FIND = f"SELECT {_COLUMNS}, NULL {_WHERE}"
_FIND_SPOKEN = f"SELECT {_COLUMNS}, p.spoken -> %s {_WHERE}"  # for a language that is not the site's own
_TEXT = ("article_id", "body", "notes", "references")


@dataclass(frozen=True, slots=True)
class Found:
    """A published article and its public parts."""

    article: Article
    public: PublicPage


def find(doi: str) -> Found | None:
    """The published article of a DOI in whatever case, or None for anything a visitor may not find."""
    language = get_language()
    about: list[Any] = [doi.lower(), timezone.localdate()]
    with connection.cursor() as cursor:
        if language == settings.LANGUAGE_CODE:
            cursor.execute(_FIND, about)
        else:
            cursor.execute(_FIND_SPOKEN, [language, *about])
        row = cursor.fetchone()
    if row is None:
        return None
    *row, spoken = row
    article = Article.from_db("default", _ARTICLE, row[: len(_ARTICLE)])
    article.activity = json.loads(article.activity) if article.activity else None
    parts = {name: text or "" for name, text in zip(_PUBLIC, row[len(_ARTICLE) :], strict=True)}
    parts |= json.loads(spoken) if isinstance(spoken, str) else spoken or {}
    parts["header"] = parts["header"] or article.title_html
    return Found(article, PublicPage(article_id=article.pk, **parts))


def full_text(article: Article, *, with_pdf: bool = True) -> FullText | None:
    """The text behind the wall, only for a reader whose access is granted.

    By a function of the database: the only way from a page to the text, because pages are asked for in a role that may
    not read the table (docs/decisions/0035-role-of-pages.md). A feed or a search that tries is an error, no leak.

    `aside` is prepared for a right that covers the PDF; for a rental the page makes it, and needs the contents.
    """
    names = (*_TEXT, "aside") if with_pdf else (*_TEXT, "contents")
    language = get_language()
    columns = ", ".join(f'"{name}"' for name in names)
    told: list[Any] = [article.pk]
    if with_pdf and language != settings.LANGUAGE_CODE:
        columns = columns.replace('"aside"', "coalesce(spoken -> %s ->> 'aside', aside)")
        told = [language, article.pk]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM journal_full_text_of(%s)", told)  # noqa: S608
        row = cursor.fetchone()
    if row is None:
        return None
    return FullText.from_db("default", names, row if with_pdf else (*row[:-1], json.loads(row[-1])))
