"""Products and prices."""

from __future__ import annotations

from ..blank import Json
from ..errors import invalid
from ..prices import PRODUCT_FIELDS, create_price, free_lookup_key
from .routing import Call, endpoint, resource

PRICE_FIELDS = ("active", "lookup_key", "metadata", "nickname", "tax_behavior")

resource("product", "/v1/products", "id", ids=lambda body, ids: body["id"] in ids)
resource(
    "price",
    "/v1/prices",
    "price",
    param="price",
    lookup_keys=lambda body, keys: body["lookup_key"] in keys,
    recurring=lambda body, wanted: bool(body["recurring"]) and wanted.items() <= body["recurring"].items(),
)


def merged_metadata(body: Json, params: Json) -> Json:
    """Stripe merges metadata key by key; a key sent empty is removed, all are when the whole is sent empty."""
    if "metadata" not in params:
        return {}
    new = params["metadata"]
    merged = {**(body.get("metadata") or {}), **new} if isinstance(new, dict) else {}
    return {"metadata": {key: value for key, value in merged.items() if value != ""}}


@endpoint("POST /v1/products")
def create_product(call: Call) -> Json:
    sandbox, params = call.sandbox, call.params
    if "id" in params and sandbox.store.get(params["id"]):
        raise invalid(f"Product already exists: {params['id']}", "id", "resource_already_exists")
    product = sandbox.new(
        "product",
        **{"active": True, "type": "service", "updated": sandbox.now()} | call.given("id", *PRODUCT_FIELDS),
    )
    if "default_price_data" in params:
        price = create_price(sandbox, {**params["default_price_data"], "product": product["id"]})
        sandbox.update(product, default_price=price["id"])
    sandbox.emit("product.created", product)
    return product


@endpoint("POST /v1/products/{id}")
def update_product(call: Call) -> Json:
    product = call.sandbox.require("product", call.id)
    changes = call.given("default_price", *PRODUCT_FIELDS) | merged_metadata(product, call.params)
    changes["images"] = changes.get("images", product["images"]) or []
    return call.sandbox.update(product, "product.updated", updated=call.sandbox.now(), **changes)


@endpoint("DELETE /v1/products/{id}")
def delete_product(call: Call) -> Json:
    product = call.sandbox.require("product", call.id)
    if any(price["product"] == product["id"] for price in call.sandbox.store.of_kind("price")):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.", "id")
    call.sandbox.emit("product.deleted", product)
    call.sandbox.store.delete(product["id"])
    return {"id": product["id"], "object": "product", "deleted": True}


@endpoint("POST /v1/prices")
def post_price(call: Call) -> Json:
    price = create_price(call.sandbox, call.params)
    call.sandbox.emit("price.created", price)
    return price


@endpoint("POST /v1/prices/{price}")
def update_price(call: Call) -> Json:
    sandbox, params = call.sandbox, call.params
    price = sandbox.require("price", call.id, "price")
    if price["tax_behavior"] not in (None, "unspecified") and "tax_behavior" in params:
        raise invalid("You cannot update tax_behavior once it has been set.", "tax_behavior")
    if params.get("lookup_key"):
        free_lookup_key(sandbox, params, price["id"])
    return sandbox.update(price, "price.updated", **call.given(*PRICE_FIELDS) | merged_metadata(price, params))
