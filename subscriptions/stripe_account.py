"""What belongs to the Stripe account as a whole: portal, webhook endpoint, lists of what happened, its state.

For stripe_setup, stripe_reconcile and stripe_doctor. `gateway.py` stays the one door; this asks through its client.
"""

from typing import Any

from django.conf import settings

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


@translated
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


@translated
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
    params: Any = {"url": url, "api_version": gateway.API_VERSION, **events}
    return endpoints.create(params).secret
