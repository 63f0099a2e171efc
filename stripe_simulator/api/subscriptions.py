"""Subscriptions."""

from __future__ import annotations

from .. import billing, invoicing, trials
from ..blank import Json
from ..discounting import check_redeemable, end_discount, new_discount, redeem
from ..errors import invalid
from ..payment_methods import attach, method_from_token
from ..plan_change import change_items, credit_unused
from ..sandbox import DAY
from .catalog import merged_metadata
from .routing import Call, Filter, endpoint, matches, resource, stream

ECHOED = ("automatic_tax", "description", "trial_settings", "payment_settings", "days_until_due")

resource("subscription", "/v1/subscriptions", "subscription_exposed_id")


def _has_price(body: Json, price: str) -> bool:
    return any(item["price"]["id"] == price for item in body["items"]["data"])


@endpoint("GET /v1/subscriptions")
def listing(call: Call) -> Json:
    """Canceled ones are left out unless `status` asks for them."""
    wanted = call.params.get("status")
    hidden = () if wanted in ("all", "canceled", "ended", "incomplete_expired") else billing.ENDED
    filters: dict[str, Filter] = {
        "status": lambda body, status: status == "all" or status == body["status"] or _ended(body, status),
        "price": _has_price,
    }
    return stream(call, "subscription", lambda b: b["status"] not in hidden and matches(call, b, filters))


def _ended(body: Json, status: str) -> bool:
    return status == "ended" and body["status"] in billing.ENDED


@endpoint("POST /v1/subscriptions")
def create(call: Call) -> Json:
    sandbox, params = call.sandbox, call.params
    customer = call.customer()
    wanted = _wanted(call)
    discounts = params.get("discounts") or []
    coupon = check_redeemable(sandbox, discounts[0], "discounts[0]", customer=customer["id"]) if discounts else None
    days, trial_end = params.get("trial_period_days"), params.get("trial_end")
    subscription = billing.create(
        sandbox,
        customer["id"],
        wanted,
        trial_end=sandbox.now() + days * DAY if days else trial_end if isinstance(trial_end, int) else None,
        coupon=coupon,
        promotion_code=discounts[0].get("promotion_code") if discounts else None,
        default_payment_method=_method(call, customer),
        **call.given(*ECHOED),
        **merged_metadata({}, params),
    )
    if coupon:
        redeem(sandbox, coupon, discounts[0].get("promotion_code"))
    billing.open_for_business(sandbox, subscription)
    lines = billing.period_lines(sandbox, subscription)
    invoice = billing.invoice_for(sandbox, subscription, "subscription_create", lines, coupon=coupon)
    invoicing.finalize(sandbox, invoice)
    if invoice["status"] == "open":
        billing.collect(sandbox, invoice)
    subscription = sandbox.require("subscription", subscription["id"])
    if subscription["status"] == "incomplete" and invoice["status"] == "paid":
        sandbox.update(subscription, "customer.subscription.updated", status="active")
    if subscription["status"] == "incomplete":
        sandbox.at(sandbox.now() + billing.INCOMPLETE_FOR, "subscription.expire_incomplete", subscription["id"])
    return subscription


def _wanted(call: Call) -> list[tuple[Json, int]]:
    wanted = []
    for index, item in enumerate(call.params.get("items") or []):
        price = call.sandbox.require("price", item.get("price", ""), f"items[{index}][price]")
        if not price["recurring"]:
            raise invalid(f"The price {price['id']} is not recurring.", f"items[{index}][price]")
        wanted.append((price, item.get("quantity", 1)))
    if not wanted:
        raise invalid("Missing required param: items.", "items", "parameter_missing")
    return wanted


def _method(call: Call, customer: Json) -> str | None:
    token = call.params.get("default_payment_method")
    if not token:
        return None
    return str(attach(call.sandbox, method_from_token(call.sandbox, token), customer["id"])["id"])


@endpoint("POST /v1/subscriptions/{subscription_exposed_id}")
def update(call: Call) -> Json:
    """All that is asked for is told of in one event."""
    sandbox, params = call.sandbox, call.params
    subscription = sandbox.require("subscription", call.id)
    if subscription["status"] in billing.ENDED:
        raise invalid("A canceled subscription can only update its cancellation_details and metadata.", "id")
    changes = _changes(call, subscription)
    if params.get("trial_end") == "now":
        trials.end_trial(sandbox, subscription)
    if params.get("items") or (params.get("billing_cycle_anchor") or {}).get("type") == "now":
        change_items(sandbox, subscription, params, changes)
    elif changes:
        sandbox.update(subscription, "customer.subscription.updated", **changes)
    return sandbox.require("subscription", call.id)


def _changes(call: Call, subscription: Json) -> Json:
    changes = call.given("pause_collection", "default_payment_method", *ECHOED)
    if changes.get("trial_settings"):
        changes["trial_settings"] = _trial_settings(subscription, changes["trial_settings"])
    if changes.get("pause_collection"):
        changes["pause_collection"] = {"resumes_at": None} | changes["pause_collection"]
        if changes["pause_collection"]["resumes_at"]:
            resumes = changes["pause_collection"]["resumes_at"]
            call.sandbox.at(resumes, "subscription.collect_again", subscription["id"])
    if isinstance(call.params.get("trial_end"), int):
        changes |= trials.set_trial(call.sandbox, subscription, call.params["trial_end"])
        billing.set_calendar(call.sandbox, subscription)
    if "discounts" in call.params:
        changes["discounts"] = _discounts(call, subscription)
    return changes | merged_metadata(subscription, call.params) | _end_changes(call, subscription)


def _discounts(call: Call, subscription: Json) -> list[str]:
    """The discounts afterwards: those there that are named again, and new ones."""
    sandbox, kept = call.sandbox, []
    for index, told in enumerate(call.params["discounts"] or []):
        if told.get("discount"):
            kept.append(sandbox.require("discount", told["discount"], f"discounts[{index}][discount]")["id"])
            continue
        coupon = check_redeemable(sandbox, told, f"discounts[{index}]", customer=subscription["customer"])
        redeem(sandbox, coupon, told.get("promotion_code"))
        of = {"customer": subscription["customer"], "subscription": subscription["id"]}
        kept.append(new_discount(sandbox, coupon, promotion_code=told.get("promotion_code"), **of)["id"])
    for gone in set(subscription["discounts"]) - set(kept):
        end_discount(sandbox, sandbox.require("discount", gone))
    return kept


@endpoint("DELETE /v1/subscriptions/{subscription_exposed_id}/discount")
def delete_discount(call: Call) -> Json:
    subscription = call.sandbox.require("subscription", call.id)
    if not subscription["discounts"]:
        raise invalid("This subscription has no discount.", "id")
    gone = end_discount(call.sandbox, call.sandbox.require("discount", subscription["discounts"][-1]))
    rest = subscription["discounts"][:-1]
    call.sandbox.update(subscription, "customer.subscription.updated", discounts=rest)
    return gone


@endpoint("POST /v1/subscriptions/{subscription}/resume")
def resume(call: Call) -> Json:
    return trials.resume(call.sandbox, call.sandbox.require("subscription", call.id, "subscription"))


@endpoint("POST /v1/subscriptions/{subscription}/pause")
def pause(call: Call) -> Json:
    subscription = call.sandbox.require("subscription", call.id, "subscription")
    if subscription["status"] not in ("active", "trialing", "past_due"):
        raise invalid("This subscription cannot be paused.", "subscription")
    trials.pause(call.sandbox, subscription, "pause_requested")
    return subscription


def _trial_settings(subscription: Json, told: Json) -> Json:
    known = (subscription["trial_settings"] or {}).get("end_behavior") or {"missing_payment_method": "create_invoice"}
    behavior = known | (told.get("end_behavior") or {})
    return {"end_behavior": behavior}


def _end_changes(call: Call, subscription: Json) -> Json:
    """What `cancel_at_period_end` and `cancel_at` (a moment, the name of a period's end, empty) come to."""
    params, details = call.params, call.params.get("cancellation_details") or None
    if "cancel_at_period_end" in params and "cancel_at" in params:
        raise invalid("You may only specify one of cancel_at and cancel_at_period_end.", "cancel_at")
    if params.get("cancel_at_period_end"):
        return billing.ending(call.sandbox, subscription, details=details)
    if "cancel_at_period_end" in params or params.get("cancel_at") == "":
        return billing.STAYING if subscription["cancel_at"] else {}
    if "cancel_at" not in params:
        return {}
    at = params["cancel_at"]
    end = billing.period_end(subscription) if isinstance(at, str) else int(at)
    return billing.ending(call.sandbox, subscription, at=end, details=details)


@endpoint("DELETE /v1/subscriptions/{subscription_exposed_id}")
def cancel(call: Call) -> Json:
    sandbox = call.sandbox
    subscription = sandbox.require("subscription", call.id)
    details = call.params.get("cancellation_details") or None
    if call.params.get("prorate") and subscription["status"] in ("active", "past_due"):
        credit_unused(sandbox, subscription, bill=call.params.get("invoice_now", False))
    return billing.cancel_now(sandbox, subscription, details=details)
