"""Automatic tax: worked out from where the payer is, shown before it is charged, on every invoice."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from stripe_simulator.process import LocalStripe

from .conftest import Shop, make_customer, make_price, make_session, page
from .test_subscribing import end_of

TAX = {"automatic_tax": {"enabled": True}}
AUTO = {"address": "auto", "name": "auto"}


def make_taxed(shop: Shop, behavior: str = "exclusive", **values: Any) -> Any:
    return make_price(shop, 2_000, "eur", tax_behavior=behavior, **values)


@pytest.mark.parametrize(("behavior", "total", "tax"), [("exclusive", 2_380, 380), ("inclusive", 2_000, 319)])
def test_tax_is_on_top_of_a_price_or_in_it(local: LocalStripe, shop: Shop, behavior: str, total: int, tax: int) -> None:
    session = make_session(shop, make_taxed(shop, behavior), customer_email="g@example.org", **TAX)
    assert (session.amount_total, session.automatic_tax.status) == (2_000, "requires_location_inputs")
    assert "Tax is worked out from your country." in page(session.url)
    local.pay(session.url, country="DE")
    paid = shop.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent", "line_items"]})
    assert (paid.amount_subtotal, paid.amount_total, paid.total_details.amount_tax) == (2_000, total, tax)
    assert (paid.payment_intent.amount_received, paid.automatic_tax.status) == (total, "complete")
    assert (paid.line_items.data[0].amount_tax, paid.customer_details.address.country) == (tax, "DE")


def test_a_payer_who_saw_another_total_is_asked_again(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_taxed(shop), customer_email="g@example.org", **TAX)
    told = local.pay(session.url, country="FR", shown_total="2000")
    assert told.startswith("The total now includes tax.")
    assert shop.payment_intents.list().data == []
    assert "€24.00" in page(session.url)
    assert local.pay(session.url, country="FR", shown_total="2400").startswith("https://journal.test/return/")


def test_a_business_with_a_vat_number_accounts_for_the_tax_itself(local: LocalStripe, shop: Shop) -> None:
    customer = make_customer(shop, "library@example.org").id
    collect = {"tax_id_collection": {"enabled": True}, "customer_update": AUTO}
    session = make_session(shop, make_taxed(shop), customer=customer, **TAX, **collect)
    assert local.pay(session.url, country="DE", vat="12") == "This is not a VAT number."
    local.pay(session.url, country="DE", vat="DE123456789")
    paid = shop.checkout.sessions.retrieve(session.id)
    assert (paid.amount_total, paid.customer_details.tax_exempt) == (2_000, "reverse")
    known = shop.customers.retrieve(customer, {"expand": ["tax_ids"]})
    assert (known.tax_exempt, known.address.country) == ("reverse", "DE")
    assert [(number.type, number.value) for number in known.tax_ids.data] == [("eu_vat", "DE123456789")]


def test_every_invoice_of_a_subscription_is_taxed(local: LocalStripe, shop: Shop) -> None:
    plan = make_taxed(shop, recurring={"interval": "month"})
    customer = make_customer(shop).id
    coupon = shop.coupons.create({"percent_off": 50})
    values: Any = {"customer": customer, "customer_update": AUTO, "discounts": [{"coupon": coupon.id}]}
    local.pay(make_session(shop, plan, **values, **TAX).url, country="AT")
    subscription = shop.subscriptions.list({"expand": ["data.latest_invoice"]}).data[0]
    first = subscription.latest_invoice
    assert (first.subtotal, first.total, first.amount_paid, first.total_taxes[0].amount) == (2_000, 1_200, 1_200, 200)
    shown = shop.invoices.create_preview({"subscription": subscription.id})
    local.control("clock/advance", to=end_of(subscription) + 7_200)
    second = shop.invoices.list().data[0]
    assert second.total == shown.total == shop.charges.list().data[0].amount == 2_400
    assert (second.total_excluding_tax, second.lines.data[0].taxes[0].taxability_reason) == (2_000, "standard_rated")


def test_tax_needs_to_know_whether_it_is_in_the_price(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        make_session(shop, make_price(shop), customer_email="g@example.org", **TAX)
    assert refused.value.param == "line_items[0][price]"
