"""Offer → Order → Stripe Checkout (design 4.5): freeze what is sold, open one payment page for it, never two."""

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from journal.models import Article, Issue
from subscriptions import consents, credits, gateway, sync
from subscriptions.models import Entitlement, Offer, Order, StripeCustomer, Subscription, SyncTarget, TraineeProof

SESSION_MINUTES = 60
STILL_USABLE = timedelta(minutes=5)
SHORTEST_SECONDS = 35 * 60
SINGLY = (Offer.Kind.PURCHASE, Offer.Kind.RENTAL, Offer.Kind.CME)


class AlreadySubscribed(Exception):
    """The reader has a living subscription to this journal; My access is where it is changed."""


class NotForSale(Exception):
    """The offer does not go with this article or issue, or is no longer on sale."""


class NeedsProof(Exception):
    """The price is for trainees, and staff have not accepted a proof of this reader's that is in force."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reader asks for: an offer, and the article or the issue where the offer is for one.

    A guest has no `user` but an `email`, and a `key` made with the page, so that two clicks mean one order.
    """

    user: User | None
    offer: Offer
    article: Article | None
    return_to: str
    issue: Issue | None = None
    email: str = ""
    key: UUID | None = None


def describe(offer: Offer, article: Article | None, issue: Issue | None = None) -> str:
    if offer.kind == Offer.Kind.ISSUE and issue:
        return f"Issue: {offer.journal.title}, volume {issue.volume}, number {issue.number} ({issue.year})"
    title = f"“{article.title}”" if article else offer.journal.title
    if offer.kind == Offer.Kind.RENTAL:
        return _("%(rental_hours)s-hour rental: %(title)s") % {"rental_hours": offer.rental_hours, "title": title}
    if offer.kind == Offer.Kind.CME:
        return _("CME activity: %(title)s") % {"title": title}
    if offer.kind == Offer.Kind.SUBSCRIPTION:
        reduced = " (trainee)" if offer.audience == Offer.Audience.TRAINEE else ""
        return f"Subscription to {title}{reduced}, renewing each {offer.interval}"
    return f"Article: {title}"


def quote(user: User | None, offer: Offer, article: Article | None) -> credits.Quote:
    """The price with what counts towards it, as the order page shows it and the payment page asks for it."""
    payments = credits.payments_that_may_count(user) if user else []
    return credits.quote(offer, article, payments)


def has_the_issue(user: User | None, issue: Issue) -> bool:
    """Whether a reader has the whole issue for good already, subscribes, or pays for it at this moment."""
    if user is None:
        return False
    scope = Q(issue=issue) | Q(journal=issue.journal_id, covers_from=None, covers_until=None)
    settling = Order.objects.filter(user=user, issue=issue, state=Order.State.PROCESSING)
    return Entitlement.objects.in_force().filter(scope, user=user).exists() or settling.exists()


def trial_days(user: User | None, quoted: credits.Quote, offer: Offer) -> int:
    """The free days of a first subscription. With a credit the reader pays less at once instead."""
    if not offer.trial_days or quoted.credit.amount or user is None:
        return 0
    had_one = Subscription.objects.filter(user=user, journal=offer.journal).exists()
    return 0 if had_one else offer.trial_days


def begin(wish: Wish) -> tuple[Order, str]:
    """The order for this wish, and the address of Stripe's payment page for it. Calling again meets the same of both.

    Raises NotForSale, AlreadySubscribed, NeedsProof, or a GatewayError when Stripe did not answer (the order stays and
    is reused).
    """
    _check(wish)
    for outdated in _outdated(wish):
        put_away(outdated)
    order = _order(wish)
    if order is None:
        return begin(wish)  # another tab reserved a credit between our look and the lock
    if order.session_id and order.state in Order.UNDECIDED:
        # The reader came back (second tab, Back button): what they did at Stripe meanwhile decides.
        _look(order)
    if order.state not in (Order.State.NEW, Order.State.OPEN):
        return begin(wish) if order.state == Order.State.EXPIRED else (order, order.get_absolute_url())
    if order.session_url and order.session_expires_at and order.session_expires_at > timezone.now() + STILL_USABLE:
        return order, order.session_url
    if order.session_id:
        # Nearly over, and still to be paid in another tab: closed before there is a second page for the same thing.
        put_away(order)
        if order.state in Order.UNDECIDED:
            raise gateway.Unreachable(f"{order}'s payment page could not be closed")
        return begin(wish)
    return order, _open_session(order)


def _look(order: Order) -> None:
    sync.hint(SyncTarget.Kind.ORDER, str(order.pk))
    sync.run(SyncTarget.Kind.ORDER, str(order.pk))
    order.refresh_from_db()


def _check(wish: Wish) -> None:
    if not wish.offer.active or not _goes_with(wish):
        raise NotForSale
    if wish.offer.kind != Offer.Kind.SUBSCRIPTION:
        return
    living = Subscription.objects.filter(user=wish.user, journal=wish.offer.journal, status__in=Subscription.LIVE)
    if living.exists():
        raise AlreadySubscribed
    if wish.offer.audience == Offer.Audience.TRAINEE and not TraineeProof.objects.in_force().filter(user=wish.user):
        raise NeedsProof


def _goes_with(wish: Wish) -> bool:
    offer, article, issue = wish.offer, wish.article, wish.issue
    if offer.kind == Offer.Kind.SUBSCRIPTION:
        return wish.user is not None and article is None and issue is None
    if offer.kind == Offer.Kind.ISSUE:
        return (
            article is None and issue is not None and issue.journal_id == offer.journal_id
            and offer.issue_id in (None, issue.pk)
        )  # fmt: skip
    if article is None or issue is not None or article.journal_id != offer.journal_id:
        return False
    if offer.kind == Offer.Kind.CME:
        return wish.user is not None and offer.article_id == article.pk and not article.retracted_on
    on_sale = offer.article_id in (None, article.pk) and article.is_for_sale and not article.retracted_on
    return on_sale and offer.delivers(article)


def _undecided(wish: Wish) -> "QuerySet[Order]":
    """The reader's undecided orders for this thing: one, which an index of the table holds."""
    offer = wish.offer
    return Order.objects.filter(
        user=wish.user, kind=offer.kind, article=wish.article, issue=wish.issue, journal=offer.journal,
        interval=offer.interval, state__in=Order.UNDECIDED,
    )  # fmt: skip


def _outdated(wish: Wish) -> list[Order]:
    """Open orders in the way: this thing at a price that is no longer, and others that hold a credit needed here."""
    if wish.user is None:
        return []
    quoted = quote(wish.user, wish.offer, wish.article)
    waiting = (Order.State.NEW, Order.State.OPEN)
    old = [order for order in _undecided(wish).filter(state__in=waiting) if not _is_still(order, wish, quoted)]
    mine = {order.pk for order in _undecided(wish)}
    return old + [order for order in credits.holders(source for source, _ in quoted.parts) if order.pk not in mine]


def _is_still(order: Order, wish: Wish, quoted: credits.Quote) -> bool:
    """Whether an open order says what the page says now."""
    offer = wish.offer
    asked = (order.amount, order.currency, order.credit, order.trial_days, order.audience)
    free = trial_days(wish.user, quoted, offer)
    return asked == (offer.amount, offer.currency, quoted.credit.amount, free, offer.audience)


def put_away(order: Order) -> None:
    """Close an open payment page for good. If it was paid a moment ago, that stands."""
    if order.session_id:
        with contextlib.suppress(gateway.Rejected):
            gateway.expire_session(order.session_id)
        _look(order)
        return
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order.pk)
        if order.state == Order.State.NEW and not order.session_id:
            order.state = credits.settle(order, Order.State.EXPIRED)
            order.save(update_fields=["state"])


def _order(wish: Wish) -> Order | None:
    """The undecided order for this thing, or a new one. The account's row is locked: two clicks, one order."""
    if wish.user is None:
        return _guest_order(wish)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=wish.user.pk)
        order = _undecided(wish).first()
        if order:
            return order
        quoted = quote(wish.user, wish.offer, wish.article)
        if credits.holders(source for source, _ in quoted.parts):
            return None
        order = _new_order(wish, quoted, user=wish.user)
        credits.reserve(order, quoted.parts)
        return order


def _guest_order(wish: Wish) -> Order:
    """By the key that came with the page. Somebody else's key finds no order of this address and this thing."""
    with transaction.atomic():
        thing = {"offer": wish.offer, "article": wish.article, "issue": wish.issue, "guest_email": wish.email}
        known = Order.objects.filter(pk=wish.key or uuid4(), user=None, **thing)
        order = known.exclude(state__in=(Order.State.EXPIRED, Order.State.FAILED)).first()
        return order or _new_order(wish, credits.Quote(wish.offer.price), guest_email=wish.email)


def _new_order(wish: Wish, quoted: credits.Quote, **payer: Any) -> Order:
    offer = wish.offer
    free = trial_days(wish.user, quoted, offer)
    agreed = consents.statements(offer, free)
    fresh = wish.key if wish.key and not Order.objects.filter(pk=wish.key).exists() else uuid4()
    order = Order.objects.create(
        id=fresh, offer=offer, kind=offer.kind, article=wish.article, issue=wish.issue, journal=offer.journal,
        return_to=wish.return_to, description=describe(offer, wish.article, wish.issue)[:500], amount=offer.amount,
        currency=offer.currency, interval=offer.interval, audience=offer.audience, trial_days=free,
        credit=quoted.credit.amount, consent_text=" ".join(one.text for one in agreed), consented_at=timezone.now(),
        reading_seconds=int(offer.reading_time.total_seconds()) if offer.kind == Offer.Kind.RENTAL else None, **payer,
    )  # fmt: skip
    consents.keep(order, agreed)
    return order


def _open_session(order: Order) -> str:
    """Ask Stripe with frozen parameters: after a crash the same request gives the same session, not a second one."""
    order = _frozen(order)
    try:
        session = gateway.create_session(order.params, idempotency_key=order.idempotency_key)
    except gateway.Faulty:
        # The same key would be answered with the same fault for a day.
        Order.objects.filter(pk=order.pk, attempt=order.attempt).update(attempt=F("attempt") + 1)
        raise
    except gateway.Gone:
        if order.user is None:
            raise
        order = _with_a_new_customer(order)
        session = gateway.create_session(order.params, idempotency_key=order.idempotency_key)
    row = Order.objects.filter(pk=order.pk)
    with transaction.atomic():
        row.update(session_id=session.id, session_url=session.url, session_expires_at=session.expires_at)
        row.filter(state=Order.State.NEW).update(state=Order.State.OPEN)
    return session.url


def _frozen(order: Order) -> Order:
    """The order with its request to Stripe, written once: of two clicks at a moment the second takes the first's."""
    if order.params and not _is_stale(order.params):
        return order
    wanted = _params(order)  # may ask Stripe, so before the row is locked
    with transaction.atomic():
        locked = Order.objects.select_for_update().get(pk=order.pk)
        if not locked.params or _is_stale(locked.params):
            locked.attempt += 1 if locked.params else 0
            locked.params = wanted
            locked.save(update_fields=["attempt", "params"])
    return locked


def _is_stale(params: dict[str, Any]) -> bool:
    """Stripe wants a session to live at least 30 minutes, so parameters frozen longer ago than that are refused."""
    return bool(params["expires_at"] < timezone.now().timestamp() + SHORTEST_SECONDS)


def _with_a_new_customer(order: Order) -> Order:
    """The customer was deleted at Stripe (by staff, for privacy): make one and try once more."""
    StripeCustomer.objects.filter(user=order.user, deleted_at=None).update(deleted_at=timezone.now())
    order.attempt += 1
    order.params = _params(order)
    order.save(update_fields=["attempt", "params"])
    return order


def customer_id(user: User) -> str:
    living = StripeCustomer.objects.filter(user=user, livemode=settings.STRIPE_LIVEMODE, deleted_at=None)
    known = living.first()
    if known:
        return known.stripe_id
    epoch = StripeCustomer.objects.filter(user=user, deleted_at__isnull=False).count()
    stripe_id = gateway.create_customer(
        email=user.email,
        user_id=user.pk,
        idempotency_key=f"customer:{settings.SITE_TAG}:{user.pk}:{user.email}:{epoch}",
    )
    StripeCustomer.objects.get_or_create(
        stripe_id=stripe_id, defaults={"user": user, "livemode": settings.STRIPE_LIVEMODE}
    )
    return stripe_id


def _params(order: Order) -> dict[str, Any]:
    """Everything we ask of Stripe for this order. Metadata is not inherited at Stripe, so each part carries its own."""
    path = reverse("subscriptions:order_return", args=[order.pk])
    metadata = {"order": str(order.pk), "site": settings.SITE_TAG}
    subscription = order.kind == Offer.Kind.SUBSCRIPTION
    params: dict[str, Any] = {
        "mode": "subscription" if subscription else "payment",
        **_payer(order),
        "client_reference_id": str(order.pk),
        "line_items": [{"quantity": 1, **_line(order)}],
        "metadata": metadata,
        # The placeholder is Stripe's and must not be percent-encoded.
        "success_url": f"{settings.SITE_URL}{path}?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{settings.SITE_URL}{reverse('subscriptions:order_cancel', args=[order.pk])}",
        "expires_at": int((timezone.now() + timedelta(minutes=SESSION_MINUTES)).timestamp()),
        "locale": "en",
    }
    described: dict[str, Any] = {"metadata": metadata, "description": order.description}
    params["subscription_data" if subscription else "payment_intent_data"] = described
    if order.trial_days:
        described["trial_period_days"] = order.trial_days
    return params | _discount(order) | _tax(order)


def _payer(order: Order) -> dict[str, Any]:
    return {"customer": customer_id(order.user)} if order.user else {"customer_email": order.guest_email}


def _tax(order: Order) -> dict[str, Any]:
    """Stripe Tax asks for the payer's address, and a business may give its tax number (reverse charge)."""
    if not settings.STRIPE_TAX:
        return {}
    kept = {"customer_update": {"address": "auto", "name": "auto"}} if order.user else {}
    return {"automatic_tax": {"enabled": True}, "tax_id_collection": {"enabled": True}} | kept


def _discount(order: Order) -> dict[str, Any]:
    """Either our credit or a code the reader types: Stripe takes one of the two."""
    if not order.credit:
        return {"allow_promotion_codes": True} if order.offer.takes_promotion_codes else {}
    coupon = gateway.ensure_coupon(
        coupon_id=f"credit-{order.pk}-{order.attempt}", name="Paid before", amount=order.credit, currency=order.currency
    )
    return {"discounts": [{"coupon": coupon}]}


def _line(order: Order) -> dict[str, Any]:
    if order.kind == Offer.Kind.SUBSCRIPTION:
        return {"price": price_at_stripe(order.offer)}
    product = {"name": order.description[:250], "metadata": {"site": settings.SITE_TAG}}
    price = {"currency": order.currency, "unit_amount": order.amount, **gateway.taxed_price(product)}
    return {"price_data": price}


def price_at_stripe(offer: Offer) -> str:
    """The id of a subscription offer's price at Stripe, made there on first use."""
    return gateway.ensure_price(
        lookup_key=offer.lookup_key,
        name=f"{offer.journal.title} ({offer.interval}ly)",
        amount=offer.amount,
        currency=offer.currency,
        interval=offer.interval,
    )
