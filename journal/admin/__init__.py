"""Editors' pages: the journal, its sections, issues and articles, import and preview."""

from journal.admin.articles import ArticleAdmin
from journal.admin.importing import ImportBatchAdmin
from journal.admin.issues import IssueAdmin
from journal.admin.journal import JournalAdmin, SectionAdmin

__all__ = ["ArticleAdmin", "ImportBatchAdmin", "IssueAdmin", "JournalAdmin", "SectionAdmin"]
