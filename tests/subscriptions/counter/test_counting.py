"""From pages to numbers: what counts, double-clicks and uniques against a slow oracle, months that come and go."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal.models import Article
from subscriptions.counter import processing
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
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


def click(at: datetime, **fields: Any) -> UsageEvent:
    given = {"reader": "r", "page": "article", "access_type": "Controlled", "is_investigation": True, "yop": 2026}
    return UsageEvent.objects.create(**{"at": at, **given, **fields})
