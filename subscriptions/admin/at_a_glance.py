"""What lists say at a glance and no row knows by itself: looked up once for the rows of a page, never row by row."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, QuerySet
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from accounts.admin_pages import NOTHING, link_to
from accounts.models import SignInIncident
from subscriptions import support
from subscriptions.models import Entitlement, Order, Payment, Subscription, SyncTarget

LATELY = timedelta(days=7)


def rights_by(sources: Iterable[str]) -> dict[str, Entitlement]:
    """{source: right}"""
    rights = Entitlement.objects.filter(source__in=list(sources))
    return {right.source: right for right in rights}


def last_payments(field: str, ids: Iterable[Any]) -> dict[Any, Payment]:
    """{id: the latest payment} of what `field` names: user, subscription or license__institution."""
    rows = Payment.objects.filter(**{f"{field}__in": list(ids)}).annotate(of=F(field))
    return {row.of: row for row in rows.order_by("of", "-paid_at").distinct("of")}


def best_rights(users: Iterable[int]) -> dict[int, tuple[Entitlement, int]]:
    """{account: (the right in force that lasts longest, the whole journal before one article; how many there are)}"""
    in_force = Entitlement.objects.in_force().exclude(kind=Entitlement.Kind.CME).filter(user__in=list(users))
    counted = dict(in_force.order_by().values_list("user").annotate(Count("pk")))
    best = in_force.order_by("user_id", "journal_id", "-ends_at").distinct("user_id")
    return {right.user_id: (right, counted[right.user_id]) for right in best if right.user_id}


def reads_in_words(best: tuple[Entitlement, int] | None) -> str:
    """`Subscription until Nov 30, 2027, 9:00 AM, and 3 more`"""
    if best is None:
        return NOTHING
    right, count = best
    until = f" until {support.moment(right.ends_at)}" if right.ends_at else ", without end"
    more = f", and {count - 1:,} more" if count > 1 else ""
    return f"{right.get_kind_display()}{until}{more}"


def paid_in_words(payment: Payment | None) -> str:
    return f"{payment.price}, {support.moment(payment.paid_at)}" if payment else NOTHING


def payment_link(payment: Payment | None) -> str:
    """The same, for those who may see payments."""
    return link_to(payment, paid_in_words(payment))


def flags(users: Iterable[int]) -> dict[int, list[str]]:
    """{account: what is wrong with it at the moment, in a few words each}"""
    ids, found = list(users), dict[int, list[str]]()
    told: tuple[tuple[str, QuerySet[Any]], ...] = (
        ("Payment disputed", Payment.objects.filter(disputed=True)),
        ("Renewal failing", Subscription.objects.filter(status="past_due")),
        ("Needs a look", Order.objects.filter(state=Order.State.REVIEW)),
        ("Error this week", SignInIncident.objects.filter(created_at__gt=timezone.now() - LATELY)),
    )
    for words, rows in told:
        for user in rows.filter(user__in=ids).order_by().values_list("user", flat=True).distinct():
            found.setdefault(user, []).append(words)
    return found


def flagged(words: Iterable[str]) -> str:
    """Marks for a list, or a dash."""
    said = format_html_join(" ", '<span class="mark">{}</span>', ((word,) for word in words))
    return format_html("{}", said) if said else NOTHING


def rows_about(targets: Iterable[SyncTarget]) -> Mapping[int, Order | Subscription]:
    """{target: the order or subscription it is about}"""
    rows = list(targets)
    orders = {row.key for row in rows if row.kind == SyncTarget.Kind.ORDER}
    subscriptions = {row.key for row in rows if row.kind == SyncTarget.Kind.SUBSCRIPTION}
    known: dict[tuple[str, str], Any] = {
        (SyncTarget.Kind.ORDER, str(order.pk)): order for order in Order.objects.filter(pk__in=orders).defer("params")
    }
    found = Subscription.objects.filter(stripe_id__in=subscriptions).select_related("user", "journal")
    known |= {(SyncTarget.Kind.SUBSCRIPTION, row.stripe_id): row for row in found}
    return {row.pk: known[row.kind, row.key] for row in rows if (row.kind, row.key) in known}


def payments_by_intent(intents: Iterable[str]) -> dict[str, Payment]:
    return {row.payment_intent_id: row for row in Payment.objects.filter(payment_intent_id__in=list(intents))}


def overdue(when: datetime | None) -> bool:
    return when is not None and when < timezone.now()
