"""Money that goes back: refunds that wait or return, disputes with deadlines, warnings; and books that add up."""

from __future__ import annotations

import pytest
import stripe

from stripe_simulator.process import LocalStripe

from .conftest import Endpoint, Shop, eventually, hush, make_price, make_session
from .test_aftermath import paid_intent


def books(local: LocalStripe, currency: str = "usd") -> dict[str, int]:
    """The account's sums, which are the same counted from the balance's lines and from the objects."""
    found: dict[str, int] = local.control("books")[currency]
    assert found["gross"] == found["objects"] == found["charges"] - found["refunds"] - found["disputes"]
    assert found["net"] == found["gross"] - found["fees"]
    return found


def test_payments_less_refunds_and_disputes_are_the_balance(local: LocalStripe, shop: Shop) -> None:
    kept, returned, partly, lost, won = (paid_intent(local, shop) for _ in range(5))
    shop.refunds.create({"payment_intent": returned})
    shop.refunds.create({"payment_intent": partly, "amount": 400})
    for intent, outcome in ((lost, "lost"), (won, "won")):
        dispute = local.control("dispute", payment_intent=intent)
        assert books(local)["disputes"] in (1_500, 3_000)
        local.control("dispute/decide", dispute=dispute["id"], outcome=outcome)
    assert books(local)["gross"] == 5 * 1_500 - 1_500 - 400 - 1_500
    balance = shop.balance.retrieve()
    assert sum(part.amount for part in [*balance.available, *balance.pending]) == books(local)["net"]
    local.control("clock/advance", days=3)
    assert [part.amount for part in shop.balance.retrieve().pending] == [0]
    lines = shop.balance_transactions.list({"limit": 100, "type": "refund"}).data
    assert sorted(line.amount for line in lines) == [-1_500, -400]
    assert shop.charges.retrieve(shop.payment_intents.retrieve(kept).latest_charge).amount_refunded == 0


def test_a_refund_may_wait_until_it_arrives(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    intent = paid_intent(local, shop, card="4000000000007726")
    hush(local, endpoint)
    refund = shop.refunds.create({"payment_intent": intent})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    assert books(local)["refunds"] == 1_500
    local.control("clock/advance", seconds=120)
    assert shop.refunds.retrieve(refund.id).status == "succeeded"
    eventually(lambda: endpoint.types == ["refund.created", "charge.refunded", "refund.updated", "refund.updated"])


@pytest.mark.parametrize("end", ["refund/fail", "refund/succeed", "cancel"])
def test_a_pending_refund_ends_as_it_is_told(local: LocalStripe, shop: Shop, end: str) -> None:
    local.control("config", refunds="pending")
    refund = shop.refunds.create({"payment_intent": paid_intent(local, shop), "amount": 700})
    if end == "cancel":
        shop.refunds.cancel(refund.id)
    else:
        local.control(end, refund=refund.id)
    told = shop.refunds.retrieve(refund.id, {"expand": ["charge", "balance_transaction"]})
    status, back = {"refund/fail": ("failed", 0), "refund/succeed": ("succeeded", 700), "cancel": ("canceled", 0)}[end]
    assert (told.status, told.charge.amount_refunded, told.balance_transaction.amount) == (status, back, -700)
    assert books(local)["refunds"] == back
    with pytest.raises(stripe.InvalidRequestError):
        shop.refunds.cancel(refund.id)


def test_a_debit_is_refunded_slowly(local: LocalStripe, shop: Shop) -> None:
    session = make_session(shop, make_price(shop, currency="eur"), allowed_payment_method_types=["sepa_debit"])
    local.pay(session.url, card="", method="sepa_debit", iban="AT611904300234573201")
    local.control("clock/advance", days=4)
    intent = shop.checkout.sessions.retrieve(session.id).payment_intent
    assert shop.refunds.create({"payment_intent": intent}).status == "pending"
    local.control("clock/advance", days=6)
    assert shop.refunds.list().data[0].status == "succeeded"
    kinds = {line.type for line in shop.balance_transactions.list().data}
    assert (kinds, books(local, "eur")["gross"]) == ({"payment", "payment_refund"}, 0)


def test_a_dispute_nobody_answers_is_lost_on_its_day(local: LocalStripe, shop: Shop, endpoint: Endpoint) -> None:
    dispute = local.control("dispute", payment_intent=paid_intent(local, shop), amount=900)
    shop.disputes.update(dispute["id"], {"evidence": {"customer_name": "A. Reader"}, "submit": False})
    assert shop.disputes.retrieve(dispute["id"]).evidence_details.has_evidence is True
    local.control("clock/advance", days=10)
    lost = shop.disputes.retrieve(dispute["id"])
    assert (lost.status, lost.evidence_details.past_due, books(local)["gross"]) == ("lost", True, 600)
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        shop.disputes.update(dispute["id"], {"submit": True})
    eventually(lambda: endpoint.types[-1] == "charge.dispute.closed")


def test_evidence_is_reviewed_once_and_may_not_convince(local: LocalStripe, shop: Shop) -> None:
    dispute = local.control("dispute", payment_intent=paid_intent(local, shop), reason="product_not_received")
    told = shop.disputes.update(dispute["id"], {"evidence": {"access_activity_log": "read on Monday"}, "submit": True})
    assert (told.status, told.evidence_details.submission_count) == ("under_review", 1)
    with pytest.raises(stripe.InvalidRequestError, match="already been submitted"):
        shop.disputes.update(dispute["id"], {"submit": True})
    local.control("clock/advance", days=61)
    assert shop.disputes.retrieve(dispute["id"]).status == "lost"


def test_an_inquiry_takes_no_money_until_it_becomes_a_chargeback(local: LocalStripe, shop: Shop) -> None:
    quiet = local.control("dispute", payment_intent=paid_intent(local, shop), inquiry=True)
    grows = local.control("dispute", payment_intent=paid_intent(local, shop), inquiry=True)
    assert books(local)["disputes"] == 0
    told = local.control("dispute/escalate", dispute=grows["id"])
    assert (told["status"], told["payment_method_details"]["card"]["case_type"]) == ("needs_response", "chargeback")
    assert books(local)["disputes"] == 1_500
    local.control("clock/advance", days=121)
    assert [shop.disputes.retrieve(d["id"]).status for d in (quiet, grows)] == ["warning_closed", "lost"]


def test_a_warning_asks_for_nothing_once_the_money_went_back(
    local: LocalStripe, shop: Shop, endpoint: Endpoint
) -> None:
    intent = paid_intent(local, shop)
    warning = local.control("early_fraud_warning", payment_intent=intent)
    assert warning["actionable"] is True
    shop.refunds.create({"payment_intent": intent})
    assert shop.radar.early_fraud_warnings.retrieve(warning["id"]).actionable is False
    eventually(lambda: "radar.early_fraud_warning.updated" in endpoint.types)
