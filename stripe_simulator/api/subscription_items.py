"""A subscription's items, one by one; each change is a change of the subscription."""

from __future__ import annotations

from ..billing import ENDED
from ..blank import Json
from ..errors import invalid, missing
from ..plan_change import change_items
from .routing import Call, endpoint, page

HOW = ("payment_behavior", "proration_behavior", "proration_date")


def _holder(call: Call) -> Json:
    """The subscription an item belongs to."""
    for subscription in call.sandbox.store.of_kind("subscription"):
        if subscription["status"] not in ENDED and call.id in _ids(subscription):
            return subscription
    raise missing("subscription_item", call.id, "id")


def _ids(subscription: Json) -> list[str]:
    return [item["id"] for item in subscription["items"]["data"]]


def _change(call: Call, subscription: Json, wish: Json) -> Json:
    change_items(call.sandbox, subscription, call.given(*HOW) | {"items": [wish]})
    found: Json = call.sandbox.require("subscription", subscription["id"])["items"]
    return found


@endpoint("GET /v1/subscription_items")
def listing(call: Call) -> Json:
    subscription = call.sandbox.require("subscription", call.params["subscription"], "subscription")
    return page(call, subscription["items"]["data"])


@endpoint("GET /v1/subscription_items/{item}")
def retrieve(call: Call) -> Json:
    return _own(_holder(call)["items"], call.id)


def _own(items: Json, item_id: str) -> Json:
    return next(item for item in items["data"] if item["id"] == item_id)


@endpoint("POST /v1/subscription_items")
def create(call: Call) -> Json:
    subscription = call.sandbox.require("subscription", call.params["subscription"], "subscription")
    if subscription["status"] in ENDED:
        raise invalid("This subscription is over.", "subscription")
    before = _ids(subscription)
    items = _change(call, subscription, call.given("price", "price_data", "quantity"))
    return next((item for item in items["data"] if item["id"] not in before), items["data"][-1])


@endpoint("POST /v1/subscription_items/{item}")
def update(call: Call) -> Json:
    wish = call.given("price", "price_data", "quantity") | {"id": call.id}
    return _own(_change(call, _holder(call), wish), call.id)


@endpoint("DELETE /v1/subscription_items/{item}")
def delete(call: Call) -> Json:
    _change(call, _holder(call), {"id": call.id, "deleted": True})
    return {"id": call.id, "object": "subscription_item", "deleted": True}
