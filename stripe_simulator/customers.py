"""Customers: made with an account's defaults, deleted with all that hangs on them."""

from __future__ import annotations

from .billing import ENDED, cancel_now
from .blank import Json
from .sandbox import Sandbox


def new_customer(sandbox: Sandbox, **values: object) -> Json:
    """A customer with the defaults of a fresh account; tells of it."""
    prefix = "".join(c for c in str(values.get("id", "")) if c.isalnum())
    customer = sandbox.new(
        "customer",
        **{
            "balance": 0,
            "delinquent": False,
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "next_invoice_sequence": 1,
            "preferred_locales": [],
            "tax_exempt": "none",
        }
        | values,
    )
    sandbox.update(customer, invoice_prefix=(prefix or customer["id"][-8:]).upper())
    sandbox.emit("customer.created", customer)
    return customer


def delete_customer(sandbox: Sandbox, customer: Json) -> Json:
    """Ends every subscription, then leaves a tombstone."""
    for subscription in sandbox.store.where("subscription", "customer", customer["id"]):
        if subscription["status"] not in ENDED:
            cancel_now(sandbox, subscription)
    sandbox.emit("customer.deleted", customer)
    tombstone: Json = {"id": customer["id"], "object": "customer", "deleted": True}
    sandbox.store.save(tombstone)
    return tombstone
