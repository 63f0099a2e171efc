"""Where a new article stands: its journal, issue, section and access, as far as the JATS tells. Staff may change it."""

from dataclasses import dataclass

from django.db import connection

from journal.jats import ArticleDoc
from journal.jats.document import Metadata
from journal.locks import wait_for_others
from journal.models import Article, Journal
from journal.pages import whole_date


def place(article: Article, doc: ArticleDoc) -> list[str]:
    """Set them on an article that is not saved yet. What an editor should know about it comes back as sentences."""
    meta = doc.metadata
    found, remarks = _found(meta)
    article.journal, article.issue_id, article.section_id = found.journal, found.issue, found.section
    license_ = meta.license
    if "creativecommons.org/" in license_.url:
        article.access_type = Article.AccessType.OPEN
    elif license_.free_from:
        article.free_from = whole_date(license_.free_from)
    elif license_.free_to_read:
        article.access_type = Article.AccessType.FREE_TO_READ
    return remarks


#: What of a journal stands in its row as it is; the rest is read when somebody asks for it.
_TOLD = [field for field in Journal._meta.concrete_fields if not hasattr(field, "from_db_value")]
#: Written out: Django takes longer to put three such questions together than PostgreSQL to answer them.
_WHERE = f"""
SELECT (SELECT id FROM journal_issue WHERE journal_id = j.id AND volume = %(volume)s AND number = %(number)s),
       (SELECT id FROM journal_section WHERE journal_id = j.id AND upper(name) = upper(%(subject)s)
        ORDER BY position, name LIMIT 1), {", ".join(f'j."{field.column}"' for field in _TOLD)}
FROM journal_journal j ORDER BY j.id LIMIT 1
"""  # noqa: S608  (names of columns)


@dataclass(frozen=True, slots=True)
class _Place:
    journal: Journal
    issue: int | None = None
    section: int | None = None


def _place(meta: Metadata) -> _Place | None:
    """The site's journal, and the issue and section of it that the article names; None before there is a journal."""
    said = {"volume": meta.volume, "number": meta.issue, "subject": meta.subject}
    with connection.cursor() as cursor:
        cursor.execute(_WHERE, said)
        found = cursor.fetchone()
    if found is None:
        return None
    issue, section, *values = found
    return _Place(Journal.from_db(connection.alias, [field.attname for field in _TOLD], values), issue, section)


def _found(meta: Metadata) -> tuple[_Place, list[str]]:
    """Its place, and what is to be said of it. The first article ever imported brings the journal along."""
    found = _place(meta)
    if found is None:
        wait_for_others("journal")
        found = _place(meta)  # another import may have brought one meanwhile
    if found is None:
        journal = _new_journal(meta)
        return _Place(journal), [
            f'There was no journal yet: "{journal.title}" was made from this article. Complete it in the admin.'
        ]
    ours = {found.journal.issn_print, found.journal.issn_online} - {""}
    theirs = {issn for _kind, issn in meta.issns}
    if ours and theirs and ours.isdisjoint(theirs):
        said = f'It names another journal, "{meta.journal_title}"; it was imported into {found.journal.title}.'
        return found, [said]
    return found, []


def _new_journal(meta: Metadata) -> Journal:
    title = meta.journal_title[:200] or "Untitled journal"
    issns = {
        ("print" if "print" in kind or kind == "ppub" else "online"): issn
        for kind, issn in meta.issns
        if len(issn) == 9
    }
    return Journal.objects.create(
        title=title,
        abbreviation=meta.journal_abbreviation[:100] or title[:100],
        publisher=meta.publisher[:200],
        issn_print=issns.get("print", ""),
        issn_online=issns.get("online", ""),
    )
