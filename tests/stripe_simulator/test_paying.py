"""Buying and renting: one payment on the hosted page."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import stripe

from stripe_simulator.pages.words import LANGUAGES, TRANSLATIONS
from stripe_simulator.process import LocalStripe

from .conftest import Endpoint, Shop, eventually, hush, make_price, make_session, page

PAID = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "charge.updated",
    "checkout.session.completed",
]


def test_a_reader_pays_and_is_sent_back_with_the_session_id(local: LocalStripe, shop: Shop) -> None:
    data = {"metadata": {"order": "7"}}
    session = make_session(shop, make_price(shop), payment_intent_data=data, client_reference_id="7")
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)

    assert local.pay(session.url) == f"https://journal.test/return/?session={session.id}"

    paid = shop.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge.refunds"]})
    charge = paid.payment_intent.latest_charge
    assert (paid.status, paid.payment_status, paid.amount_total, paid.url) == ("complete", "paid", 1_500, None)
    assert (paid.payment_intent.status, paid.payment_intent.metadata["order"]) == ("succeeded", "7")
    assert (charge.paid, charge.amount, charge.payment_method_details.card.last4) == (True, 1_500, "4242")
    assert charge.refunds.data == []
    assert "Receipt" in page(charge.receipt_url)


def test_the_events_of_a_payment_come_in_stripes_order(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    session = make_session(shop, make_price(shop))
    hush(local, endpoint)
    local.pay(session.url)
    assert [t for t in endpoint.types if t not in ("product.created", "price.created", "customer.created")] == PAID
    snapshot = endpoint.events[-1].data.object
    assert (snapshot.id, snapshot.payment_status, snapshot.metadata["order"]) == (session.id, "paid", "7")


def test_a_declined_card_leaves_the_page_open_and_the_next_one_pays(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_price(shop))
    assert local.pay(session.url, card="4000000000000002") == "Your card was declined."
    assert "insufficient funds" in local.pay(session.url, card="4000000000009995")
    assert shop.checkout.sessions.retrieve(session.id).status == "open"
    assert local.pay(session.url).startswith("https://journal.test/return/")

    intents, charges = shop.payment_intents.list().data, shop.charges.list().data
    assert [intent.status for intent in intents] == ["succeeded"]
    assert [charge.status for charge in charges] == ["succeeded", "failed", "failed"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"card": "4242424242424241"}, "Your card number is invalid."),
        ({"card": "4242"}, "Your card number is incomplete."),
        ({"card": "4111111111111111"}, "The local Stripe takes test cards only"),
        ({"expiry": "01/20"}, "Your card's expiration date is in the past."),
        ({"expiry": "13/39"}, "Your card's expiration date is incomplete."),
        ({"cvc": "12"}, "Your card's security code is incomplete."),
    ],
)
def test_a_mistyped_card_is_told_at_its_field_and_charges_nothing(
    local: LocalStripe, shop: Shop, fields: dict[str, str], message: str
) -> None:
    session = make_session(shop, make_price(shop))
    assert message in local.pay(session.url, **fields)
    assert shop.charges.list().data == []
    assert shop.checkout.sessions.retrieve(session.id).status == "open"


def test_a_guest_must_give_an_address(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_price(shop), customer_email=None, customer_creation="always")
    assert local.pay(session.url, email="nobody") == "Your email is incomplete."
    local.pay(session.url, email="carol@example.org")
    paid = shop.checkout.sessions.retrieve(session.id, {"expand": ["customer"]})
    assert (paid.customer_details.email, paid.customer.email) == ("carol@example.org", "carol@example.org")


def test_pressing_pay_twice_charges_once(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_price(shop))
    with ThreadPoolExecutor(4) as pool:
        ways = list(pool.map(lambda _: local.pay(session.url), range(4)))
    assert set(ways) == {f"https://journal.test/return/?session={session.id}"}
    assert len(shop.charges.list().data) == 1
    assert len([e for e in shop.events.list({"limit": 100}).data if e.type == "checkout.session.completed"]) == 1


def test_the_bank_asks_and_the_reader_confirms(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    session = make_session(shop, make_price(shop))
    question = local.pay(session.url, card="4000002500003155")
    assert question == f"{session.url}/challenge"
    assert shop.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]}).payment_intent.status == (
        "requires_action"
    )
    assert local.answer_challenge(question).startswith("https://journal.test/return/")
    assert "payment_intent.requires_action" in endpoint.types
    assert shop.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_the_bank_asks_and_the_reader_fails(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_price(shop))
    question = local.pay(session.url, card="4000002760003184")
    assert "unable to authenticate" in local.answer_challenge(question, complete=False)
    assert local.pay(session.url).startswith("https://journal.test/return/")
    assert len([c for c in shop.charges.list().data if c.paid]) == 1


def test_the_page_leads_back_and_names_what_is_bought(local: LocalStripe, shop: Shop) -> None:
    text = page(make_session(shop, make_price(shop)).url)
    assert 'href="https://journal.test/article/"' in text
    assert "Sleep and memory" in text
    assert "$15.00" in text
    assert "No money moves here" in text
    assert not re.search(r"<script|\son\w+=|style=", text)


def test_what_a_shop_sends_is_escaped_on_the_page(local: LocalStripe, shop: Shop) -> None:
    product = shop.products.create({"name": "<script>alert(1)</script>"})
    price = shop.prices.create({"product": product.id, "unit_amount": 900, "currency": "eur"})
    text = page(make_session(shop, price, custom_text={"submit": {"message": '"><img src=x>'}}).url)
    assert "<script>" not in text
    assert "<img" not in text
    assert "€9.00" in text


def test_a_finished_session_says_so(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_price(shop))
    local.pay(session.url)
    assert "all done here" in page(session.url)


def test_an_expired_session_takes_no_money(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    session = make_session(shop, make_price(shop))
    local.pay(session.url, card="4000000000000002")
    shop.checkout.sessions.expire(session.id)
    assert "This link has expired" in page(session.url)
    assert local.pay(session.url) == "This link has expired"
    assert not any(charge.paid for charge in shop.charges.list().data)
    eventually(lambda: endpoint.types[-2:] == ["checkout.session.expired", "payment_intent.canceled"])
    with pytest.raises(stripe.InvalidRequestError, match=r"Only Checkout Sessions with a status in \[\"open\"\]"):
        shop.checkout.sessions.expire(session.id)


def test_a_session_expires_when_its_time_has_come(local: LocalStripe, shop: Shop) -> None:
    now = local.control("clock")["now"]
    session = make_session(shop, make_price(shop), expires_at=now + 3_600)
    local.control("clock/advance", seconds=3_500)
    assert shop.checkout.sessions.retrieve(session.id).status == "open"
    local.control("clock/advance", seconds=101)
    assert shop.checkout.sessions.retrieve(session.id).status == "expired"


def test_a_shop_in_real_time_can_sell_after_the_clock_was_advanced(local: LocalStripe, shop: Shop) -> None:
    real = local.control("clock")["now"]
    local.control("clock/advance", days=40)
    session = make_session(shop, make_price(shop), expires_at=real + 3_600)
    assert session.expires_at == real + 3_600
    assert local.pay(session.url).startswith("https://journal.test/return/")


def test_a_recovery_link_opens_a_new_session_for_the_same_order(local: LocalStripe, shop: Shop) -> None:
    recovery = {"recovery": {"enabled": True}}
    session = make_session(shop, make_price(shop), after_expiration=recovery)
    expired = shop.checkout.sessions.expire(session.id)
    assert "Payment details" in page(expired.after_expiration.recovery.url)
    newest = shop.checkout.sessions.list().data[0]
    assert (newest.recovered_from, newest.metadata["order"], newest.status) == (session.id, "7", "open")


def test_a_coupon_lowers_the_total_and_is_used_up(local: LocalStripe, shop: Shop) -> None:
    coupon = {"id": "credit-7", "amount_off": 500, "currency": "usd", "duration": "once", "max_redemptions": 1}
    shop.coupons.create(coupon)
    session = make_session(shop, make_price(shop), discounts=[{"coupon": "credit-7"}])
    assert (session.amount_subtotal, session.amount_total, session.total_details.amount_discount) == (1_500, 1_000, 500)
    local.pay(session.url)
    assert shop.charges.list().data[0].amount == 1_000
    assert (shop.coupons.retrieve("credit-7").valid, shop.coupons.retrieve("credit-7").times_redeemed) == (False, 1)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        make_session(shop, make_price(shop), discounts=[{"coupon": "credit-7"}])
    assert refused.value.param == "discounts[0][coupon]"


def test_a_whole_discount_needs_no_card_and_makes_no_payment_intent(
    local: LocalStripe, shop: Shop, endpoint: Endpoint
) -> None:
    shop.coupons.create({"id": "gift", "percent_off": 100, "duration": "once"})
    session = make_session(shop, make_price(shop), discounts=[{"coupon": "gift"}])
    hush(local, endpoint)
    assert local.pay(session.url, card="").startswith("https://journal.test/return/")
    paid = shop.checkout.sessions.retrieve(session.id)
    assert (paid.payment_status, paid.payment_intent) == ("no_payment_required", None)
    assert endpoint.types[-1] == "checkout.session.completed"
    assert not any(event.startswith(("charge.", "payment_intent.")) for event in endpoint.types)


def test_a_promotion_code_is_typed_on_the_page(local: LocalStripe, shop: Shop) -> None:
    shop.coupons.create({"id": "spring", "percent_off": 20, "duration": "once"})
    shop.promotion_codes.create({"code": "SPRING", "promotion": {"type": "coupon", "coupon": "spring"}})
    session = make_session(shop, make_price(shop), allow_promotion_codes=True)
    assert local._submit(f"{session.url}/promotion", {"code": "WINTER"}) == "This code is invalid."
    assert local._submit(f"{session.url}/promotion", {"code": "spring"}) == session.url
    assert "$12.00" in page(session.url)
    local.pay(session.url)
    assert shop.charges.list().data[0].amount == 1_200


def test_a_sale_with_an_invoice_has_a_number_and_a_pdf(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_price(shop), invoice_creation={"enabled": True})
    local.pay(session.url)
    paid = shop.checkout.sessions.retrieve(session.id, {"expand": ["invoice.payments"]})
    payment = paid.invoice.payments.data[0].payment
    assert (paid.invoice.status, paid.invoice.total, payment.payment_intent) == ("paid", 1_500, paid.payment_intent)
    assert requests.get(paid.invoice.invoice_pdf, timeout=10).content.startswith(b"%PDF-")
    assert paid.invoice.number in page(paid.invoice.hosted_invoice_url)


def test_terms_must_be_accepted_where_they_are_required(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_price(shop), consent_collection={"terms_of_service": "required"})
    assert "accept the terms" in local.pay(session.url)
    local.pay(session.url, terms="1")
    assert shop.checkout.sessions.retrieve(session.id).consent.terms_of_service == "accepted"


def test_an_encoded_placeholder_is_left_alone(local: LocalStripe, shop: Shop) -> None:
    url = "https://journal.test/?s=%7BCHECKOUT_SESSION_ID%7D"
    assert local.pay(make_session(shop, make_price(shop), success_url=url).url) == url


def test_an_unknown_session_is_not_found(local: LocalStripe) -> None:
    assert local.pay(f"{local.url}/c/pay/cs_test_none") == "Something went wrong"


@pytest.mark.parametrize(
    ("locale", "browser", "words"),
    [
        ("de", "fr", ["Karte", "15,00\xa0$ bezahlen", 'lang="de"']),
        ("auto", "fr-CA,fr;q=0.9,en;q=0.8", ["Numéro de carte", "Payer 15,00\xa0$"]),
        ("it", "", ["Paga 15,00\xa0$"]),
        ("es", "", ["Pagar 15,00\xa0$"]),
        ("ja", "", ["Card number"]),
    ],
)
def test_the_page_speaks_the_readers_language(shop: Shop, locale: str, browser: str, words: list[str]) -> None:
    session = make_session(shop, make_price(shop), locale=locale)
    text = requests.get(session.url, headers={"Accept-Language": browser}, timeout=20).text
    assert [word for word in words if word not in text] == []


def test_every_sentence_is_there_in_every_language() -> None:
    told = json.loads(TRANSLATIONS.read_text())
    assert set(told) == set(LANGUAGES) - {"en"}
    sentences = {frozenset(words) for words in told.values()}
    assert len(sentences) == 1
    marks = re.compile(r"{(\w+)}")
    for words in told.values():
        assert [s for s, t in words.items() if set(marks.findall(s)) != set(marks.findall(t))] == []
