"""Notices of renewals and ends: once each, in time, after downtime too, in every month and time zone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from subscriptions import mail, reminders
from subscriptions.models import OutgoingMail, Subscription
from tests.make import make_article, make_journal, make_right, make_user

pytestmark = pytest.mark.django_db


def make_subscription(user: User, **fields: Any) -> Subscription:
    number = Subscription.objects.count()
    defaults = {
        "stripe_id": f"sub_{number}", "user": user, "journal": make_journal(), "status": "active", "amount": 8900,
        "interval": "year", "period_start": timezone.now(), "period_end": timezone.now() + timedelta(days=365),
        "synced_at": timezone.now(),
    }  # fmt: skip
    return Subscription.objects.create(**{**defaults, **fields})


def days_of_work(start: datetime, end: datetime, closed: set[int] = frozenset()) -> None:  # type: ignore[assignment]
    """The hourly job, thinned to once a day; on `closed` days (counted from the start) nothing runs."""
    moment, day = start, 0
    while moment < end:
        if day not in closed:
            reminders.send_due(moment)
        moment, day = moment + timedelta(days=1), day + 1


@pytest.mark.parametrize("month", range(1, 13))
def test_a_years_renewal_is_told_once_thirty_days_before_in_every_month(dan: User, month: int) -> None:
    renews = datetime(2027, month, 28, 23, 30, tzinfo=UTC)
    make_subscription(dan, period_end=renews)
    days_of_work(renews - timedelta(days=33), renews - timedelta(days=25))
    notice = OutgoingMail.objects.get()
    assert notice.key == f"renewal:sub_0:2027-{month:02}-28"
    mail.send(notice.pk)
    assert "$89.00" in outbox.outbox[0].body
    assert "renews on" in outbox.outbox[0].subject


@hypothesis_settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    closed=st.sets(st.integers(0, 34), max_size=33),
    day=st.dates(date(2026, 1, 1), date(2029, 1, 1)),
)
def test_days_without_a_worker_make_a_notice_late_never_lost_or_double(closed: set[int], day: Any) -> None:
    OutgoingMail.objects.all().delete()
    Subscription.objects.all().delete()
    renews = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
    make_subscription(make_user(), period_end=renews)
    days_of_work(renews - timedelta(days=35), renews, closed)
    open_days = set(range(5, 35)) - closed
    assert OutgoingMail.objects.count() == int(bool(open_days))


@pytest.mark.parametrize(
    ("zone", "named"),
    [("America/New_York", "February 28, 2027"), ("Asia/Tokyo", "March 1, 2027"), ("UTC", "March 1, 2027")],
)
def test_the_day_is_named_in_the_sites_time_zone(dan: User, zone: str, named: str) -> None:
    renews = datetime(2027, 3, 1, 2, tzinfo=UTC)
    make_subscription(dan, period_end=renews)
    with override_settings(TIME_ZONE=zone):
        timezone.deactivate()
        reminders.send_due(renews - timedelta(days=10))
    assert OutgoingMail.objects.get().context["day"] == named


def test_a_subscription_that_ends_is_told_and_one_that_renews_by_the_month_once_a_year(dan: User) -> None:
    now = timezone.now()
    ending = make_subscription(dan, ends_at=now + timedelta(days=5), period_end=now + timedelta(days=5))
    monthly = make_subscription(make_user(), interval="month", period_end=now + timedelta(days=20))
    Subscription.objects.filter(pk=monthly.pk).update(created_at=now - timedelta(days=366))
    for _ in range(3):
        reminders.send_due(now)
    keys = sorted(OutgoingMail.objects.values_list("key", flat=True))
    assert keys == [
        f"ending:{ending.stripe_id}:{ending.ends_at:%Y-%m-%d}",
        f"yearly:{monthly.stripe_id}:{now:%Y-%m-%d}",
    ]


def test_a_trial_and_a_rental_that_waits_are_told_before_they_are_over(dan: User) -> None:
    now = timezone.now()
    make_subscription(dan, status="trialing", interval="month", period_end=now + timedelta(days=2))
    make_right(dan, make_article(title="On waiting herons"), "rental", open_by=now + timedelta(days=2))
    make_right(dan, make_article(), "rental", open_by=now + timedelta(days=20))
    reminders.send_due(now)
    assert {key.partition(":")[0] for key in OutgoingMail.objects.values_list("key", flat=True)} == {
        "trial_end",
        "rental_waits",
    }
    for notice in OutgoingMail.objects.all():
        assert mail.send(notice.pk)
    assert "On waiting herons" in "".join(message.body for message in outbox.outbox)


def test_nobody_is_told_of_a_renewal_that_will_not_be(dan: User) -> None:
    soon = timezone.now() + timedelta(days=10)
    make_subscription(dan, period_end=soon, is_collecting=False)
    make_subscription(dan, period_end=soon, status="canceled")
    make_subscription(dan, period_end=soon, status="past_due")
    assert reminders.send_due() == 0


def test_the_same_mail_is_written_once() -> None:
    for _ in range(2):
        mail.alert_staff("x", "Once.")
    assert OutgoingMail.objects.count() == 1
