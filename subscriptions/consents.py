"""What a reader agrees to before paying, word for word: shown, kept as a snapshot, and confirmed on the receipt.

Directive 2011/83/EU art. 16(m): access to digital content at once ends the right of withdrawal only when the reader
asked for it, acknowledged it, and got both confirmed on a durable medium. A subscription is a service: its right of
withdrawal stays for 14 days, less what was used (art. 14(3)). Renewal terms are agreed to apart (California, ARL as of
July 2025).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy

from subscriptions.models import Consent, Offer, Order

WITHDRAWAL_DAYS = 14
AT_ONCE = gettext_lazy(
    "I ask for immediate access and acknowledge that I lose my right of withdrawal once access begins."
)
BEGIN_AT_ONCE = gettext_lazy(
    "I ask for the subscription to begin at once. I can still withdraw from it within 14 days; the part of the time I"
    " have had by then is paid for and not refunded."
)
RENEWAL = gettext_lazy(
    "I agree that the subscription renews each {interval} at {price} until I cancel. I can cancel at any time under"
    " “My access”; it then ends with the period I have paid for."
)
TRIAL_RENEWAL = gettext_lazy(
    "I agree that, after {days} days free of charge, the subscription costs {price} each {interval} and renews until I"
    " cancel. If I cancel under “My access” before the free days are over, nothing is charged."
)
PAGE = "Order page, button “Continue to payment”"


@dataclass(frozen=True, slots=True)
class Statement:
    """One box to tick: `kind` is Consent.Kind's value."""

    kind: str
    text: str

    @property
    def version(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]


def statements(offer: Offer, trial_days: int = 0) -> tuple[Statement, ...]:
    """What must be ticked for an offer, in the order it stands on the page."""
    if offer.kind != Offer.Kind.SUBSCRIPTION:
        return (Statement(Consent.Kind.IMMEDIATE, str(AT_ONCE)),)
    words = TRIAL_RENEWAL if trial_days else RENEWAL
    renewal = words.format(interval=offer.interval_word, price=offer.told_price, days=trial_days)
    return Statement(Consent.Kind.RENEWAL, renewal), Statement(Consent.Kind.IMMEDIATE, str(BEGIN_AT_ONCE))


def keep(order: Order, agreed: tuple[Statement, ...]) -> None:
    """The snapshot, once for an order, in the caller's transaction."""
    Consent.objects.bulk_create(
        Consent(
            order=order, kind=one.kind, text=one.text, version=one.version, page=PAGE,
            given_at=order.consented_at or timezone.now(),
        )
        for one in agreed
    )  # fmt: skip


def next_payment(offer: Offer, trial_days: int, now: datetime | None = None) -> str:
    """The day of the first renewal, or of the first payment after a trial: `December 22, 2026`."""
    now = timezone.localtime(now)
    day = now + timedelta(days=trial_days) if trial_days else _one_later(now, offer.interval)
    return date_format(day, "DATE_FORMAT")


def _one_later(now: datetime, interval: str) -> datetime:
    """A month or a year on, clamped to the month's last day as Stripe clamps it."""
    months = now.month + (12 if interval == Offer.Interval.YEAR else 1)
    year, month = now.year + (months - 1) // 12, (months - 1) % 12 + 1
    first_of_next = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=now.tzinfo)
    return now.replace(year=year, month=month, day=min(now.day, (first_of_next - timedelta(days=1)).day))
