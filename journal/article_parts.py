"""What the article's page asks of the database: one statement for all that is public, one for the text after the yes.

A visitor's decision comes with the first, told beside the article's row (`Reader.beside`).

They are written out because Django took longer to put them together than PostgreSQL to answer them, and this is the
page that is read most (docs/performance.md). A test holds the first to what `Article.objects.published()` says.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.translation import get_language

from accounts.away import DATABASE_AWAY
from journal.access import Reader
from journal.days import today
from journal.models import Article, FullText, PublicPage
from journal.prepared import Prepared


class Public(NamedTuple):
    """The public parts of an article's page (a PublicPage), as HTML."""

    head: str = ""
    header: str = ""
    abstract: str = ""
    references: str = ""
    information: str = ""
    notices: str = ""
    first_page: str = ""
    aside: str = ""


_PUBLIC = Public._fields
_NEEDED = {
    "id", "doi", "title", "title_html", "article_type", "access_type", "free_from", "published_online", "retracted_on",
    "is_for_sale", "license_url", "has_pdf", "pdf_pages", "has_full_text", "journal_id", "issue_id", "status",
    "language", "activity",
}  # fmt: skip
_ARTICLE = [
    field.attname for field in Article._meta.concrete_fields if field.attname in _NEEDED
]  # in the model's order
_COLUMNS = ", ".join([*(f"x.{name}" for name in _ARTICLE), *(f'p."{name}"' for name in _PUBLIC)])
_OWN = len(_ARTICLE) + len(_PUBLIC) + 1
_TEXT = ("article_id", "body", "notes", "references")


@dataclass(frozen=True, slots=True)
class Found:
    """A published article and its public parts."""

    article: Article
    public: Public


def find(doi: str, reader: Reader | None = None) -> Found | None:
    """The published article of a DOI in whatever case, or None for anything a visitor may not find."""
    language = get_language()
    about = {"doi": doi.lower(), "today": today(), "language": language}
    beside, is_own = reader.beside() if reader else None, language == settings.LANGUAGE_CODE
    rows = None
    if reader and beside:
        try:
            rows = _statement(beside.select, is_own=is_own).rows({**about, **beside.values})
        except DATABASE_AWAY:  # also a statement that took too long: it is not asked again
            raise
        except DatabaseError:  # perhaps of the rights alone: then the reader asks, and tells what is wrong
            beside = None
    if rows is None:
        rows = _statement("", is_own=is_own).rows(about)
    if not rows:
        return None
    found = _found(rows[0][:_OWN])
    if reader and beside:
        reader.learn(found.article.pk, [row[_OWN:] for row in rows])
    return found


@cache
def _statement(beside: str, *, is_own: bool) -> Prepared:
    """Where the language is not the site's own, with what is said in it."""
    return Prepared(f"""
SELECT {_COLUMNS}, {"NULL" if is_own else "p.spoken -> %(language)s"}{", d.*" if beside else ""}
FROM journal_article x LEFT JOIN journal_publicpage p ON p.article_id = x.id
{f"LEFT JOIN LATERAL ({beside}) d ON true" if beside else ""}
WHERE x.doi_key = %(doi)s AND x.status = 'published' AND x.published_online <= %(today)s
""")  # noqa: S608  (our own columns)


def _found(row: tuple[Any, ...]) -> Found:
    spoken = row[-1]
    article = Article.from_db("default", _ARTICLE, row[: len(_ARTICLE)])
    article.activity = json.loads(article.activity) if article.activity else None
    parts = {name: text or "" for name, text in zip(_PUBLIC, row[len(_ARTICLE) : -1], strict=True)}
    parts |= json.loads(spoken) if isinstance(spoken, str) else spoken or {}
    parts["header"] = parts["header"] or article.title_html
    return Found(article, Public(**parts))


def public_parts_of(article: Article) -> Public:
    """As they are stored, also of a draft."""
    row = PublicPage.objects.filter(article=article).values_list(*_PUBLIC).first()
    return Public(*row) if row else Public(header=article.title_html)


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
