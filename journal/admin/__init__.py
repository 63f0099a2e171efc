"""Editors' pages: the journal, its sections, issues and articles, import and preview."""

from journal.admin.alerts import AlertMailAdmin, RecipientAdmin
from journal.admin.articles import ArticleAdmin
from journal.admin.importing import ImportBatchAdmin
from journal.admin.issues import IssueAdmin
from journal.admin.journal import JournalAdmin, SectionAdmin
from journal.admin.topics import CollectionAdmin, ElsewhereAdmin, TopicAdmin

__all__ = [
    "AlertMailAdmin",
    "ArticleAdmin",
    "CollectionAdmin",
    "ElsewhereAdmin",
    "ImportBatchAdmin",
    "IssueAdmin",
    "JournalAdmin",
    "RecipientAdmin",
    "SectionAdmin",
    "TopicAdmin",
]
