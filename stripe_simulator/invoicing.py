"""Invoices: draft → open → paid, void or uncollectible, with their lines, discounts and payments."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from .blank import Json, blank, identifier
from .customer_balance import apply, give_back
from .discounting import new_discount, shares
from .errors import invalid
from .sandbox import DAY, Sandbox, timer
from .taxes import accounts_itself, is_inclusive, line_taxes

NO_TAX = {"enabled": False, "liability": None, "status": None, "disabled_reason": None, "provider": None}
NOT_YET = {"finalized_at": None, "marked_uncollectible_at": None, "paid_at": None, "voided_at": None}
FRESH: Json = {
    "account_country": "US",
    "account_name": "Local Stripe",
    "attempted": False,
    "auto_advance": True,
    "automatic_tax": NO_TAX,
    "collection_method": "charge_automatically",
    "customer_tax_ids": [],
    "issuer": {"type": "self"},
    "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
    "status": "draft",
    "status_transitions": NOT_YET,
}


def line(amount: int, currency: str, description: str, start: int, end: int, **values: Any) -> Json:
    """One line of an invoice; not stored by itself."""
    quantity = values.pop("quantity", 1)
    return blank(
        "line_item",
        **{
            "id": identifier("line_item"),
            "amount": amount,
            "subtotal": amount,
            "currency": currency,
            "description": description,
            "discount_amounts": [],
            "discountable": True,
            "discounts": [],
            "period": {"start": start, "end": end},
            "pretax_credit_amounts": [],
            "quantity": quantity,
            "quantity_decimal": str(quantity),
            "taxes": [],
        }
        | values,
    )


def item_line(subscription: Json, item: Json, start: int, end: int, amount: int | None = None, text: str = "") -> Json:
    """The line for a subscription's item over a period; with an amount of its own it is a proration."""
    price, quantity = item["price"], item["quantity"]
    details = {
        "invoice_item": None,
        "proration": amount is not None,
        "proration_details": None,
        "subscription": subscription["id"],
        "subscription_item": item["id"],
    }
    return line(
        price["unit_amount"] * quantity if amount is None else amount,
        price["currency"],
        text,
        start,
        end,
        quantity=quantity,
        metadata=subscription["metadata"],
        parent={"type": "subscription_item_details", "subscription_item_details": details},
        pricing=pricing(price),
        subscription=subscription["id"],
    )


def pricing(price: Json) -> Json:
    return {
        "type": "price_details",
        "price_details": {"price": price["id"], "product": price["product"]},
        "unit_amount_decimal": price["unit_amount_decimal"],
    }


def draft(
    sandbox: Sandbox,
    customer: str | None,
    currency: str,
    lines: list[Json],
    reason: str,
    *,
    coupon: Json | None = None,
    discount: Json | None = None,
    **values: Any,
) -> Json:
    """A draft with its totals; a coupon takes its share of every line."""
    invoice_id = values.pop("id", None) or identifier("invoice")
    payer = sandbox.get("customer", customer) or {}
    invoice = sandbox.new(
        "invoice",
        **deepcopy(FRESH)
        | {
            "id": invoice_id,
            "billing_reason": reason,
            "currency": currency,
            "customer": customer,
            "customer_address": payer.get("address"),
            "customer_email": payer.get("email"),
            "customer_name": payer.get("name"),
            "customer_tax_exempt": payer.get("tax_exempt") or "none",
            "customer_tax_ids": [
                {"type": number["type"], "value": number["value"]}
                for number in sandbox.store.where("tax_id", "customer", customer or "")
            ],
            "period_start": sandbox.now(),
            "period_end": sandbox.now(),
            "test_clock": payer.get("test_clock"),
        }
        | values,
    )
    invoice["automatic_tax"] = NO_TAX | invoice["automatic_tax"]
    if invoice["automatic_tax"]["enabled"]:
        invoice["automatic_tax"] |= {"provider": "stripe"}
    if coupon and discount is None:
        discount = new_discount(sandbox, coupon, customer=customer, invoice=invoice_id)
    fill(sandbox, invoice, lines, coupon, discount)
    sandbox.update(invoice, "invoice.created")
    return invoice


def fill(
    sandbox: Sandbox, invoice: Json, lines: list[Json], coupon: Json | None = None, discount: Json | None = None
) -> None:
    """Puts lines on an invoice and adds them up."""
    off = shares(sandbox, coupon if discount else None, [(item["amount"], _product(item)) for item in lines])
    for item, share in zip(lines, off, strict=True):
        item["invoice"] = invoice["id"]
        item["taxes"] = _taxes(sandbox, invoice, item, item["amount"] - share)
        if discount:
            item["discount_amounts"] = [{"amount": share, "discount": discount["id"]}]
    if discount:
        invoice["discounts"] = [discount["id"]]
    subtotal, parts = sum(item["amount"] for item in lines), _added_up(lines)
    added = sum(part["amount"] for part in parts if part["tax_behavior"] == "exclusive")
    inside = sum(part["amount"] for part in parts if part["tax_behavior"] == "inclusive")
    total = subtotal - sum(off) + added
    invoice |= {
        "amount_due": max(total, 0),
        "amount_remaining": max(total, 0),
        "amount_paid": 0,
        "automatic_tax": invoice["automatic_tax"] | ({"status": "complete"} if parts else {}),
        "lines": embedded_lines(invoice, lines),
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - inside,
        "total": total,
        "total_excluding_tax": total - added - inside,
        "total_discount_amounts": [{"amount": sum(off), "discount": discount["id"]}] if discount else [],
        "total_pretax_credit_amounts": [],
        "total_taxes": parts,
    }


def embedded_lines(invoice: Json, lines: list[Json]) -> Json:
    return {"object": "list", "url": f"/v1/invoices/{invoice['id']}/lines", "has_more": False, "data": lines}


def _taxes(sandbox: Sandbox, invoice: Json, item: Json, amount: int) -> list[Json]:
    """A line's taxes, where the invoice is taxed automatically and it is known where the customer is."""
    if not invoice["automatic_tax"]["enabled"]:
        return []
    details = (item["pricing"] or {}).get("price_details") or {}
    inclusive = is_inclusive(sandbox.get("price", details.get("price")))
    country, exempt = (invoice["customer_address"] or {}).get("country"), invoice["customer_tax_exempt"]
    if exempt == "none" and accounts_itself(invoice["customer_tax_ids"]):
        exempt = "reverse"
    return line_taxes(sandbox, amount, country, inclusive, exempt)


def _added_up(lines: list[Json]) -> list[Json]:
    """The taxes of all lines, one entry a rate."""
    found: dict[str, Json] = {}
    for tax in (tax for item in lines for tax in item["taxes"]):
        rate = tax["tax_rate_details"]["tax_rate"]
        known = found.setdefault(rate, tax | {"amount": 0, "taxable_amount": 0})
        known |= {name: known[name] + tax[name] for name in ("amount", "taxable_amount")}
    return list(found.values())


def _product(item: Json) -> str | None:
    details = (item["pricing"] or {}).get("price_details") or {}
    return details.get("product")


def finalize(sandbox: Sandbox, invoice: Json, *, with_balance: bool = True) -> Json:
    """Gives the invoice its number and addresses; one over nothing is paid at once. `with_balance` says that the
    customer's credit pays it first, as it does not where the payment page has taken the whole sum already."""
    if invoice["status"] != "draft":
        raise invalid("This invoice is already finalized, you can't re-finalize a non-draft invoice.", "invoice")
    if with_balance:
        apply(sandbox, invoice)
    base = f"{sandbox.public_url}/i/{invoice['id']}"
    waits = invoice["collection_method"] == "send_invoice"
    sandbox.update(
        invoice,
        "invoice.finalized",
        status="open",
        number=_number(sandbox, invoice),
        automatically_finalizes_at=None,
        due_date=invoice["due_date"] or (sandbox.now() + 30 * DAY if waits else None),
        effective_at=sandbox.now(),
        hosted_invoice_url=base,
        invoice_pdf=f"{base}/pdf",
        status_transitions=invoice["status_transitions"] | {"finalized_at": sandbox.now()},
    )
    if invoice["amount_due"] == 0:
        return settle(sandbox, invoice, None)
    if invoice["due_date"]:
        sandbox.at(max(invoice["due_date"], sandbox.now()), "invoice.overdue", invoice["id"])
    return invoice


@timer("invoice.overdue")
def overdue(sandbox: Sandbox, invoice: Json) -> None:
    """The day an invoice was to be paid by has come, and it is not."""
    if invoice["status"] == "open":
        sandbox.emit("invoice.overdue", invoice)


def _number(sandbox: Sandbox, invoice: Json) -> str:
    customer = sandbox.get("customer", invoice["customer"])
    if customer is None:
        sandbox.store.set("guest_invoices", sandbox.store.setting("guest_invoices", 0) + 1)
        return f"GUEST-{sandbox.store.setting('guest_invoices'):04d}"
    sequence = customer["next_invoice_sequence"]
    sandbox.update(customer, next_invoice_sequence=sequence + 1)
    return f"{customer['invoice_prefix']}-{sequence:04d}"


def add_payment(sandbox: Sandbox, invoice: Json, intent: Json) -> Json:
    """The link from an invoice to the intent that is to pay it; made once."""
    known = payment_of(sandbox, invoice)
    if known:
        return known
    return sandbox.new(
        "invoice_payment",
        amount_paid=None,
        amount_requested=invoice["amount_due"],
        currency=invoice["currency"],
        invoice=invoice["id"],
        is_default=True,
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
        status="open",
        status_transitions={"canceled_at": None, "paid_at": None},
    )


def payment_of(sandbox: Sandbox, invoice: Json) -> Json | None:
    return next(sandbox.store.where("invoice_payment", "invoice", invoice["id"]), None)


def settle(sandbox: Sandbox, invoice: Json, intent: Json | None) -> Json:
    """Marks an open invoice paid, by an intent or (without one) because nothing is due or it was paid elsewhere."""
    paid = {"paid_at": sandbox.now()}
    sandbox.update(
        invoice,
        status="paid",
        amount_paid=invoice["amount_due"],
        amount_remaining=0,
        attempted=True,
        auto_advance=False,
        next_payment_attempt=None,
        status_transitions=invoice["status_transitions"] | paid,
    )
    payment = add_payment(sandbox, invoice, intent) if intent else None
    if payment:
        changes = {"status": "paid", "amount_paid": invoice["amount_due"]}
        sandbox.update(payment, **changes, status_transitions=payment["status_transitions"] | paid)
    sandbox.emit("invoice.paid", invoice)
    sandbox.emit("invoice.payment_succeeded", invoice)
    if payment:
        sandbox.emit("invoice_payment.paid", payment)
    return invoice


def close(sandbox: Sandbox, invoice: Json, status: str) -> Json:
    """Void or uncollectible."""
    allowed = ("open", "uncollectible") if status == "void" else ("open",)
    if invoice["status"] not in allowed:
        raise invalid(f"You can only pass in open invoices. This invoice isn't open: {invoice['status']}.", "invoice")
    name = "voided_at" if status == "void" else "marked_uncollectible_at"
    event = "invoice.voided" if status == "void" else "invoice.marked_uncollectible"
    changes: Json = {"status": status, "next_payment_attempt": None, "auto_advance": False}
    if status == "void":
        changes |= {"amount_remaining": 0}
        give_back(sandbox, invoice)
    moments = invoice["status_transitions"] | {name: sandbox.now()}
    return sandbox.update(invoice, event, **changes, status_transitions=moments)
