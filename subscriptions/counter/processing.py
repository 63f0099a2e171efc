"""Events become monthly counts. A month is counted anew from its events each time, so doing it again changes nothing.

Each institution's usage is counted by itself, and “The World” (no institution) gets all of it. Double-clicks (section
7.2): of two uses of one address by one reader within 30 seconds the first is dropped, and so on along a chain; for each
metric by itself. Of what is left, uniques (7.3): once for an article in a session, which is a reader's hour of the day.
So a unique never exceeds its total.

Runs each night (subscriptions/tasks.py). Events that come late are counted by the next run. A month that is over is
closed, and then reports show it. Its events are deleted `KEPT_DAYS` after its end: it is sealed and stays as it is.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from subscriptions.counter import months
from subscriptions.models import UsageEvent, UsageMonth

DOUBLE_CLICK = timedelta(seconds=30)
KEPT_DAYS = 14  # after the month's end: no event gets older than 45 days
LOCK = 5_101  # of all that count at the same time, one does
PIECE = 20_000

# One statement, so that the counts and the number of events they were made of come from one look at the table.
_COUNT = """
WITH used AS (
    SELECT e.id, e.at, e.reader, e.page, e.article_id, e.yop, e.access_type, e.access_method, m.metric, m.distinctly,
        h.institution_id
    FROM subscriptions_usageevent e
    CROSS JOIN LATERAL unnest(array_append(e.institutions, NULL)) AS h(institution_id)
    CROSS JOIN LATERAL (VALUES
        ('Total_Item_Investigations', 'Unique_Item_Investigations', e.is_investigation),
        ('Total_Item_Requests', 'Unique_Item_Requests', e.is_request),
        (e.denied, NULL, e.denied <> ''),
        ('Searches_Platform', NULL, e.article_id IS NULL)
    ) AS m(metric, distinctly, counts)
    WHERE m.counts AND e.at >= %(begins)s AND e.at < %(ends)s::timestamptz + %(double_click)s::interval
), clicked AS (
    SELECT u.*, lead(u.at) OVER (
        PARTITION BY u.institution_id, u.metric, u.reader, u.article_id, u.page ORDER BY u.at, u.id) AS again
    FROM used u
), kept AS (
    SELECT * FROM clicked WHERE at < %(ends)s
        AND (again IS NULL OR again - at > %(double_click)s::interval OR metric = 'Searches_Platform')
), counted AS (
    SELECT metric, institution_id, article_id, yop, access_type, access_method FROM kept
    UNION ALL
    SELECT distinctly, institution_id, article_id, yop, access_type, access_method FROM (
        SELECT DISTINCT ON (institution_id, distinctly, reader, date_trunc('hour', at), article_id, access_method) *
        FROM kept WHERE distinctly IS NOT NULL
        ORDER BY institution_id, distinctly, reader, date_trunc('hour', at), article_id, access_method, at DESC, id DESC
    ) AS once
), written AS (
    INSERT INTO subscriptions_usagecount
        (month, institution_id, journal_id, article_id, yop, access_type, access_method, metric, count)
    SELECT %(month)s::date, c.institution_id, a.journal_id, c.article_id, c.yop, c.access_type, c.access_method,
        c.metric, count(*)
    FROM counted c LEFT JOIN journal_article a ON a.id = c.article_id
    WHERE (c.institution_id IS NULL OR c.institution_id IN (SELECT id FROM subscriptions_institution))
        AND (c.article_id IS NULL OR a.id IS NOT NULL)
    GROUP BY c.institution_id, a.journal_id, c.article_id, c.yop, c.access_type, c.access_method, c.metric
)
UPDATE subscriptions_usagemonth SET counted_at = %(now)s, events = (
    SELECT count(*) FROM subscriptions_usageevent WHERE at >= %(begins)s AND at < %(ends)s)
WHERE month = %(month)s
"""


def process(now: datetime | None = None) -> list[date]:
    """Count what is new, close what is over, delete what is old. The months that were counted."""
    now = now or timezone.now()
    today = timezone.localdate(now)
    _begin_months(today)
    counted = [month for month in list(_with_news()) if count_month(month, now)]
    UsageMonth.objects.filter(month__lt=months.first_day(today), closed_at=None).update(closed_at=now)
    _seal(today, now)
    return counted


def _begin_months(today: date) -> None:
    """A row for each month since the first event, those without any usage included."""
    first = UsageEvent.objects.order_by("at").values_list("at", flat=True).first()
    known = UsageMonth.objects.order_by("month").values_list("month", flat=True).first()
    starts = [month for month in (known, first and months.first_day(timezone.localdate(first))) if month]
    if starts:
        rows = [UsageMonth(month=month) for month in months.between(min(starts), today)]
        UsageMonth.objects.bulk_create(rows, ignore_conflicts=True)


def _with_news() -> Iterator[date]:
    """Months with another number of events than they were counted from. Events are never changed, only added."""
    for row in UsageMonth.objects.filter(sealed_at=None).order_by("month"):
        if _events(row.month).count() != row.events:
            yield row.month


def _events(month: date) -> Any:
    return UsageEvent.objects.filter(at__gte=months.begins(month), at__lt=months.begins(months.after(month)))


def count_month(month: date, now: datetime | None = None) -> bool:
    """All counts of a month anew from its events, in one transaction; False when its events are gone."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if UsageMonth.objects.get(pk=month).sealed_at:
            return False
        asked: dict[str, Any] = {
            "month": month, "begins": months.begins(month), "ends": months.begins(months.after(month)),
            "double_click": DOUBLE_CLICK, "now": now or timezone.now(),
        }  # fmt: skip
        cursor.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute("DELETE FROM subscriptions_usagecount WHERE month = %s", [month])
        cursor.execute(_COUNT, asked)
    return True


def _seal(today: date, now: datetime) -> None:
    """Delete the events of months whose end is long enough ago. First the seal, so that no run counts half a month."""
    for row in UsageMonth.objects.filter(closed_at__isnull=False):
        if today < months.after(row.month) + timedelta(days=KEPT_DAYS):
            continue
        UsageMonth.objects.filter(pk=row.pk, sealed_at=None).update(sealed_at=now)
        while ids := list(_events(row.month).values_list("pk", flat=True)[:PIECE]):  # in pieces: nobody waits
            UsageEvent.objects.filter(pk__in=ids).delete()
