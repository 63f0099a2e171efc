"""Where a new article stands: its journal, issue, section and access, as far as the JATS tells. Staff may change it."""

from django.db import connection

from journal.jats import ArticleDoc
from journal.jats.document import Metadata
from journal.locks import wait_for_others
from journal.models import Article, Journal
from journal.pages import whole_date


def place(article: Article, doc: ArticleDoc) -> list[str]:
    """Set them on an article that is not saved yet. What an editor should know about it comes back as sentences."""
    meta = doc.metadata
    article.journal, remarks = _journal(meta)
    article.issue_id, article.section_id = _issue_and_section(article.journal, meta)
    license_ = meta.license
    if "creativecommons.org/" in license_.url:
        article.access_type = Article.AccessType.OPEN
    elif license_.free_from:
        article.free_from = whole_date(license_.free_from)
    elif license_.free_to_read:
        article.access_type = Article.AccessType.FREE_TO_READ
    return remarks


#: Written out: Django takes longer to put two such questions together than PostgreSQL to answer them.
_ISSUE_AND_SECTION = """
SELECT (SELECT id FROM journal_issue WHERE journal_id = %(journal)s AND volume = %(volume)s AND number = %(number)s),
       (SELECT id FROM journal_section WHERE journal_id = %(journal)s AND upper(name) = upper(%(subject)s)
        ORDER BY position, name LIMIT 1)
"""


def _issue_and_section(journal: Journal, meta: Metadata) -> tuple[int | None, int | None]:
    said: dict[str, int | str] = {
        "journal": journal.pk,
        "volume": meta.volume,
        "number": meta.issue,
        "subject": meta.subject,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ISSUE_AND_SECTION, said)
        issue, section = cursor.fetchone()
    return issue, section


def _journal(meta: Metadata) -> tuple[Journal, list[str]]:
    """The site's journal. The first article ever imported brings it along."""
    journal = Journal.objects.first()
    if journal is None:
        wait_for_others("journal")
        journal = Journal.objects.first()  # another import may have brought one meanwhile
    if journal is None:
        journal = _new_journal(meta)
        return journal, [
            f'There was no journal yet: "{journal.title}" was made from this article. Complete it in the admin.'
        ]
    ours = {journal.issn_print, journal.issn_online} - {""}
    theirs = {issn for _kind, issn in meta.issns}
    if ours and theirs and ours.isdisjoint(theirs):
        return journal, [f'It names another journal, "{meta.journal_title}"; it was imported into {journal.title}.']
    return journal, []


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
