"""From pages to numbers: what counts, double-clicks and uniques against a slow oracle, months that come and go."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal.models import Article
from subscriptions.counter import months, processing
from subscriptions.models import Institution, UsageCount, UsageEvent, UsageMonth
from tests.make import make_article, make_institution

START = datetime(2026, 3, 31, 23, 58, 0, tzinfo=UTC)  # in New York: 19:58, so the hour ends within the events


@dataclass(frozen=True)
class Use:
    """One event, as drawn."""

    second: int
    reader: str
    page: str
    article: int
    at_institution: bool
    is_request: bool
    denied: bool


uses = st.builds(
    Use,
    second=st.one_of(st.integers(0, 300), st.sampled_from([0, 29, 30, 31, 60, 119, 120, 121])),
    reader=st.sampled_from(["one", "two"]),
    page=st.sampled_from(["article", "pdf"]),
    article=st.sampled_from([0, 1]),
    at_institution=st.booleans(),
    is_request=st.booleans(),
    denied=st.booleans(),
)


def oracle(drawn: list[Use], holder: bool) -> Counter[tuple[str, int]]:
    """Sections 7.2 and 7.3 as plainly as possible, for an institution or the world: {(metric, article): n}."""
    counts: Counter[tuple[str, int]] = Counter()
    sessions = set()
    mine = [use for use in drawn if use.at_institution or not holder]
    for metric in ("Total_Item_Investigations", "Total_Item_Requests", "No_License"):
        left = sorted((use for use in mine if qualifies(use, metric)), key=lambda use: use.second)
        index = 0
        while index < len(left):
            first, later = left[index], left[index + 1 :]
            if any(same_link(first, other) and other.second - first.second <= 30 for other in later):
                left.pop(index)  # the first of the two is dropped, the second stays
            else:
                index += 1
        for use in left:
            counts[metric, use.article] += 1
            if metric != "No_License":
                hour = (START + timedelta(seconds=use.second)).hour
                sessions.add((metric.replace("Total", "Unique"), use.reader, hour, use.article))
    for metric, _, _, article in sessions:
        counts[metric, article] += 1
    return counts


def qualifies(use: Use, metric: str) -> bool:
    return {"Total_Item_Investigations": True, "Total_Item_Requests": use.is_request, "No_License": use.denied}[metric]


def same_link(one: Use, other: Use) -> bool:
    return (one.reader, one.page, one.article) == (other.reader, other.page, other.article)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(uses, max_size=14))
def test_double_clicks_and_uniques_are_counted_as_by_the_code_of_practice(drawn: list[Use]) -> None:
    Institution.objects.all().delete()
    UsageEvent.objects.all().delete()
    articles = list(Article.objects.order_by("pk")[:2]) or [make_article(), make_article()]
    institution = make_institution()
    UsageEvent.objects.bulk_create(
        UsageEvent(
            at=START + timedelta(seconds=use.second), reader=use.reader, page=use.page, article=articles[use.article],
            institutions=[institution.pk] if use.at_institution else [], access_type="Controlled", yop=2026,
            is_investigation=True, is_request=use.is_request, denied="No_License" if use.denied else "",
        )
        for use in drawn
    )  # fmt: skip
    UsageMonth.objects.get_or_create(month=START.date().replace(day=1))
    for _ in range(2):  # the second time changes nothing
        processing.count_month(START.date().replace(day=1))
    for holder in (institution, None):
        rows = UsageCount.objects.filter(institution=holder)
        counted = Counter({(row.metric, articles.index(row.article)): row.count for row in rows})
        assert counted == oracle(drawn, holder is not None)


# --- months ----------------------------------------------------------------------------------------------------------

MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)


def use(at: str, article: Article, **fields: Any) -> None:
    moment = timezone.make_aware(datetime.fromisoformat(at))  # in the site's time zone
    given = {"reader": "r", "page": "article", "access_type": "Controlled", "is_investigation": True, "yop": 2026}
    UsageEvent.objects.create(at=moment, **{"article_id": article.pk, **given, **fields})


def total(month: date) -> int:
    found = UsageCount.objects.filter(month=month, institution=None, metric="Total_Item_Investigations")
    return sum(row.count for row in found)


def night(day: str) -> list[date]:
    return processing.process(timezone.make_aware(datetime.fromisoformat(f"{day} 03:40")))


def state(month: date) -> tuple[bool, bool]:
    row = UsageMonth.objects.get(pk=month)
    return row.closed_at is not None, row.sealed_at is not None


def test_the_life_of_a_month(article: Article) -> None:
    use("2026-03-31 23:59:50", article)
    use("2026-04-01 00:00:10", article)  # a double-click over midnight: the later one stays, and with it the month
    use("2026-03-10 12:00", article)
    assert night("2026-03-11") == [MARCH]
    assert (total(MARCH), state(MARCH)) == (1, (False, False))
    assert night("2026-04-01") == [APRIL]  # April's first came, March has no news
    assert (total(MARCH), total(APRIL), state(MARCH)) == (1, 1, (True, False))
    use("2026-03-20 12:00", article)  # a process that could not write for days
    assert night("2026-04-02") == [MARCH]
    assert (total(MARCH), night("2026-04-02")) == (2, [])
    counts = list(UsageCount.objects.filter(month=MARCH).values("metric", "count", "yop").order_by("metric"))
    Article.objects.filter(pk=article.pk).update(access_type="open")  # a month is never restated for it
    assert processing.count_month(MARCH)
    assert list(UsageCount.objects.filter(month=MARCH).values("metric", "count", "yop").order_by("metric")) == counts
    assert set(UsageCount.objects.values_list("access_type", flat=True)) == {"Controlled"}
    night("2026-04-14")
    of_march = UsageEvent.objects.filter(at__lt=months.begins(APRIL))
    assert of_march.exists()
    night("2026-04-15")
    assert state(MARCH) == (True, True)
    assert not of_march.exists()
    assert not processing.count_month(MARCH)
    assert (total(MARCH), total(APRIL)) == (2, 1)
    night("2026-06-02")  # nobody came in May: it is a month all the same
    assert (total(MAY), state(MAY)) == (0, (True, False))


def test_a_day_begins_where_the_journal_is(article: Article, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    UsageEvent.objects.create(
        at=datetime(2026, 3, 31, 16, tzinfo=UTC), reader="r", page="article", article=article, is_investigation=True
    )
    processing.process(datetime(2026, 4, 2, tzinfo=UTC))
    assert (total(MARCH), total(APRIL)) == (0, 1)


def test_a_count_that_breaks_off_leaves_the_old_numbers(article: Article) -> None:
    use("2026-03-10 12:00", article)
    night("2026-03-11")
    use("2026-03-12 12:00", article)
    with connection.execute_wrapper(_fails_at("INSERT INTO subscriptions_usagecount")), pytest.raises(OSError):
        night("2026-03-13")
    assert total(MARCH) == 1
    night("2026-03-13")
    assert total(MARCH) == 2


def _fails_at(words: str) -> Any:
    def wrapper(execute: Any, sql: str, *rest: Any) -> Any:
        if words in sql:
            raise OSError("the machine stopped")
        return execute(sql, *rest)

    return wrapper


def test_searches_are_counted_for_the_platform_and_not_filtered(article: Article) -> None:
    for second in ("00", "01"):
        use(f"2026-03-10 12:00:{second}", article, article_id=None, page="search", is_investigation=False)
    night("2026-03-11")
    row = UsageCount.objects.get()
    assert (row.metric, row.count, row.article_id) == ("Searches_Platform", 2, None)
