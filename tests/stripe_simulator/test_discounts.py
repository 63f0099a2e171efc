"""Coupons, promotion codes and the customer's own credit."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from stripe_simulator.process import LocalStripe

from .conftest import (
    Endpoint,
    Shop,
    eventually,
    hush,
    make_customer,
    make_plan,
    make_price,
    make_session,
    make_subscription,
    page,
)
from .test_subscribing import end_of


def make_code(shop: Shop, code: str = "WELCOME", coupon: dict[str, Any] | None = None, **values: Any) -> Any:
    made = shop.coupons.create({"percent_off": 50, **(coupon or {})})
    return shop.promotion_codes.create({"promotion": {"type": "coupon", "coupon": made.id}, "code": code, **values})


def type_code(local: LocalStripe, url: str, code: str) -> str:
    return local._submit(f"{url}/promotion", {"code": code})


def test_a_coupon_spares_what_it_does_not_apply_to(shop: Shop) -> None:
    article, plot = make_price(shop, 1_500), make_price(shop, 4_000)
    coupon = shop.coupons.create({"percent_off": 50, "applies_to": {"products": [plot.product]}})
    lines = [{"price": price.id, "quantity": 1} for price in (article, plot)]
    session = make_session(shop, article, line_items=lines, discounts=[{"coupon": coupon.id}])
    assert (session.amount_subtotal, session.total_details.amount_discount, session.amount_total) == (
        5_500,
        2_000,
        3_500,
    )
    told = shop.checkout.sessions.line_items.list(session.id).data
    assert [line.amount_discount for line in told] == [0, 2_000]


def test_a_coupon_for_three_months_ends_after_three_months(local: LocalStripe, shop: Shop) -> None:
    coupon = shop.coupons.create({"percent_off": 40, "duration": "repeating", "duration_in_months": 3})
    subscription = make_subscription(local, shop, discounts=[{"coupon": coupon.id}])
    assert shop.coupons.retrieve(coupon.id).times_redeemed == 1
    local.control("clock/advance", days=130)
    totals = [invoice.total for invoice in shop.invoices.list({"subscription": subscription.id}).data]
    assert totals == [2_500, 2_500, 1_500, 1_500, 1_500]


def test_a_coupon_is_good_until_its_day(local: LocalStripe, shop: Shop) -> None:
    now = local.control("clock")["now"]
    coupon = shop.coupons.create({"amount_off": 500, "currency": "usd", "redeem_by": now + 3_600})
    local.control("clock/advance", seconds=3_700)
    assert shop.coupons.retrieve(coupon.id).valid is False
    with pytest.raises(stripe.InvalidRequestError) as refused:
        make_session(shop, make_price(shop), discounts=[{"coupon": coupon.id}])
    assert (refused.value.code, refused.value.param) == ("coupon_expired", "discounts[0][coupon]")


def test_a_code_is_typed_taken_back_and_typed_again(local: LocalStripe, shop: Shop) -> None:
    code = make_code(shop, max_redemptions=1)
    session = make_session(shop, make_price(shop), allow_promotion_codes=True)
    assert type_code(local, session.url, "nothing") == "This code is invalid."
    assert type_code(local, session.url, "welcome") == session.url
    assert "WELCOME" in page(session.url)
    local._submit(f"{session.url}/promotion", {"remove": "1"})
    assert shop.checkout.sessions.retrieve(session.id).amount_total == 1_500
    local.pay(session.url, card="4000000000000002")  # the intent of a declined try follows the code typed after it
    type_code(local, session.url, "Welcome")
    local.pay(session.url)
    paid = shop.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (paid.amount_total, paid.payment_intent.amount_received) == (750, 750)
    assert paid.discounts[0].promotion_code == code.id
    used = shop.promotion_codes.retrieve(code.id)
    assert (used.times_redeemed, used.active) == (1, False)
    again = make_session(shop, make_price(shop), allow_promotion_codes=True)
    assert type_code(local, again.url, "welcome") == "This code is invalid."


@pytest.mark.parametrize(
    ("restrictions", "message"),
    [
        ({"minimum_amount": 5_000, "minimum_amount_currency": "usd"}, "order is too small"),
        ({"first_time_transaction": True}, "has prior transactions"),
    ],
)
def test_a_code_may_be_for_some_only(local: LocalStripe, shop: Shop, restrictions: Any, message: str) -> None:
    code = make_code(shop, restrictions=restrictions)
    customer = make_customer(shop).id
    local.pay(make_session(shop, make_price(shop), customer=customer).url)
    session = make_session(shop, make_price(shop), customer=customer, allow_promotion_codes=True)
    assert message in type_code(local, session.url, "WELCOME")
    with pytest.raises(stripe.InvalidRequestError, match=message):
        make_session(shop, make_price(shop), customer=customer, discounts=[{"promotion_code": code.id}])


def test_a_code_of_one_customer_is_invalid_for_another(local: LocalStripe, shop: Shop) -> None:
    owner = make_customer(shop).id
    code = make_code(shop, customer=owner, expires_at=local.control("clock")["now"] + 3_600)
    stranger = make_session(shop, make_price(shop), allow_promotion_codes=True)
    assert type_code(local, stranger.url, "WELCOME") == "This code is invalid."
    with pytest.raises(stripe.InvalidRequestError, match="cannot be redeemed by this customer"):
        make_session(shop, make_price(shop), discounts=[{"promotion_code": code.id}])
    make_session(shop, make_price(shop), customer=owner, discounts=[{"promotion_code": code.id}])
    local.control("clock/advance", days=1)
    assert shop.promotion_codes.retrieve(code.id).active is False


def test_credit_pays_first_and_is_booked(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    customer = make_customer(shop)
    given = {"amount": -4_000, "currency": "usd", "description": "Two articles"}
    shop.customers.balance_transactions.create(customer.id, given)
    session = make_session(shop, make_plan(shop, 2_500), customer=customer.id)
    assert "Your balance" in page(session.url)
    local.pay(session.url)
    subscription = shop.subscriptions.list({"customer": customer.id, "expand": ["data.latest_invoice"]}).data[0]
    first = subscription.latest_invoice
    assert (first.total, first.amount_due, first.starting_balance, first.ending_balance) == (2_500, 0, -4_000, -1_500)
    assert (first.status, subscription.status, shop.charges.list().data) == ("paid", "active", [])
    local.control("clock/advance", to=end_of(subscription) + 7_200)
    assert [charge.amount for charge in shop.charges.list().data] == [1_000]
    booked = shop.customers.balance_transactions.list(customer.id).data
    assert [(line.type, line.amount, line.ending_balance) for line in booked] == [
        ("applied_to_invoice", 1_500, 0),
        ("applied_to_invoice", 2_500, -1_500),
        ("adjustment", -4_000, -4_000),
    ]
    eventually(lambda: "customer.updated" in endpoint.types)


def test_a_void_invoice_gives_back_the_credit_it_took(shop: Shop) -> None:
    customer = make_customer(shop)
    shop.customers.update(customer.id, {"balance": -300})
    invoice = shop.invoices.create({"customer": customer.id})
    shop.invoice_items.create({"customer": customer.id, "invoice": invoice.id, "amount": 900, "currency": "usd"})
    assert shop.invoices.finalize_invoice(invoice.id).amount_due == 600
    assert shop.customers.retrieve(customer.id).balance == 0
    shop.invoices.void_invoice(invoice.id)
    assert shop.customers.retrieve(customer.id).balance == -300


def test_an_invoice_too_small_to_charge_is_put_on_the_balance(shop: Shop) -> None:
    customer = make_customer(shop)
    invoice = shop.invoices.create({"customer": customer.id})
    shop.invoice_items.create({"customer": customer.id, "invoice": invoice.id, "amount": 20, "currency": "usd"})
    assert shop.invoices.finalize_invoice(invoice.id).status == "paid"
    assert shop.customers.retrieve(customer.id).balance == 20
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.customers.balance_transactions.create(customer.id, {"amount": -5, "currency": "eur"})
    assert refused.value.param == "currency"


def test_a_guest_buys_with_an_address_only(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    session = make_session(shop, make_price(shop), customer_email="guest@example.org", customer_creation="always")
    assert "guest@example.org" in page(session.url)
    hush(local, endpoint)
    local.pay(session.url, email="other@example.org")
    paid = shop.checkout.sessions.retrieve(session.id, {"expand": ["customer", "payment_intent.latest_charge"]})
    assert (paid.customer.email, paid.customer_details.email) == ("guest@example.org", "guest@example.org")
    assert paid.payment_intent.customer == paid.customer.id == paid.payment_intent.latest_charge.customer
    eventually(lambda: "checkout.session.completed" in endpoint.types)
    assert endpoint.types.index("customer.created") < endpoint.types.index("payment_intent.created")
