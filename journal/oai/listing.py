"""Which records there are: published articles, and those that were withdrawn, in the order in which they changed.

A page is the next so many after a position (datestamp, DOI), not an offset: what changes meanwhile moves behind the
position it had, so a harvest misses nothing. A record's datestamp is the latest of: its last change, the day it
appeared, the day it became free.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings
from django.db import connection
from django.utils import timezone

from journal.models import Article, Issue, Journal, Section
from journal.oai.request import OaiError, Position, Selection

PAGE = {"ListRecords": 100, "ListIdentifiers": 500}
SETS_PAGE = 500

_STAMP = """date_trunc('second', greatest(a.updated_at, a.published_online::timestamp AT TIME ZONE %(zone)s,
    CASE WHEN a.free_from <= %(today)s THEN a.free_from::timestamp AT TIME ZONE %(zone)s END))"""
_LIVE = f"""
SELECT a.id, a.doi, a.doi_key, {_STAMP} AS stamp, a.journal_id, a.issue_id, a.section_id, NULL::jsonb AS sets
FROM journal_article a WHERE a.status = 'published' AND a.published_online <= %(today)s"""  # noqa: S608
_GONE = """
SELECT NULL::bigint, w.doi, w.doi_key, date_trunc('second', w.withdrawn_at), NULL, NULL, NULL, w.sets
FROM journal_withdrawal w WHERE NOT EXISTS (SELECT FROM journal_article a
    WHERE a.doi_key = w.doi_key AND a.status = 'published' AND a.published_online <= %(today)s)"""
_HAS_FRONT = "EXISTS (SELECT FROM journal_metadatarecord m WHERE m.article_id = r.id AND m.front <> '')"
_OF_SET = {
    "journal": "(r.journal_id = %(number)s OR r.sets ? %(set)s)",
    "issue": "(r.issue_id = %(number)s OR r.sets ? %(set)s)",
    "section": "(r.section_id = %(number)s OR r.sets ? %(set)s)",
    "online-first": "(r.id IS NOT NULL AND r.issue_id IS NULL OR r.sets ? %(set)s)",
}


@dataclass(frozen=True, slots=True)
class Header:
    """A record's header. `article` is None for a deleted record; `stamp` is aware, in whole seconds."""

    doi: str
    key: str
    stamp: datetime
    sets: Sequence[str]
    article: int | None


def page(verb: str, wanted: Selection) -> tuple[list[Header], Position | None]:
    """The next headers, and the position to go on from if there are more. One statement."""
    most = PAGE[verb]
    conditions, values = _conditions(wanted)
    rows = _rows(
        f"{' AND '.join(conditions)} ORDER BY r.stamp, r.doi_key LIMIT %(limit)s", {**values, "limit": most + 1}
    )
    if len(rows) <= most:
        return rows, None
    last, seen = rows[most - 1], wanted.after.seen if wanted.after else 0
    return rows[:most], Position(last.stamp, last.key, seen + most)


def _conditions(wanted: Selection) -> tuple[list[str], dict[str, Any]]:
    kind, number = wanted.set_of
    conditions = ["true", *([_OF_SET[kind]] if kind else [])]
    if wanted.prefix == "jats":
        conditions.append(f"(r.id IS NULL OR {_HAS_FRONT})")
    values: dict[str, Any] = {"number": number, "set": wanted.set_spec}
    bounds = {"start": ("r.stamp >= %(start)s", wanted.start), "end": ("r.stamp <= %(end)s", wanted.end)}
    for name, (condition, bound) in bounds.items():
        if bound:
            conditions.append(condition)
            values[name] = bound
    if wanted.after:
        conditions.append("(r.stamp, r.doi_key) > (%(stamp)s, %(key)s)")
        values |= {"stamp": wanted.after.stamp, "key": wanted.after.key}
    return conditions, values


def _rows(condition: str, values: Mapping[str, Any]) -> list[Header]:
    statement = f"SELECT * FROM ({_LIVE} UNION ALL {_GONE}) r WHERE {condition}"  # noqa: S608  (our own words)
    with connection.cursor() as cursor:
        cursor.execute(statement, {"zone": settings.TIME_ZONE, "today": timezone.localdate(), **values})
        return [_header(row) for row in cursor.fetchall()]


def _header(row: Sequence[Any]) -> Header:
    article, doi, key, stamp, journal, issue, section, sets = row
    sets_then = sets_of(journal, issue, section) if article else json.loads(sets)
    return Header(doi, key, stamp.astimezone(UTC), sets_then, article)


def sets_of(journal: int, issue: int | None, section: int | None) -> list[str]:
    sets = [f"journal-{journal}", f"issue-{issue}" if issue else "online-first"]
    return [*sets, f"section-{section}"] if section else sets


# --- one record ------------------------------------------------------------------------------------------------------


def _prefix() -> str:
    return f"oai:{urlsplit(settings.SITE_URL).hostname}:"


def identifier(doi: str) -> str:
    """`oai:journal.example.org:10.5555/x`, with what a URI cannot hold in percent form (OAI identifier format 2.0)."""
    return _prefix() + quote(doi, safe="/:;()!*'.,@&=+$~_-")


def header_of(name: str) -> Header:
    """The header of an identifier; raises idDoesNotExist."""
    doi = unquote(name.removeprefix(_prefix())) if name.startswith(_prefix()) else ""
    found = _rows("r.doi_key = %(key)s", {"key": doi.lower().replace("\x00", "")}) if doi else []
    if not found:
        raise OaiError("idDoesNotExist", "No record has this identifier.")
    return found[0]


def earliest() -> datetime:
    """No datestamp is before this one."""
    withdrawn = "SELECT min(withdrawn_at) FROM journal_withdrawal"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT least(min(updated_at), ({withdrawn})) FROM journal_article")  # noqa: S608
        found: datetime | None = cursor.fetchone()[0]
    return (found or timezone.now()).astimezone(UTC).replace(microsecond=0)


def articles(headers: Sequence[Header], prefix: str) -> dict[int, Article]:
    """What a page of records is written from, in one statement."""
    unused = "record__front" if prefix == "oai_dc" else "record__facts"
    chosen = Article.objects.filter(pk__in=[header.article for header in headers if header.article])
    chosen = chosen.select_related("journal", "issue", "record").defer(unused, "search", "problems")
    return {article.pk: article for article in chosen}


def sets() -> list[tuple[str, str]]:
    """[(set, name)]: the journal, online first, sections, issues."""
    found = [(f"journal-{journal.pk}", journal.title) for journal in Journal.objects.order_by("pk")]
    found.append(("online-first", "Online first"))
    found += [(f"section-{section.pk}", section.name) for section in Section.objects.order_by("pk")]
    return found + [(f"issue-{issue.pk}", str(issue)) for issue in Issue.objects.published().order_by("pk")]
