"""What belongs to the Stripe account as a whole: portal, webhook endpoint, lists of what happened, its state.

For stripe_setup, stripe_reconcile and stripe_doctor. `gateway.py` stays the one door; this asks through its client.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from subscriptions import gateway
from subscriptions.gateway import client, translated

# What Stripe is asked to send: hints at everything that moves a right, a payment or a subscription.
EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "invoice.finalized",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "charge.refunded",
    "charge.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "radar.early_fraud_warning.created",
    "radar.early_fraud_warning.updated",
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    id: str
    url: str
    status: str
    api_version: str
    events: tuple[str, ...]

    @property
    def missing_events(self) -> list[str]:
        return [] if "*" in self.events else sorted(set(EVENTS) - set(self.events))


@dataclass(frozen=True, slots=True)
class Price:
    """A recurring price at Stripe under one of our lookup keys."""

    lookup_key: str
    amount: int
    currency: str
    interval: str


@dataclass(frozen=True, slots=True)
class Account:
    """`now` is Stripe's clock as of the answer's Date header; None when it sent none."""

    id: str
    country: str
    charges_enabled: bool
    now: datetime | None


# --- set-up: may run again, nothing is doubled -----------------------------------------------------------------------


def webhook_url() -> str:
    return f"{settings.SITE_URL}{reverse('subscriptions:stripe_webhook')}"


@translated
def ensure_switching_portal(price_id: str) -> str:
    """The id of the portal configuration in which a subscriber confirms a change to this price, charged at once."""
    ours = {"switching_site": settings.SITE_TAG, "price": price_id}
    configurations = client().v1.billing_portal.configurations
    for configuration in configurations.list({"active": True, "limit": 100}).data:
        if configuration.metadata and configuration.metadata.to_dict() == ours:
            return configuration.id
    params: Any = {"features": _features((price_id,)), "metadata": ours}
    return configurations.create(params).id


@translated
def ensure_portal(prices: tuple[str, ...] = ()) -> str:
    """The id of our portal configuration: cancel at the period's end, change the card, see invoices.

    `prices` (Stripe's ids) are those a subscriber may switch between; an existing configuration is brought up to date
    when they are given, and left alone otherwise.
    """
    configurations = client().v1.billing_portal.configurations
    for configuration in configurations.list({"active": True, "limit": 100}).data:
        if configuration.metadata and configuration.metadata.to_dict().get("site") == settings.SITE_TAG:
            if prices:
                configurations.update(configuration.id, {"features": _features(prices)})
            return configuration.id
    params: Any = {"features": _features(prices), "metadata": {"site": settings.SITE_TAG}}
    return configurations.create(params).id


def _features(prices: tuple[str, ...]) -> Any:
    features: dict[str, Any] = {
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
    }
    if prices:
        features["subscription_update"] = {
            "enabled": True, "default_allowed_updates": ["price"], "proration_behavior": "always_invoice",
            "products": _products(prices),
        }  # fmt: skip
    return features


def _products(prices: tuple[str, ...]) -> list[dict[str, Any]]:
    """The prices by their product, as the portal wants them."""
    found: dict[str, list[str]] = {}
    for price in prices:
        product = client().v1.prices.retrieve(price).product
        found.setdefault(product if isinstance(product, str) else product.id, []).append(price)
    return [{"product": product, "prices": those} for product, those in found.items()]


@translated
def ensure_webhook(url: str) -> str | None:
    """Have Stripe send our events to `url`, in the version this code was written for.

    Returns the signing secret when the endpoint is new (Stripe tells it only then), else None. An endpoint of another
    version stays as it is, for a version is fixed for good; a new one is made beside it.
    """
    events: Any = {"enabled_events": list(EVENTS)}
    for endpoint in endpoints():
        if endpoint.url == url and endpoint.status == "enabled" and endpoint.api_version == gateway.API_VERSION:
            if set(endpoint.events) != set(EVENTS):
                client().v1.webhook_endpoints.update(endpoint.id, events)
            return None
    params: Any = {"url": url, "api_version": gateway.API_VERSION, **events}
    return client().v1.webhook_endpoints.create(params).secret


# --- looking -------------------------------------------------------------------------------------------------------


@translated
def endpoints() -> list[Endpoint]:
    found = client().v1.webhook_endpoints.list({"limit": 100}).auto_paging_iter()
    return [Endpoint(e.id, e.url, e.status, e.api_version or "", tuple(e.enabled_events)) for e in found]


@translated
def account() -> Account:
    found = client().v1.accounts.retrieve_current()
    date = (found.last_response.headers or {}).get("Date") if found.last_response else None
    now = parsedate_to_datetime(date) if date else None
    return Account(found.id, found.country or "", bool(found.charges_enabled), now)


@translated
def tax_status() -> tuple[str, list[str]]:
    """Stripe Tax's status word, and what its settings lack."""
    found = client().v1.tax.settings.retrieve()
    pending = getattr(found.status_details, "pending", None)
    return found.status, list(getattr(pending, "missing_fields", None) or [])


@translated
def prices(lookup_keys: list[str]) -> dict[str, Price]:
    """Active prices by lookup key. Stripe takes ten keys at a time."""
    found: dict[str, Price] = {}
    for start in range(0, len(lookup_keys), 10):
        wanted: Any = {"lookup_keys": lookup_keys[start : start + 10], "active": True, "limit": 100}
        for price in client().v1.prices.list(wanted).data:
            interval = price.recurring.interval if price.recurring else ""
            key = price.lookup_key or ""
            found[key] = Price(key, price.unit_amount or 0, price.currency, interval)
    return found


# --- what happened since ---------------------------------------------------------------------------------------------


def _since(moment: datetime, **also: Any) -> Any:
    return {"created": {"gte": int(moment.timestamp())}, "limit": 100, **also}


@translated
def events_since(moment: datetime) -> list[gateway.Event]:
    """Events of our types, oldest first. Stripe keeps thirty days of them; a call names at most twenty types."""
    found = []
    for start in range(0, len(EVENTS), 20):
        listed = client().v1.events.list(_since(moment, types=list(EVENTS[start : start + 20])))
        found += [gateway.event_of(_as_sent(one)) for one in listed.auto_paging_iter()]
    return sorted(found, key=lambda event: event.created)


def _as_sent(event: Any) -> dict[str, Any]:
    """The event's JSON again: the SDK made Decimals of what are decimal strings on the wire."""
    sent: dict[str, Any] = json.loads(json.dumps(event.to_dict(), default=str))
    return sent


@translated
def payment_intents_refunded_since(moment: datetime) -> list[str]:
    return list(_intents(client().v1.refunds.list(_since(moment)).auto_paging_iter()))


@translated
def payment_intents_disputed_since(moment: datetime) -> list[str]:
    return list(_intents(client().v1.disputes.list(_since(moment)).auto_paging_iter()))


def _intents(rows: Any) -> Iterator[str]:
    for row in rows:
        intent = row.payment_intent
        if intent:
            yield intent if isinstance(intent, str) else intent.id


@dataclass(frozen=True, slots=True)
class CompleteSession:
    """A payment page somebody completed: `order` is what our metadata names."""

    id: str
    order: str
    amount_total: int
    currency: str
    payment_intent_id: str


@translated
def sessions_completed_since(moment: datetime) -> list[CompleteSession]:
    """Those that carry our site's tag; other programs may use the same account."""
    listed = client().v1.checkout.sessions.list(_since(moment, status="complete"))
    return [
        CompleteSession(s.id, _tags(s).get("order", ""), s.amount_total or 0, s.currency or "", _intent(s))
        for s in listed.auto_paging_iter()
        if _tags(s).get("site") == settings.SITE_TAG
    ]


def _tags(session: Any) -> dict[str, str]:
    return dict(session.metadata.to_dict()) if session.metadata else {}


def _intent(session: Any) -> str:
    intent = session.payment_intent
    return "" if intent is None else intent if isinstance(intent, str) else intent.id
