"""Credit notes on what is still to be paid and on what was paid."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import stripe

from stripe_simulator.process import LocalStripe

from .conftest import Shop, make_customer, make_subscription


def make_bill(shop: Shop, amount: int = 9_000) -> Any:
    customer = make_customer(shop, "library@example.org").id
    terms = {"collection_method": "send_invoice", "days_until_due": 30}
    invoice = shop.invoices.create({"customer": customer, **terms})
    item = {"customer": customer, "invoice": invoice.id, "amount": amount, "currency": "usd"}
    shop.invoice_items.create(item | {"description": "Site license"})
    return shop.invoices.finalize_invoice(invoice.id)


def test_a_note_lowers_what_a_library_owes_and_can_be_taken_back(shop: Shop) -> None:
    bill = make_bill(shop)
    line = bill.lines.data[0].id
    shown = shop.credit_notes.preview({"invoice": bill.id, "amount": 2_000})
    assert (shown.total, shop.credit_notes.list().data) == (2_000, [])
    wanted = {"type": "invoice_line_item", "invoice_line_item": line, "amount": 2_000}
    note = shop.credit_notes.create({"invoice": bill.id, "lines": [wanted], "memo": "One seat less"})
    assert (note.type, note.number, note.lines.data[0].description) == (
        "pre_payment",
        f"{bill.number}-CN-01",
        "Site license",
    )
    assert shop.invoices.retrieve(bill.id).amount_remaining == 7_000
    assert requests.get(note.pdf, timeout=20).content.startswith(b"%PDF")
    with pytest.raises(stripe.InvalidRequestError, match="more than the invoice"):
        shop.credit_notes.create({"invoice": bill.id, "amount": 7_001})
    assert shop.credit_notes.void_credit_note(note.id).status == "void"
    assert shop.invoices.retrieve(bill.id).amount_remaining == 9_000
    shop.credit_notes.create({"invoice": bill.id, "amount": 9_000})
    assert shop.invoices.retrieve(bill.id).status == "paid"


def test_what_was_paid_is_refunded_credited_or_given_by_hand(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    invoice = subscription.latest_invoice
    with pytest.raises(stripe.InvalidRequestError, match="must add up"):
        shop.credit_notes.create({"invoice": invoice, "amount": 1_000})
    ways = {"amount": 1_000, "refund_amount": 500, "credit_amount": 300, "out_of_band_amount": 200}
    note = shop.credit_notes.create({"invoice": invoice, **ways, "reason": "product_unsatisfactory"})
    assert (note.type, note.refunds[0].amount_refunded) == ("post_payment", 500)
    assert shop.refunds.retrieve(note.refunds[0].refund).amount == 500
    assert shop.customers.retrieve(subscription.customer).balance == -300
    assert shop.invoices.retrieve(invoice).post_payment_credit_notes_amount == 1_000
    charge = shop.charges.list().data[0].id
    refund = shop.refunds.create({"charge": charge, "amount": 400})
    linked = shop.credit_notes.create({"invoice": invoice, "amount": 400, "refunds": [{"refund": refund.id}]})
    assert linked.refunds[0].refund == refund.id
    assert local.control("books")["usd"]["refunds"] == 900
    with pytest.raises(stripe.InvalidRequestError):
        shop.credit_notes.void_credit_note(note.id)


def test_a_test_card_comes_by_token_and_never_by_number(shop: Shop) -> None:
    method = shop.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    assert method.card.last4 == "4242"
    number = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2039}
    with pytest.raises(stripe.InvalidRequestError):
        shop.payment_methods.create({"type": "card", "card": number})
    debit = shop.payment_methods.create({"type": "sepa_debit", "sepa_debit": {"iban": "AT611904300234573201"}})
    assert debit.sepa_debit.last4 == "3201"


def test_what_a_client_asks_wrongly_is_listed(local: LocalStripe, shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        shop.refunds.create({"amount": "many", "charge": "ch_1"})
    with pytest.raises(stripe.InvalidRequestError):
        shop.customers.retrieve("cus_nobody")
    assert [(r["path"], r["error"]["param"]) for r in local.control("refused")["data"]] == [("/v1/refunds", "amount")]
