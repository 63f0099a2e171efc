"""The counts of a report: {what a row describes: {metric: {month: n}}}, out of the monthly counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet, Sum

from journal.models import Article, Journal
from subscriptions.counter import catalogue, exceptions
from subscriptions.counter.asking import Asked
from subscriptions.counter.catalogue import Report
from subscriptions.models import Institution, UsageCount

# {metric: {month: n}}, in the order in which they are printed
Performance = dict[str, dict[date, int]]


@dataclass
class Line:
    """One thing that was used, as one combination of attributes. `attributes` is in the order of the report."""

    article: int | None
    attributes: dict[str, str]
    performance: Performance = field(default_factory=dict)


@dataclass
class Counted:
    """A whole report before it takes one of its forms."""

    asked: Asked
    institution: Institution | None
    journal: Journal
    lines: list[Line]
    articles: Mapping[int, Article]


_COLUMN_OF = {"YOP": "yop", "Access_Type": "access_type", "Access_Method": "access_method"}
LIST_FIELDS = ("doi", "title", "authors", "published_online", "version", "corrected_on")


def count(asked: Asked, institution: Institution | None) -> Counted:
    """`institution` None is everybody: The World."""
    lines = _lines(asked, institution)
    if not lines and asked.ready:
        asked.said.append(exceptions.no_usage())
    ids = {line.article for line in lines if line.article}
    articles = Article.objects.only(*LIST_FIELDS).in_bulk(ids) if ids else {}
    journal = Journal.objects.first() or Journal(title=settings.SITE_URL)
    return Counted(asked, institution, journal, lines, articles)


def attributes_of(asked: Asked) -> tuple[str, ...]:
    """The attributes that split the counts: Data_Type is one where the report has the column."""
    return tuple(name for name in ("Data_Type", *_COLUMN_OF) if name in asked.columns)


def _lines(asked: Asked, institution: Institution | None) -> list[Line]:
    report, shown = asked.report, attributes_of(asked)
    keys = ["article_id"] if report.level == catalogue.ITEM else []
    keys += [_COLUMN_OF[name] for name in shown if name in _COLUMN_OF]
    rows = _filtered(asked, institution).values(*keys, "metric", "month").annotate(total=Sum("count")).order_by()
    lines: dict[tuple[Any, ...], Line] = {}
    for row in rows:
        attributes = {name: _value(name, report, row) for name in shown}
        key = (row.get("article_id"), *attributes.values())
        line = lines.setdefault(key, Line(row.get("article_id"), attributes))
        line.performance.setdefault(row["metric"], {})[row["month"]] = row["total"]
    for line in lines.values():
        line.performance = {
            metric: dict(sorted(line.performance[metric].items())) for metric in sorted(line.performance)
        }
    return [lines[key] for key in sorted(lines, key=lambda key: (key[0] or 0, *key[1:]))]


def _value(name: str, report: Report, row: Mapping[str, Any]) -> str:
    if name == "Data_Type":
        return "Platform" if row["metric"] == "Searches_Platform" else catalogue.TYPES[report.level][0]
    return f"{row['yop']:04}" if name == "YOP" else str(row[_COLUMN_OF[name]])


def _filtered(asked: Asked, institution: Institution | None) -> QuerySet[UsageCount]:
    chosen = {name: values for name, values in asked.filters.items() if name in ("Access_Type", "Access_Method")}
    where = {f"{_COLUMN_OF[name]}__in": values for name, values in chosen.items()}
    found = UsageCount.objects.filter(
        institution=institution, month__in=asked.ready, metric__in=_metrics(asked), **where
    )
    if asked.years:
        years = Q()
        for first, last in asked.years:
            years |= Q(yop__range=(first, last))
        found = found.filter(years)
    return found


def _metrics(asked: Asked) -> Iterable[str]:
    """Data types that were not asked for take their metrics with them: searches are the platform's, all else is not."""
    types = asked.filters.get("Data_Type", catalogue.TYPES[asked.report.level])
    is_for = {True: "Platform" in types, False: "Journal" in types or "Article" in types}
    return [metric for metric in asked.metrics if is_for[metric == "Searches_Platform"]]
