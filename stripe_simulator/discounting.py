"""Coupons and promotion codes: who may use them, what they take off which lines, how long they last."""

from __future__ import annotations

from .blank import Json
from .errors import ApiError, invalid
from .periods import step
from .pricing import discount_on, spread
from .sandbox import Sandbox, timer


def check_redeemable(
    sandbox: Sandbox, told: Json, place: str, *, customer: str | None = None, subtotal: int | None = None
) -> Json:
    """The coupon behind `{"coupon": …}` or `{"promotion_code": …}`, refused when it can no longer be redeemed, or not
    by this customer or for this sum."""
    param = f"{place}[{'promotion_code' if told.get('promotion_code') else 'coupon'}]"
    coupon_id = told.get("coupon")
    if told.get("promotion_code"):
        code = sandbox.require("promotion_code", told["promotion_code"], param)
        _check_code(sandbox, code, param)
        _check_restrictions(sandbox, code, param, customer, subtotal)
        coupon_id = code["promotion"]["coupon"]
    coupon = sandbox.require("coupon", coupon_id or "", param)
    too_late = sandbox.store.hidden(coupon["id"]).get("redeem_by", sandbox.now()) < sandbox.now()
    if not coupon["valid"] or too_late:
        raise invalid(f"Coupon {coupon['id']} is used up or expired.", param, "coupon_expired")
    return coupon


def _check_code(sandbox: Sandbox, code: Json, param: str) -> None:
    spent = code["max_redemptions"] is not None and code["times_redeemed"] >= code["max_redemptions"]
    until = sandbox.store.hidden(code["id"]).get("expires_at", code["expires_at"])
    if not code["active"] or spent or (until is not None and until < sandbox.now()):
        raise invalid("This promotion code is no longer active.", param, "promotion_code_expired")


def _check_restrictions(sandbox: Sandbox, code: Json, param: str, customer: str | None, subtotal: int | None) -> None:
    limits = code["restrictions"]
    if code["customer"] not in (None, customer):
        raise invalid("This promotion code cannot be redeemed by this customer.", param)
    if limits["first_time_transaction"] and customer and _has_paid(sandbox, customer):
        message = "This promotion code cannot be redeemed because the associated customer has prior transactions."
        raise ApiError(400, message, code="promotion_code_customer_not_first_time", param=param)
    if limits["minimum_amount"] and subtotal is not None and subtotal < limits["minimum_amount"]:
        raise invalid("This promotion code cannot be redeemed because the order is too small.", param)


def _has_paid(sandbox: Sandbox, customer: str) -> bool:
    return any(charge["paid"] for charge in sandbox.store.where("charge", "customer", customer))


def shares(sandbox: Sandbox, coupon: Json | None, lines: list[tuple[int, str | None]]) -> list[int]:
    """What the coupon takes off each (amount, product): a coupon that `applies_to` some products spares the others."""
    only = sandbox.store.hidden(coupon["id"]).get("products") if coupon else None
    bases = [amount if only is None or product in only else 0 for amount, product in lines]
    return spread(discount_on(sum(bases), coupon), bases)


def new_discount(sandbox: Sandbox, coupon: Json, **values: object) -> Json:
    """A coupon at work. One that repeats ends so many months later; a subscription's is told of."""
    source = {"type": "coupon", "coupon": coupon["id"]}
    months = coupon["duration_in_months"] if coupon["duration"] == "repeating" else None
    end = step(sandbox.now(), "month", months) if months else None
    discount = sandbox.new("discount", **{"source": source, "start": sandbox.now(), "end": end} | values)
    if discount["subscription"]:
        sandbox.emit("customer.discount.created", discount)
    return discount


def end_discount(sandbox: Sandbox, discount: Json) -> Json:
    """Takes a discount away; what is left says so."""
    sandbox.emit("customer.discount.deleted", discount)
    sandbox.store.delete(discount["id"])
    return discount | {"deleted": True}


def redeem(sandbox: Sandbox, coupon: Json, promotion_code: str | None = None) -> None:
    """Counts a use; the last one allowed makes the coupon, or the code, unusable."""
    times = coupon["times_redeemed"] + 1
    spent = coupon["max_redemptions"] is not None and times >= coupon["max_redemptions"]
    sandbox.update(coupon, "coupon.updated", times_redeemed=times, valid=coupon["valid"] and not spent)
    code = sandbox.get("promotion_code", promotion_code)
    if code:
        used = code["times_redeemed"] + 1
        last = code["max_redemptions"] is not None and used >= code["max_redemptions"]
        changes = {"times_redeemed": used, "active": code["active"] and not last}
        sandbox.update(code, "promotion_code.updated", **changes)


@timer("coupon.expire")
def expire_coupon(sandbox: Sandbox, coupon: Json) -> None:
    sandbox.update(coupon, "coupon.updated", valid=False)


@timer("promotion_code.expire")
def expire_code(sandbox: Sandbox, code: Json) -> None:
    sandbox.update(code, "promotion_code.updated", active=False)
