"""Usage at a glance: a line a month for an institution or for everybody, and what readers were turned away from."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Sum

from journal.models import Article
from subscriptions.models import Institution, UsageCount, UsageMonth

SHOWN_MONTHS = 13
MOST_ARTICLES = 20
GLANCE = (
    "Total_Item_Requests", "Unique_Item_Requests", "Total_Item_Investigations", "No_License", "Limit_Exceeded",
)  # fmt: skip


@dataclass
class Line:
    """What was counted in a month, or of an institution in it. `is_closed`: reports show it."""

    month: date
    name: str = ""
    is_closed: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    def of(self, metric: str) -> int:
        return self.counts.get(metric, 0)

    @property
    def requests(self) -> int:
        return self.of("Total_Item_Requests")

    @property
    def unique_requests(self) -> int:
        return self.of("Unique_Item_Requests")

    @property
    def investigations(self) -> int:
        return self.of("Total_Item_Investigations")

    @property
    def turned_away(self) -> int:
        return self.of("No_License") + self.of("Limit_Exceeded")


def by_month(institution: Institution | None, most: int = SHOWN_MONTHS) -> list[Line]:
    """The latest months, newest first; the running one is counted up to last night."""
    months = {
        row.month: Line(row.month, is_closed=row.closed_at is not None) for row in UsageMonth.objects.all()[:most]
    }
    rows = UsageCount.objects.filter(institution=institution, month__in=months, metric__in=GLANCE)
    for row in rows.values("month", "metric").annotate(total=Sum("count")).order_by():
        months[row["month"]].counts[row["metric"]] = row["total"]
    return list(months.values())


def by_institution(months: Iterable[date]) -> list[Line]:
    """A line for each institution with usage in each month, by name; everybody's first."""
    rows = UsageCount.objects.filter(month__in=list(months), metric__in=GLANCE)
    found: dict[tuple[Any, ...], Line] = {}
    totals = rows.values("month", "institution__name", "institution", "metric").annotate(total=Sum("count")).order_by()
    for row in totals:
        name = row["institution__name"] or "The World"
        key = (row["month"], row["institution"] is not None, name, row["institution"])
        found.setdefault(key, Line(row["month"], name)).counts[row["metric"]] = row["total"]
    return [found[key] for key in sorted(found, key=lambda key: (-key[0].toordinal(), key[1], key[2], key[3] or 0))]


def turned_away_from(institution: Institution | None, since: date) -> list[dict[str, Any]]:
    """[{article, times}] of the articles that were asked for most without a license."""
    denied = UsageCount.objects.filter(
        institution=institution, month__gte=since, metric__in=("No_License", "Limit_Exceeded")
    )
    totals = denied.values("article").annotate(times=Sum("count")).order_by("-times", "article")[:MOST_ARTICLES]
    wanted = list(totals)
    known = Article.objects.published().only("doi", "title_html", "title")
    articles = known.in_bulk([row["article"] for row in wanted])
    return [
        {"article": articles[row["article"]], "times": row["times"]} for row in wanted if row["article"] in articles
    ]  # fmt: skip
