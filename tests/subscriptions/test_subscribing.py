"""A subscription's life: trial, codes, trainees, canceling, keeping, switching, withdrawing, paid twice."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import consents, trainees, withdrawals
from subscriptions.gateway import client as stripe_client
from subscriptions.models import (
    Consent,
    Entitlement,
    Finding,
    Offer,
    Order,
    Refund,
    Subscription,
    TraineeProof,
    Withdrawal,
)
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_offer, make_user
from tests.subscriptions.selling import buy, latest_order, order, work

PDF = SimpleUploadedFile("My Letter.pdf", b"%PDF-1.7 letter", content_type="application/pdf")


def reads(client: Client, article: Article) -> bool:
    return SECRET_SENTENCE in client.get(article.get_absolute_url()).content.decode()


def charges(stripe: LocalStripe) -> list[int]:
    found = stripe.control("objects", kind="charge")["data"]
    return sorted(charge["amount"] for charge in found if charge["status"] == "succeeded")


@pytest.fixture
def subscribed(dan: User, article: Article, local_stripe: LocalStripe) -> Client:
    """Dan subscribes by the month."""
    client = signed_in(dan)
    client.get(buy(client, local_stripe, make_offer("subscription")))
    return client


# --- consent ---------------------------------------------------------------------------------------------------------


def test_both_boxes_are_asked_for_kept_word_for_word_and_stand_on_the_receipt(
    dan: User, local_stripe: LocalStripe
) -> None:
    client, offer = signed_in(dan), make_offer("subscription")
    page = client.get(f"/offers/{offer.pk}/order/").content.decode()
    assert "It renews by itself until you cancel" in page
    assert page.count('type="checkbox"') == 2
    assert "checked" not in page
    assert client.post(f"/offers/{offer.pk}/order/", {"consent": "on"}).status_code == 200
    assert not Order.objects.exists()
    client.get(buy(client, local_stripe, offer))
    work()
    kept = {consent.kind: consent.text for consent in Consent.objects.all()}
    assert set(kept) == {"renewal", "immediate"}
    letter = next(letter for letter in mail.outbox if "eceipt" in letter.subject)
    for text in kept.values():
        assert text in letter.body


@pytest.mark.parametrize(
    ("now", "interval", "trial", "day"),
    [
        ("2026-01-31 12:00", "month", 0, "February 28, 2026"),
        ("2028-01-31 12:00", "month", 0, "February 29, 2028"),
        ("2026-12-15 12:00", "month", 0, "January 15, 2027"),
        ("2028-02-29 12:00", "year", 0, "February 28, 2029"),
        ("2026-11-22 12:00", "month", 14, "December 6, 2026"),
    ],
)
def test_the_day_of_the_next_payment_is_right_at_the_ends_of_months(
    now: str, interval: str, trial: int, day: str
) -> None:
    moment = timezone.make_aware(timezone.datetime.fromisoformat(now))  # type: ignore[attr-defined]
    assert consents.next_payment(Offer(interval=interval), trial, moment) == day


# --- trial and promotion codes ---------------------------------------------------------------------------------------


def test_a_trial_opens_at_once_charges_nothing_now_and_is_given_once(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client, offer = signed_in(dan), make_offer("subscription", trial_days=14)
    page = " ".join(client.get(f"/offers/{offer.pk}/order/").content.decode().split())
    assert "Nothing today, $9.00 on" in page
    client.get(buy(client, local_stripe, offer))
    work()
    assert reads(client, article)
    assert charges(local_stripe) == []
    letter = next(letter for letter in mail.outbox if "Your order" in letter.subject)
    assert "14 days" in letter.body
    assert "after 14 days free of charge" in letter.body  # the terms, on a durable medium, though nothing was charged
    local_stripe.control("clock/advance", days=15)
    assert charges(local_stripe) == [900]
    Subscription.objects.update(status="canceled")
    assert "Nothing today" not in client.get(f"/offers/{offer.pk}/order/").content.decode()


def test_a_promotion_code_typed_at_the_payment_page_comes_off_and_the_text_opens(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    coupon = stripe_client().v1.coupons.create({"percent_off": 50, "duration": "once"})
    stripe_client().v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SPRING"})
    client, offer = signed_in(dan), make_offer("purchase", takes_promotion_codes=True)
    url = order(client, offer, article)
    local_stripe._submit(f"{url}/promotion", {"code": "spring"})
    client.get(local_stripe.pay(url).removeprefix("http://testserver"))
    assert charges(local_stripe) == [1500]
    assert reads(client, article)


# --- trainees --------------------------------------------------------------------------------------------------------


@pytest.fixture
def sam(db: None) -> Client:
    return signed_in(make_user("sam@example.org", is_staff=True, groups=["Support"]))


def send_proof(client: Client, **fields: object) -> str:
    told = {"program": "Neurology, University of Tests", "ends_on": "2028-06-30"} | fields
    return client.post("/my-access/training/", told, follow=True).content.decode()


def decide(staff: Client, **fields: str) -> int:
    return staff.post(
        f"/admin/subscriptions/traineeproof/{TraineeProof.objects.latest('pk').pk}/decide/", fields
    ).status_code


def test_a_trainee_sends_a_proof_staff_accept_it_and_only_then_the_price_can_be_ordered(
    dan: User, article: Article, sam: Client, local_stripe: LocalStripe
) -> None:
    client, offer = signed_in(dan), make_offer("subscription", audience="trainee", amount=400)
    sent_away = client.post(f"/offers/{offer.pk}/order/", {"consent": "on", "renewal": "on"})
    assert sent_away["Location"].startswith("/my-access/training/")
    PDF.seek(0)
    assert "Your proof is with us" in send_proof(client, document=PDF)
    assert "Your proof is with us" in send_proof(client, document=PDF)
    proof = TraineeProof.objects.get()
    assert "Letter" not in proof.document.name
    download = sam.get(f"/admin/subscriptions/traineeproof/{proof.pk}/document/")
    assert download["Content-Disposition"].startswith("attachment")
    until = timezone.localdate() + timedelta(days=300)
    assert decide(sam, action="accept", valid_until=until.isoformat()) == 302
    work()
    assert "accepted" in mail.outbox[-1].body
    client.get(buy(client, local_stripe, offer))
    assert reads(client, article)
    assert charges(local_stripe) == [400]


def test_a_refused_proof_is_answered_with_its_reason_and_can_be_sent_again(
    dan: User, article: Article, sam: Client
) -> None:
    client = signed_in(dan)
    send_proof(client, attested="on", contact="Dr. Who, who@example.org")
    assert decide(sam, action="refuse") == 200  # a reason is asked for
    assert decide(sam, action="refuse", answer="The letter names somebody else.") == 302
    assert decide(sam, action="refuse", answer="Twice") == 200
    assert "names somebody else" in client.get("/my-access/training/").content.decode()
    assert "Your proof is with us" in send_proof(client, attested="on", contact="Dr. Who, who@example.org")


@pytest.mark.parametrize(
    "fields",
    [
        {"document": SimpleUploadedFile("a.pdf", b"<script>alert(1)</script>")},
        {"document": SimpleUploadedFile("a.exe", b"MZ\x90\x00")},
        {},
        {"attested": "on"},
        {"attested": "on", "contact": "x", "ends_on": "2020-01-01"},
    ],
    ids=["script", "program", "nothing", "nobody to ask", "long over"],
)
def test_what_is_no_proof_is_refused_in_words(dan: User, article: Article, fields: dict) -> None:
    assert 'role="alert"' in send_proof(signed_in(dan), **fields)
    assert not TraineeProof.objects.exists()


def test_only_support_sees_and_decides_proofs(dan: User, article: Article) -> None:
    proof = TraineeProof.objects.create(user=dan, program="X", ends_on=timezone.localdate(), document="x.pdf")
    for reader in (signed_in(dan), signed_in(make_user(is_staff=True, groups=["Editor"])), Client()):
        for page in ("document", "decide"):
            assert reader.get(f"/admin/subscriptions/traineeproof/{proof.pk}/{page}/").status_code in (302, 403)


def test_when_a_proof_runs_out_the_reader_is_told_and_the_renewal_stops(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client, sam = signed_in(dan), make_user("sam@example.org")
    proof = TraineeProof.objects.create(user=dan, program="X", ends_on=timezone.localdate())
    trainees.accept(proof, sam, timezone.localdate() + timedelta(days=29))
    client.get(buy(client, local_stripe, make_offer("subscription", audience="trainee", amount=400)))
    assert trainees.look_after() == 0
    assert trainees.look_after() == 0
    work()
    assert [letter.subject for letter in mail.outbox].count("Your proof of training ends soon") == 1
    TraineeProof.objects.update(valid_until=timezone.localdate() - timedelta(days=1))
    assert trainees.look_after() == 1
    assert trainees.look_after() == 0
    subscription = Subscription.objects.get()
    assert subscription.ends_at
    assert reads(client, article)  # what is paid for stays open
    work()
    assert "Your subscription will not renew" in [letter.subject for letter in mail.outbox]


# --- canceling, keeping, switching -----------------------------------------------------------------------------------


def test_a_reader_cancels_in_two_clicks_reads_on_and_may_change_their_mind(
    subscribed: Client, article: Article, local_stripe: LocalStripe
) -> None:
    row = Subscription.objects.get()
    assert "Cancel subscription" in subscribed.get("/my-access/").content.decode()
    assert "Nothing more is charged" in subscribed.get(f"/subscriptions/{row.pk}/cancel/").content.decode()
    page = subscribed.post(f"/subscriptions/{row.pk}/cancel/", follow=True).content.decode()
    assert "Your subscription is canceled. You can read until" in page
    assert "Keep my subscription" in page
    assert reads(subscribed, article)
    work()
    assert "Your subscription is canceled" in mail.outbox[-1].body
    page = subscribed.post(f"/subscriptions/{row.pk}/keep/", follow=True).content.decode()
    assert "Your subscription goes on: $9.00 on" in page
    row.refresh_from_db()
    assert row.ends_at is None
    local_stripe.control("clock/advance", days=32)
    assert charges(local_stripe) == [900, 900]


def test_a_canceled_subscription_ends_with_its_period(
    subscribed: Client, article: Article, local_stripe: LocalStripe
) -> None:
    row = Subscription.objects.get()
    subscribed.post(f"/subscriptions/{row.pk}/cancel/")
    local_stripe.control("clock/advance", days=32)
    assert charges(local_stripe) == [900]
    row.refresh_from_db()
    right = Entitlement.objects.get()
    assert right.ends_at == row.ends_at == row.period_end


def test_nobody_changes_somebody_elses_subscription(subscribed: Client) -> None:
    row, offer = Subscription.objects.get(), make_offer("subscription", interval="year", amount=8900)
    stranger = signed_in(make_user())
    for path in ("cancel/", "keep/", f"switch/{offer.pk}/"):
        assert stranger.post(f"/subscriptions/{row.pk}/{path}").status_code == 404
    row.refresh_from_db()
    assert row.ends_at is None


def test_stripe_unreachable_changes_nothing_and_says_so(subscribed: Client, settings: object) -> None:
    row = Subscription.objects.get()
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"  # type: ignore[attr-defined]
    page = subscribed.post(f"/subscriptions/{row.pk}/cancel/", follow=True).content.decode()
    assert "Nothing was changed" in page


def test_switching_to_yearly_says_the_amount_before_and_charges_it(
    subscribed: Client, article: Article, local_stripe: LocalStripe
) -> None:
    row, yearly = Subscription.objects.get(), make_offer("subscription", interval="year", amount=8900)
    assert "Pay by the year: $89.00" in subscribed.get("/my-access/").content.decode()
    page = subscribed.get(f"/subscriptions/{row.pk}/switch/{yearly.pk}/").content.decode()
    assert "To pay now" in page
    assert "$80.0" in page  # 89 less an unused month of 9
    confirm = subscribed.post(f"/subscriptions/{row.pk}/switch/{yearly.pk}/")["Location"]
    assert confirm.startswith(local_stripe.url)
    back = local_stripe._submit(confirm, {"deed": "confirm", "subscription": row.stripe_id})
    page = subscribed.get(back.removeprefix("http://testserver"), follow=True).content.decode()
    assert "$89.00 per year" in page, back
    assert len(charges(local_stripe)) == 2
    assert 7990 <= charges(local_stripe)[-1] <= 8010
    assert reads(subscribed, article)


def test_a_failed_renewal_is_told_with_the_day_and_a_way_to_pay(
    subscribed: Client, article: Article, local_stripe: LocalStripe
) -> None:
    local_stripe.control("fail_next", times=1, code="generic_decline")
    local_stripe.control("clock/advance", days=32)
    subscribed.get("/my-access/card/changed/")
    page = " ".join(subscribed.get("/my-access/").content.decode().split())
    assert "Payment failed" in page
    assert "You can read on until" in page
    assert "Update the card" in page
    assert reads(subscribed, article)
    assert subscribed.post("/my-access/card/")["Location"].startswith(local_stripe.url)


# --- withdrawing -----------------------------------------------------------------------------------------------------


def test_a_withdrawal_takes_two_steps_and_is_acknowledged_with_its_content(subscribed: Client, dan: User) -> None:
    number = latest_order().number
    assert "Withdraw from contract here" in subscribed.get("/my-access/").content.decode()
    told = {"name": "Dan", "contract": f"Order {number.lower()}", "email": dan.email}
    assert "Confirm withdrawal" in subscribed.post("/withdraw/", told).content.decode()
    assert not Withdrawal.objects.exists()
    assert "has been received" in subscribed.post("/withdraw/", {**told, "step": "confirm"}).content.decode()
    work()
    letter = next(letter for letter in mail.outbox if letter.subject == "Your withdrawal has been received")
    assert number.lower() in letter.body
    assert Withdrawal.objects.get().order == latest_order()


def test_staff_see_what_the_law_says_and_accepting_ends_the_contract_and_refunds_the_unused_part(
    subscribed: Client, article: Article, dan: User, sam: Client, local_stripe: LocalStripe
) -> None:
    row = withdrawals.receive(name="Dan", email=dan.email, contract=latest_order().number, user=dan)
    page = sam.get(f"/admin/subscriptions/withdrawal/{row.pk}/decide/").content.decode()
    assert "is for time not used yet" in page
    assert sam.post(f"/admin/subscriptions/withdrawal/{row.pk}/decide/", {"action": "accept"}).status_code == 302
    work()
    assert Subscription.objects.get().status == "canceled"
    assert 890 <= Refund.objects.get().amount <= 900
    assert not reads(subscribed, article)


def test_an_article_opened_at_once_has_no_right_of_withdrawal_once_the_receipt_is_out(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    client = signed_in(dan)
    client.get(buy(client, local_stripe, make_offer("purchase"), article))
    row = withdrawals.receive(name="Dan", email=dan.email, contract=latest_order().number, user=dan)
    assert withdrawals.propose(row).is_right  # not confirmed on a durable medium yet
    work()
    assert not withdrawals.propose(row).is_right


def test_somebody_elses_contract_is_not_found_and_the_page_says_the_same(subscribed: Client) -> None:
    told = {"name": "Eve", "contract": latest_order().number, "email": "eve@example.org", "step": "confirm"}
    assert "has been received" in Client().post("/withdraw/", told).content.decode()
    assert Withdrawal.objects.get().order is None


@pytest.mark.parametrize(("used", "back"), [(0, 900), (15, 450), (30, 0), (40, 0), (1, 870)])
def test_the_unused_part_is_counted_to_the_second_and_rounded_for_the_reader(used: int, back: int) -> None:
    begun = timezone.now()
    end = begun + timedelta(days=30)
    assert withdrawals.unused(900, begun, end, begun + timedelta(days=used)) == back
    assert withdrawals.unused(1, begun, end, begun + timedelta(days=29)) == 1


# --- paid twice ------------------------------------------------------------------------------------------------------


def test_what_was_paid_twice_is_proposed_to_the_reader_and_the_second_goes_back(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    """Two payment pages for one article, both paid."""
    client, purchase = signed_in(dan), make_offer("purchase")
    url = order(client, purchase, article)
    first = latest_order()
    Order.objects.filter(pk=first.pk).update(state="expired")  # as after a crash between Stripe and us
    second = order(client, purchase, article)
    for page in (second, url):
        local_stripe.pay(page)
    for row in Order.objects.all():
        from subscriptions import support

        support.re_read("order", str(row.pk))
    assert charges(local_stripe) == [3000, 3000]
    finding = Finding.objects.get(kind="duplicate")
    assert "You seem to have paid twice" in client.get("/my-access/").content.decode()
    assert signed_in(make_user()).post(f"/my-access/duplicates/{finding.pk}/", {"answer": "refund"}).status_code == 404
    client.post(f"/my-access/duplicates/{finding.pk}/", {"answer": "refund"})
    work()
    assert [refund.amount for refund in Refund.objects.all()] == [3000]
    assert reads(client, article)
    assert "paid twice" not in client.get("/my-access/").content.decode()


def test_two_guests_who_buy_the_same_article_have_not_paid_twice(article: Article, local_stripe: LocalStripe) -> None:
    offer = make_offer("purchase")
    for email in ("one@example.org", "two@example.org"):
        guest = Client()
        answer = guest.post(f"/offers/{offer.pk}/order/", {"consent": "on", "article": article.pk, "email": email})
        guest.get(local_stripe.pay(answer["Location"]).removeprefix("http://testserver"))
    assert [finding.about for finding in Finding.objects.all()] == []
    assert not Refund.objects.exists()
