"""Refunds from the admin, the policy as a table, and what comparing found: previewed, done once, written down."""

import itertools
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.test import Client

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import policy, refunds, sync, withdrawals
from subscriptions.access import look_up
from subscriptions.models import CreditNote, Finding, Order, OutgoingMail, Payment, Policy, Refund
from tests.admin.said import messages_of, text_of
from tests.conftest import signed_in
from tests.make import make_offer
from tests.subscriptions.selling import buy, latest_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment(dan: User, article: Article, local_stripe: LocalStripe) -> Payment:
    client = signed_in(dan)
    client.get(buy(client, local_stripe, make_offer("purchase"), article))
    return Payment.objects.get()


def form_of(client: Client, address: str, **typed: str) -> dict[str, str]:
    page = client.get(address).content.decode()
    hidden = {name: re.search(rf'name="{name}" value="([0-9a-f-]+)"', page)[1] for name in ("key", "left")}  # type: ignore[index]
    return {"amount": "30.00", "reason": "requested_by_customer", "note": "Sam: he asked", **hidden, **typed}


def refund_page(payment: Payment) -> str:
    return f"/admin/subscriptions/payment/{payment.pk}/refund/"


def test_a_refund_is_previewed_and_then_made_once_however_often_the_button_is_pressed(
    sam: Client, dan: User, article: Article, payment: Payment, local_stripe: LocalStripe
) -> None:
    address = refund_page(payment)
    typed = form_of(sam, address)
    seen = text_of(sam.post(address, typed))
    assert "$30.00 goes back" in seen
    assert "held back (The payment was refunded)" in seen
    assert not Refund.objects.exists()
    for _ in range(3):
        sam.post(address, typed | {"confirm": "1"})
    assert len(local_stripe.control("objects", kind="refund")["data"]) == 1
    refund = Refund.objects.get()
    assert (refund.state, refund.requested_by.email) == ("succeeded", "sam@example.org")
    assert latest_order().state == Order.State.REFUNDED
    assert not look_up(dan.pk, None, [article.pk])[article.pk].granted
    assert "Sam: he asked" in LogEntry.objects.filter(object_id=str(payment.pk)).first().change_message
    assert OutgoingMail.objects.filter(key=f"refund:{refund.stripe_id}").count() == 1
    note = signed_in(dan).get(CreditNote.objects.get().get_absolute_url())
    assert note.content.startswith(b"%PDF")
    assert signed_in(dan).get("/my-access/").content.decode().count("Credit note") >= 1


def test_a_part_keeps_the_access_and_more_than_is_left_is_refused(
    sam: Client, dan: User, article: Article, payment: Payment
) -> None:
    address = refund_page(payment)
    assert "unchanged" in text_of(sam.post(address, form_of(sam, address, amount="10.00")))
    sam.post(address, form_of(sam, address, amount="10.00") | {"confirm": "1"})
    assert look_up(dan.pk, None, [article.pk])[article.pk].granted
    for amount in ("20.01", "0", "-1", "1e99", "ten"):
        sam.post(address, form_of(sam, address, amount=amount) | {"confirm": "1"})
    assert Refund.objects.count() == 1
    payment.refresh_from_db()
    assert payment.amount_refunded == 1000


def test_stripe_down_keeps_the_wish_and_carries_it_out_later(
    sam: Client, payment: Payment, local_stripe: LocalStripe, settings
) -> None:
    address, base = refund_page(payment), settings.STRIPE_API_BASE
    typed = form_of(sam, address) | {"confirm": "1"}
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    answer = sam.post(address, typed, follow=True)
    assert "is written down" in messages_of(answer)
    assert "Nothing is left" in text_of(sam.post(address, form_of(sam, address)))
    settings.STRIPE_API_BASE = base
    sync.SyncTarget.objects.update(next_at="2020-01-01T00:00Z")
    sync.run_due()
    assert Refund.objects.get().state == "succeeded"
    assert len(local_stripe.control("objects", kind="refund")["data"]) == 1


def test_two_workers_that_both_ask_at_the_same_moment_refund_once(
    payment: Payment, local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither finds the other's refund yet, as when both have just looked: the idempotency key stands between them."""
    monkeypatch.setattr("subscriptions.gateway.find_refund", lambda *_: None)
    wish = refunds.request(payment, 1000, reason="", note="twice", by=None)
    claims = []
    for _ in range(2):
        sync.SyncTarget.objects.update(lease_until="2020-01-01T00:00Z")
        claims.append(sync.take("refund", str(wish.request)))
    found = [sync.read(claim) for claim in claims]
    for claim, answer in zip(claims, found, strict=True):
        sync.write(claim, answer)
    sync.run_due()
    assert len(local_stripe.control("objects", kind="refund")["data"]) == 1


def test_what_stripe_has_said_yes_to_is_not_left_though_the_payment_was_not_read_again(payment: Payment) -> None:
    wish = refunds.request(payment, 1000, reason="", note="x", by=None)
    Refund.objects.filter(pk=wish.pk).update(state="pending")
    assert refunds.left(payment) == 2000
    payment.amount_refunded = 1500  # with one that was made in Stripe's dashboard, and is no row yet
    payment.save()
    refunds.request(payment, 500, reason="", note="y", by=None, left_before=1500)
    assert refunds.left(payment) == 1000


def test_what_the_bank_has_taken_back_is_not_refunded_as_well(
    sam: Client, payment: Payment, local_stripe: LocalStripe
) -> None:
    local_stripe.control("dispute", payment_intent=payment.payment_intent_id)
    sync.hint("payment", payment.payment_intent_id)
    sync.run("payment", payment.payment_intent_id)
    assert "bank has taken this payment back" in text_of(
        sam.post(refund_page(payment), form_of(sam, refund_page(payment)))
    )


def test_only_support_refunds(edith: Client, bea: Client, payment: Payment) -> None:
    for client in (edith, bea):
        assert client.post(refund_page(payment), {"confirm": "1"}).status_code == 403
    assert not Refund.objects.exists()


def test_the_policy_is_a_table_whose_changes_are_previewed_and_then_applied(
    bea: Client, dan: User, article: Article, payment: Payment, local_stripe: LocalStripe
) -> None:
    assert Policy.objects.count() == len(policy.LIMITS)
    said = text_of(bea.get("/admin/subscriptions/policy/"))
    for row in Policy.objects.all():
        assert row.get_happening_display() in said
    for words in itertools.chain(*withdrawals.RULES):
        assert words in said
    local_stripe.control("dispute", payment_intent=payment.payment_intent_id)
    sync.hint("payment", payment.payment_intent_id)
    sync.run("payment", payment.payment_intent_id)
    assert not look_up(dan.pk, None, [article.pk])[article.pk].granted

    address = "/admin/subscriptions/policy/disputed/change/"
    seen = text_of(bea.post(address, {"consequence": "keep"}))
    assert "1 right would change" in seen
    assert not look_up(dan.pk, None, [article.pk])[article.pk].granted
    bea.post(address, {"consequence": "keep", "confirm": "1"})
    sync.run_due()
    assert look_up(dan.pk, None, [article.pk])[article.pk].granted
    assert Policy.objects.get(pk="disputed").changed_by.email == "bea@example.org"


@pytest.mark.parametrize(
    ("row", "typed"),
    [
        ("refunded_in_full", {"consequence": "keep"}),
        ("dispute_lost", {"consequence": "keep"}),
        ("renewal_failed", {"consequence": "keep", "days": "31"}),
        ("renewal_failed", {"consequence": "keep", "days": ""}),
    ],
)
def test_nobody_can_set_the_policy_outside_its_limits(bea: Client, row: str, typed: dict[str, str]) -> None:
    before = Policy.objects.filter(pk=row).values().get()
    bea.post(f"/admin/subscriptions/policy/{quote(row)}/change/", typed | {"confirm": "1"})
    assert Policy.objects.filter(pk=row).values().get() == before


def test_support_reads_the_policy_and_cannot_change_it(sam: Client) -> None:
    assert sam.get("/admin/subscriptions/policy/disputed/change/").status_code == 200
    assert sam.post("/admin/subscriptions/policy/disputed/change/", {"consequence": "keep"}).status_code == 403


def test_a_finding_is_settled_by_a_person(sam: Client) -> None:
    found = Finding.objects.create(key="x", kind="duplicate", about="Dan paid twice", remedy="Refund the later one.")
    assert "Dan paid twice" in text_of(sam.get("/admin/subscriptions/finding/"))
    sam.post("/admin/subscriptions/finding/", {"action": "settle", "_selected_action": [found.pk]})
    found.refresh_from_db()
    assert found.settled_by.email == "sam@example.org"
