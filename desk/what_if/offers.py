"""An offer that would change: nobody loses what they have; what is sold then, to whom, and what is sold no longer."""

from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from desk.what_if.effect import NAMES, SEE_ARTICLES, SEE_READERS, Effect, Group, this_moment
from journal.access import NOTICE_TYPES
from journal.models import Article
from subscriptions.models import Offer, Order, Subscription
from subscriptions.offers import TERMS

MOST = 10_000  # are counted to
ONE_ARTICLE = (Offer.Kind.PURCHASE, Offer.Kind.RENTAL)
RUNNING = ("active", "past_due", "trialing")


def effect(before: Offer, after: Offer) -> Effect | None:
    """None when neither a term nor being on sale changes."""
    terms = [name for name in TERMS if _value(before, name) != _value(after, name)]
    if not terms and before.active == after.active:
        return None
    _, today = this_moment()
    told = Effect(
        said=["Nobody gains or loses access: what was bought, rented or subscribed to stays as it was agreed."]
    )
    if before.active and not after.active:
        told.said.append(f"“{before}” can no longer be chosen.")
    elif after.active and not before.active:
        told.said.append(f"“{after}” can be chosen from now on.")
    elif terms:
        told.said.append(f"Whoever orders from now on gets “{after}” instead of “{before}”.")
    told.said += _orders(before) + _subscriptions(before, after)
    told.loses, told.gains = _sold(before, after, today), _sold(after, before, today)
    told.keeps = _keepers(before)
    return told


def _value(offer: Offer, name: str) -> Any:
    return (
        getattr(offer, f"{name}_id", getattr(offer, name))
        if name in ("article", "issue", "journal")
        else getattr(offer, name)
    )


def _orders(offer: Offer) -> list[str]:
    waiting = Order.objects.filter(offer=offer, state__in=Order.UNDECIDED)[:MOST].count()
    if not waiting:
        return []
    return [f"Orders under way that can still be paid as ordered, for {offer.price}: {waiting:,}."]


def _running(offer: Offer) -> "QuerySet[Subscription]":
    return Subscription.objects.filter(
        journal=offer.journal_id, interval=offer.interval, currency=offer.currency, amount=offer.amount,
        status__in=RUNNING, order__audience=offer.audience,
    )  # fmt: skip


def _subscriptions(before: Offer, after: Offer) -> list[str]:
    if before.kind != Offer.Kind.SUBSCRIPTION:
        return []
    count, price = _running(before)[:MOST].count(), f"{before.price} per {before.interval}"
    if (before.amount, before.currency) != (after.amount, after.currency):
        change = "until a price change is started for them (under Price changes)"
        return [f"Running subscriptions that keep {price} {change}: {count:,}."]
    return [f"Running subscriptions that keep {price}: {count:,}."]


def _keepers(offer: Offer) -> list[Group]:
    """Who pays this price now."""
    if offer.kind != Offer.Kind.SUBSCRIPTION:
        return []
    rows = _running(offer)
    count = rows[: MOST + 1].count()
    names = tuple(rows.order_by("pk").values_list("user__email", flat=True)[:NAMES])
    what = f"Subscribers who keep reading and pay {offer.price} as before"
    return [Group(what, min(count, MOST), names, SEE_READERS, count > MOST)] if count else []


def _sold(offer: Offer, other: Offer, today: date) -> list[Group]:
    """Articles that are sold one by one through `offer`, and could not be with `other` in its place."""
    if offer.kind not in ONE_ARTICLE or not offer.active:
        return []
    same = ("kind", "journal_id", "article_id", "currency")
    if other.active and all(getattr(offer, name) == getattr(other, name) for name in same):
        return []
    found = sold_through(offer, today).exclude(
        _has(Offer.objects.filter(active=True, kind=offer.kind).exclude(pk=offer.pk))
    )
    count = found[: MOST + 1].count()
    names = tuple(found.newest().values_list("title", flat=True)[:NAMES])  # type: ignore[attr-defined]
    verb = "bought" if offer.kind == Offer.Kind.PURCHASE else "rented"
    what = f"Articles that can be {verb} only through this offer"
    return [Group(what, min(count, MOST), names, SEE_ARTICLES, count > MOST)] if count else []


def sold_through(offer: Offer, today: date) -> "QuerySet[Article]":
    """Articles on whose page this offer stands: for sale, behind the wall, without a price of their own
    (subscriptions/get_access.py)."""
    on_site = Article.objects.published(today)
    public = Q(article_type__in=NOTICE_TYPES) | Q(free_from__lte=today)
    closed: QuerySet[Article] = on_site.filter(
        access_type=Article.AccessType.CONTROLLED, is_for_sale=True, retracted_on=None
    ).exclude(public)
    if offer.article_id:
        return closed.filter(pk=offer.article_id)
    own = Offer.objects.filter(active=True, kind=offer.kind, article=OuterRef("pk"))
    return closed.filter(journal=offer.journal_id).exclude(Exists(own))


def _has(others: "QuerySet[Offer]") -> Any:
    """Whether one of `others` is for the article: its own, or the journal's for every article."""
    return Exists(others.filter(Q(article=OuterRef("pk")) | Q(article=None, issue=None, journal=OuterRef("journal"))))
