"""What support reads on the phone: rights and subscriptions in words, their changes, and reading Stripe again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format

from subscriptions import sync
from subscriptions.models import Entitlement, Order, Subscription, SyncTarget


def moment(when: datetime) -> str:
    """`Nov 22, 2026, 2:05 PM`, in the site's time zone; where German is spoken `22.11.2026, 14:05 Uhr`."""
    return date_format(timezone.localtime(when), "SHORT_DATETIME_FORMAT")


def day_of(when: datetime) -> str:
    """`Nov 22, 2026`, in the site's time zone."""
    return date_format(timezone.localtime(when), "SHORT_DATE_FORMAT")


def state_of(right: Entitlement, now: datetime | None = None) -> str:
    """One right at `now` (an aware datetime, default: this moment), in words."""
    now = now or timezone.now()
    if right.revoked_at:
        return f"Revoked {moment(right.revoked_at)}: {right.revoke_reason or 'no reason given'}"
    if right.starts_at > now:
        return f"Starts {moment(right.starts_at)}"
    if right.reading_seconds is not None and right.opened_at is None:
        open_by = f" {moment(right.open_by)}" if right.open_by else ""
        lapsed = right.open_by is not None and right.open_by <= now
        return f"Was never started, lapsed{open_by}" if lapsed else f"Paid, not started; can be until{open_by}"
    if right.ends_at is None:
        return "In force, without end"
    if right.ends_at <= now:
        return f"Ended {moment(right.ends_at)}"
    grace = ", renewal failing" if right.grace_since else ""
    return f"In force until {moment(right.ends_at)}{grace}"


def subscription_in_words(row: Subscription, right: Entitlement | None, now: datetime | None = None) -> str:
    """The state of a subscription in one sentence: what it costs, until when it opens, what comes next."""
    now = now or timezone.now()
    price = f"{row.told_price}{f' a {row.interval}' if row.interval else ''}"
    until = f"open until {moment(right.ends_at)}" if right and right.ends_at else "open"
    since = f" since {day_of(row.unpaid_since)}" if row.unpaid_since else ""
    if row.ended_at:
        kept = (
            ", and is still open until " + moment(right.ends_at)
            if _opens(right, now) and right and right.ends_at
            else ""
        )
        return f"Ended {day_of(row.ended_at)}{kept}."
    if right and right.revoked_at:
        return f"{price}, held back since {day_of(right.revoked_at)}: {right.revoke_reason or 'no reason given'}."
    if row.status in ("past_due", "unpaid"):
        reading = f"{until} while Stripe tries again" if _opens(right, now) else "closed until it is paid"
        return f"{price}, the renewal has been unpaid{since}; {reading}."
    if special := _special(row, right, price, until if _opens(right, now) else "closed"):
        return special
    if not _opens(right, now):
        return f"{price}, {row.status} at Stripe, but nothing is open: re-read it from Stripe."
    return f"{price}, renews {day_of(row.period_end) if row.period_end else 'as Stripe says'}; {until}."


def _special(row: Subscription, right: Entitlement | None, price: str, reading: str) -> str:
    """What is neither running along nor unpaid: never begun, paused, canceled, on trial."""
    if row.status in ("incomplete", "incomplete_expired"):
        return f"{price}, the first payment did not go through: nothing is open and nothing was charged."
    if not row.is_collecting or row.status == "paused":
        return f"{price}, collecting is paused at Stripe; {reading}."
    if row.ends_at:
        return f"{price}, canceled; open until {moment(row.ends_at)} and not renewed."
    if row.status == "trialing":
        return f"Free trial until {day_of(row.period_end) if row.period_end else 'its end'}, then {price}."
    return ""


def _opens(right: Entitlement | None, now: datetime) -> bool:
    return bool(
        right and not right.revoked_at and right.starts_at <= now and (not right.ends_at or right.ends_at > now)
    )


def change_in_words(before: dict[str, Any], after: dict[str, Any] | None) -> str:
    """What became of a right between two of its states (columns by name); empty when nothing that matters did."""
    if after is None:
        return "Deleted"
    said = []
    if before["user_id"] != after["user_id"]:
        said.append("Moved to another account" if after["user_id"] else "Taken from the account")
    if not before["revoked_at"] and after["revoked_at"]:
        said.append(f"Taken back: {after['revoke_reason'] or 'no reason given'}")
    if before["revoked_at"] and not after["revoked_at"]:
        said.append("Given back")
    if not before["opened_at"] and after["opened_at"]:
        said.append("Started by the reader")
    if before["ends_at"] != after["ends_at"]:
        ends = [moment(state["ends_at"]) if state["ends_at"] else "without end" for state in (before, after)]
        said.append(f"End moved from {ends[0]} to {ends[1]}")
    if not before["grace_since"] and after["grace_since"]:
        said.append("The renewal failed")
    if before["grace_since"] and not after["grace_since"]:
        said.append("The renewal was paid")
    if (before["covers_from"], before["covers_until"]) != (after["covers_from"], after["covers_until"]):
        said.append("Covers other years")
    return "; ".join(said) or "Changed"


def rights_by_source(orders: Sequence[Order]) -> dict[Any, Entitlement]:
    """What each order brought: {order id: right}, in one statement."""
    sources = {source: order.pk for order in orders for source in _sources(order)}
    rights = Entitlement.objects.filter(source__in=sources).select_related("user", "article", "issue", "journal")
    return {sources[right.source]: right for right in rights}


def _sources(order: Order) -> list[str]:
    return [f"subscription:{order.subscription_id}"] if order.subscription_id else [f"order:{order.pk}"]


def order_behind(right: Entitlement) -> Order | None:
    """The order a sold right came from."""
    kind, _, key = right.source.partition(":")
    if kind == "order":
        return Order.objects.filter(pk=key).first()
    subscription = Subscription.objects.filter(stripe_id=key).select_related("order").first()
    return subscription.order if kind == "subscription" and subscription else None


def re_read(kind: str, key: str) -> str:
    """Read one target from Stripe now. Returns the empty text, or a sentence that says why it could not be read."""
    sync.hint(kind, key)
    if sync.run(kind, key):
        return ""
    target = SyncTarget.objects.get(kind=kind, key=key)
    if target.last_error:
        return f"Stripe did not answer as hoped: {target.last_error}"
    return "A worker is reading it at this moment; look again in a few seconds."


def stripe_address(stripe_id: str) -> str:
    """Where staff see an object in Stripe's dashboard; empty where there is none (the local Stripe)."""
    if settings.STRIPE_API_BASE != "https://api.stripe.com" or not stripe_id:
        return ""
    pages = {
        "pi": "payments",
        "ch": "payments",
        "sub": "subscriptions",
        "cus": "customers",
        "in": "invoices",
        "evt": "events",
    }
    mode = "" if settings.STRIPE_LIVEMODE else "test/"
    page = pages.get(stripe_id.partition("_")[0])
    found = f"{page}/{stripe_id}" if page else f"search?query={stripe_id}"
    return f"https://dashboard.stripe.com/{mode}{found}"
