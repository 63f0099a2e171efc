"""Invoices (/i/{invoice}, payable while open, and /pdf) and receipts (/receipts/{charge})."""

from __future__ import annotations

from dataclasses import dataclass

from .. import billing
from ..blank import Json
from ..payment_methods import billing_details, card_method
from ..pricing import money
from ..sandbox import Sandbox
from .card_fields import advice, card_fields, read_fields
from .markup import Html, Reply, html, join, note, page, redirect
from .pdf import text_pdf
from .words import ENGLISH


@dataclass(frozen=True)
class InvoicePage:
    sandbox: Sandbox
    invoice_id: str

    @property
    def address(self) -> str:
        return f"{self.sandbox.public_url}/i/{self.invoice_id}"

    def _invoice(self) -> Json | None:
        invoice = self.sandbox.get("invoice", self.invoice_id)
        return invoice if invoice and invoice["number"] else None

    def show(self) -> Reply:
        with self.sandbox.transaction():
            self.sandbox.run_due()
            return self._page({}, {})

    def pdf(self) -> Reply:
        with self.sandbox.lock:
            invoice = self._invoice()
        if invoice is None:
            return self._unknown()
        name = f'inline; filename="{invoice["number"]}.pdf"'
        headers = {"Content-Type": "application/pdf", "Content-Disposition": name}
        return Reply(200, text_pdf(self._text(invoice)), headers)

    def _text(self, invoice: Json) -> list[str]:
        lines = [
            f"{line['description']}: {money(line['amount'], invoice['currency'])}" for line in invoice["lines"]["data"]
        ]
        return [
            f"{self.sandbox.business}: invoice {invoice['number']}",
            f"{ENGLISH.date(invoice['created'])} · {invoice['customer_email'] or 'guest'}",
            *_buyer(invoice),
            "",
            *lines,
            *[f"{words}: {money(amount, invoice['currency'])}" for words, amount in _taxes(self.sandbox, invoice)],
            "",
            f"Total {money(invoice['total'], invoice['currency'])} · {invoice['status']}",
            "Made by the local Stripe: no money moved.",
        ]

    def pay(self, form: dict[str, str]) -> Reply:
        """The payer is at hand, so a challenge of the bank counts as answered with yes here."""
        with self.sandbox.transaction(), self.sandbox.on_clock(self.invoice_id):
            invoice = self._invoice()
            if invoice is None or invoice["status"] != "open":
                return self._page({}, {})
            details, problems = read_fields(form, self.sandbox.now())
            if details is None:
                return self._page(form, problems)
            billing_ = billing_details(invoice["customer_email"], form.get("name"), form.get("country"))
            method = card_method(self.sandbox, details, billing_, invoice["customer"])
            attempt = billing.collect(self.sandbox, invoice, method, on_session=True, authenticated=True)
            if attempt.status == "declined":
                return self._page(form, {"card": attempt.message})
        return redirect(self.address)

    def _unknown(self) -> Reply:
        return note(self.sandbox.public_url, "No such invoice", "Please check the address.", status=404)

    def _page(self, values: dict[str, str], problems: dict[str, str]) -> Reply:
        invoice = self._invoice()
        if invoice is None:
            return self._unknown()
        body = html(
            "<h1>Invoice {number}</h1><p>{name} · {date} · {status}</p>{table}"
            '<p><a href="{pdf}">Download as PDF</a></p>{form}',
            number=invoice["number"],
            name=self.sandbox.business,
            date=ENGLISH.date(invoice["created"]),
            status=invoice["status"].title(),
            table=_table(invoice, _taxes(self.sandbox, invoice)),
            pdf=invoice["invoice_pdf"],
            form=self._form(values, problems) if invoice["status"] == "open" else "",
        )
        status = 402 if "card" in problems else 422 if problems else 200
        return page(self.sandbox.public_url, f"Invoice {invoice['number']}", body, kind="portal", status=status)

    def _form(self, values: dict[str, str], problems: dict[str, str]) -> Html:
        alert = html('<p class="alert" role="alert">{text}</p>', text=problems["card"]) if "card" in problems else ""
        return html(
            '<section class="card"><h2>Pay this invoice</h2>{alert}<form method="post" action="{url}" class="stack" '
            'novalidate>{fields}<button class="button">Pay</button></form>{advice}</section>',
            alert=alert,
            url=self.address,
            fields=card_fields(values, problems),
            advice=advice(),
        )


def _buyer(invoice: Json) -> list[str]:
    """Name, place and tax numbers, as they were when the invoice was made."""
    place = invoice["customer_address"] or {}
    parts = [place.get(name) for name in ("line1", "postal_code", "city", "country")]
    told = [invoice["customer_name"], " ".join(part for part in parts if part)]
    return [line for line in (*told, *(number["value"] for number in invoice["customer_tax_ids"])) if line]


def _taxes(sandbox: Sandbox, invoice: Json) -> list[tuple[str, int]]:
    """Each tax in words with its amount; where the buyer accounts for it, that."""
    found = []
    for tax in invoice["total_taxes"] or []:
        rate = sandbox.get("tax_rate", tax["tax_rate_details"]["tax_rate"]) or {}
        reverse = tax["taxability_reason"] == "reverse_charge"
        words = "Reverse charge" if reverse else f"{rate['display_name']} {rate['percentage']:g}%"
        found.append((words, tax["amount"]))
    return found


def _table(invoice: Json, taxes: list[tuple[str, int]]) -> Html:
    rows = [
        html(
            "<tr><td>{text}</td><td>{amount}</td></tr>",
            text=line["description"],
            amount=money(line["amount"], invoice["currency"]),
        )
        for line in invoice["lines"]["data"]
    ]
    sums = [("Subtotal", invoice["subtotal"]), *taxes]
    sums += [("Total", invoice["total"]), ("Paid", invoice["amount_paid"])]
    rows += [
        html(
            '<tr><th scope="row">{label}</th><td>{amount}</td></tr>',
            label=label,
            amount=money(amount, invoice["currency"]),
        )
        for label, amount in sums
    ]
    return html('<div class="scroll"><table class="sums"><tbody>{rows}</tbody></table></div>', rows=join(rows))


def receipt(sandbox: Sandbox, charge_id: str) -> Reply:
    with sandbox.lock:
        charge = sandbox.get("charge", charge_id)
    if charge is None or not charge["paid"]:
        return note(sandbox.public_url, "No such receipt", "Please check the address.", status=404)
    card = charge["payment_method_details"].get("card") or {}
    returned = charge["amount_refunded"]
    body = html(
        '<h1>Receipt</h1><p>{business}</p><dl class="sums"><div><dt>Paid</dt><dd>{amount}</dd></div>'
        "<div><dt>Date</dt><dd>{date}</dd></div><div><dt>Method</dt><dd>{card}</dd></div>{refund}</dl>",
        business=sandbox.business,
        amount=money(charge["amount"], charge["currency"]),
        date=ENGLISH.date(charge["created"]),
        card=f"{card.get('brand', 'Bank debit').title()} {card.get('last4', '')}",
        refund=html("<div><dt>Refunded</dt><dd>{r}</dd></div>", r=money(returned, charge["currency"]))
        if returned
        else "",
    )
    return page(sandbox.public_url, "Receipt", body)


def credit_note_pdf(sandbox: Sandbox, note_id: str) -> Reply:
    with sandbox.lock:
        found = sandbox.get("credit_note", note_id)
    if found is None:
        return note(sandbox.public_url, "No such credit note", "Please check the address.", status=404)
    lines = [f"{line['description']}: {money(line['amount'], found['currency'])}" for line in found["lines"]["data"]]
    text = [
        f"{sandbox.business}: credit note {found['number']}",
        ENGLISH.date(found["created"]),
        "",
        *lines,
        "",
        f"Total {money(found['total'], found['currency'])} · {found['status']}",
        "Made by the local Stripe: no money moved.",
    ]
    name = f'inline; filename="{found["number"]}.pdf"'
    return Reply(200, text_pdf(text), {"Content-Type": "application/pdf", "Content-Disposition": name})
