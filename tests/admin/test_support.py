"""Support on the phone: whose is this number, did they pay, what did they get, why is it closed; and reading again."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail as outbox
from django.test import Client
from django.utils import timezone

from accounts.models import ServiceCenter, SignInIncident, User
from subscriptions import gateway
from subscriptions.models import (
    Entitlement,
    Order,
    OutgoingMail,
    Payment,
    Receipt,
    StripeCustomer,
    StripeEvent,
    Subscription,
    SyncTarget,
)
from tests.admin.said import messages_of, text_of
from tests.conftest import signed_in
from tests.make import make_article, make_institution, make_journal, make_offer, make_right, make_user
from tests.subscriptions.selling import buy, latest_order

pytestmark = pytest.mark.django_db
ORDERS, PEOPLE = "/admin/subscriptions/order/", "/admin/accounts/user/"
PERSON = "/admin/desk/people/{}/"


@pytest.fixture
def bought(dan: User) -> Order:
    """Dan's paid order with everything that follows from one."""
    offer, article = make_offer(), make_article(title="On waiting herons", doi="10.5555/heron.1")
    order = Order.objects.create(
        user=dan, offer=offer, kind="purchase", article=article, journal=article.journal, amount=3000, currency="usd",
        description="Article: “On waiting herons”", state="paid", paid_at=timezone.now(), session_id="cs_test_1",
        payment_intent_id="pi_1", number="7KQ4-9ACM", amount_paid=3000,
    )  # fmt: skip
    make_right(dan, article, source=f"order:{order.pk}")
    payment = Payment.objects.create(
        charge_id="ch_1", payment_intent_id="pi_1", user=dan, order=order, amount=3000, currency="usd",
        paid_at=timezone.now(), card_brand="visa", card_last4="4242",
    )  # fmt: skip
    Receipt.objects.create(payment=payment, user=dan, description=order.description)
    StripeCustomer.objects.create(user=dan, stripe_id="cus_1")
    SignInIncident.objects.create(reference="E2-7KQ4M", stage="E2", user=dan, path="/", happened="timeout")
    return order


# --- the list answers the question ---


def test_the_list_of_orders_says_who_paid_and_what_they_got(sam: Client, bought: Order) -> None:
    said = text_of(sam.get(ORDERS))
    assert "7KQ4-9ACM" in said
    assert "dan@example.org" in said
    assert "Paid, " in said
    assert "In force, without end" in said


def test_an_order_without_a_right_says_nothing_was_got(sam: Client, bought: Order) -> None:
    Entitlement.objects.all().delete()
    assert "Nothing" in text_of(sam.get(ORDERS))


def test_the_list_asks_the_database_as_often_for_one_order_as_for_many(
    sam: Client, bought: Order, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        Order.objects.create(
            user=make_user(), offer=bought.offer, kind="purchase", article=bought.article, journal=bought.journal,
            amount=1, currency="usd", description="x", state="expired",
        )  # fmt: skip
    with django_assert_max_num_queries(12):
        sam.get(ORDERS)


@pytest.mark.parametrize(
    "words", ["7KQ4-9ACM", "7kq4", "dan@example.org", "cs_test_1", "pi_1", "ch_1", "10.5555/heron.1"]
)
def test_an_order_is_found_by_what_a_reader_can_read_out(sam: Client, bought: Order, words: str) -> None:
    assert "7KQ4-9ACM" in text_of(sam.get(ORDERS, {"q": words}))


@pytest.mark.parametrize(
    "words", ["dan@", "Dan", "7KQ4-9ACM", "7kq4 9acm", "7KQ49ACM", "E2-7KQ4M", "cus_1", "pi_1", "ch_1", "receipt"]
)
def test_a_person_is_found_by_anything_they_can_read_out(sam: Client, bought: Order, words: str) -> None:
    make_user("eve@example.org", name="Eve")
    words = str(Receipt.objects.get().number) if words == "receipt" else words
    said = text_of(sam.get(PEOPLE, {"q": words}))
    assert "dan@example.org" in said
    assert "eve@example.org" not in said


def test_a_persons_page_shows_rights_orders_receipts_and_errors(sam: Client, bought: Order, dan: User) -> None:
    said = text_of(sam.get(PERSON.format(dan.pk)))
    for words in ("On waiting herons", "7KQ4-9ACM", "$30.00", "In force, without end", "E2-7KQ4M", "cus_1", "Receipt "):
        assert words in said
    assert "pbkdf2" not in said and "md5" not in said


def test_a_person_with_very_many_rights_has_a_short_page(sam: Client, dan: User) -> None:
    for _ in range(30):
        make_right(dan, make_article())
    said = text_of(sam.get(PERSON.format(dan.pk)))
    assert "all of them" in said
    assert said.count("In force, without end") == 20


@pytest.mark.parametrize(
    "page", ["order", "subscription", "payment", "receipt", "stripeevent", "synctarget", "outgoingmail"]
)
def test_what_happened_is_never_typed(root: Client, page: str) -> None:
    assert root.get(f"/admin/subscriptions/{page}/add/").status_code == 403


def test_an_order_cannot_be_edited_or_deleted(root: Client, bought: Order) -> None:
    assert root.post(f"{ORDERS}{bought.pk}/change/", {"state": "refunded"}).status_code == 403
    assert root.post(f"{ORDERS}{bought.pk}/delete/", {"post": "yes"}).status_code == 403


def test_ids_lead_to_stripes_dashboard_of_the_right_mode(sam: Client, bought: Order, settings: Any) -> None:
    page = f"{ORDERS}{bought.pk}/change/"
    assert "dashboard.stripe.com" not in sam.get(page).content.decode()
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    assert 'href="https://dashboard.stripe.com/test/payments/pi_1"' in sam.get(page).content.decode()
    settings.STRIPE_LIVEMODE = True
    assert 'href="https://dashboard.stripe.com/payments/pi_1"' in sam.get(page).content.decode()


# --- explain access ---


def explain(client: Client, user: User, **asked: str) -> str:
    answer = client.get(f"{PERSON.format(user.pk)}explain/", asked)
    assert answer.status_code == 200
    return text_of(answer)


def test_support_sees_why_an_article_is_open(sam: Client, bought: Order, dan: User) -> None:
    said = explain(sam, dan, doi="https://doi.org/10.5555/HERON.1")
    assert "Yes, dan@example.org may read" in said
    assert "Yes: it was bought." in said
    assert f"In force without end Order {bought.number}" in said


def test_support_sees_why_an_article_is_closed(sam: Client, bought: Order, dan: User) -> None:
    Entitlement.objects.update(revoked_at=timezone.now(), revoke_reason="The payment was refunded")
    said = explain(sam, dan, doi="10.5555/heron.1")
    assert "No, dan@example.org may not read" in said
    assert "Taken back" in said and "The payment was refunded" in said


def test_support_sees_an_institutions_right_by_the_readers_address(sam: Client, dan: User) -> None:
    article = make_article(doi="10.5555/a")
    make_right(make_institution("192.0.2.0/24"), article.journal)
    assert "No, dan@example.org may not read" in explain(sam, dan, doi="10.5555/a")
    assert "access is provided by University of Tests" in explain(sam, dan, doi="10.5555/a", ip="192.0.2.7")


def test_a_wrong_doi_or_address_is_said_with_the_remedy(sam: Client, dan: User) -> None:
    assert "This is not a DOI. Write it like 10.1234/abc" in explain(sam, dan, doi="herons")
    assert "There is no article with the DOI 10.5555/none here." in explain(sam, dan, doi="10.5555/none")
    make_article(doi="10.5555/a")
    assert "This is not an IP address" in explain(sam, dan, doi="10.5555/a", ip="999.1")


def test_explaining_needs_the_role_support(bea: Client, dan: User) -> None:
    assert bea.get(f"{PERSON.format(dan.pk)}explain/").status_code == 403
    assert bea.get(PERSON.format(dan.pk)).status_code == 403


# --- reading Stripe again ---


def test_an_order_is_read_again_from_stripe(sam: Client, dan: User, local_stripe: Any) -> None:
    buy(signed_in(dan), local_stripe, make_offer(), make_article())
    order = latest_order()
    assert order.state == "open"  # paid at Stripe, and neither webhook nor return page has come
    said = messages_of(sam.post(f"{ORDERS}{order.pk}/re-read/"))
    assert said == f"Order {order.number} was re-read from Stripe: Paid."
    assert Entitlement.objects.get().user == dan
    assert LogEntry.objects.get().get_change_message() == "Re-read from Stripe."


def test_a_stripe_that_does_not_answer_is_said_and_nothing_is_lost(sam: Client, bought: Order) -> None:
    said = messages_of(sam.post(ORDERS, {"action": "re_read_selected", "_selected_action": [bought.pk]}))
    assert "was not re-read. Stripe did not answer as hoped" in said
    bought.refresh_from_db()
    assert bought.state == "paid"
    assert SyncTarget.objects.get().attempts == 1


def test_an_order_that_never_reached_stripe_says_so(sam: Client, bought: Order) -> None:
    Order.objects.update(session_id=None)
    assert "never reached Stripe" in messages_of(sam.post(f"{ORDERS}{bought.pk}/re-read/"))


def test_too_many_at_once_are_refused(sam: Client, bought: Order, monkeypatch: Any) -> None:
    monkeypatch.setattr("subscriptions.admin.rereading.MOST_AT_ONCE", 0)
    said = messages_of(sam.post(ORDERS, {"action": "re_read_selected", "_selected_action": [bought.pk]}))
    assert "Choose at most 0 at a time" in said
    assert not SyncTarget.objects.exists()


def test_editors_and_business_read_nothing_again(edith: Client, bea: Client, bought: Order) -> None:
    for client in (edith, bea):
        assert client.post(f"{ORDERS}{bought.pk}/re-read/").status_code == 403
    assert not SyncTarget.objects.exists()


def test_what_was_given_up_stands_first_and_can_be_tried_again(sam: Client, bought: Order, monkeypatch: Any) -> None:
    SyncTarget.objects.create(kind="subscription", key="sub_fine", dirty=1, clean=1)
    dead = SyncTarget.objects.create(
        kind="order", key=str(bought.pk), dirty=2, clean=1, dead=True, last_error="No such"
    )
    page = sam.get("/admin/subscriptions/synctarget/")
    assert text_of(page).index("Given up") < text_of(page).index("Up to date")

    def gone(*_: Any) -> None:
        raise gateway.Gone("No such checkout.session")

    monkeypatch.setattr(gateway, "read_session", gone)
    data = {"action": "try_again", "_selected_action": [dead.pk]}
    assert "No such checkout.session" in messages_of(sam.post("/admin/subscriptions/synctarget/", data))


# --- the inbox, the outbox and the service center ---


def test_an_event_shows_its_deliveries_and_its_payload_as_text(sam: Client) -> None:
    payload = {"id": "evt_1", "data": {"object": {"id": "cs_1", "note": "<script>alert(1)</script>"}}}
    StripeEvent.objects.create(
        id="evt_1", type="checkout.session.completed", object_type="checkout.session", object_id="cs_1", livemode=False,
        created=timezone.now(), payload=payload, deliveries=3,
    )  # fmt: skip
    html = sam.get("/admin/subscriptions/stripeevent/evt_5F1/change/").content.decode()
    assert "<script>alert(1)" not in html
    assert json.dumps(payload, indent=2).splitlines()[1].strip().replace('"', "&quot;") in html


def unsent(dan: User, **fields: Any) -> OutgoingMail:
    usual = {"key": "alert:x", "template": "subscriptions/email/alert", "to": dan.email, "context": {"message": "Look"}}
    return OutgoingMail.objects.create(**{**usual, "attempts": 10, "last_error": "Connection refused", **fields})


def send_again(client: Client, message: OutgoingMail) -> str:
    data = {"action": "send_again", "_selected_action": [message.pk]}
    return messages_of(client.post("/admin/subscriptions/outgoingmail/", data))


def test_mail_that_did_not_go_out_is_sent_after_a_try_again(sam: Client, dan: User) -> None:
    message = unsent(dan)
    assert "is sent to dan@example.org" in send_again(sam, message)
    assert [mail.to for mail in outbox.outbox] == [["dan@example.org"]]


def test_mail_that_was_sent_is_not_sent_twice(sam: Client, dan: User) -> None:
    assert "it is not sent twice" in send_again(sam, unsent(dan, sent_at=timezone.now()))
    assert outbox.outbox == []


def test_a_mail_server_that_refuses_is_said(sam: Client, dan: User, monkeypatch: Any) -> None:
    def refuse(*_: Any) -> None:
        raise ConnectionRefusedError("Connection refused by the mail server")

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
    assert "was not sent: Connection refused by the mail server" in send_again(sam, unsent(dan, last_error=""))


def test_an_error_is_found_by_the_reference_the_reader_reads_out(sam: Client, bought: Order) -> None:
    assert "timeout" in text_of(sam.get("/admin/accounts/signinincident/", {"q": "e2-7kq4m"}))


def test_the_service_center_is_seen_as_readers_see_it_and_cannot_be_deleted(bea: Client) -> None:
    center = ServiceCenter.objects.create(name="Reader services", phone="+1 212 555 0100")
    page = "/admin/accounts/servicecenter/1/"
    assert 'href="tel:+12125550100"' in bea.get(f"{page}change/").content.decode()
    assert bea.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    answer = bea.post(f"{page}change/", {"name": center.name, "phone": "call me"})
    assert "Write a telephone number with digits" in text_of(answer)


# --- institutions ---


def save_institution(client: Client, *networks: str, **fields: str) -> Any:
    data = {"name": "University of Tests", "seats": 0, "tax_exempt": "none", **fields}
    for inline, number in {"ranges": len(networks), "library_managers": 0}.items():
        data |= {f"{inline}-TOTAL_FORMS": number, f"{inline}-INITIAL_FORMS": 0}
    data |= {f"ranges-{number}-network": network for number, network in enumerate(networks)}
    return client.post("/admin/subscriptions/institution/add/", data)


def test_an_institution_is_saved_with_its_networks_in_one_spelling(bea: Client) -> None:
    assert save_institution(bea, "192.0.2.7/24", "2001:db8::/32").status_code == 302
    assert "2 " in text_of(bea.get("/admin/subscriptions/institution/"))


@pytest.mark.parametrize(
    ("networks", "sentence"),
    [
        (["campus"], "“campus” is not a network. Write it like 192.0.2.0/24 or 2001:db8::/32."),
        (["0.0.0.0/0"], "This range is wider than any institution's."),
        (["2000::/3"], "This range is wider than any institution's."),
        (["192.0.2.1/24", "192.0.2.9/24"], "The same network stands here twice."),
    ],
)
def test_a_network_that_is_none_too_wide_or_twice_is_refused(bea: Client, networks: list[str], sentence: str) -> None:
    answer = save_institution(bea, *networks)
    assert answer.status_code == 200
    assert sentence in text_of(answer)


def test_a_ror_id_is_checked(bea: Client) -> None:
    assert "A ROR id looks like https://ror.org/" in text_of(save_institution(bea, ror_id="ror.org/x"))


def test_a_subscription_page_tells_what_it_opens(sam: Client, dan: User) -> None:
    now = timezone.now()
    journal = make_journal()
    row = Subscription.objects.create(
        stripe_id="sub_1", user=dan, journal=journal, status="past_due", amount=900, currency="usd", interval="month",
        period_start=now, period_end=now, synced_at=now,
    )  # fmt: skip
    make_right(
        dan, journal, "subscription", source="subscription:sub_1", ends_at=now + timedelta(days=9), grace_since=now
    )
    assert "renewal failing" in text_of(sam.get(f"/admin/subscriptions/subscription/{row.pk}/change/"))
