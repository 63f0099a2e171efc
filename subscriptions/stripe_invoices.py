"""Invoices that institutions get by mail and pay within weeks (Stripe: `collection_method=send_invoice`).

`gateway.py` stays the one door; this asks through its client. Every step may be repeated: an invoice is found by the
license's number in its metadata before one is made, for an idempotency key is forgotten after a day.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from subscriptions.gateway import client, rate_in_words, translated
from subscriptions.stripe_answers import metadata_of, moment, tax_of_invoice
from subscriptions.stripe_objects import Tax

PO = "PO number"
EU = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip
KINDS = {
    "GB": "gb_vat", "CH": "ch_vat", "NO": "no_vat", "US": "us_ein", "CA": "ca_gst_hst", "AU": "au_abn", "NZ": "nz_gst",
    "IN": "in_gst", "SG": "sg_gst", "ZA": "za_vat", "JP": "jp_trn", "IS": "is_vat", "IL": "il_vat", "BR": "br_cnpj",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Payer:
    """Who an invoice is made out to. `address` in Stripe's words; `tax_number` of the kind its country uses."""

    email: str
    name: str
    number: str
    address: dict[str, str]
    tax_number: str = ""
    tax_exempt: str = "none"

    @property
    def kind_of_number(self) -> str:
        """Stripe's name for it; empty for a country whose numbers are not known here."""
        country = self.address.get("country", "")
        return "eu_vat" if country in EU else KINDS.get(country, "")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an invoice shall say. `number` is the license's; `customer` Stripe's id."""

    number: str
    customer: str
    amount: int
    currency: str
    description: str
    po_number: str
    days_until_due: int


@dataclass(frozen=True, slots=True)
class SentInvoice:
    """`subtotal` is what was asked for before taxes; `status` is Stripe's word."""

    id: str
    number: str
    status: str
    subtotal: int
    currency: str
    hosted_url: str
    pdf: str
    finalized_at: datetime | None
    due_at: datetime | None
    paid_at: datetime | None
    payment_intent_id: str
    tax: Tax | None = None


@translated
def create_customer(payer: Payer) -> str:
    params: Any = {"email": payer.email, "metadata": {"site": settings.SITE_TAG, "institution": payer.number}}
    key = f"institution:{settings.SITE_TAG}:{payer.number}:{payer.email}"
    return client().v1.customers.create(params, options={"idempotency_key": key}).id


@translated
def tell_customer(customer: str, payer: Payer) -> None:
    """Name, address and tax number as they are today, for an invoice keeps what it finds when it is made."""
    params: Any = {"email": payer.email, "name": payer.name, "tax_exempt": payer.tax_exempt}
    if payer.address:
        params["address"] = payer.address
    customers = client().v1.customers
    customers.update(customer, params)
    wanted = (payer.kind_of_number, payer.tax_number) if payer.tax_number and payer.kind_of_number else None
    known = {(one.type, one.value): one.id for one in customers.tax_ids.list(customer, {"limit": 100}).data}
    for number, outdated in known.items():
        if number != wanted:
            customers.tax_ids.delete(customer, outdated)
    if wanted and wanted not in known:
        about: Any = {"type": wanted[0], "value": wanted[1]}
        customers.tax_ids.create(customer, about)


@translated
def ensure(wanted: Wanted) -> str:
    """The id of the license's invoice, made, finalized and sent as far as that is still to be done."""
    invoice = _known(wanted) or _draft(wanted)
    if invoice.status == "draft":
        if not invoice.lines.data:
            _fill(wanted, invoice.id)
        invoice = client().v1.invoices.finalize_invoice(
            invoice.id, {"auto_advance": False}, options={"idempotency_key": f"license-final:{wanted.number}"}
        )
    if invoice.status == "open":
        client().v1.invoices.send_invoice(invoice.id, options={"idempotency_key": f"license-send:{wanted.number}"})
    return str(invoice.id)


def _known(wanted: Wanted) -> Any:
    """The newest invoice that names the license; one that was made void is none."""
    listed: Any = {"customer": wanted.customer, "limit": 100}
    for invoice in client().v1.invoices.list(listed).auto_paging_iter():
        told = metadata_of(invoice)
        ours = told.get("site") == settings.SITE_TAG and told.get("license") == wanted.number
        if ours and invoice.status != "void":
            return invoice
    return None


def _draft(wanted: Wanted) -> Any:
    params: Any = {
        "customer": wanted.customer, "collection_method": "send_invoice", "days_until_due": wanted.days_until_due,
        "currency": wanted.currency, "auto_advance": False, "pending_invoice_items_behavior": "exclude",
        "metadata": {"site": settings.SITE_TAG, "license": wanted.number},
    }  # fmt: skip
    if settings.STRIPE_TAX:
        params["automatic_tax"] = {"enabled": True}
    if wanted.po_number:
        params["custom_fields"] = [{"name": PO, "value": wanted.po_number}]
    return client().v1.invoices.create(params, options={"idempotency_key": f"license:{wanted.number}"})


def _fill(wanted: Wanted, invoice_id: str) -> None:
    params: Any = {
        "customer": wanted.customer, "invoice": invoice_id, "amount": wanted.amount, "currency": wanted.currency,
        "description": wanted.description,
    }  # fmt: skip
    if settings.STRIPE_TAX:
        # What institutions pay is agreed without tax, also where readers see prices with it.
        params |= {"tax_behavior": "exclusive", "tax_code": settings.STRIPE_TAX_CODE}
    client().v1.invoice_items.create(params, options={"idempotency_key": f"license-item:{wanted.number}"})


@translated
def read(invoice_id: str) -> SentInvoice:
    invoice = client().v1.invoices.retrieve(invoice_id, {"expand": ["payments"]})
    payments = getattr(invoice, "payments", None)
    intents = [
        one.payment.payment_intent
        for one in (payments.data if payments else [])
        if one.status == "paid" and getattr(one.payment, "payment_intent", None)
    ]
    intent = intents[0] if intents else ""
    moments = invoice.status_transitions
    return SentInvoice(
        id=str(invoice.id),
        number=invoice.number or "",
        status=invoice.status or "",
        subtotal=invoice.subtotal,
        currency=invoice.currency,
        hosted_url=invoice.hosted_invoice_url or "",
        pdf=invoice.invoice_pdf or "",
        finalized_at=moment(moments.finalized_at),
        due_at=moment(invoice.due_date),
        paid_at=moment(moments.paid_at),
        payment_intent_id=intent if isinstance(intent, str) else intent.id,
        tax=tax_of_invoice(invoice, rate_in_words),
    )


@translated
def mark_paid(invoice_id: str) -> None:
    """The money came another way (a bank transfer to our own account)."""
    client().v1.invoices.pay(invoice_id, {"paid_out_of_band": True})


@translated
def void(invoice_id: str) -> None:
    """Raises Rejected for a paid one."""
    client().v1.invoices.void_invoice(invoice_id)
