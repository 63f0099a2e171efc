"""Invoices and credit notes: numbered without a gap whatever fails in between, and only for their reader."""

import pytest
from django.db import transaction
from django.test import Client
from pypdfium2 import PdfDocument

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import refunds, sync
from subscriptions.models import CreditNote, PaperNumber, Payment, Receipt
from tests.conftest import signed_in
from tests.make import make_article, make_offer
from tests.subscriptions.selling import buy

pytestmark = pytest.mark.django_db


def words(pdf: bytes) -> str:
    document = PdfDocument(pdf)
    return "\n".join(document[number].get_textpage().get_text_range() for number in range(len(document)))


def test_a_number_taken_in_vain_is_given_again() -> None:
    assert PaperNumber.take("receipt") == 1001
    with pytest.raises(RuntimeError), transaction.atomic():
        assert PaperNumber.take("receipt") == 1002
        raise RuntimeError
    assert PaperNumber.take("receipt") == 1002
    assert PaperNumber.take("credit_note") == 1001


def test_the_papers_of_a_purchase_and_its_refund(
    dan: User, local_stripe: LocalStripe, visitor: Client, alice: User
) -> None:
    client, offer = signed_in(dan), make_offer()
    for number in range(3):
        client.get(buy(client, local_stripe, offer, make_article(title=f"#let x = “{number}” & <b>$1$</b>")))
    assert sorted(Receipt.objects.values_list("number", flat=True)) == [1001, 1002, 1003]
    payment = Payment.objects.order_by("pk").first()
    wish = refunds.request(payment, 1000, reason="", note="x", by=None)
    sync.run("refund", str(wish.request))
    paper, note = payment.receipt, CreditNote.objects.get()
    said = words(client.get(f"/receipts/{paper.number}/invoice.pdf").content)
    for text in ("Invoice 1001", "$30.00", "dan@example.org", "#let x", "Visa ending in 4242", "withdrawal"):
        assert text in said, text
    said = words(client.get(note.get_absolute_url()).content)
    for text in ("Credit note 1001", "−$10.00", "For invoice 1001"):
        assert text in said, text
    for stranger in (signed_in(alice), visitor):
        for address in (f"/receipts/{paper.number}/invoice.pdf", note.get_absolute_url()):
            assert stranger.get(address).status_code in (302, 404)
    assert "no-store" in client.get(note.get_absolute_url())["Cache-Control"]
    page = client.get("/my-access/").content.decode()
    assert note.get_absolute_url() in page
    assert f"/receipts/{paper.number}/invoice.pdf" in page


def test_a_refund_the_bank_sends_back_makes_its_credit_note_void(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    client.get(buy(client, local_stripe, make_offer(), article))
    wish = refunds.request(Payment.objects.get(), 3000, reason="", note="x", by=None)
    sync.run("refund", str(wish.request))
    wish.refresh_from_db()
    local_stripe.control("refund/fail", refund=wish.stripe_id)
    sync.hint("order", str(wish.payment.order_id))
    sync.run_due()
    note = CreditNote.objects.get()
    assert note.voided_at
    assert "(void)" in words(client.get(note.get_absolute_url()).content)
