"""Gives the sample subscriber a subscription like any other: ordered, paid at the local Stripe, read back."""

import requests
from django.conf import settings

from accounts.models import User
from demo.processes import DemoError
from subscriptions import checkout, sync
from subscriptions.checkout import Wish
from subscriptions.models import Offer, Order, Subscription, SyncTarget

CARD = "pm_card_visa"


def subscribe(email: str) -> None:
    user = User.objects.get(email=email)
    offer = Offer.objects.on_sale().filter(kind=Offer.Kind.SUBSCRIPTION, interval=Offer.Interval.YEAR).first()
    if offer is None or Subscription.objects.filter(user=user).exists():
        return
    checkout.begin(Wish(user, offer, None, "/"))
    order = Order.objects.filter(user=user, kind=Offer.Kind.SUBSCRIPTION).latest("created_at")
    _pay(order.session_id or "")
    sync.hint(SyncTarget.Kind.ORDER, str(order.pk))
    if not sync.run(SyncTarget.Kind.ORDER, str(order.pk)):
        raise DemoError("The sample subscription could not be read back from the local Stripe.")


def _pay(session_id: str) -> None:
    """The local Stripe's own way to pay without its page (its command line uses it, too)."""
    answer = requests.post(
        f"{settings.STRIPE_API_BASE}/v1/payment_pages/{session_id}/confirm",
        data={"payment_method": CARD}, auth=(settings.STRIPE_SECRET_KEY, ""), timeout=20,
    )  # fmt: skip
    if not answer.ok:
        raise DemoError(f"The local Stripe refused the sample payment: {answer.text[:300]}")
