"""A running subscription's plan at Stripe: whether it renews, another price and what it costs, and Stripe's own pages.

`gateway.py` stays the one door; this asks through its client.
"""

from datetime import datetime
from typing import Any

from subscriptions.gateway import Rejected, client, translated
from subscriptions.stripe_answers import moment
from subscriptions.stripe_objects import SwitchPreview


@translated
def set_renewal(subscription_id: str, *, renews: bool) -> None:
    """Let a subscription end with its period, or take that back (whichever of Stripe's two ways set it)."""
    params: Any = {"cancel_at_period_end": not renews}
    if renews and not client().v1.subscriptions.retrieve(subscription_id).cancel_at_period_end:
        params = {"cancel_at": ""}
    client().v1.subscriptions.update(subscription_id, params)


@translated
def change_price(subscription_id: str, *, price_id: str, from_amount: int) -> None:
    """Another price from the next renewal on: nothing is charged or credited now. Done already: nothing.

    Raises Rejected when the subscription pays neither `from_amount` nor this price: somebody has changed the plan.
    """
    item = client().v1.subscriptions.retrieve(subscription_id).items.data[0]
    if item.price.id == price_id:
        return
    if item.price.unit_amount != from_amount:
        raise Rejected(f"{subscription_id} costs {item.price.unit_amount} now, not {from_amount}")
    params: Any = {"items": [{"id": item.id, "price": price_id}], "proration_behavior": "none"}
    client().v1.subscriptions.update(subscription_id, params)


@translated
def preview_switch(subscription_id: str, *, price_id: str, at: datetime) -> SwitchPreview:
    """What changing the price at `at` would charge at once. Stripe, "Create a preview invoice"."""
    subscription = client().v1.subscriptions.retrieve(subscription_id)
    details: Any = {
        "items": [{"id": subscription.items.data[0].id, "price": price_id}],
        "proration_behavior": "always_invoice",
        "proration_date": int(at.timestamp()),
    }
    asked: Any = {"subscription": subscription_id, "subscription_details": details}
    invoice = client().v1.invoices.create_preview(asked)
    ends = max((line.period.end for line in invoice.lines.data), default=None)
    return SwitchPreview(invoice.total, invoice.currency, moment(ends))


def switch_flow(subscription_id: str, *, price_id: str, return_url: str) -> dict[str, Any]:
    """For `portal_url`: Stripe's page that confirms another price and charges the difference."""
    return {
        "type": "subscription_update_confirm",
        "subscription_update_confirm": {
            "subscription": subscription_id,
            "items": [{"id": _only_item(subscription_id), "price": price_id, "quantity": 1}],
        },
        "after_completion": {"type": "redirect", "redirect": {"return_url": return_url}},
    }


def card_flow(return_url: str) -> dict[str, Any]:
    """For `portal_url`: Stripe's page for a new card, and back."""
    after = {"type": "redirect", "redirect": {"return_url": return_url}}
    return {"type": "payment_method_update", "after_completion": after}


@translated
def _only_item(subscription_id: str) -> str:
    return client().v1.subscriptions.retrieve(subscription_id).items.data[0].id


@translated
def portal_url(
    *, customer_id: str, return_url: str, configuration: str = "", flow: dict[str, Any] | None = None
) -> str:
    """A short-lived address of Stripe's portal. Made at each click, never stored. No configuration: the account's.

    `flow` opens one of its pages alone (`switch_flow`, `card_flow`).
    """
    params: Any = {"customer": customer_id, "return_url": return_url}
    if configuration:
        params["configuration"] = configuration
    if flow:
        params["flow_data"] = flow
    return client().v1.billing_portal.sessions.create(params).url
