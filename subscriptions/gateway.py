"""The one door to Stripe. Nothing else imports `stripe`; what comes in leaves as small dataclasses.

Checked against stripe-python 16.1.0 (API 2026-10-28.endive); the facts behind each field are in Stripe's API reference.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, wraps
from typing import Any, TypeVar

import stripe
from django.conf import settings

CONNECT_SECONDS, READ_SECONDS, RETRIES = 3.05, 8, 2
TOLERANCE_SECONDS = 300
stripe.enable_telemetry = False

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
)


class GatewayError(Exception):
    """Stripe did not do what we asked. The message is for the log, not for a reader."""


class Unreachable(GatewayError):
    """No answer, a fault on Stripe's side, or too many requests: trying again later helps."""


class Faulty(Unreachable):
    """Stripe answered with a fault of its own, and repeats it for the same idempotency key."""


class Rejected(GatewayError):
    """Stripe understood and refused: trying the same again does not help."""


class Gone(Rejected):
    """The object does not exist at Stripe (any more)."""


class Forged(GatewayError):
    """A webhook that does not prove it comes from Stripe."""


@dataclass(frozen=True, slots=True)
class Session:
    """A Checkout Session. `expires_at` is aware; amounts in minor units."""

    id: str
    url: str
    status: str
    payment_status: str
    expires_at: datetime
    amount_subtotal: int
    amount_total: int
    currency: str
    payment_intent_id: str | None
    subscription_id: str | None
    payment_failed: bool = False
    charge: "Charge | None" = None


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge that succeeded. `dispute` is Stripe's status word of its dispute, or empty."""

    id: str
    payment_intent_id: str
    amount: int
    currency: str
    amount_refunded: int
    created: datetime
    card_brand: str = ""
    card_last4: str = ""
    dispute: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    id: str
    status: str
    amount_paid: int
    created: datetime
    hosted_invoice_url: str
    payment_intent_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    id: str
    status: str
    customer_id: str
    amount: int
    currency: str
    interval: str
    period_start: datetime
    period_end: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    metadata: dict[str, str] = field(default_factory=dict)
    invoices: tuple[Invoice, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook's envelope: a hint which object to read again."""

    id: str
    type: str
    created: datetime
    livemode: bool
    api_version: str
    object: dict[str, Any]
    payload: dict[str, Any]


Answer = TypeVar("Answer")


def _translated(call: Callable[..., Answer]) -> Callable[..., Answer]:
    """Stripe's exceptions become ours, so that nobody else needs to know them."""

    @wraps(call)
    def wrapped(*args: Any, **kwargs: Any) -> Answer:
        try:
            return call(*args, **kwargs)
        except (stripe.APIConnectionError, stripe.RateLimitError) as error:
            raise Unreachable(str(error)) from error
        except stripe.InvalidRequestError as error:
            raise (Gone if error.code == "resource_missing" else Rejected)(str(error)) from error
        except stripe.StripeError as error:
            status = error.http_status or 500
            kind = Faulty if status >= 500 else Unreachable if status == 409 else Rejected
            raise kind(str(error)) from error

    return wrapped


@lru_cache(maxsize=4)
def _client(key: str, base: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)),
        max_network_retries=RETRIES,
        base_addresses={"api": base},
    )


def client() -> stripe.StripeClient:
    return _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


def is_open() -> bool:
    """Whether anything can be sold at all."""
    return bool(settings.STRIPE_SECRET_KEY)


def _at(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _when(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _id(value: Any) -> str | None:
    """The id of an expandable field, expanded or not."""
    return value if value is None or isinstance(value, str) else value.id


# --- asking Stripe to do something -----------------------------------------------------------------------------------


@_translated
def create_customer(*, email: str, user_id: int, idempotency_key: str) -> str:
    params: Any = {"email": email, "metadata": {"site": settings.SITE_TAG, "user": str(user_id)}}
    return client().v1.customers.create(params, options={"idempotency_key": idempotency_key}).id


@_translated
def create_session(params: dict[str, Any], *, idempotency_key: str) -> Session:
    """Open a payment page. Keys are put in order, so that a repeat read from the database is the same to the byte."""
    created = client().v1.checkout.sessions.create(_in_order(params), options={"idempotency_key": idempotency_key})
    return _session(created)


def _in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_order(value[name]) for name in sorted(value)}
    return [_in_order(one) for one in value] if isinstance(value, list) else value


@_translated
def ensure_price(*, lookup_key: str, name: str, amount: int, currency: str, interval: str) -> str:
    """The id of the recurring price with this lookup key, made on first use. A price's amount never changes."""
    found = client().v1.prices.list({"lookup_keys": [lookup_key], "active": True, "limit": 1}).data
    if found:
        return found[0].id
    params: Any = {
        "lookup_key": lookup_key,
        "currency": currency,
        "unit_amount": amount,
        "recurring": {"interval": interval},
        "product_data": {"name": name, "metadata": {"site": settings.SITE_TAG}},
    }
    return client().v1.prices.create(params, options={"idempotency_key": f"price:{lookup_key}"}).id


@_translated
def portal_url(*, customer_id: str, return_url: str) -> str:
    """A short-lived address of Stripe's portal. Made at each click, never stored."""
    params: Any = {"customer": customer_id, "return_url": return_url, "configuration": ensure_portal()}
    return client().v1.billing_portal.sessions.create(params).url


@_translated
def ensure_portal() -> str:
    """The id of our portal configuration: cancel at the period's end, change the card, see invoices."""
    ours = {"site": settings.SITE_TAG}
    for configuration in client().v1.billing_portal.configurations.list({"active": True, "limit": 100}).data:
        if configuration.metadata and configuration.metadata.to_dict().get("site") == settings.SITE_TAG:
            return configuration.id
    params: Any = {
        "features": {
            "invoice_history": {"enabled": True},
            "payment_method_update": {"enabled": True},
            "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
        },
        "metadata": ours,
    }
    return client().v1.billing_portal.configurations.create(params).id


@_translated
def ensure_webhook(url: str) -> str | None:
    """Have Stripe send our events to `url`, in the version this code was written for.

    Returns the signing secret when the endpoint is new (Stripe tells it only then), else None.
    """
    endpoints = client().v1.webhook_endpoints
    events: Any = {"enabled_events": list(EVENTS)}
    for endpoint in endpoints.list({"limit": 100}).data:
        if endpoint.url == url and endpoint.status == "enabled":
            endpoints.update(endpoint.id, events)
            return None
    params: Any = {"url": url, "api_version": stripe.api_version, **events}
    return endpoints.create(params).secret


# --- reading again what is true --------------------------------------------------------------------------------------


@_translated
def read_session(session_id: str) -> Session:
    expand = ["payment_intent.latest_charge"]
    return _session(client().v1.checkout.sessions.retrieve(session_id, {"expand": expand}))


@_translated
def read_subscription(subscription_id: str) -> SubscriptionState:
    """The subscription with its latest invoices (newest first), which tell since when a payment is missing."""
    subscription = client().v1.subscriptions.retrieve(subscription_id)
    invoices = client().v1.invoices.list({"subscription": subscription_id, "limit": 12, "expand": ["data.payments"]})
    items = subscription.items.data
    price = items[0].price
    ends = subscription.cancel_at
    period_end = min(item.current_period_end for item in items)
    if subscription.cancel_at_period_end:
        ends = ends or period_end
    return SubscriptionState(
        id=subscription.id,
        status=subscription.status,
        customer_id=_id(subscription.customer) or "",
        amount=price.unit_amount or 0,
        currency=price.currency,
        interval=price.recurring.interval if price.recurring else "",
        period_start=_when(min(item.current_period_start for item in items)),
        period_end=_when(period_end),
        ends_at=_at(ends),
        ended_at=_at(subscription.ended_at),
        metadata=dict(subscription.metadata.to_dict()),
        invoices=tuple(_invoice(invoice) for invoice in invoices.data),
    )


@_translated
def read_charge(payment_intent_id: str) -> Charge | None:
    intent = client().v1.payment_intents.retrieve(payment_intent_id, {"expand": ["latest_charge"]})
    return _charge(intent)


def _session(session: Any) -> Session:
    intent = session.payment_intent
    expanded = intent is not None and not isinstance(intent, str)
    return Session(
        id=session.id,
        url=session.url or "",
        status=session.status or "",
        payment_status=session.payment_status,
        expires_at=_when(session.expires_at),
        amount_subtotal=session.amount_subtotal or 0,
        amount_total=session.amount_total or 0,
        currency=session.currency or "",
        payment_intent_id=_id(intent),
        subscription_id=_id(session.subscription),
        payment_failed=expanded and intent.status in ("requires_payment_method", "canceled"),
        charge=_charge(intent) if expanded else None,
    )


def _charge(intent: Any) -> Charge | None:
    charge = intent.latest_charge
    if charge is None or charge.status != "succeeded":
        return None
    details = charge.payment_method_details
    card = getattr(details, "card", None) if details else None
    return Charge(
        id=charge.id,
        payment_intent_id=intent.id,
        amount=charge.amount_captured or charge.amount,
        currency=charge.currency,
        amount_refunded=charge.amount_refunded,
        created=_when(charge.created),
        card_brand=(card.brand if card else "") or "",
        card_last4=(card.last4 if card else "") or "",
        dispute=_dispute_status(intent.id) if charge.disputed else "",
    )


def _dispute_status(payment_intent_id: str) -> str:
    found = client().v1.disputes.list({"payment_intent": payment_intent_id, "limit": 1}).data
    return found[0].status if found else ""


def _invoice(invoice: Any) -> Invoice:
    payments = getattr(invoice, "payments", None)
    intents = [
        _id(payment.payment.payment_intent)
        for payment in (payments.data if payments else [])
        if payment.status == "paid" and getattr(payment.payment, "payment_intent", None)
    ]
    return Invoice(
        id=invoice.id,
        status=invoice.status,
        amount_paid=invoice.amount_paid,
        created=_when(invoice.created),
        hosted_invoice_url=invoice.hosted_invoice_url or "",
        payment_intent_ids=tuple(intent for intent in intents if intent),
    )


# --- webhooks --------------------------------------------------------------------------------------------------------


def read_event(body: bytes, signature: str) -> Event:
    """Verify a webhook with each configured secret (two while one is being rolled) and return its envelope.

    Raises Forged for a missing, wrong, stale (> 300 s) or future signature and for a body that is no event.
    stripe-python checks the past only, so the future is checked here.
    """
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            client().construct_event(body, signature, secret, tolerance=TOLERANCE_SECONDS)
        except stripe.SignatureVerificationError:
            continue
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            raise Forged(f"the body is not an event: {error}") from error
        if _signed_at(signature) > time.time() + TOLERANCE_SECONDS:
            raise Forged("the signature's time lies in the future")
        return _event(json.loads(body))  # the SDK's own dict holds Decimals, which are not JSON
    digest = hashlib.sha256(body).hexdigest()[:12]
    raise Forged(f"no configured secret verifies the signature (body sha256 {digest}…)")


def _signed_at(signature: str) -> int:
    return int(dict(part.split("=", 1) for part in signature.split(",") if "=" in part).get("t", "0"))


def _event(payload: dict[str, Any]) -> Event:
    try:
        return Event(
            id=str(payload["id"]),
            type=str(payload["type"]),
            created=_when(int(payload["created"])),
            livemode=bool(payload["livemode"]),
            api_version=str(payload.get("api_version") or ""),
            object=dict(payload["data"]["object"]),
            payload=payload,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Forged(f"the body is not an event: {error}") from error
