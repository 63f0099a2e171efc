"""What tests of selling have in common: a way through the site's pages and the local Stripe's, over real HTTP."""

import json
import time
from typing import Any
from unittest import mock

from django.db import connection
from django.test import Client
from procrastinate.periodic import PeriodicRegistry
from stripe import WebhookSignature

from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions.models import Offer, Order

WEBHOOK = "/stripe/webhook/"
BY_NO_CLOCK = PeriodicRegistry()


def order(client: Client, offer: Offer, article: Article | None = None) -> str:
    """Confirm an offer and return where the site sends the reader: Stripe's payment page, if all is well."""
    data = {"consent": "on", "renewal": "on"} | ({"article": str(article.pk)} if article else {})
    answer = client.post(f"/offers/{offer.pk}/order/", data)
    assert answer.status_code == 303, answer.content.decode()[:2000]
    return answer["Location"]


def buy(client: Client, stripe: LocalStripe, offer: Offer, article: Article | None = None, **payment: Any) -> str:
    """Order and pay; returns where Stripe sends the reader back to (a path), or its message after a decline."""
    back = stripe.pay(order(client, offer, article), **payment)
    return back.removeprefix("http://testserver")


def latest_order() -> Order:
    return Order.objects.latest("created_at")


def signed(payload: dict[str, Any] | bytes, secret: str, at: int | None = None) -> dict[str, Any]:
    """Arguments for client.post of a webhook signed as Stripe signs."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload, indent=2).encode()
    header = WebhookSignature.generate_signature_header(body.decode("utf-8", "replace"), secret, timestamp=at)
    return {"data": body, "content_type": "application/json", "headers": {"Stripe-Signature": header}}


def event(kind: str = "checkout.session.completed", **about: Any) -> dict[str, Any]:
    return {
        "id": about.pop("event_id", "evt_1"), "object": "event", "type": kind, "created": int(time.time()),
        "livemode": about.pop("livemode", False), "api_version": "2026-10-28.endive", "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None}, "data": {"object": about},
    }  # fmt: skip


def work(stripe: LocalStripe | None = None) -> None:
    """Let the webhooks arrive, do the jobs that wait as the worker would, and then what the sweep would find.

    What runs by the clock is not begun (some twenty jobs a turn): tests of it call it at the time they choose.
    """
    while stripe and any(row["status"] in ("pending", "sending") for row in stripe.control("deliveries")["data"]):
        time.sleep(0.02)
    from procrastinate.contrib.django import app, utils
    from procrastinate.psycopg_connector import PsycopgConnector

    from subscriptions import mail, sync

    if not connection.in_atomic_block:  # else the worker, on connections of its own, sees no job and waits for our rows
        connector = PsycopgConnector(kwargs=utils.connector_params("default"), min_size=1, max_size=2)
        with app.replace_connector(connector) as worker, mock.patch.object(worker, "periodic_registry", BY_NO_CLOCK):
            worker.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)
    sync.run_due()
    mail.send_unsent()
