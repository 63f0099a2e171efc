"""Nothing goes back twice, and nothing is kept that is owed: where refunds, credits and withdrawals meet."""

import contextlib
from datetime import timedelta
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import checkout, credits, duplicates, fulfilment, money, refunds, support, sync, withdrawals
from subscriptions.models import (
    Credit,
    Entitlement,
    Finding,
    Offer,
    Order,
    OutgoingMail,
    Payment,
    Policy,
    Refund,
    Subscription,
    Withdrawal,
)
from tests.beside import begin_beside
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_offer, make_user
from tests.subscriptions.selling import buy, latest_order, order, work


def reads(client: Client, article: Article) -> bool:
    return SECRET_SENTENCE in client.get(article.get_absolute_url()).content.decode()


def pay(client: Client, stripe: LocalStripe, *what: Any) -> Order:
    client.get(buy(client, stripe, *what))
    return latest_order()


def went_back(stripe: LocalStripe) -> int:
    return sum(refund["amount"] for refund in stripe.control("objects", kind="refund")["data"])


# --- credits ---------------------------------------------------------------------------------------------------------


def paid_twice(client: Client, stripe: LocalStripe, article: Article) -> Finding:
    """Two payment pages for one article, both paid."""
    purchase = make_offer("purchase")
    first = order(client, purchase, article)
    Order.objects.update(state="expired")  # as after a crash between Stripe and us
    for page in (order(client, purchase, article), first):
        stripe.pay(page)
    for row in Order.objects.all():
        support.re_read("order", str(row.pk))
    return Finding.objects.get(kind="duplicate")


def test_what_was_paid_twice_and_came_off_a_later_price_does_not_go_back_as_well(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    finding = paid_twice(client, local_stripe, article)
    page = order(client, make_offer("subscription", interval="year", amount=8900))
    assert latest_order().credit == 6000
    press = f"/my-access/duplicates/{finding.pk}/", {"answer": "refund"}
    told = "came off the price of your later order"
    assert told in client.post(*press, follow=True).content.decode()  # it waits at the payment page
    client.get(local_stripe.pay(page).removeprefix("http://testserver"))
    assert told in client.post(*press, follow=True).content.decode()
    Policy.objects.update_or_create(happening="duplicate", defaults={"consequence": "refund"})
    assert finding.payment
    support.re_read("order", str(finding.payment.order_id))
    assert not Refund.objects.exists()
    assert went_back(local_stripe) == 0


def test_the_second_of_two_subscriptions_ends_when_its_payment_goes_back_and_is_not_charged_again(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    """Two tabs: the month in one, the year in the other, and both are paid."""
    client = signed_in(dan)
    yearly = make_offer("subscription", interval="year", amount=8900)
    pages = [order(client, offer) for offer in (yearly, make_offer("subscription"))]
    for page in pages:
        client.get(local_stripe.pay(page).removeprefix("http://testserver"))
    work()
    finding, younger = Finding.objects.get(kind="duplicate"), Subscription.objects.get(interval="month")
    assert "The second subscription then ends at once" in client.get("/my-access/").content.decode()
    press = f"/my-access/duplicates/{finding.pk}/", {"answer": "refund"}
    local_stripe.control("fault", endpoint="DELETE /v1/subscriptions", kind="409", phase="before_execution", times=9)
    assert "Nothing was changed" in client.post(*press, follow=True).content.decode()
    local_stripe.control("config", faults=[])
    client.post(*press)
    work()
    younger.refresh_from_db()
    assert (younger.status, went_back(local_stripe)) == ("canceled", 900)
    local_stripe.control("clock/advance", days=40)
    assert len(local_stripe.control("objects", kind="charge")["data"]) == 2
    assert reads(client, article)


def test_a_payment_whose_refund_is_only_asked_for_counts_less_at_once(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client, yearly = signed_in(dan), make_offer("subscription", interval="year", amount=8900)
    placed = pay(client, local_stripe, make_offer(), article)
    assert checkout.quote(dan, yearly, None).credit.amount == 3000
    refunds.request(Payment.objects.get(), 1000, reason="", note="", by=None)
    assert checkout.quote(dan, yearly, None).credit.amount == 2000
    assert credits.refundable(placed) == 2000


@pytest.mark.django_db(transaction=True)
def test_a_credit_used_while_its_payment_goes_back_is_told_to_staff(
    dan: User, article: Article, local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers at once: one writes that the dearer order is paid, the other that the rental was refunded."""
    client = signed_in(dan)
    rental = pay(client, local_stripe, make_offer("rental"), article)
    order(client, make_offer("purchase"), article)
    dearer, really = latest_order(), credits._worth

    def refunded() -> None:
        with transaction.atomic():
            source = Order.objects.select_for_update().get(pk=rental.pk)
            source.state, source.amount_refunded = Order.State.REFUNDED, source.amount_paid
            source.save()
            credits.payment_came_back(source)
        connection.close()

    other = Thread(target=refunded)

    def worth(source: Order) -> int:
        """Asked by the first worker between looking at the credit and using it."""
        looked = really(source)
        begin_beside(other)
        return looked

    monkeypatch.setattr(credits, "_worth", worth)
    with transaction.atomic():
        assert credits.settle(dearer, Order.State.PAID) == Order.State.PAID
    other.join()
    assert Credit.objects.get().state == Credit.State.USED
    assert OutgoingMail.objects.filter(key__startswith="alert:credit-refunded:").exists()


@pytest.mark.django_db(transaction=True)
def test_whoever_orders_while_what_was_paid_twice_goes_back_gets_one_of_the_two(
    dan: User, article: Article, local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refund is pressed in one tab between the other one's look at what counts and its writing that down."""
    client, really = signed_in(dan), credits.reserve
    finding = paid_twice(client, local_stripe, article)

    def press() -> None:
        with contextlib.suppress(refunds.Counted):
            duplicates.settle(finding, refund=True)
        connection.close()

    other = Thread(target=press)

    def reserve(*told: Any) -> None:
        begin_beside(other)
        really(*told)

    monkeypatch.setattr(credits, "reserve", reserve)
    order(client, make_offer("subscription", interval="year", amount=8900))
    other.join()
    assert (latest_order().credit, Refund.objects.count()) == (6000, 0)


def test_a_disputed_payment_that_has_counted_is_told_to_staff(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    rental = pay(client, local_stripe, make_offer("rental"), article)
    pay(client, local_stripe, make_offer("purchase"), article)
    local_stripe.control("dispute", payment_intent=rental.payment_intent_id)
    support.re_read("order", str(rental.pk))
    told = OutgoingMail.objects.get(key__startswith="alert:credit-disputed:").context["message"]
    assert "is disputed, and $6.00 of it had counted towards order" in told


# --- withdrawals -----------------------------------------------------------------------------------------------------


@pytest.fixture
def sam(db: None) -> Client:
    return signed_in(make_user("sam@example.org", is_staff=True, groups=["Support"]))


@pytest.fixture
def sue(db: None) -> User:
    return make_user("sue@example.org", is_staff=True)


def withdraw(user: User, days: int = 0, contract: Order | None = None) -> Withdrawal:
    contract = contract or latest_order()
    row = withdrawals.receive(name="Dan", email=user.email, contract=contract.number, user=user)
    assert contract.paid_at
    Withdrawal.objects.filter(pk=row.pk).update(received_at=contract.paid_at + timedelta(days=days))
    row.refresh_from_db()
    return row


@pytest.mark.parametrize(("before", "after"), [("month", "year"), ("year", "month")])
def test_whoever_switched_the_plan_and_then_withdraws_gets_both_plans_unused_days_back(
    before: str, after: str, dan: User, sue: User, local_stripe: LocalStripe
) -> None:
    offers = {"month": make_offer("subscription"), "year": make_offer("subscription", interval="year", amount=8900)}
    client = signed_in(dan)
    placed = pay(client, local_stripe, offers[before])
    row = Subscription.objects.get()
    confirm = client.post(f"/subscriptions/{row.pk}/switch/{offers[after].pk}/")["Location"]
    back = local_stripe._submit(confirm, {"deed": "confirm", "subscription": row.stripe_id})
    client.get(back.removeprefix("http://testserver"))
    support.re_read("subscription", row.stripe_id)
    row.refresh_from_db()
    assert row.interval == after
    paid = sum(Payment.objects.values_list("amount", flat=True))
    used = 8900 * 10 / 365 if after == "year" else 900 * 10 / 30.4
    declared = withdraw(dan, 10, placed)
    proposal = withdrawals.propose(declared)
    assert abs(proposal.amount.amount - (paid - used)) < 15
    assert ("Set the customer's balance at Stripe to 0" in proposal.why) == (before == "year")
    withdrawals.accept(declared, sue, "")
    work()
    assert went_back(local_stripe) == proposal.amount.amount == sum(part for _, part in proposal.parts)
    assert Subscription.objects.get().status == "canceled"


def test_a_contract_withdrawn_from_twice_is_refunded_once(dan: User, sue: User, local_stripe: LocalStripe) -> None:
    client = signed_in(dan)
    pay(client, local_stripe, make_offer("subscription"))
    first, second = withdraw(dan, 13), withdraw(dan, 13)
    withdrawals.accept(first, sue, "")
    work()
    once = went_back(local_stripe)
    assert 450 < once < 600
    assert not withdrawals.propose(second).is_right
    with pytest.raises(ValueError, match="Another withdrawal from this contract was accepted"):
        withdrawals.accept(second, sue, "")
    with pytest.raises(ValueError, match="has been decided already"):
        withdrawals.accept(first, sue, "")
    work()
    assert went_back(local_stripe) == once


def test_what_the_bank_took_back_or_came_off_a_later_price_is_not_refunded_by_a_withdrawal(
    dan: User, sue: User, article: Article, local_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    rental = pay(client, local_stripe, make_offer("rental"), article)
    pay(client, local_stripe, make_offer("purchase"), article)
    first = Payment.objects.earliest("paid_at")
    assert str(refunds.preview(first, 600).counted) == "$6.00"  # staff may, and are told
    proposal = withdrawals.propose(withdraw(dan, contract=rental))  # its receipt has not gone out
    assert (proposal.is_right, proposal.amount.amount) == (True, 0)
    assert "$6.00 of it came off the price of a later order" in proposal.why
    placed = pay(client, local_stripe, make_offer("subscription", interval="year", amount=8900))
    row = Subscription.objects.get()
    support.re_read("subscription", row.stripe_id)
    charged = row.payments.get()
    local_stripe.control("dispute", payment_intent=charged.payment_intent_id)
    support.re_read("subscription", row.stripe_id)
    declared = withdraw(dan, 1, placed)
    assert "bank has taken a payment back" in withdrawals.propose(declared).why
    withdrawals.accept(declared, sue, "")
    work()
    assert not Refund.objects.exists()
    assert Subscription.objects.get().status == "canceled"


def test_a_payment_refunded_in_part_and_then_disputed_is_held_given_back_and_refunded_to_its_end(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    placed = pay(client, local_stripe, make_offer(), article)
    about = {"payment_intent": placed.payment_intent_id}

    def look() -> Payment:
        support.re_read("order", str(placed.pk))
        return Payment.objects.get()

    local_stripe.control("refund", **about, amount=1000)
    assert (refunds.left(look()), reads(client, article)) == (2000, True)
    dispute = local_stripe.control("dispute", **about)
    with pytest.raises(refunds.NotRefundable, match="bank has taken this payment back"):
        refunds.check(look(), 2000)
    assert not reads(client, article)
    local_stripe.control("dispute/decide", dispute=dispute["id"], outcome="won")
    support.re_read("payment", placed.payment_intent_id or "")
    assert (refunds.left(look()), reads(client, article)) == (2000, True)
    wish = refunds.request(look(), 2000, reason="", note="", by=None)
    sync.run("refund", str(wish.request))
    assert (refunds.left(look()), reads(client, article)) == (0, False)
    assert went_back(local_stripe) == 3000


# --- other amounts ---------------------------------------------------------------------------------------------------


def test_a_subscription_at_another_price_than_the_orders_opens_when_staff_have_looked(
    dan: User, sam: Client, article: Article, local_stripe: LocalStripe
) -> None:
    """Whichever news comes first: here the subscription's, then the order's."""
    client = signed_in(dan)
    page = order(client, make_offer("subscription"))
    Order.objects.update(amount=800)
    back = local_stripe.pay(page)
    stripe_id = local_stripe.control("objects", kind="subscription")["data"][0]["id"]
    for kind, key in (("subscription", stripe_id), ("order", str(latest_order().pk))):
        sync.hint(kind, key)
        sync.run(kind, key)
        assert not reads(client, article)
    client.get(back.removeprefix("http://testserver"))
    finding = Finding.objects.get()
    assert "mark this as settled: then it opens" in finding.remedy
    assert "we are looking at it" in Entitlement.objects.get().revoke_reason
    sam.post("/admin/subscriptions/finding/", {"action": "settle", "_selected_action": [finding.pk]})
    sync.run_due()
    assert reads(client, article)


def test_a_refund_stripe_refuses_is_told_to_staff(dan: User, article: Article, local_stripe: LocalStripe) -> None:
    placed = pay(signed_in(dan), local_stripe, make_offer(), article)
    wish = refunds.request(Payment.objects.get(), 3000, reason="", note="", by=None)
    local_stripe.control("refund", payment_intent=placed.payment_intent_id)
    sync.run("refund", str(wish.request))
    wish.refresh_from_db()
    assert wish.state == Refund.State.FAILED
    told = OutgoingMail.objects.get(key=f"alert:refund_refused:{wish.request}").context["message"]
    assert told.startswith("Stripe refused Refund of $30.00 to dan@example.org")


@given(
    amount=st.integers(1, 10**6), used=st.integers(0, 40), currency=st.sampled_from(["usd", "jpy", "isk", "ugx", "kwd"])
)
def test_what_goes_back_and_what_comes_off_is_an_amount_that_stripe_takes(
    amount: int, used: int, currency: str
) -> None:
    step = money.step(currency)
    paid, begun = amount * step, timezone.now()
    back = withdrawals.unused(paid, begun, begun + timedelta(days=30), begun + timedelta(days=used), step)
    assert back % step == 0
    assert paid * max(30 - used, 0) / 30 <= back <= paid
    taxed: Any = SimpleNamespace(
        amount=paid, credit=0, amount_paid=paid * 6 // 5, amount_refunded=0, asked_back=paid // 7, currency=currency
    )
    assert credits._worth(taxed) % step == 0


def test_no_price_is_one_that_stripe_does_not_take() -> None:
    for amount, currency in ((12345, "bhd"), (1250, "isk")):
        with pytest.raises(ValidationError, match="in steps of"):
            Offer(amount=amount, currency=currency).clean()


def test_an_account_merged_while_stripe_is_read_keeps_what_it_got(
    dan: User, local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, kept, really = signed_in(dan), make_user("kept@example.org"), fulfilment._mirrored
    pay(client, local_stripe, make_offer("subscription"))
    row = Subscription.objects.get()

    def meanwhile(state: Any) -> dict[str, Any]:
        for model in (Entitlement, Order, Payment, Subscription):
            model._base_manager.update(user=kept)
        return really(state)

    monkeypatch.setattr(fulfilment, "_mirrored", meanwhile)
    local_stripe.control("clock/advance", days=32)
    sync.hint("subscription", row.stripe_id)
    assert sync.run("subscription", row.stripe_id)
    right, row = Entitlement.objects.get(), Subscription.objects.get()
    assert right.ends_at and right.ends_at > timezone.now() + timedelta(days=33)
    assert (right.user, row.user, Payment.objects.latest("paid_at").user) == (kept, kept, kept)
