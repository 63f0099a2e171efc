"""Refunds, disputes, the portal, invoices that are sent, the console."""

from __future__ import annotations

import re

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

FEATURES = {
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
    "subscription_update": {
        "enabled": True,
        "default_allowed_updates": ["price"],
        "proration_behavior": "always_invoice",
    },
}


def paid_intent(local: LocalStripe, shop: Shop, card: str = "4242424242424242") -> str:
    session = make_session(shop, make_price(shop))
    local.pay(session.url, card=card)
    return str(shop.checkout.sessions.retrieve(session.id).payment_intent)


def test_a_refund_in_parts_then_whole(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    intent = paid_intent(local, shop)
    hush(local, endpoint)
    part = shop.refunds.create({"payment_intent": intent, "amount": 500, "metadata": {"request": "1"}})
    assert (part.status, part.amount, part.metadata["request"]) == ("succeeded", 500, "1")
    charge = shop.charges.list({"payment_intent": intent}).data[0]
    assert (charge.amount_refunded, charge.refunded) == (500, False)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount") as refused:
        shop.refunds.create({"payment_intent": intent, "amount": 1_001})
    assert refused.value.param == "amount"
    shop.refunds.create({"charge": charge.id})
    whole = shop.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert (whole.refunded, [refund.amount for refund in whole.refunds.data]) == (True, [1_000, 500])
    with pytest.raises(stripe.InvalidRequestError) as again:
        shop.refunds.create({"payment_intent": intent})
    assert again.value.code == "charge_already_refunded"
    eventually(lambda: endpoint.types == ["refund.created", "charge.refunded", "refund.updated"] * 2)


def test_a_refund_may_fail_after_all(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    intent = paid_intent(local, shop, card="4000000000005126")
    refund = shop.refunds.create({"payment_intent": intent})
    local.control("clock/advance", seconds=120)
    failed = shop.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert shop.charges.list().data[0].amount_refunded == 0
    eventually(lambda: endpoint.types[-3:] == ["refund.failed", "charge.refund.updated", "charge.updated"])


def test_a_refund_from_the_dashboard_is_told_like_any_other(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    intent = paid_intent(local, shop)
    local.control("refund", payment_intent=intent)
    eventually(lambda: "charge.refunded" in endpoint.types)
    assert shop.refunds.list({"payment_intent": intent}).data[0].status == "succeeded"


def test_a_dispute_withdraws_the_money_and_winning_brings_it_back(
    local: LocalStripe, shop: Shop, endpoint: Endpoint
) -> None:
    intent = paid_intent(local, shop, card="4000000000000259")
    dispute = eventually(lambda: shop.disputes.list({"payment_intent": intent}).data)[0]
    assert (dispute.status, dispute.reason) == ("needs_response", "fraudulent")
    assert shop.charges.retrieve(dispute.charge).disputed is True
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.refunds.create({"payment_intent": intent})
    assert refused.value.code == "charge_disputed"
    told = {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": True}
    assert shop.disputes.update(dispute.id, told).status == "won"
    assert shop.charges.retrieve(dispute.charge).disputed is True  # it says that there was one
    assert shop.refunds.create({"payment_intent": intent}).status == "succeeded"
    wanted = ["charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated"]
    wanted += ["charge.dispute.closed", "charge.dispute.funds_reinstated"]
    eventually(lambda: [t for t in endpoint.types if t.startswith("charge.dispute")] == wanted)


def test_a_lost_dispute_an_inquiry_and_a_warning(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    lost = local.control("dispute", payment_intent=paid_intent(local, shop))
    local.control("dispute/decide", dispute=lost["id"], outcome="lost")
    assert shop.disputes.retrieve(lost["id"]).status == "lost"
    inquiry = local.control("dispute", payment_intent=paid_intent(local, shop), inquiry=True)
    assert (inquiry["status"], inquiry["is_charge_refundable"]) == ("warning_needs_response", True)
    paid_intent(local, shop, card="4000000000005423")
    eventually(lambda: "radar.early_fraud_warning.created" in endpoint.types)


def portal(shop: Shop, customer: str, **values: object) -> str:
    if not shop.billing_portal.configurations.list().data:
        shop.billing_portal.configurations.create({"features": FEATURES})
    params = {"customer": customer, "return_url": "https://journal.test/access/"}
    return str(shop.billing_portal.sessions.create(params | values).url)


def test_the_portal_has_a_default_configuration(shop: Shop) -> None:
    session = shop.billing_portal.sessions.create({"customer": make_customer(shop).id, "expand": ["configuration"]})
    assert session.configuration.is_default is True
    assert session.configuration.features.subscription_cancel.mode == "at_period_end"
    assert "Billing" in page(session.url)


def test_a_subscriber_cancels_in_the_portal_and_thinks_again(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    url = portal(shop, subscription.customer)
    text = page(url)
    assert "Sleep and memory" in text
    assert "Visa ending in 4242" in text
    assert 'href="https://journal.test/access/"' in text
    assert local._submit(url, {"deed": "cancel", "subscription": subscription.id}) == url
    ending = shop.subscriptions.retrieve(subscription.id)
    assert (ending.cancel_at, ending.cancel_at_period_end) == (ending.items.data[0].current_period_end, False)
    assert "Keep my subscription" in page(url)
    local._submit(url, {"deed": "resume", "subscription": subscription.id})
    assert shop.subscriptions.retrieve(subscription.id).cancel_at is None


def test_the_portal_changes_nobody_elses_subscription(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    url = portal(shop, make_customer(shop, "dan@example.org").id)
    told = local._submit(url, {"deed": "cancel", "subscription": subscription.id})
    assert told == "This subscription is not yours to change."
    assert shop.subscriptions.retrieve(subscription.id).cancel_at is None


def test_a_subscriber_changes_the_card_for_renewals(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    url = portal(shop, subscription.customer)
    card = {"deed": "card", "number": "5555 5555 5555 4444", "expiry": "12/39", "cvc": "123"}
    assert local._submit(url, card | {"number": "4000 0000 0000 0002"}) == "Your card was declined."
    assert local._submit(url, card) == url
    assert "Mastercard ending in 4444" in page(url)
    local.control("clock/advance", days=32)
    assert shop.charges.list().data[0].payment_method_details.card.last4 == "4444"


def test_a_subscriber_confirms_the_change_to_a_year(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    yearly = make_plan(shop, 20_000, "year")
    item = {"id": subscription.items.data[0].id, "price": yearly.id, "quantity": 1}
    after = {"type": "redirect", "redirect": {"return_url": "https://journal.test/thanks/"}}
    flow = {
        "type": "subscription_update_confirm",
        "subscription_update_confirm": {"subscription": subscription.id, "items": [item]},
        "after_completion": after,
    }
    url = portal(shop, subscription.customer, flow_data=flow)
    text = page(url)
    assert "$200.00 per year" in text
    assert re.search(r"You pay \$17[45]\.\d\d today\.", text)
    told = local._submit(url, {"deed": "confirm", "subscription": subscription.id})
    assert told == "https://journal.test/thanks/"
    assert shop.subscriptions.retrieve(subscription.id).items.data[0].price.id == yearly.id
    assert shop.charges.list().data[0].amount < 20_000


def test_a_subscriber_switches_to_an_offered_plan_only(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    yearly, secret = make_plan(shop, 20_000, "year"), make_plan(shop, 1, "year")
    offered = {"products": [{"product": yearly.product, "prices": [yearly.id]}]}
    update = FEATURES["subscription_update"] | offered
    shop.billing_portal.configurations.create({"features": FEATURES | {"subscription_update": update}})
    url = portal(shop, subscription.customer)
    assert "Switch to $200.00 per year" in page(url)
    switch = {"deed": "switch", "subscription": subscription.id}
    assert local._submit(url, switch | {"price": secret.id}) == "This plan is not offered."
    assert local._submit(url, switch | {"price": yearly.id}) == url
    assert shop.subscriptions.retrieve(subscription.id).items.data[0].price.id == yearly.id


def test_a_reader_confirms_a_cancellation_in_its_own_flow(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    reasons = {"enabled": True, "options": ["too_expensive", "unused"]}
    cancel = FEATURES["subscription_cancel"] | {"cancellation_reason": reasons}
    shop.billing_portal.configurations.create({"features": FEATURES | {"subscription_cancel": cancel}})
    flow = {"type": "subscription_cancel", "subscription_cancel": {"subscription": subscription.id}}
    url = portal(shop, subscription.customer, flow_data=flow, locale="de")
    text = page(url)
    assert "Kündigung bestätigen" in text
    assert "Too expensive" in text
    local._submit(url, {"deed": "cancel", "subscription": subscription.id, "reason": "unused"})
    ending = shop.subscriptions.retrieve(subscription.id)
    assert (bool(ending.cancel_at), ending.cancellation_details.feedback) == (True, "unused")
    assert "Abonnement behalten" in page(url)


def test_a_reader_updates_the_card_in_its_own_flow(local: LocalStripe, shop: Shop) -> None:
    subscription = make_subscription(local, shop)
    after = {"type": "redirect", "redirect": {"return_url": "https://journal.test/thanks/"}}
    flow = {"type": "payment_method_update", "after_completion": after}
    url = portal(shop, subscription.customer, flow_data=flow)
    assert "Invoices" not in page(url)
    card = {"deed": "card", "number": "5555 5555 5555 4444", "expiry": "12/39", "cvc": "123"}
    assert local._submit(url, card) == "https://journal.test/thanks/"
    customer = shop.customers.retrieve(subscription.customer, {"expand": ["invoice_settings.default_payment_method"]})
    assert customer.invoice_settings.default_payment_method.card.last4 == "4444"


def test_a_portal_address_is_short_lived(local: LocalStripe, shop: Shop) -> None:
    url = portal(shop, make_customer(shop).id)
    local.control("clock/advance", seconds=3_700)
    assert "This link has expired" in page(url, 404)


def test_an_institutions_invoice_is_sent_and_paid_by_transfer(
    local: LocalStripe, shop: Shop, endpoint: Endpoint
) -> None:
    customer = make_customer(shop, "library@example.org")
    terms = {"collection_method": "send_invoice", "days_until_due": 30}
    order = {"custom_fields": [{"name": "PO number", "value": "77"}], "metadata": {"license": "3"}}
    invoice = shop.invoices.create({"customer": customer.id, **terms, **order})
    item = {"customer": customer.id, "invoice": invoice.id, "amount": 90_000, "currency": "usd"}
    shop.invoice_items.create(item | {"description": "Site license"})
    shop.invoices.finalize_invoice(invoice.id)
    sent = shop.invoices.send_invoice(invoice.id)
    assert (sent.status, sent.amount_due, sent.custom_fields[0].value) == ("open", 90_000, "77")
    assert "Site license" in page(sent.hosted_invoice_url)
    local.control("invoice/pay", invoice=invoice.id)
    assert shop.invoices.retrieve(invoice.id).status == "paid"
    eventually(lambda: "invoice.paid" in endpoint.types)


def test_an_invoice_can_be_voided_or_given_up(shop: Shop) -> None:
    customer = make_customer(shop)
    for deed, status in (("void_invoice", "void"), ("mark_uncollectible", "uncollectible")):
        invoice = shop.invoices.create({"customer": customer.id})
        shop.invoice_items.create({"customer": customer.id, "invoice": invoice.id, "amount": 900, "currency": "usd"})
        shop.invoices.finalize_invoice(invoice.id)
        assert getattr(shop.invoices, deed)(invoice.id).status == status


def test_the_console_shows_what_happened_and_does_what_it_says(local: LocalStripe, shop: Shop) -> None:
    make_subscription(local, shop)
    local.pay(make_session(shop, make_price(shop)).url, card="4000000000000002")
    text = page(f"{local.url}/_sim/")
    assert "alice@example.org" in text
    assert "Failed: Your card was declined." in text
    assert not re.search(r"<script|\son\w+=|style=", text)
    told = local._submit(f"{local.url}/_sim/clock/advance", {"days": "31", "console": "Advance 1 month"})
    assert "done=Advance%201%20month%3A%20done." in told
    assert len([c for c in shop.charges.list().data if c.paid]) == 2
