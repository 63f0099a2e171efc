"""Offer → Order → Stripe Checkout (design 4.5): freeze what is sold, open one payment page for it, never two."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from journal.models import Article
from subscriptions import gateway, sync
from subscriptions.models import Offer, Order, StripeCustomer, Subscription, SyncTarget

SESSION_MINUTES = 60
STILL_USABLE = timedelta(minutes=5)
SHORTEST_SECONDS = 35 * 60
CONSENT = "I ask for immediate access and acknowledge that I lose my right of withdrawal once access begins."
RENEWAL_CONSENT = (
    "I agree that the subscription renews each {interval} at {price} until I cancel. I can cancel at any time under"
    " “My access”; it then ends with the period I have paid for."
)


class AlreadySubscribed(Exception):
    """The reader has a living subscription to this journal; the portal is where it is changed."""


class NotForSale(Exception):
    """The offer does not go with this article, or is no longer on sale."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reader asks for: an offer, and the article where the offer is for one."""

    user: User
    offer: Offer
    article: Article | None
    return_to: str


def terms(offer: Offer) -> str:
    """What the reader agrees to, word for word as it is shown, stored and put on the receipt."""
    if offer.kind != Offer.Kind.SUBSCRIPTION:
        return CONSENT
    return f"{RENEWAL_CONSENT.format(interval=offer.interval, price=offer.price)} {CONSENT}"


def describe(offer: Offer, article: Article | None) -> str:
    title = f"“{article.title}”" if article else offer.journal.title
    if offer.kind == Offer.Kind.RENTAL:
        return f"{offer.rental_hours}-hour rental: {title}"
    if offer.kind == Offer.Kind.SUBSCRIPTION:
        return f"Subscription to {title}, renewing each {offer.interval}"
    return f"Article: {title}"


def begin(wish: Wish) -> str:
    """The address of Stripe's payment page for this wish. Calling again meets the same order and the same page.

    Raises NotForSale, AlreadySubscribed, or a GatewayError when Stripe did not answer (the order stays and is reused).
    """
    _check(wish)
    order = _order(wish)
    if order.session_id:
        # The reader came back (second tab, Back button): what they did at Stripe meanwhile decides.
        sync.hint(SyncTarget.Kind.ORDER, str(order.pk))
        sync.run(SyncTarget.Kind.ORDER, str(order.pk))
        order.refresh_from_db()
    if order.state not in (Order.State.NEW, Order.State.OPEN):
        return begin(wish) if order.state == Order.State.EXPIRED else order.get_absolute_url()
    if order.session_url and order.session_expires_at and order.session_expires_at > timezone.now() + STILL_USABLE:
        return order.session_url
    return _open_session(order)


def _check(wish: Wish) -> None:
    offer, article = wish.offer, wish.article
    if not offer.active or (offer.kind != Offer.Kind.SUBSCRIPTION) != (article is not None):
        raise NotForSale
    if article and (article.journal_id != offer.journal_id or offer.article_id not in (None, article.pk)):
        raise NotForSale
    if article and (not article.is_for_sale or article.retracted_on):
        raise NotForSale
    living = Subscription.objects.filter(user=wish.user, journal=offer.journal, status__in=Subscription.LIVE)
    if offer.kind == Offer.Kind.SUBSCRIPTION and living.exists():
        raise AlreadySubscribed


def _order(wish: Wish) -> Order:
    """The undecided order for this thing, or a new one. The account's row is locked: two clicks, one order."""
    offer = wish.offer
    with transaction.atomic():
        User.objects.select_for_update().get(pk=wish.user.pk)
        undecided = Order.objects.filter(
            user=wish.user, kind=offer.kind, article=wish.article, journal=offer.journal, state__in=Order.UNDECIDED
        )
        for order in undecided:
            if order.interval == offer.interval and order.amount == offer.amount and order.currency == offer.currency:
                return order
            if order.session_id is None:
                order.delete()  # its price changed before it ever reached Stripe
        return Order.objects.create(
            user=wish.user, offer=offer, kind=offer.kind, article=wish.article, journal=offer.journal,
            return_to=wish.return_to, description=describe(offer, wish.article)[:500], amount=offer.amount,
            currency=offer.currency, interval=offer.interval, consent_text=terms(offer), consented_at=timezone.now(),
            reading_seconds=int(offer.reading_time.total_seconds()) if offer.kind == Offer.Kind.RENTAL else None,
        )  # fmt: skip


def _open_session(order: Order) -> str:
    """Ask Stripe with frozen parameters: after a crash the same request gives the same session, not a second one."""
    if not order.params or order.session_id or _is_stale(order.params):
        order.attempt += 1 if order.params else 0
        order.params, order.session_id, order.session_url = _params(order), None, ""
        order.save()
    try:
        session = gateway.create_session(order.params, idempotency_key=order.idempotency_key)
    except gateway.Faulty:
        order.attempt += 1  # the same key would be answered with the same fault for a day
        order.save(update_fields=["attempt"])
        raise
    except gateway.Gone:
        order = _with_a_new_customer(order)
        session = gateway.create_session(order.params, idempotency_key=order.idempotency_key)
    with transaction.atomic():
        order.session_id, order.session_url = session.id, session.url
        order.session_expires_at, order.state = session.expires_at, Order.State.OPEN
        order.save()
    return order.session_url


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
    epoch = StripeCustomer.objects.filter(user=user).count()
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
        "customer": customer_id(order.user),
        "client_reference_id": str(order.pk),
        "line_items": [{"quantity": 1, **_line(order)}],
        "metadata": metadata,
        # The placeholder is Stripe's and must not be percent-encoded.
        "success_url": f"{settings.SITE_URL}{path}?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{settings.SITE_URL}{reverse('subscriptions:order_cancel', args=[order.pk])}",
        "expires_at": int((timezone.now() + timedelta(minutes=SESSION_MINUTES)).timestamp()),
        "locale": "en",
    }
    described = {"metadata": metadata, "description": order.description}
    params["subscription_data" if subscription else "payment_intent_data"] = described
    return params


def _line(order: Order) -> dict[str, Any]:
    if order.kind == Offer.Kind.SUBSCRIPTION:
        return {"price": price_at_stripe(order.offer)}
    product = {"name": order.description[:250], "metadata": {"site": settings.SITE_TAG}}
    return {"price_data": {"currency": order.currency, "unit_amount": order.amount, "product_data": product}}


def price_at_stripe(offer: Offer) -> str:
    """The id of a subscription offer's price at Stripe, made there on first use."""
    return gateway.ensure_price(
        lookup_key=offer.lookup_key,
        name=f"{offer.journal.title} ({offer.interval}ly)",
        amount=offer.amount,
        currency=offer.currency,
        interval=offer.interval,
    )
