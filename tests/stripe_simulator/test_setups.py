"""A card kept for later: by a Checkout Session in setup mode, by a setup intent."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from stripe_simulator.process import LocalStripe

from .conftest import Endpoint, Shop, eventually, hush, make_customer, make_subscription, page


def keep(shop: Shop, customer: str, **values: Any) -> Any:
    urls = {"success_url": "https://journal.test/card/?s={CHECKOUT_SESSION_ID}", "cancel_url": "https://journal.test/"}
    return shop.checkout.sessions.create({"mode": "setup", "currency": "usd", "customer": customer, **urls, **values})


def test_a_reader_changes_the_card_without_paying(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    subscription = make_subscription(local, shop)
    session = keep(shop, subscription.customer, setup_intent_data={"metadata": {"subscription": subscription.id}})
    assert (session.amount_total, session.payment_status, session.payment_intent) == (None, "no_payment_required", None)
    assert "Save card" in page(session.url)
    hush(local, endpoint)
    assert local.pay(session.url, card="4000000000000002") == "Your card was declined."
    assert local.pay(session.url, card="5555555555554444").startswith("https://journal.test/card/?s=cs_")
    done = shop.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent.payment_method"]})
    intent = done.setup_intent
    assert (done.status, intent.status, intent.metadata["subscription"]) == ("complete", "succeeded", subscription.id)
    assert (intent.payment_method.card.last4, intent.payment_method.customer) == ("4444", subscription.customer)
    shop.subscriptions.update(subscription.id, {"default_payment_method": intent.payment_method.id})
    local.control("clock/advance", days=32)
    assert shop.charges.list().data[0].payment_method_details.card.last4 == "4444"
    told = ["setup_intent.setup_failed", "payment_method.attached", "setup_intent.succeeded"]
    eventually(lambda: endpoint.types[:4] == [*told, "checkout.session.completed"])
    assert "Your card is saved." in page(session.url)


@pytest.mark.parametrize(("complete", "status"), [(True, "succeeded"), (False, "requires_payment_method")])
def test_the_bank_asks_before_a_card_is_kept(local: LocalStripe, shop: Shop, complete: bool, status: str) -> None:
    session = keep(shop, make_customer(shop).id)
    challenge = local.pay(session.url, card="4000002500003155")
    assert "saves this card" in page(challenge)
    local.answer_challenge(challenge, complete)
    assert shop.setup_intents.retrieve(session.setup_intent).status == status


def test_an_expired_setup_keeps_nothing(local: LocalStripe, shop: Shop) -> None:
    session = keep(shop, make_customer(shop).id)
    shop.checkout.sessions.expire(session.id)
    assert shop.setup_intents.retrieve(session.setup_intent).status == "canceled"


def test_a_setup_sells_nothing(shop: Shop) -> None:
    customer = make_customer(shop).id
    for name, value in (("line_items", [{"price": "p", "quantity": 1}]), ("allow_promotion_codes", True)):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            keep(shop, customer, **{name: value})
        assert refused.value.param == name


def test_a_setup_intent_by_the_api(shop: Shop) -> None:
    customer = make_customer(shop).id
    intent = shop.setup_intents.create({"customer": customer, "metadata": {"order": "7"}})
    with pytest.raises(stripe.CardError) as refused:
        shop.setup_intents.confirm(intent.id, {"payment_method": "pm_card_chargeDeclined"})
    assert refused.value.code == "card_declined"
    assert shop.setup_intents.retrieve(intent.id).last_setup_error.decline_code == "generic_decline"
    assert shop.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"}).status == "succeeded"
    assert len(shop.customers.payment_methods.list(customer).data) == 1
    with pytest.raises(stripe.InvalidRequestError):
        shop.setup_intents.cancel(intent.id)
    other = shop.setup_intents.create({"customer": customer})
    assert shop.setup_intents.cancel(other.id).status == "canceled"
