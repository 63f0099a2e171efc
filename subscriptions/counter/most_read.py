"""What is read most, for the home page: the journal knows no usage, so it is told each night."""

from datetime import date, timedelta

from django.db.models import Sum
from django.utils import timezone

from journal.browsing import MOST_READ_KEPT, put_down_readings
from subscriptions.models import UsageCount

METRIC = "Unique_Item_Requests"  # once for each session that opened the text


def put_down(today: date | None = None) -> None:
    """The articles whose texts were opened in most sessions of this month and the one before, by everybody."""
    first = (today or timezone.localdate()).replace(day=1)
    counted = UsageCount.objects.filter(
        month__gte=(first - timedelta(days=1)).replace(day=1), institution=None, article__isnull=False, metric=METRIC
    )
    sums = counted.values_list("article").annotate(number=Sum("count")).order_by("-number", "article")
    put_down_readings(dict(sums[: MOST_READ_KEPT * 2]))
