"""Invoices and credit notes as PDF (tagged, PDF/UA-1), set by Typst from what the numbered rows say."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import typst
from django.conf import settings

from accounts.models import ServiceCenter
from journal.models import Journal
from subscriptions.mail import day
from subscriptions.models import CreditNote, Receipt
from subscriptions.money import Money

_TEMPLATE = Path(__file__).parent / "typst" / "paper.typ"
_LETTER_COUNTRIES_ZONE = "America/"


def invoice(receipt: Receipt) -> bytes:
    """The invoice of one payment, which is its receipt as well: what was paid, for what, by whom."""
    payment = receipt.payment
    order = payment.order
    about = [receipt.description]
    if order and order.article and order.article.doi:
        about.append(f"doi:{order.article.doi}")
    facts = [f"Invoice {receipt.number}", f"Issued {day(receipt.issued_at)}", f"Paid {day(payment.paid_at)}"]
    facts += [f"Order {order.number}"] if order else []
    facts += [f"{payment.card_brand.title()} ending in {payment.card_last4}"] if payment.card_last4 else []
    return _set(
        title=f"Invoice {receipt.number}",
        buyer=receipt.buyer,
        facts=facts,
        rows=[{"words": about, "amount": str(receipt.net)}, *_tax_rows(receipt.tax_lines)],
        totals=[{"words": "Total, paid in full", "amount": str(payment.price)}],
        notes=[receipt.tax_note, receipt.terms],
    )


def credit_note(note: CreditNote) -> bytes:
    """The credit note of one refund, naming the invoice it corrects."""
    refund, receipt = note.refund, note.receipt
    amount = str(Money(-refund.amount, refund.payment.currency))
    taxes = [(words, Money(-share, refund.payment.currency)) for words, share in _tax_shares(note)]
    net = Money(-refund.amount - sum(share.amount for _, share in taxes), refund.payment.currency)
    void = f"Void since {day(note.voided_at)}: the bank returned the money." if note.voided_at else ""
    facts = [f"Credit note {note.number}", f"Issued {day(note.issued_at)}", f"For invoice {receipt.number}"]
    return _set(
        title=f"Credit note {note.number}" + (" (void)" if void else ""),
        buyer=receipt.buyer,
        facts=[*facts, f"of {day(receipt.issued_at)}"],
        rows=[
            {"words": [receipt.description, f"Refund of invoice {receipt.number}"], "amount": str(net)},
            *_tax_rows(taxes),
        ],
        totals=[{"words": "Total credited", "amount": amount}],
        notes=[void or "Refunded to the card or account the invoice was paid with.", receipt.tax_note],
    )  # fmt: skip


def _tax_rows(taxes: list[tuple[str, Money]]) -> list[dict[str, Any]]:
    return [{"words": [words], "amount": str(amount)} for words, amount in taxes]


def _tax_shares(note: CreditNote) -> list[tuple[str, int]]:
    """Of each tax as much as of the payment goes back, rounded half up; in full refunds all of it."""
    paid = note.refund.payment.amount
    return [
        (words, (2 * tax.amount * note.refund.amount + paid) // (2 * paid)) for words, tax in note.receipt.tax_lines
    ]


def _set(**told: Any) -> bytes:
    journal, center = Journal.objects.get(), ServiceCenter.current()
    seller = [journal.publisher or journal.title, journal.title, *([center.email] if center.email else [])]
    told["notes"] = [note for note in told["notes"] if note]
    return typeset(_TEMPLATE, {**told, "seller": seller}, journal)


def typeset(template: Path, told: dict[str, Any], journal: Journal) -> bytes:
    """A tagged PDF (PDF/UA-1) of what is `told`, which the template gets as data; nothing of it is read as markup."""
    paper = {
        **told, "accent": journal.accent, "footer": f"{journal.title} · {settings.SITE_URL}",
        "page": "us-letter" if settings.TIME_ZONE.startswith(_LETTER_COUNTRIES_ZONE) else "a4",
    }  # fmt: skip
    inputs = {"paper": json.dumps(paper)}
    return cast(
        bytes, _compiler().compile(template.read_bytes(), format="pdf", sys_inputs=inputs, pdf_standards=["ua-1"])
    )


@lru_cache(maxsize=1)
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=typst.Fonts(include_system_fonts=True))
