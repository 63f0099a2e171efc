"""Tax numbers of customers, and the tax rates that taxes are computed with."""

from __future__ import annotations

from ..blank import Json
from ..errors import invalid
from ..taxes import kind_of_number
from .routing import Call, endpoint, page, resource

PATH = "/v1/customers/{customer}/tax_ids"
VATS = ("eu_vat", "gb_vat", "ch_vat", "no_vat")

resource("tax_rate", "/v1/tax_rates", "tax_rate", param="tax_rate")


@endpoint(f"GET {PATH}")
def listing(call: Call) -> Json:
    customer = call.sandbox.require("customer", call.id, "customer")
    return page(call, list(call.sandbox.store.where("tax_id", "customer", customer["id"])))


@endpoint(f"POST {PATH}")
def create(call: Call) -> Json:
    customer = call.sandbox.require("customer", call.id, "customer")
    kind, value = call.params["type"], call.params["value"]
    if kind in VATS and kind_of_number(value) != kind:
        raise invalid(f"Invalid value for {kind}.", "value", "tax_id_invalid")
    owner = {"type": "customer", "customer": customer["id"]}
    country = value[:2].upper() if kind in VATS else None
    made = call.sandbox.new("tax_id", type=kind, value=value, country=country, customer=customer["id"], owner=owner)
    call.sandbox.emit("customer.tax_id.created", made)
    return made


@endpoint(f"GET {PATH}/{{id}}")
def retrieve(call: Call) -> Json:
    return call.sandbox.require("tax_id", call.ids[1])


@endpoint(f"DELETE {PATH}/{{id}}")
def delete(call: Call) -> Json:
    number = call.sandbox.require("tax_id", call.ids[1])
    call.sandbox.emit("customer.tax_id.deleted", number)
    call.sandbox.store.delete(number["id"])
    return {"id": number["id"], "object": "tax_id", "deleted": True}
