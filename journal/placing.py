"""Where a new article stands: its journal, issue, section and access, as far as the JATS tells. Staff may change it."""

from journal.jats import ArticleDoc
from journal.jats.document import Metadata
from journal.locks import wait_for_others
from journal.models import Article, Issue, Journal, Section
from journal.pages import whole_date


def place(article: Article, doc: ArticleDoc) -> list[str]:
    """Set them on an article that is not saved yet. What an editor should know about it comes back as sentences."""
    meta = doc.metadata
    article.journal, remarks = _journal(meta)
    article.issue = _issue(article.journal, meta)
    article.section = (
        Section.objects.filter(journal=article.journal, name__iexact=meta.subject).first() if meta.subject else None
    )
    license_ = meta.license
    if "creativecommons.org/" in license_.url:
        article.access_type = Article.AccessType.OPEN
    elif license_.free_from:
        article.free_from = whole_date(license_.free_from)
    elif license_.free_to_read:
        article.access_type = Article.AccessType.FREE_TO_READ
    return remarks


def _issue(journal: Journal, meta: Metadata) -> Issue | None:
    if not (meta.volume or meta.issue):
        return None
    return Issue.objects.filter(journal=journal, volume=meta.volume, number=meta.issue).first()


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
