"""The one door to Stripe. Nothing else imports `stripe`; what comes in leaves as small dataclasses.

Checked against stripe-python 16.1.0 (API 2026-10-28.endive); the facts behind each field are in Stripe's API reference.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import lru_cache, wraps
from typing import Any, TypeVar

import stripe
from django.conf import settings

from subscriptions import patience
from subscriptions.stripe_answers import (
    charge_of,
    dispute_of,
    id_of,
    invoice_of,
    metadata_of,
    moment,
    rate_words,
    refund_of,
    session_of,
    warning_of,
    when,
)
from subscriptions.stripe_objects import (
    Charge,
    Dispute,
    Event,
    FraudWarning,
    Invoice,
    PaymentFacts,
    Refund,
    Session,
    SubscriptionState,
)

__all__ = [
    "Charge",
    "Dispute",
    "Event",
    "FraudWarning",
    "Invoice",
    "PaymentFacts",
    "Refund",
    "Session",
    "SubscriptionState",
]

CONNECT_SECONDS, READ_SECONDS, RETRIES = 3.05, 8, 2
PAGE_CONNECT_SECONDS, PAGE_READ_SECONDS, PAGE_RETRIES = 2, 4, 1  # while somebody waits for a page (patience.py)
TOLERANCE_SECONDS = 300
LIST_BACK = timedelta(days=1)  # a payment page may have made an intent before its invoice
API_VERSION: str = stripe.api_version  # what the installed package was generated for
stripe.enable_telemetry = False


class GatewayError(Exception):
    """Stripe did not do what we asked. The message is for the log, not for a reader."""


class Unreachable(GatewayError):
    """No answer, a fault on Stripe's side, or too many requests: trying again later helps."""


class Busy(Unreachable):
    """Nothing was asked of Stripe: too many threads wait for it, or it did not answer a moment ago."""


class Faulty(Unreachable):
    """Stripe answered with a fault of its own, and repeats it for the same idempotency key."""


class Rejected(GatewayError):
    """Stripe understood and refused: trying the same again does not help."""


class Gone(Rejected):
    """The object does not exist at Stripe (any more)."""


class Forged(GatewayError):
    """A webhook that does not prove it comes from Stripe."""


Answer = TypeVar("Answer")


def translated(call: Callable[..., Answer]) -> Callable[..., Answer]:
    """Stripe's exceptions become ours, so that nobody else needs to know them."""

    @wraps(call)
    def wrapped(*args: Any, **kwargs: Any) -> Answer:
        try:
            return call(*args, **kwargs)
        except patience.TurnedAway as error:
            raise Busy(str(error)) from error
        except (stripe.APIConnectionError, stripe.RateLimitError) as error:
            raise Unreachable(str(error)) from error
        except stripe.InvalidRequestError as error:
            raise (Gone if error.code == "resource_missing" else Rejected)(str(error)) from error
        except stripe.StripeError as error:
            status = error.http_status or 500
            kind = Faulty if status >= 500 else Unreachable if status == 409 else Rejected
            raise kind(str(error)) from error

    return wrapped


class _FromAPage(stripe.RequestsClient):
    """Asks from one of the places a web process has for it."""

    def request_with_retries(self, *args: Any, **kwargs: Any) -> Any:
        with patience.places().one() as call:
            answer = super().request_with_retries(*args, **kwargs)
            call.has_failed = answer[1] == 409 or answer[1] >= 500  # 409: Stripe is still at work on the first try
            return answer


@lru_cache(maxsize=4)
def _client(key: str, base: str, somebody_waits: bool) -> stripe.StripeClient:
    """Trying again after a time-out is safe: a POST carries the same idempotency key each time."""
    http: stripe.RequestsClient = (
        _FromAPage(timeout=(PAGE_CONNECT_SECONDS, PAGE_READ_SECONDS))
        if somebody_waits
        else stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS))
    )
    retries = PAGE_RETRIES if somebody_waits else RETRIES
    return stripe.StripeClient(key, http_client=http, max_network_retries=retries, base_addresses={"api": base})


def client() -> stripe.StripeClient:
    return _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, patience.somebody_waits())


def is_open() -> bool:
    """Whether anything can be sold at all."""
    return bool(settings.STRIPE_SECRET_KEY)


# --- asking Stripe to do something -----------------------------------------------------------------------------------


@translated
def create_customer(*, email: str, user_id: int, idempotency_key: str) -> str:
    params: Any = {"email": email, "metadata": {"site": settings.SITE_TAG, "user": str(user_id)}}
    create = client().v1.customers.create
    return _again_if_faulty(lambda key: create(params, options={"idempotency_key": key}).id, idempotency_key)


def _again_if_faulty(create: Callable[[str], Answer], key: str) -> Answer:
    """Stripe repeats a fault for the same key for a day, and nobody could buy so long: once more under another key.

    Only for what does no harm when it exists twice, or cannot, because its name is ours.
    """
    try:
        return create(key)
    except stripe.APIError as error:
        if (error.http_status or 0) < 500:
            raise
        return create(f"{key}:{uuid.uuid4()}")


@translated
def create_session(params: dict[str, Any], *, idempotency_key: str) -> Session:
    """Open a payment page. Keys are put in order, so that a repeat read from the database is the same to the byte."""
    created = client().v1.checkout.sessions.create(_in_order(params), options={"idempotency_key": idempotency_key})
    return session_of(created)


@translated
def expire_session(session_id: str) -> None:
    """Close a payment page, so that it cannot be paid any more. Raises Rejected when it is complete or expired."""
    client().v1.checkout.sessions.expire(session_id)


@translated
def create_refund(*, payment_intent_id: str, amount: int, reason: str, request: str) -> Refund:
    """Give `amount` minor units back. The request's id is metadata and idempotency key: asked twice, refunded once."""
    metadata = {"request": request, "site": settings.SITE_TAG}
    params: Any = {"payment_intent": payment_intent_id, "amount": amount, "metadata": metadata}
    if reason:
        params["reason"] = reason
    return refund_of(client().v1.refunds.create(params, options={"idempotency_key": f"refund:{request}"}))


@translated
def cancel_subscription(subscription_id: str) -> None:
    """End it now, without a last invoice or a credit: what goes back is refunded by its own request."""
    params: Any = {"invoice_now": False, "prorate": False}
    key = f"cancel:{subscription_id}"
    client().v1.subscriptions.cancel(subscription_id, params, options={"idempotency_key": key})


def _in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_order(value[name]) for name in sorted(value)}
    return [_in_order(one) for one in value] if isinstance(value, list) else value


@translated
def ensure_coupon(*, coupon_id: str, name: str, amount: int, currency: str) -> str:
    """A coupon for one payment, under a name of ours; asking again meets the same one."""
    params: Any = {
        "id": coupon_id, "name": name, "amount_off": amount, "currency": currency, "duration": "once",
        "max_redemptions": 1, "metadata": {"site": settings.SITE_TAG},
    }  # fmt: skip
    try:
        create = client().v1.coupons.create
        return _again_if_faulty(lambda key: create(params, options={"idempotency_key": key}).id, f"coupon:{coupon_id}")
    except stripe.InvalidRequestError as error:
        if error.code != "resource_already_exists":
            raise
        return coupon_id


@translated
def ensure_price(*, lookup_key: str, name: str, amount: int, currency: str, interval: str) -> str:
    """The id of the recurring price with this lookup key, made on first use. A price's amount never changes."""
    found = client().v1.prices.list({"lookup_keys": [lookup_key], "active": True, "limit": 1}).data
    if found:
        return found[0].id
    params: Any = {
        "lookup_key": lookup_key, "currency": currency, "unit_amount": amount, "recurring": {"interval": interval},
        **taxed_price({"name": name, "metadata": {"site": settings.SITE_TAG}}),
    }  # fmt: skip
    create = client().v1.prices.create
    return _again_if_faulty(lambda key: create(params, options={"idempotency_key": key}).id, f"price:{lookup_key}")


def taxed_price(product: dict[str, Any]) -> dict[str, Any]:
    """The `product_data` of a price; with Stripe Tax its code, and whether tax is in the price or on top of it."""
    if not settings.STRIPE_TAX:
        return {"product_data": product}
    return {"product_data": product | {"tax_code": settings.STRIPE_TAX_CODE}, "tax_behavior": settings.STRIPE_TAX}


# --- reading again what is true --------------------------------------------------------------------------------------


@translated
def read_session(session_id: str) -> Session:
    expand = ["payment_intent.latest_charge.refunds"]
    if settings.STRIPE_TAX:
        expand.append("line_items.data.taxes")
    return session_of(client().v1.checkout.sessions.retrieve(session_id, {"expand": expand}))


@translated
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
        customer_id=id_of(subscription.customer) or "",
        amount=price.unit_amount or 0,
        currency=price.currency,
        interval=price.recurring.interval if price.recurring else "",
        period_start=when(min(item.current_period_start for item in items)),
        period_end=when(period_end),
        ends_at=moment(ends),
        ended_at=moment(subscription.ended_at),
        metadata=metadata_of(subscription),
        invoices=tuple(invoice_of(invoice, rate_in_words) for invoice in invoices.data),
        is_collecting=subscription.pause_collection is None,
        plus_tax=subscription.automatic_tax.enabled and price.tax_behavior == "exclusive",
    )


@lru_cache(maxsize=256)
def rate_in_words(rate_id: str) -> str:
    """A tax rate's name and percentage never change."""
    return rate_words(client().v1.tax_rates.retrieve(rate_id))


@translated
def read_charge(payment_intent_id: str) -> Charge | None:
    intent = client().v1.payment_intents.retrieve(payment_intent_id, {"expand": ["latest_charge.refunds"]})
    return charge_of(intent)


@translated
def read_charges(intents: Collection[str], *, customer_id: str, since: datetime) -> dict[str, Charge]:
    """The charges that these payment intents of one customer led to, by intent; `since` is when the first was made.

    A year of monthly renewals is one question, not twelve. What the customer's newest hundred do not hold is asked for
    one by one; so is everything when Stripe lists nothing, as for a customer that was deleted there.
    """
    found: dict[str, Charge | None] = {}
    if len(intents) > 1:
        wanted: Any = {
            "customer": customer_id, "created": {"gte": int((since - LIST_BACK).timestamp())}, "limit": 100,
            "expand": ["data.latest_charge.refunds"],
        }  # fmt: skip
        try:
            listed = client().v1.payment_intents.list(wanted).data
        except stripe.InvalidRequestError as error:
            if error.code != "resource_missing":
                raise
            listed = []
        found = {intent.id: charge_of(intent) for intent in listed if intent.id in intents}
    read = {intent: found[intent] if intent in found else read_charge(intent) for intent in intents}
    return {intent: charge for intent, charge in read.items() if charge}


@translated
def read_payment(payment_intent_id: str) -> PaymentFacts:
    """Disputes and warnings of a payment, and where it belongs."""
    v1 = client().v1
    intent = v1.payment_intents.retrieve(payment_intent_id)
    metadata = metadata_of(intent)
    subscription, license_number = ("", "") if "order" in metadata else _paid_by(payment_intent_id)
    about: Any = {"payment_intent": payment_intent_id, "limit": 100}
    return PaymentFacts(
        payment_intent_id=payment_intent_id,
        order=metadata.get("order", ""),
        site=metadata.get("site", ""),
        subscription_id=subscription,
        disputes=tuple(dispute_of(one) for one in v1.disputes.list(about).data),
        warnings=tuple(warning_of(one) for one in v1.radar.early_fraud_warnings.list(about).data),
        license=license_number,
    )


def _paid_by(payment_intent_id: str) -> tuple[str, str]:
    """The subscription and the license (its number) of the invoice an intent paid; Stripe has no other way to it."""
    wanted: Any = {
        "payment": {"type": "payment_intent", "payment_intent": payment_intent_id},
        "limit": 1,
        "expand": ["data.invoice"],
    }
    for payment in client().v1.invoice_payments.list(wanted).data:
        details = getattr(getattr(payment.invoice, "parent", None), "subscription_details", None)
        told = metadata_of(payment.invoice)
        ours = told.get("license", "") if told.get("site") == settings.SITE_TAG else ""
        return id_of(details.subscription) or "" if details else "", ours
    return "", ""


@translated
def find_refund(payment_intent_id: str, request: str) -> Refund | None:
    """The refund made for our request, if it ever reached Stripe (an idempotency key is forgotten after a day)."""
    for refund in client().v1.refunds.list({"payment_intent": payment_intent_id, "limit": 100}).data:
        if metadata_of(refund).get("request") == request:
            return refund_of(refund)
    return None


# --- webhooks --------------------------------------------------------------------------------------------------------


def read_event(body: bytes, signature: str) -> Event:
    """Verify a webhook with each configured secret (two while one is being rolled) and return its envelope.

    Raises Forged for a missing, wrong, stale (> 300 s) or future signature and for a body that is no event.
    stripe-python checks the past only, so the future is checked here.
    """
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            stripe.WebhookSignature.verify_header(body, signature, secret, TOLERANCE_SECONDS)
        except stripe.SignatureVerificationError:
            continue
        except ValueError as error:
            raise Forged(f"the body is not an event: {error}") from error
        if _signed_at(signature) > time.time() + TOLERANCE_SECONDS:
            raise Forged("the signature's time lies in the future")
        return event_of(_parsed(body))
    digest = hashlib.sha256(body).hexdigest()[:12]
    raise Forged(f"no configured secret verifies the signature (body sha256 {digest}…)")


def _parsed(body: bytes) -> Any:
    """Plain JSON: the SDK's objects are slow to make, and hold Decimals, which are not JSON."""
    try:
        return json.loads(body)
    except ValueError as error:
        raise Forged(f"the body is not an event: {error}") from error


def _signed_at(signature: str) -> int:
    return int(dict(part.split("=", 1) for part in signature.split(",") if "=" in part).get("t", "0"))


def event_of(payload: dict[str, Any]) -> Event:
    """The envelope of an event, from its JSON."""
    try:
        return Event(
            id=str(payload["id"]),
            type=str(payload["type"]),
            created=when(int(payload["created"])),
            livemode=bool(payload["livemode"]),
            api_version=str(payload.get("api_version") or ""),
            object=dict(payload["data"]["object"]),
            payload=payload,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Forged(f"the body is not an event: {error}") from error


def signed_test_event(secret: str) -> tuple[bytes, dict[str, str]]:
    """A webhook to ourselves, body and headers, about an object nobody knows; stored once however often it is sent."""
    event = {
        "id": "evt_doctor", "object": "event", "type": "firstpage.doctor", "created": int(time.time()),
        "livemode": settings.STRIPE_LIVEMODE, "api_version": API_VERSION,
        "data": {"object": {"object": "doctor", "id": "doctor"}},
    }  # fmt: skip
    body = json.dumps(event)
    header = stripe.WebhookSignature.generate_signature_header(body, secret)
    return body.encode(), {"Content-Type": "application/json", "Stripe-Signature": header}
