"""A new price for running subscriptions: who is met, who is told when, and the move at Stripe. Window and sent log.

Nobody pays a new price who was not told, by a mail that went out at least LEAST before the renewal (California's law
asks for 7 to 30 days) and says how to cancel. PRICE_NOTICE_DAYS before a renewal the notice is written, with its mail
in one transaction; shortly before the renewal the price is exchanged at Stripe, without proration, so that the next
period is the first at the new price. What was missed (no worker, no mail, no Stripe) makes it one period later, with a
notice of its own: never early, never untold, never twice. Every step may run again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from subscriptions import checkout, gateway, mail, stripe_plans, sync
from subscriptions.models import Offer, OutgoingMail, PriceChange, PriceNotice, Subscription, SyncTarget
from subscriptions.money import Money

LEAST = timedelta(days=7)
MOVE_BEFORE = timedelta(days=3)
AT_ONCE = 500
State = PriceNotice.State


class CannotStart(Exception):
    """The offer is no price a running subscription can move to. The message is for staff."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Whom a change would meet: for each price that is paid now how many, and the first renewal it can reach."""

    groups: tuple[tuple[Money, int, datetime | None], ...]
    first_notice: datetime | None

    @property
    def subscribers(self) -> int:
        return sum(count for _, count, _ in self.groups)


def met(offer: Offer) -> "QuerySet[Subscription]":
    """Running subscriptions of this kind that pay another price. A free trial ends at the price it was begun with."""
    return Subscription.objects.filter(
        journal=offer.journal_id, interval=offer.interval, currency=offer.currency, ends_at=None, is_collecting=True,
        status__in=("active", "past_due"), order__audience=offer.audience,
    ).exclude(amount=offer.amount)  # fmt: skip


def preview(offer: Offer, now: datetime | None = None) -> Preview:
    now = now or timezone.now()
    found = met(offer).order_by("amount").values("amount").annotate(
        count=Count("pk"), first=Min("period_end", filter=Q(period_end__gt=now + LEAST))
    )  # fmt: skip
    groups = tuple((Money(row["amount"], offer.currency), row["count"], row["first"]) for row in found)
    first = min((first for _, _, first in groups if first), default=None)
    return Preview(groups, max(now, first - _notice()) if first else None)


def notice_days() -> int:
    return int(settings.PRICE_NOTICE_DAYS)


def _notice() -> timedelta:
    return timedelta(days=notice_days())


def start(offer: Offer, by: User | None, reason: str = "") -> PriceChange:
    """Begin to tell. A change to another price that was going on tells nobody more; whom it told, it still moves."""
    if offer.kind != Offer.Kind.SUBSCRIPTION or not offer.active:
        raise CannotStart("Only a subscription offer that is on sale can be the new price.")
    same = Q(
        offer__journal=offer.journal_id, offer__interval=offer.interval, offer__currency=offer.currency,
        offer__audience=offer.audience,
    )  # fmt: skip
    with transaction.atomic():
        Offer.objects.select_for_update().get(pk=offer.pk)
        running = PriceChange.objects.filter(same, stopped_at=None)
        known = running.filter(offer=offer).first()
        if known:
            return known
        running.update(stopped_at=timezone.now())
        return PriceChange.objects.create(offer=offer, started_by=by, reason=reason)


def stop(change: PriceChange) -> int:
    """Tell nobody more, and write to those who were told that their price stays. Returns how many those are."""
    with transaction.atomic():
        PriceChange.objects.filter(pk=change.pk, stopped_at=None).update(stopped_at=timezone.now())
        told = change.notices.select_for_update(of=("self",)).select_related("subscription__user")
        waiting = list(told.filter(state=State.TOLD))
        for notice in waiting:
            notice.state = State.WITHDRAWN
            notice.save(update_fields=["state"])
            mail.price_stays(notice)
    return len(waiting)


# --- the hourly job --------------------------------------------------------------------------------------------------


def look_after(now: datetime | None = None) -> tuple[int, int]:
    """(how many were told, how many were moved). `now` is an aware datetime."""
    now = now or timezone.now()
    return sum(_tell(change, now) for change in PriceChange.objects.filter(stopped_at=None)), _carry_out(now)


def _tell(change: PriceChange, now: datetime) -> int:
    """Everybody whose renewal lies in the window and who has no notice for it."""
    offer = change.offer
    if not offer.active:
        return 0  # replaced by a newer price, which staff have not announced yet
    window = met(offer).filter(period_end__gt=now + LEAST, period_end__lte=now + _notice())
    unaware = window.exclude(price_notices__state=State.TOLD).select_related("user", "journal")
    told = 0
    for subscription in unaware.order_by("period_end", "pk")[:AT_ONCE]:
        told += _tell_one(change, offer, subscription)
    return told


def _tell_one(change: PriceChange, offer: Offer, subscription: Subscription) -> bool:
    """Notice and mail in one transaction. Another worker at the same one steps aside."""
    assert subscription.period_end is not None  # noqa: S101  (the query asked for it)
    try:
        with transaction.atomic():
            notice = PriceNotice.objects.create(
                change=change, subscription=subscription, old_amount=subscription.amount, amount=offer.amount,
                currency=offer.currency, applies_at=subscription.period_end,
            )  # fmt: skip
            mail.price_change(notice)
    except IntegrityError:
        return False
    return True


def _carry_out(now: datetime) -> int:
    """Exchange the price of those whose renewal is near, and let go of notices that were too late for theirs."""
    due = PriceNotice.objects.filter(state=State.TOLD, applies_at__lte=now + MOVE_BEFORE).order_by("applies_at", "pk")
    return sum(_carry_out_one(pk, now) for pk in list(due.values_list("pk", flat=True)[:AT_ONCE]))


def _carry_out_one(pk: int, now: datetime) -> bool:
    notice = PriceNotice.objects.select_related("subscription", "change__offer").get(pk=pk)
    if notice.applies_at <= now or not _was_told_in_time(notice):
        return _settle(notice, State.LAPSED)
    subscription = notice.subscription
    if subscription.ends_at or subscription.status not in ("active", "past_due") or not subscription.is_collecting:
        return False  # canceled: it does not renew. Kept after all before that day, it moves; else it lapses
    try:
        price = checkout.price_at_stripe(notice.change.offer)
        stripe_plans.change_price(subscription.stripe_id, price_id=price, from_amount=notice.old_amount)
    except gateway.Rejected:
        return _settle(notice, State.LAPSED)  # another plan by now, or gone: what is true is read again
    except gateway.GatewayError:
        return False  # asked again within the hour
    return _settle(notice, State.MOVED)


def _was_told_in_time(notice: PriceNotice) -> bool:
    key, latest = mail.price_change_key(notice), notice.applies_at - LEAST
    return OutgoingMail.objects.filter(key=key, sent_at__lte=latest).exists()


def _settle(notice: PriceNotice, state: str) -> bool:
    """Once, whoever comes first; the subscription is then read again."""
    with transaction.atomic():
        moved = {"moved_at": timezone.now()} if state == State.MOVED else {}
        changed = PriceNotice.objects.filter(pk=notice.pk, state=State.TOLD).update(state=state, **moved)
        if changed:
            sync.hint(SyncTarget.Kind.SUBSCRIPTION, notice.subscription.stripe_id)
    return bool(changed) and state == State.MOVED


# --- what the pages say ----------------------------------------------------------------------------------------------


def ahead(subscriptions: Iterable[Subscription], now: datetime | None = None) -> dict[int, PriceNotice]:
    """The new price each of these subscriptions was told of and has not paid yet, by subscription."""
    now = now or timezone.now()
    ids = [one.pk for one in subscriptions if one.ends_at is None]
    if not ids:
        return {}
    coming = PriceNotice.objects.filter(
        subscription__in=ids, state__in=(State.TOLD, State.MOVED), applies_at__gt=now
    ).order_by("told_at")  # fmt: skip
    return {notice.subscription_id: notice for notice in coming}


def next_price(subscription: Subscription, now: datetime | None = None) -> str:
    """What the next renewal costs, in words."""
    notice = ahead([subscription], now).get(subscription.pk)
    return subscription.told(notice.price if notice else subscription.price)
