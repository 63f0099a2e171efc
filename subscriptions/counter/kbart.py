"""The holdings as a KBART file (NISO RP-9-2014, phase II): what of the journal is online, from where to where.

One row for each stretch of issues without a year's gap; a second row where everybody reads after an embargo (the moving
wall, RP-9 6.6.13). For an institution the rows are what its licenses cover, and what is free for everybody.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify

from journal.access import NOTICE_TYPES
from journal.citation.names import one_line
from journal.models import Article, Issue, Journal
from subscriptions.models import Entitlement, Institution

TYPE = "text/plain; charset=utf-8"
COLUMNS = (
    "publication_title", "print_identifier", "online_identifier", "date_first_issue_online", "num_first_vol_online",
    "num_first_issue_online", "date_last_issue_online", "num_last_vol_online", "num_last_issue_online", "title_url",
    "first_author", "title_id", "embargo_info", "coverage_depth", "notes", "publisher_name", "publication_type",
    "date_monograph_published_print", "date_monograph_published_online", "monograph_volume", "monograph_edition",
    "first_editor", "parent_publication_title_id", "preceding_publication_title_id", "access_type",
)  # fmt: skip
PAID, FREE = "P", "F"
GAP_DAYS = 366  # a title is repeated after a gap of a year or more (RP-9 6.5.3)


@dataclass(frozen=True, slots=True)
class Coverage:
    """One row: from one issue to another (None: to the present)."""

    first: Issue
    last: Issue | None
    access_type: str
    embargo: str = ""
    notes: str = ""


def file_name(journal: Journal, institution: Institution | None, today: date) -> str:
    """`TestPress_Global_JournalOfTests_2026-11-29.txt`; an institution's names it in the region's place (RP-26)."""
    provider, title = _camel(journal.publisher) or "Publisher", _camel(journal.title) or "Journal"
    region = _camel(institution.name) if institution else "Global"
    return f"{provider}_{region or 'Institution'}_{title}_{today:%Y-%m-%d}.txt"


def _camel(text: str) -> str:
    return "".join(part.capitalize() for part in slugify(text).split("-"))


def text(journal: Journal, institution: Institution | None = None, today: date | None = None) -> str:
    """The whole file. A journal without issues has no row."""
    covered = coverage(journal, institution, today or timezone.localdate())
    lines = [COLUMNS, *(_row(journal, one) for one in covered)]
    return "".join("\t".join(map(one_line, line)) + "\r\n" for line in lines)


def coverage(journal: Journal, institution: Institution | None, today: date) -> list[Coverage]:
    issues = list(Issue.objects.filter(journal=journal, published_on__lte=today).order_by("published_on", "pk"))
    if not issues:
        return []
    if _is_open(journal, today):
        return list(_stretches(issues, issues[-1], FREE))
    paid = issues if institution is None else _licensed(institution, journal, issues)
    wall = _moving_wall(journal)
    free = [replace(one, embargo=f"P{wall}M") for one in _stretches(issues, issues[-1], FREE)] if wall else []
    return [*_stretches(paid, issues[-1], PAID), *free]


def _is_open(journal: Journal, today: date) -> bool:
    """Whether everybody reads everything."""
    articles = Article.objects.published(today).filter(journal=journal)
    behind = articles.filter(access_type="controlled").exclude(article_type__in=NOTICE_TYPES)
    return not behind.filter(Q(free_from=None) | Q(free_from__gt=today)).exists() and articles.exists()


def _moving_wall(journal: Journal) -> int:
    """After how many months everybody reads, when that holds for every controlled article; else 0."""
    controlled = Article.objects.published().filter(journal=journal, access_type="controlled")
    dates = list(controlled.exclude(article_type__in=NOTICE_TYPES).values_list("published_online", "free_from"))
    if not dates or any(free is None for _, free in dates):
        return 0
    return max(_months(published, free) for published, free in dates if published and free)


def _months(start: date, end: date) -> int:
    """Whole months from one day to another, a begun one counted."""
    return max(0, (end.year - start.year) * 12 + end.month - start.month + (end.day > start.day))


def _licensed(institution: Institution, journal: Journal, issues: Sequence[Issue]) -> list[Issue]:
    """The issues in which one of its licenses in force covers everything by the day of publication."""
    rights = list(Entitlement.objects.in_force().filter(institution=institution).filter(
        Q(journal=journal) | Q(issue__journal=journal)))  # fmt: skip
    return [issue for issue in issues if any(_covers(right, issue) for right in rights)]


def _covers(right: Entitlement, issue: Issue) -> bool:
    if right.issue_id and right.issue_id != issue.pk:
        return False
    after_start = right.covers_from is None or right.covers_from <= issue.published_on
    return after_start and (right.covers_until is None or issue.published_on <= right.covers_until)


def _stretches(issues: Sequence[Issue], newest: Issue, access_type: str) -> Iterator[Coverage]:
    """Runs of issues without a year's gap; one that reaches the newest goes on to the present."""
    if not issues:
        return
    breaks = [at + 1 for at, (one, next_) in enumerate(pairwise(issues)) if _is_gap(one, next_)]
    for start, end in pairwise([0, *breaks, len(issues)]):
        last = issues[end - 1]
        yield Coverage(issues[start], None if last == newest else last, access_type)


def _is_gap(one: Issue, next_: Issue) -> bool:
    return (next_.published_on - one.published_on).days >= GAP_DAYS


def _row(journal: Journal, one: Coverage) -> Iterable[str]:
    last = one.last
    cells = {
        "publication_title": journal.title,
        "print_identifier": journal.issn_print,
        "online_identifier": journal.issn_online,
        "date_first_issue_online": f"{one.first.published_on:%Y-%m-%d}",
        "num_first_vol_online": one.first.volume,
        "num_first_issue_online": one.first.number,
        "date_last_issue_online": f"{last.published_on:%Y-%m-%d}" if last else "",
        "num_last_vol_online": last.volume if last else "",
        "num_last_issue_online": last.number if last else "",
        "title_url": f"{settings.SITE_URL}/",
        "title_id": f"journal-{journal.pk}",
        "embargo_info": one.embargo,
        "coverage_depth": "fulltext",
        "notes": one.notes,
        "publisher_name": journal.publisher,
        "publication_type": "serial",
        "access_type": one.access_type,
    }
    return [cells.get(name, "") for name in COLUMNS]
