"""Changing a running subscription on our own pages: cancel, keep, switch between monthly and yearly.

Each asks Stripe and then reads it again, so that what the page says next is what Stripe says.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from subscriptions import checkout, stripe_account, stripe_plans, sync
from subscriptions.models import Offer, StripeCustomer, Subscription, SyncTarget
from subscriptions.money import Money

CHANGEABLE = ("active", "trialing", "past_due")


class CannotChange(Exception):
    """The subscription is not in a state in which this can be done."""


@dataclass(frozen=True, slots=True)
class Switch:
    """What changing to another offer costs: `now` is charged at once (negative: credited towards later payments)."""

    offer: Offer
    now: Money
    at: datetime
    next_payment: datetime | None

    @property
    def is_credit(self) -> bool:
        return self.now.amount < 0

    @property
    def shown(self) -> str:
        return str(Money(abs(self.now.amount), self.now.currency))


def cancel(subscription: Subscription) -> None:
    """Do not renew: what is paid for stays readable to its end. Again: nothing. Raises CannotChange, GatewayError."""
    if subscription.status not in CHANGEABLE:
        raise CannotChange
    if subscription.ends_at is None:
        stripe_plans.set_renewal(subscription.stripe_id, renews=False)
    read_again(subscription)


def keep(subscription: Subscription) -> None:
    """Undo a cancellation while the period still runs. Raises CannotChange, GatewayError."""
    if subscription.status not in CHANGEABLE:
        raise CannotChange
    if subscription.ends_at is not None:
        stripe_plans.set_renewal(subscription.stripe_id, renews=True)
    read_again(subscription)


def other_offers(subscription: Subscription) -> list[Offer]:
    """What the subscription can be switched to: the other interval, for the same audience and currency."""
    order = subscription.order
    audience = order.audience if order else Offer.Audience.INDIVIDUAL
    if subscription.status != "active" or subscription.ends_at is not None:
        return []
    on_sale = Offer.objects.on_sale().select_related("journal").filter(
        kind=Offer.Kind.SUBSCRIPTION, journal=subscription.journal, currency=subscription.currency, audience=audience
    )  # fmt: skip
    return list(on_sale.exclude(interval=subscription.interval))


def preview(subscription: Subscription, offer: Offer) -> Switch:
    """What Stripe would charge at this moment. Raises CannotChange, GatewayError."""
    _check(subscription, offer)
    at = timezone.now().replace(microsecond=0)
    told = stripe_plans.preview_switch(subscription.stripe_id, price_id=checkout.price_at_stripe(offer), at=at)
    return Switch(offer, Money(told.amount, told.currency), at, told.next_payment)


def switch_page(subscription: Subscription, offer: Offer, back: str) -> str:
    """The address of Stripe's page that confirms the change and charges it, the bank's questions included."""
    _check(subscription, offer)
    customer = StripeCustomer.objects.filter(user=subscription.user, deleted_at=None).first()
    if customer is None:
        raise CannotChange
    price = checkout.price_at_stripe(offer)
    return stripe_plans.portal_url(
        customer_id=customer.stripe_id,
        return_url=back,
        configuration=stripe_account.ensure_switching_portal(price),
        flow=stripe_plans.switch_flow(subscription.stripe_id, price_id=price, return_url=back),
    )


def _check(subscription: Subscription, offer: Offer) -> None:
    if offer not in other_offers(subscription):
        raise CannotChange


def read_again(subscription: Subscription) -> None:
    sync.hint(SyncTarget.Kind.SUBSCRIPTION, subscription.stripe_id)
    sync.run(SyncTarget.Kind.SUBSCRIPTION, subscription.stripe_id)
    subscription.refresh_from_db()
