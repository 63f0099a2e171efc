"""Notices ahead of time: what renews, what ends, what waits to be started. By window and sent log.

Each notice has a window before the day it tells of. Whatever lies in its window and was not written yet is written
now; the outbox's key (what, whom, which day) is the log. So a day without a worker makes a notice late, never lost or
double, and no month, leap day or change of clocks can step over an exact date: only moments are compared, and days are
named in the site's time zone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from accounts.languages import of_reader, speaking
from accounts.models import User
from subscriptions import mail, price_changes
from subscriptions.models import Entitlement, Offer, OutgoingMail, Subscription

# How long before. US states' renewal laws ask for 15 to 45 days before a year renews: a late one has 15 days to come.
YEARLY_RENEWAL = timedelta(days=30)
TRIAL_END = timedelta(days=3)
ACCESS_END = timedelta(days=7)
RENTAL_LAPSE = timedelta(days=3)
A_YEAR = timedelta(days=365)
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Notice:
    """One mail that is due: `key` names the happening and its day, so that it is written once."""

    key: str
    template: str
    user: User
    context: dict[str, Any]


def send_due(now: datetime | None = None) -> int:
    """Write every notice whose window is open; returns how many were new. `now` is an aware datetime."""
    now = now or timezone.now()
    written = 0
    for notice in due(now):
        if not OutgoingMail.objects.filter(key=notice.key).exists():
            mail.enqueue(notice.key, notice.template, notice.user.email, notice.context, notice.user.pk)
            written += 1
    return written


def due(now: datetime) -> Iterator[Notice]:
    yield from _renewals(now)
    yield from _trials(now)
    yield from _yearly_reminders(now)
    yield from _ends(now)
    yield from _rentals(now)


def _renewing(now: datetime) -> "QuerySet[Subscription]":
    """Subscriptions that will be charged again, unless their reader does something."""
    found = Subscription.objects.filter(ends_at=None, is_collecting=True, period_end__gt=now)
    return found.select_related("user", "journal")


def _renewals(now: datetime) -> Iterator[Notice]:
    """Once before each renewal of a year: the day, the price, how to cancel."""
    soon = _renewing(now).filter(status="active", interval="year", period_end__lte=now + YEARLY_RENEWAL)
    for subscription in _unsent(soon, "renewal"):
        yield _about(subscription, "renewal", subscription.period_end)


def _trials(now: datetime) -> Iterator[Notice]:
    soon = _renewing(now).filter(status="trialing", period_end__lte=now + TRIAL_END)
    for subscription in _unsent(soon, "trial_end"):
        yield _about(subscription, "trial_end", subscription.period_end)


def _yearly_reminders(now: datetime) -> Iterator[Notice]:
    """Once a year to those who pay by the month: that they subscribe, at what price, and how to cancel."""
    monthly = _renewing(now).filter(status="active", interval="month", created_at__lte=now - A_YEAR)
    recent = OutgoingMail.objects.filter(
        user=OuterRef("user"), key__startswith="yearly:", created_at__gt=now - A_YEAR
    )  # fmt: skip
    for subscription in monthly.exclude(Exists(recent))[:AT_ONCE]:
        yield _about(subscription, "yearly", now)


def _ends(now: datetime) -> Iterator[Notice]:
    """Before a canceled subscription's last day; not when it was canceled within the window itself."""
    ending = Subscription.objects.filter(
        status__in=("active", "trialing"), ends_at__gt=now, ends_at__lte=now + ACCESS_END
    ).select_related("user", "journal")
    for subscription in _unsent(ending, "ending"):
        yield _about(subscription, "ending", subscription.ends_at)


def _rentals(now: datetime) -> Iterator[Notice]:
    """A rental that was paid and not started, before it lapses."""
    waiting = Entitlement.objects.filter(
        kind=Offer.Kind.RENTAL, user__isnull=False, opened_at=None, revoked_at=None, open_by__gt=now,
        open_by__lte=now + RENTAL_LAPSE,
    ).select_related("user", "article")  # fmt: skip
    for right in waiting[:AT_ONCE]:
        assert right.user is not None  # noqa: S101
        assert right.open_by is not None  # noqa: S101
        with speaking(of_reader(right.user)):
            context = {
                "title": right.scope.title, "path": right.article.get_absolute_url() if right.article else "",
                "by": mail.day(right.open_by), "language": get_language(),
            }  # fmt: skip
        yield Notice(f"rental_waits:{right.pk}", "subscriptions/email/rental_waits", right.user, context)


def _unsent(rows: "QuerySet[Subscription]", what: str) -> "QuerySet[Subscription]":
    """Those whose key is not in the outbox: the first of many thousands must not hide the others."""
    written = OutgoingMail.objects.filter(Q(key__startswith=f"{what}:")).values("key")
    keys = set(written.filter(created_at__gt=timezone.now() - 2 * A_YEAR).values_list("key", flat=True))
    chosen = [row.pk for row in rows.order_by("period_end").iterator() if _key(row, what) not in keys][:AT_ONCE]
    return rows.filter(pk__in=chosen)


def _key(subscription: Subscription, what: str) -> str:
    moment = subscription.ends_at if what == "ending" else subscription.period_end
    return f"{what}:{subscription.stripe_id}:{moment:%Y-%m-%d}"


def _about(subscription: Subscription, what: str, moment: datetime | None) -> Notice:
    assert moment is not None  # noqa: S101  (the query asked for it)
    with speaking(of_reader(subscription.user)):
        context = {
            "journal_title": subscription.journal.title, "price": price_changes.next_price(subscription),
            "day": mail.day(moment), "interval": subscription.interval_word,
            "next_day": mail.day(subscription.period_end or moment), "language": get_language(),
        }  # fmt: skip
    key = f"yearly:{subscription.stripe_id}:{moment:%Y-%m-%d}" if what == "yearly" else _key(subscription, what)
    return Notice(key, f"subscriptions/email/{what}", subscription.user, context)
