"""A deposit: the head, and the articles by issue."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from itertools import groupby

from django.conf import settings
from lxml import etree

from journal.crossref.article import put_article, put_date
from journal.crossref.names import CROSSREF, NAMES, SCHEMA, VERSION, put, put_if
from journal.models import Article, Issue, Journal
from journal.xml import XSI, Element, document


@dataclass(frozen=True, slots=True)
class Deposit:
    """A file for Crossref. `notes` are sentences about what it does not say."""

    name: str
    xml: bytes
    dois: tuple[str, ...]
    notes: tuple[str, ...] = ()


def deposit_of(articles: Iterable[Article], name: str, now: datetime | None = None) -> Deposit:
    """The deposit of published articles of one journal (with journal, issue and record). `name` without `.xml`.

    A later deposit replaces an earlier one: its timestamp says which is later.
    """
    listed = sorted(articles, key=lambda article: (article.issue_id or 0, article.first_page, article.pk))
    moment = f"{now or datetime.now(UTC):%Y%m%d%H%M%S%f}"[:17]
    batch = f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name)[:60]}-{moment}"
    root = etree.Element(f"{{{CROSSREF}}}doi_batch", nsmap=NAMES, version=VERSION)  # type: ignore[arg-type]
    root.set(f"{{{XSI}}}schemaLocation", f"{CROSSREF} {SCHEMA}")
    body, notes = etree.Element(f"{{{CROSSREF}}}body"), []
    for _, group in groupby(listed, key=lambda article: article.issue_id):
        notes += _put_journal(body, list(group))
    if listed:
        _put_head(root, listed[0].journal, batch, moment)
    root.append(body)
    return Deposit(f"{batch}.xml", document(root), tuple(article.doi or "" for article in listed), tuple(notes))


def _put_head(root: Element, journal: Journal, batch: str, moment: str) -> None:
    head = put(root, "head")
    put(head, "doi_batch_id", batch)
    put(head, "timestamp", moment)
    depositor = put(head, "depositor")
    put(depositor, "depositor_name", settings.CROSSREF_DEPOSITOR or journal.publisher or journal.title, 130)
    mail = settings.CROSSREF_EMAIL or journal.contact_email or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    put(depositor, "email_address", mail)
    put(head, "registrant", journal.publisher or journal.title, 255)


def _put_journal(body: Element, articles: list[Article]) -> list[str]:
    """The articles of one issue, or those that have none yet."""
    holder, first = put(body, "journal"), articles[0]
    journal = first.journal
    about = put(holder, "journal_metadata", language="en")
    put(about, "full_title", journal.title, 255)
    put_if(about, "abbrev_title", journal.abbreviation, 150)
    put_if(about, "issn", journal.issn_print, media_type="print")
    put_if(about, "issn", journal.issn_online, media_type="electronic")
    if first.issue:
        _put_issue(holder, first.issue)
    return [
        f"{article.doi}: without CROSSREF_CROSSMARK_POLICY Crossref is not told that {left_out}."
        for article in articles
        for left_out in put_article(holder, article)
    ]


def _put_issue(holder: Element, issue: Issue) -> None:
    entry = put(holder, "journal_issue")
    if issue.title.strip():
        put(put(entry, "titles"), "title", issue.title)
    if issue.published_on.year == issue.year:
        put_date(entry, "publication_date", issue.published_on, media_type="online")
    else:
        put(put(entry, "publication_date", media_type="online"), "year", str(issue.year))
    put(put(entry, "journal_volume"), "volume", issue.volume, 32)
    put(entry, "issue", issue.number, 32)
