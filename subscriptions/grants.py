"""Rights that staff give, end and revoke, each with a reason. What was sold is written by fulfilment.py alone."""

import uuid
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from accounts.models import User
from subscriptions.models import Entitlement

BY_STAFF = "staff:"


def give(right: Entitlement, by: User) -> None:
    """Save a complimentary right: holder, scope, dates and reason are filled in, the rest is said here."""
    right.kind = Entitlement.Kind.COMPLIMENTARY
    right.source = f"{BY_STAFF}{uuid.uuid4()}"
    right.granted_by = by
    right.save()


def is_by_staff(right: Entitlement) -> bool:
    return right.source.startswith(BY_STAFF)


def end(right: Entitlement, last_day: date) -> None:
    """Let a right that staff gave end with a day. Raises ValueError for a sold one, whose end is its payment's."""
    if not is_by_staff(right):
        raise ValueError("A right that was sold ends with what was paid for.")
    right.ends_at = max(end_of(last_day), right.starts_at)
    right.save(update_fields=["ends_at", "updated_at"])


def revoke(right: Entitlement, by: User, reason: str) -> None:
    """Take a right back at once, also a sold one; reading Stripe again does not give it back."""
    right.revoked_at, right.revoked_by, right.revoke_reason = timezone.now(), by, reason
    right.save(update_fields=["revoked_at", "revoked_by", "revoke_reason", "updated_at"])


def give_back(right: Entitlement) -> None:
    """Undo a revocation by staff; whether money still stands against a sold right is for the next re-read to say."""
    right.revoked_at, right.revoked_by, right.revoke_reason = None, None, ""
    right.save(update_fields=["revoked_at", "revoked_by", "revoke_reason", "updated_at"])


def start_of(day: date) -> datetime:
    """The first moment of a day in the site's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def end_of(day: date) -> datetime:
    """The moment after a day's last: an end day is part of the right."""
    return start_of(day + timedelta(days=1))


def extend_rental(right: Entitlement, hours: int) -> None:
    """More time: to read, once the clock runs (from now, where it has run out); else to start it."""
    more, now = timedelta(hours=hours), timezone.now()
    if right.opened_at is None:
        right.open_by = max(right.open_by or now, now) + more
    else:
        right.ends_at = max(right.ends_at or now, now) + more
    right.save(update_fields=["open_by", "ends_at", "updated_at"])
