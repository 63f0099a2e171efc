"""Subscriptions: start, renew, fail and recover, change, end. The calendar is kept by timers."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from . import invoicing
from .blank import Json, blank, identifier
from .discounting import new_discount
from .errors import ApiError, invalid
from .payments import Attempt, create_intent, pay_intent
from .periods import period_after
from .pricing import every, money
from .sandbox import DAY, Sandbox

HOUR = 3_600
UPCOMING_BEFORE = 7 * DAY
TRIAL_REMINDER = 3 * DAY
RETRIES = (3 * DAY, 5 * DAY, 7 * DAY)
INCOMPLETE_FOR = 23 * HOUR
FRESH: Json = {
    "automatic_tax": {"enabled": False, "liability": None, "disabled_reason": None},
    "billing_mode": {"type": "flexible", "flexible": {"proration_discounts": "included"}, "updated_at": None},
    "cancellation_details": {"comment": None, "feedback": None, "reason": None},
    "collection_method": "charge_automatically",
    "default_tax_rates": [],
    "invoice_settings": {
        "account_tax_ids": None,
        "custom_fields": None,
        "description": None,
        "footer": None,
        "issuer": {"type": "self"},
    },
    "payment_settings": {
        "payment_method_options": None,
        "payment_method_types": None,
        "save_default_payment_method": "off",
    },
    "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
}
ENDED = ("canceled", "incomplete_expired")

Deed = Callable[[Sandbox, Json, Json], None]
WHEN_PAID: list[Deed] = []


Turn = Callable[[Sandbox, Json], None]
BEFORE_CYCLE: list[Turn] = []


def before_cycle(deed: Turn) -> Turn:
    """Registers what happens to a subscription at its period's end, before it renews."""
    BEFORE_CYCLE.append(deed)
    return deed


def when_paid(deed: Deed) -> Deed:
    """Registers what follows for a subscription when one of its invoices is paid."""
    WHEN_PAID.append(deed)
    return deed


def period_end(subscription: Json) -> int:
    return int(min(item["current_period_end"] for item in subscription["items"]["data"]))


def describe(sandbox: Sandbox, item: Json) -> str:
    price = item["price"]
    product = sandbox.get("product", price["product"]) or {"name": "Subscription"}
    rate = f"{money(price['unit_amount'], price['currency'])} {every(price['recurring'])}"
    return f"{item['quantity']} × {product['name']} (at {rate})"


# Start


def new_item(sandbox: Sandbox, subscription_id: str, price: Json, quantity: int, period: tuple[int, int]) -> Json:
    return blank(
        "subscription_item",
        id=identifier("subscription_item"),
        created=sandbox.now(),
        current_period_start=period[0],
        current_period_end=period[1],
        plan=plan_of(price),
        price=price,
        quantity=quantity,
        subscription=subscription_id,
        tax_rates=[],
    )


def plan_of(price: Json) -> Json:
    """The old name of a recurring price, still embedded in every item."""
    return blank(
        "plan",
        id=price["id"],
        active=price["active"],
        amount=price["unit_amount"],
        amount_decimal=price["unit_amount_decimal"],
        billing_scheme="per_unit",
        created=price["created"],
        currency=price["currency"],
        interval=price["recurring"]["interval"],
        interval_count=price["recurring"]["interval_count"],
        nickname=price["nickname"],
        product=price["product"],
        usage_type="licensed",
    )


def create(
    sandbox: Sandbox,
    customer: str,
    wanted: list[tuple[Json, int]],
    *,
    trial_end: int | None = None,
    coupon: Json | None = None,
    promotion_code: str | None = None,
    **values: Any,
) -> Json:
    """Stores a subscription (incomplete, or trialing) for prices with quantities; says nothing yet."""
    now, sub_id = sandbox.now(), identifier("subscription")
    anchor = trial_end or now
    period = (now, trial_end) if trial_end else period_after(anchor, wanted[0][0]["recurring"], now)
    items = [new_item(sandbox, sub_id, price, quantity, period) for price, quantity in wanted]
    subscription = sandbox.new(
        "subscription",
        **deepcopy(FRESH)
        | {
            "id": sub_id,
            "billing_cycle_anchor": anchor,
            "currency": wanted[0][0]["currency"],
            "customer": customer,
            "items": _items(sub_id, items),
            "latest_invoice": identifier("invoice"),
            "start_date": now,
            "status": "trialing" if trial_end else "incomplete",
            "test_clock": sandbox.clock_of(customer) or None,
            "trial_start": now if trial_end else None,
            "trial_end": trial_end,
        }
        | values,
    )
    if coupon and coupon["duration"] != "once":
        of = {"customer": customer, "subscription": sub_id, "promotion_code": promotion_code}
        sandbox.update(subscription, discounts=[new_discount(sandbox, coupon, **of)["id"]])
    return subscription


def _items(subscription_id: str, items: list[Json]) -> Json:
    url = f"/v1/subscription_items?subscription={subscription_id}"
    return {"object": "list", "data": items, "has_more": False, "url": url}


def open_for_business(sandbox: Sandbox, subscription: Json) -> None:
    """Tells of a subscription that begins to run and sets its calendar."""
    sandbox.emit("customer.subscription.created", subscription)
    if subscription["trial_end"]:
        sandbox.at(max(subscription["trial_end"] - TRIAL_REMINDER, sandbox.now()), "trial.reminder", subscription["id"])
    set_calendar(sandbox, subscription)


def set_calendar(sandbox: Sandbox, subscription: Json) -> None:
    end = period_end(subscription)
    if end - UPCOMING_BEFORE > sandbox.now():
        sandbox.at(end - UPCOMING_BEFORE, "invoice.upcoming", subscription["id"])
    sandbox.at(end, "subscription.cycle", subscription["id"])


def invoice_for(sandbox: Sandbox, subscription: Json, reason: str, lines: list[Json], **values: Any) -> Json:
    """A draft for a subscription, under the id the subscription already names as its latest."""
    lasting, discount = lasting_discount(sandbox, subscription)
    coupon = values.pop("coupon", None)
    discount = discount if coupon is None or coupon == lasting else None
    details = {
        "subscription": subscription["id"],
        "metadata": subscription["metadata"],
        "subscription_proration_date": None,
    }
    return invoicing.draft(
        sandbox,
        subscription["customer"],
        subscription["currency"],
        lines,
        reason,
        coupon=coupon or lasting,
        discount=discount,
        id=subscription["latest_invoice"],
        automatic_tax=subscription["automatic_tax"],
        parent={"type": "subscription_details", "subscription_details": details},
        **values,
    )


def lasting_discount(sandbox: Sandbox, subscription: Json) -> tuple[Json | None, Json | None]:
    """The (coupon, discount) that every invoice of the subscription gets now; a discount's time may be over."""
    for discount_id in subscription["discounts"]:
        discount = sandbox.get("discount", discount_id)
        if discount and (discount["end"] is None or discount["end"] > sandbox.now()):
            return sandbox.get("coupon", discount["source"]["coupon"]), discount
    return None, None


def period_lines(sandbox: Sandbox, subscription: Json) -> list[Json]:
    """A line an item for the current period, after what a change of plan left waiting for this invoice."""
    free = subscription["status"] == "trialing"
    lines: list[Json] = sandbox.store.hidden(subscription["id"]).get("waiting_lines", [])
    for item in subscription["items"]["data"]:
        text = f"Trial period for {describe(sandbox, item)}" if free else describe(sandbox, item)
        made = invoicing.item_line(
            subscription, item, item["current_period_start"], item["current_period_end"], text=text
        )
        lines.append(made | ({"amount": 0, "subtotal": 0} if free else {}))
    return lines


# Money


def method_of(sandbox: Sandbox, subscription: Json | None, customer_id: str | None = None) -> Json | None:
    """The subscription's own method, else the customer's default."""
    customer = sandbox.get("customer", customer_id or (subscription or {}).get("customer"))
    ids = [
        (subscription or {}).get("default_payment_method"),
        ((customer or {}).get("invoice_settings") or {}).get("default_payment_method"),
    ]
    return next((method for i in ids if (method := sandbox.get("payment_method", i))), None)


def subscription_of(sandbox: Sandbox, invoice: Json) -> Json | None:
    details = (invoice["parent"] or {}).get("subscription_details")
    return sandbox.get("subscription", details["subscription"]) if details else None


def collect(
    sandbox: Sandbox,
    invoice: Json,
    method: Json | None = None,
    *,
    on_session: bool = False,
    authenticated: bool = False,
) -> Attempt:
    """Tries to take an open invoice's money, and lets its subscription follow."""
    method = method or method_of(sandbox, subscription_of(sandbox, invoice), invoice["customer"])
    if method is None:
        message = "This customer has no attached payment source or default payment method."
        if on_session:
            raise invalid(message, "invoice")
        return missed(sandbox, invoice, Attempt("declined", message=message))
    intent = _intent_for(sandbox, invoice)
    attempt = pay_intent(sandbox, intent, method, on_session=on_session, authenticated=authenticated, invoice=invoice)
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    if attempt.status == "processing":
        sandbox.update(invoice)
        return attempt
    if attempt.status != "succeeded":
        return missed(sandbox, invoice, attempt)
    paid(sandbox, invoice, intent)
    return attempt


def paid_elsewhere(sandbox: Sandbox, invoice: Json) -> Json:
    """The money came another way (`paid_out_of_band`); not while a debit is on its way, or it would come twice."""
    payment = invoicing.payment_of(sandbox, invoice)
    intent = sandbox.get("payment_intent", payment["payment"]["payment_intent"]) if payment else None
    if intent and intent["status"] == "processing":
        raise invalid("This invoice has a payment that is processing.", "invoice")
    paid(sandbox, invoice, None)
    return invoice


def paid(sandbox: Sandbox, invoice: Json, intent: Json | None) -> None:
    """The money for an invoice is there: its subscription runs (again)."""
    invoicing.settle(sandbox, invoice, intent)
    subscription = subscription_of(sandbox, invoice)
    if subscription and subscription["status"] in ("past_due", "unpaid", "incomplete"):
        sandbox.update(subscription, "customer.subscription.updated", status="active")
    if subscription:
        for deed in WHEN_PAID:
            deed(sandbox, subscription, invoice)


def _intent_for(sandbox: Sandbox, invoice: Json) -> Json:
    payment = invoicing.payment_of(sandbox, invoice)
    if payment:
        return sandbox.require("payment_intent", payment["payment"]["payment_intent"])
    intent = create_intent(
        sandbox,
        invoice["amount_due"],
        invoice["currency"],
        customer=invoice["customer"],
        description="Subscription update" if invoice["parent"] else f"Invoice {invoice['number']}",
        setup_future_usage="off_session" if invoice["parent"] else None,
    )
    invoicing.add_payment(sandbox, invoice, intent)
    return intent


def missed(sandbox: Sandbox, invoice: Json, attempt: Attempt) -> Attempt:
    """A payment that did not come: the next try is set, and the subscription is past due."""
    tries = invoice["attempt_count"]
    subscription = subscription_of(sandbox, invoice)
    waits = bool(subscription and subscription["pending_update"])  # a change that was not paid changes nothing
    automatic = bool(subscription) and not waits and invoice["collection_method"] == "charge_automatically"
    retries = automatic and 0 < tries <= len(RETRIES) and subscription and subscription["status"] != "incomplete"
    next_attempt = sandbox.now() + RETRIES[tries - 1] if retries else None
    sandbox.update(invoice, next_payment_attempt=next_attempt)
    if attempt.status == "declined":
        sandbox.emit("invoice.payment_failed", invoice)
    if next_attempt:
        sandbox.at(next_attempt, "invoice.retry", invoice["id"])
    if subscription and not waits and subscription["status"] in ("active", "trialing"):
        sandbox.update(subscription, "customer.subscription.updated", status="past_due")
    elif subscription and subscription["status"] == "past_due" and tries > len(RETRIES):
        _give_up(sandbox, subscription)
    return attempt


def _give_up(sandbox: Sandbox, subscription: Json) -> None:
    """After the last retry: as the account's settings say."""
    end = sandbox.knobs.dunning_end
    if end == "cancel":
        cancel_now(sandbox, subscription, reason="payment_failed")
    elif end == "unpaid":
        sandbox.update(subscription, "customer.subscription.updated", status="unpaid")


# End


def cancel_now(
    sandbox: Sandbox, subscription: Json, reason: str = "cancellation_requested", details: Json | None = None
) -> Json:
    if subscription["status"] in ENDED:
        raise ApiError(404, f"No such subscription: {subscription['id']}", code="resource_missing", param="id")
    now = sandbox.now()
    told = subscription["cancellation_details"]
    why = told | {"reason": told["reason"] or reason} | (details or {})
    changes = {"status": "canceled", "ended_at": now, "canceled_at": subscription["canceled_at"] or now}
    sandbox.update(subscription, **changes, cancellation_details=why)
    sandbox.emit("customer.subscription.deleted", subscription)
    return subscription


def ending(sandbox: Sandbox, subscription: Json, *, at: int | None = None, details: Json | None = None) -> Json:
    """The changes that let a subscription end: with its period (`at` None) or at a moment."""
    end = period_end(subscription) if at is None else at
    if end <= sandbox.now():
        raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", "cancel_at")
    sandbox.at(end, "subscription.cancel", subscription["id"])
    why = subscription["cancellation_details"] | {"reason": "cancellation_requested"} | (details or {})
    return {
        "cancel_at": end,
        "cancel_at_period_end": at is None,
        "canceled_at": sandbox.now(),
        "cancellation_details": why,
    }


STAYING: Json = {
    "cancel_at": None,
    "cancel_at_period_end": False,
    "canceled_at": None,
    "cancellation_details": {"comment": None, "feedback": None, "reason": None},
}
