"""Stripe's webhooks: verify, store, answer. What an event means is found out by reading Stripe again.

400 for what does not prove it is Stripe's (nothing is stored), 200 for everything that does, known or not, so that
Stripe does not switch the endpoint off; a database that is down answers 503, and Stripe repeats.
"""

import json
import logging
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from procrastinate.contrib.django import app

from subscriptions import gateway, sync
from subscriptions.institutions import licenses
from subscriptions.models import Order, Payment, SyncTarget

log = logging.getLogger(__name__)

Target = tuple[str, str]

_STORE = """
INSERT INTO subscriptions_stripeevent
       (id, type, object_type, object_id, api_version, livemode, created, payload, deliveries, received_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, now())
ON CONFLICT (id) DO UPDATE SET deliveries = subscriptions_stripeevent.deliveries + 1
"""


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    try:
        event = gateway.read_event(request.body, request.headers.get("Stripe-Signature", ""))
    except (gateway.Forged, RequestDataTooBig) as error:
        log.warning("Webhook refused: %s", error)
        return HttpResponse(
            "The signature does not verify. Nothing was stored.\n", status=400, content_type="text/plain"
        )
    if event.livemode != settings.STRIPE_LIVEMODE:
        log.warning("Webhook %s of the other mode (livemode=%s) ignored", event.id, event.livemode)
        return HttpResponse("Of the other mode; ignored.\n", content_type="text/plain")
    receive(event)
    return HttpResponse("Received.\n", content_type="text/plain")


def receive(event: gateway.Event, *, found_by_asking: bool = False) -> None:
    """Store the event and raise its hints in one transaction: what is acknowledged is durable."""
    with transaction.atomic():
        _store(event, deliveries=0 if found_by_asking else 1)
        for kind, key in targets(event.object):
            if sync.hint(kind, key):
                app.configure_task("subscriptions.sync_target").defer(kind=kind, key=key)


def _store(event: gateway.Event, deliveries: int) -> None:
    about = event.object
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            [
                event.id, event.type, str(about.get("object", ""))[:60], str(about.get("id") or "")[:255],
                event.api_version[:40], event.livemode, event.created, json.dumps(event.payload), deliveries,
            ],
        )  # fmt: skip


def targets(about: dict[str, Any]) -> list[Target]:
    """Which of our things an object of Stripe's is about. Unknown objects are about nothing of ours."""
    match about.get("object"):
        case "checkout.session":
            return _order_of_session(about)
        case "subscription":
            return [(SyncTarget.Kind.SUBSCRIPTION, about["id"])]
        case "invoice":
            return _owner_of_invoice(about)
        case "charge" | "refund":
            return roots_of_payment(about.get("payment_intent"))
        case "dispute" | "radar.early_fraud_warning":
            return _payment(about.get("payment_intent"))
        case _:
            return []


def _order_of_session(session: dict[str, Any]) -> list[Target]:
    order = Order.objects.filter(session_id=session["id"]).only("pk").first()
    return [(SyncTarget.Kind.ORDER, str(order.pk))] if order else []


def _owner_of_invoice(invoice: dict[str, Any]) -> list[Target]:
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    subscription = details.get("subscription")
    if isinstance(subscription, str):
        return [(SyncTarget.Kind.SUBSCRIPTION, subscription)]
    found = licenses.number_of(invoice.get("metadata"))
    return [(SyncTarget.Kind.LICENSE, str(found))] if found else []


def _payment(payment_intent: Any) -> list[Target]:
    return [(SyncTarget.Kind.PAYMENT, payment_intent)] if isinstance(payment_intent, str) else []


def roots_of_payment(payment_intent: Any) -> list[Target]:
    """What a payment was for. One that no row of ours knows yet is looked up at Stripe by a target of its own."""
    order = Order.objects.filter(payment_intent_id=payment_intent).only("pk").first() if payment_intent else None
    if order:
        return [(SyncTarget.Kind.ORDER, str(order.pk))]
    payment = Payment.objects.filter(payment_intent_id=payment_intent).select_related("subscription").first()
    if payment and (payment.subscription or payment.license_id):
        return [payment.target]
    return _payment(payment_intent)
