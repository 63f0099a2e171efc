"""SEPA Direct Debit: paid, but the money comes days later."""

from __future__ import annotations

import pytest
import stripe

from stripe_simulator.process import LocalStripe

from .conftest import Endpoint, Shop, eventually, hush, make_plan, make_price, make_session, page

GOOD, BAD = "AT61 1904 3002 3457 3201", "AT861904300235473202"
SEPA = {"allowed_payment_method_types": ["card", "sepa_debit"]}


def debit(local: LocalStripe, url: str, iban: str) -> str:
    return local.pay(url, card="", method="sepa_debit", iban=iban)


@pytest.mark.parametrize(("iban", "status", "word"), [(GOOD, "paid", "succeeded"), (BAD, "unpaid", "failed")])
def test_a_debit_is_unpaid_until_the_money_comes(
    local: LocalStripe, shop: Shop, endpoint: Endpoint, iban: str, status: str, word: str
) -> None:
    session = make_session(shop, make_price(shop, currency="eur"), **SEPA)
    assert "SEPA Direct Debit" in page(session.url)
    hush(local, endpoint)
    debit(local, session.url, iban)
    waiting = shop.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    assert (waiting.payment_intent.status, waiting.payment_intent.latest_charge.status) == ("processing", "pending")
    started = ["payment_intent.created", "payment_intent.processing", "charge.pending", "checkout.session.completed"]
    assert endpoint.types[-4:] == started
    local.control("clock/advance", days=4)
    assert shop.checkout.sessions.retrieve(session.id).payment_status == status
    eventually(lambda: endpoint.types[-1] == f"checkout.session.async_payment_{word}")


def test_a_subscription_by_debit_is_incomplete_until_the_money_comes(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_plan(shop), **SEPA)
    debit(local, session.url, GOOD)
    waiting = shop.checkout.sessions.retrieve(session.id, {"expand": ["subscription", "invoice"]})
    assert (waiting.subscription.status, waiting.invoice.status) == ("incomplete", "open")
    local.control("settle", payment_intent=shop.payment_intents.list().data[0].id)
    paid = shop.checkout.sessions.retrieve(session.id, {"expand": ["subscription", "invoice"]})
    assert (paid.payment_status, paid.subscription.status, paid.invoice.status) == ("paid", "active", "paid")


def test_an_invoice_is_not_paid_elsewhere_while_its_debit_is_on_its_way_and_starts_its_subscription_when_it_is(
    local: LocalStripe, shop: Shop
) -> None:
    session = make_session(shop, make_plan(shop), **SEPA)
    debit(local, session.url, BAD)
    waiting = shop.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    with pytest.raises(stripe.InvalidRequestError, match="payment that is processing"):
        shop.invoices.pay(waiting.invoice, {"paid_out_of_band": True})
    local.control("settle", payment_intent=shop.payment_intents.list().data[0].id, fail=True)
    assert shop.invoices.pay(waiting.invoice, {"paid_out_of_band": True}).status == "paid"
    assert shop.subscriptions.retrieve(waiting.subscription.id).status == "active"


def test_an_iban_that_is_no_test_account_is_refused(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_price(shop, currency="eur"), **SEPA)
    assert "not one of the test accounts" in debit(local, session.url, "DE00 0000")
    assert shop.payment_intents.list().data == []


def test_a_session_for_cards_takes_no_debit(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_price(shop))
    assert debit(local, session.url, GOOD) == "Your card number is incomplete."
