"""Invoices, invoice items and invoice payments."""

from __future__ import annotations

from .. import billing, invoicing, previewing
from ..blank import Json
from ..errors import ApiError, invalid
from ..payment_methods import method_from_token
from ..sandbox import DAY, Sandbox
from .catalog import merged_metadata
from .expanding import included
from .routing import Call, endpoint, identity, page, resource

ECHOED = ("auto_advance", "automatic_tax", "custom_fields", "description", "due_date", "footer", "collection_method")

resource(
    "invoice",
    "/v1/invoices",
    "invoice",
    param="invoice",
    subscription=lambda body, wanted: _subscription_id(body) == wanted,
)
resource("invoiceitem", "/v1/invoiceitems", "invoiceitem", param="invoiceitem")
resource(
    "invoice_payment",
    "/v1/invoice_payments",
    "invoice_payment",
    param="invoice_payment",
    payment=lambda body, wanted: all(identity(body["payment"].get(k)) == v for k, v in wanted.items()),
)


def _subscription_id(invoice: Json) -> str | None:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    return details.get("subscription")


@included("invoice", "payments", "/v1/invoices/{id}/payments")
def _payments(sandbox: Sandbox, invoice: Json) -> list[Json]:
    return list(sandbox.store.where("invoice_payment", "invoice", invoice["id"]))


@endpoint("GET /v1/invoices/{invoice}/lines")
def lines(call: Call) -> Json:
    return page(call, call.sandbox.require("invoice", call.id, "invoice")["lines"]["data"])


@endpoint("POST /v1/invoices")
def create(call: Call) -> Json:
    """A draft with the customer's waiting items; `days_until_due` belongs to invoices that are sent."""
    sandbox, params = call.sandbox, call.params
    customer = call.customer()
    sent = params.get("collection_method") == "send_invoice"
    if sent and not (params.get("days_until_due") is not None or params.get("due_date")):
        message = "If invoice collection method is send_invoice, must specify due_date or days_until_due."
        raise invalid(message, "days_until_due")
    values: Json = {"auto_advance": False} | call.given(*ECHOED) | merged_metadata({}, params)
    if params.get("days_until_due") is not None:
        values["due_date"] = sandbox.now() + params["days_until_due"] * DAY
    include = params.get("pending_invoice_items_behavior") == "include"
    items = sandbox.store.where("invoiceitem", "customer", customer["id"]) if include else ()
    waiting = [item for item in items if item["invoice"] is None]
    currency = params.get("currency") or (waiting[0]["currency"] if waiting else "usd")
    invoice = invoicing.draft(sandbox, customer["id"], currency, [], "manual", **values)
    for item in reversed(waiting):
        _put(sandbox, invoice, item)
    return invoice


def _put(sandbox: Sandbox, invoice: Json, item: Json) -> None:
    details = {"invoice_item": item["id"], "proration": False, "proration_details": None, "subscription": None}
    line = invoicing.line(
        item["amount"],
        item["currency"],
        item["description"] or "",
        item["period"]["start"],
        item["period"]["end"],
        quantity=item["quantity"],
        metadata=item["metadata"],
        parent={"type": "invoice_item_details", "invoice_item_details": details},
        pricing=item["pricing"],
    )
    invoicing.fill(sandbox, invoice, [*invoice["lines"]["data"], line])
    sandbox.update(invoice)
    sandbox.update(item, invoice=invoice["id"])


@endpoint("POST /v1/invoiceitems")
def create_item(call: Call) -> Json:
    sandbox, params = call.sandbox, call.params
    customer = call.customer()
    invoice = sandbox.require("invoice", params["invoice"], "invoice") if params.get("invoice") else None
    if invoice and invoice["status"] != "draft":
        raise invalid("The invoice is not a draft and cannot take further items.", "invoice")
    amount, currency, quantity, pricing = _price_of_item(call)
    now = sandbox.now()
    item = sandbox.new(
        "invoiceitem",
        amount=amount,
        currency=currency,
        customer=customer["id"],
        date=now,
        description=params.get("description"),
        discountable=True,
        discounts=[],
        net_amount=amount,
        period=params.get("period") or {"start": now, "end": now},
        pricing=pricing,
        quantity=quantity,
        quantity_decimal=str(quantity),
        **merged_metadata({}, params),
    )
    sandbox.emit("invoiceitem.created", item)
    if invoice:
        _put(sandbox, invoice, item)
    return item


def _price_of_item(call: Call) -> tuple[int, str, int, Json | None]:
    params, quantity = call.params, call.params.get("quantity", 1)
    price_id = (params.get("pricing") or {}).get("price")
    if price_id:
        price = call.sandbox.require("price", price_id, "pricing[price]")
        return price["unit_amount"] * quantity, price["currency"], quantity, invoicing.pricing(price)
    if params.get("amount") is None:
        raise invalid("You must pass `amount` or `pricing[price]`.", "amount", "parameter_missing")
    return params["amount"], params.get("currency", "usd").lower(), quantity, None


@endpoint("POST /v1/invoices/create_preview")
def create_preview(call: Call) -> Json:
    return previewing.preview(call.sandbox, call.params)


@endpoint("POST /v1/invoices/{invoice}")
def update(call: Call) -> Json:
    invoice = call.sandbox.require("invoice", call.id, "invoice")
    changes = call.given(*ECHOED) if invoice["status"] == "draft" else {}
    return call.sandbox.update(invoice, "invoice.updated", **changes | merged_metadata(invoice, call.params))


@endpoint("POST /v1/invoices/{invoice}/finalize")
def finalize(call: Call) -> Json:
    invoice = call.sandbox.require("invoice", call.id, "invoice")
    if invoice["automatic_tax"]["enabled"] and not (invoice["customer_address"] or {}).get("country"):
        message = (
            "The customer's location isn't recognized. Set a valid customer address in order to automatically"
            " calculate tax."
        )
        raise invalid(message, code="customer_tax_location_invalid")
    return invoicing.finalize(call.sandbox, invoice)


@endpoint("POST /v1/invoices/{invoice}/send")
def send(call: Call) -> Json:
    invoice = call.sandbox.require("invoice", call.id, "invoice")
    if invoice["collection_method"] != "send_invoice":
        raise invalid("You can only manually send an invoice if its collection method is send_invoice.", "invoice")
    if invoice["status"] == "draft":
        invoicing.finalize(call.sandbox, invoice)
    call.sandbox.emit("invoice.sent", invoice)
    return invoice


@endpoint("POST /v1/invoices/{invoice}/pay")
def pay(call: Call) -> Json:
    sandbox, params = call.sandbox, call.params
    invoice = sandbox.require("invoice", call.id, "invoice")
    if invoice["status"] == "draft":
        invoicing.finalize(sandbox, invoice)
    if invoice["status"] != "open":
        raise invalid("Invoice is already paid" if invoice["status"] == "paid" else "Invoice is not open.", "invoice")
    if params.get("paid_out_of_band"):
        return billing.paid_elsewhere(sandbox, invoice)
    token = params.get("payment_method")
    attempt = billing.collect(sandbox, invoice, method_from_token(sandbox, token) if token else None)
    if attempt.status != "succeeded":
        message = attempt.message or "This payment requires additional user action before it can be completed."
        raise ApiError(
            402,
            message,
            kind="card_error",
            code=attempt.code or "invoice_payment_intent_requires_action",
            executed=True,
        )
    return sandbox.require("invoice", call.id, "invoice")


@endpoint("POST /v1/invoices/{invoice}/void")
def void(call: Call) -> Json:
    return invoicing.close(call.sandbox, call.sandbox.require("invoice", call.id, "invoice"), "void")


@endpoint("POST /v1/invoices/{invoice}/mark_uncollectible")
def mark_uncollectible(call: Call) -> Json:
    return invoicing.close(call.sandbox, call.sandbox.require("invoice", call.id, "invoice"), "uncollectible")


@endpoint("DELETE /v1/invoices/{invoice}")
def delete(call: Call) -> Json:
    invoice = call.sandbox.require("invoice", call.id, "invoice")
    if invoice["status"] != "draft":
        raise invalid("You can only delete draft invoices.", "invoice")
    call.sandbox.emit("invoice.deleted", invoice)
    call.sandbox.store.delete(invoice["id"])
    return {"id": invoice["id"], "object": "invoice", "deleted": True}
