"""Invoices and credit notes as PDF (tagged, PDF/UA-1), set by Typst from what the numbered rows say."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import typst
from django.conf import settings
from django.utils.translation import gettext as _

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
    facts = [
        _("Invoice %(number)s") % {"number": receipt.number},
        _("Issued %(issued_at)s") % {"issued_at": day(receipt.issued_at)},
        _("Paid %(paid_at)s") % {"paid_at": day(payment.paid_at)},
    ]
    facts += [_("Order %(number)s") % {"number": order.number}] if order else []
    facts += [payment.card_words] if payment.card_last4 else []
    return _set(
        title=_("Invoice %(number)s") % {"number": receipt.number},
        buyer=receipt.buyer,
        facts=facts,
        rows=[{"words": about, "amount": str(receipt.net)}, *_tax_rows(receipt.tax_lines)],
        totals=[{"words": _("Total, paid in full"), "amount": str(payment.price)}],
        notes=[receipt.tax_note, receipt.terms],
    )


def credit_note(note: CreditNote) -> bytes:
    """The credit note of one refund, naming the invoice it corrects."""
    refund, receipt = note.refund, note.receipt
    amount = str(Money(-refund.amount, refund.payment.currency))
    taxes = [(words, Money(-share, refund.payment.currency)) for words, share in _tax_shares(note)]
    net = Money(-refund.amount - sum(share.amount for _, share in taxes), refund.payment.currency)
    refunded = _("Refund of invoice %(number)s") % {"number": receipt.number}
    void = (
        _("Void since %(voided_at)s: the bank returned the money.") % {"voided_at": day(note.voided_at)}
        if note.voided_at
        else ""
    )
    facts = [
        _("Credit note %(number)s") % {"number": note.number},
        _("Issued %(issued_at)s") % {"issued_at": day(note.issued_at)},
        _("For invoice %(number)s") % {"number": receipt.number},
    ]
    return _set(
        title=(_("Credit note %(number)s (void)") if void else _("Credit note %(number)s")) % {"number": note.number},
        buyer=receipt.buyer,
        facts=[*facts, _("of %(issued_at)s") % {"issued_at": day(receipt.issued_at)}],
        rows=[
            {"words": [receipt.description, refunded], "amount": str(net)},
            *_tax_rows(taxes),
        ],
        totals=[{"words": _("Total credited"), "amount": amount}],
        notes=[void or _("Refunded to the card or account the invoice was paid with."), receipt.tax_note],
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
