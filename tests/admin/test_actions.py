"""What support does for a reader: previewed, done once, written down, undone; and what is refused in words."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core import mail as outbox
from django.test import Client
from django.utils import timezone

from accounts.models import AccountMerge, User
from desk.models import AuditEntry
from journal.models import Article
from subscriptions import sync
from subscriptions.access import look_up
from subscriptions.mail import send_unsent
from subscriptions.models import (
    Dispute,
    Entitlement,
    Order,
    OutgoingMail,
    Payment,
    Receipt,
    Refund,
    StripeCustomer,
    Subscription,
)
from tests.accounts.steps import by_password, is_signed_in, mailed_code
from tests.admin.acting import WHY, address, confirm, do, look, token_in, undo
from tests.admin.said import messages_of, text_of
from tests.conftest import signed_in
from tests.make import make_article, make_issue, make_offer, make_right, make_user
from tests.subscriptions.selling import buy, latest_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def bea_too(db: None) -> Client:
    """A second agent of support, at the same time."""
    return signed_in(make_user("bob@example.org", groups=["Support"], is_staff=True, name="Bob"))


def may_read(person: User, article: Article) -> bool:
    return look_up(person.pk, None, [article.pk])[article.pk].granted


def paid(person: User, article: Article, **fields: Any) -> Payment:
    """A purchase as selling leaves it: order, payment, receipt, right."""
    now, number = timezone.now(), Payment.objects.count() + 1
    order = Order.objects.create(
        user=person, offer=make_offer(active=False), kind="purchase", article=article, journal=article.journal,
        amount=3000, currency="usd", description=article.title, state="paid", paid_at=now, session_id=f"cs_{number}",
    )  # fmt: skip
    defaults = {"charge_id": f"ch_{number}", "payment_intent_id": f"pi_{number}", "card_last4": "4242"}
    payment = Payment.objects.create(
        user=person, order=order, amount=3000, currency="usd", paid_at=now, **{**defaults, **fields}
    )
    Receipt.objects.create(payment=payment, user=person, description=article.title)
    make_right(person, article, source=f"order:{order.pk}")
    return payment


# --- the frame -------------------------------------------------------------------------------------------------------


def test_an_action_asks_for_a_reason_shows_what_happens_does_it_once_and_is_undone(sam: Client, dan: User) -> None:
    reader = Client()
    by_password(reader, dan.email)
    assert "Hold the account" in text_of(sam.get(f"/admin/desk/people/{dan.pk}/"))
    assert "Write the reason" in text_of(look(sam, dan, "hold", why="review", reason=" "))
    shown = look(sam, dan, "hold", why="review")
    assert "dan@example.org is signed out everywhere (1 open now)" in text_of(shown)
    assert is_signed_in(reader)
    sent = {"reason": WHY, "why": "review", "token": token_in(shown), "confirm": "yes"}
    done_by = sam.post(address(dan, "hold"), sent)["X-Request-ID"]
    answer = confirm(sam, dan, "hold", shown, why="review")
    assert "Nothing was done twice" in messages_of(answer)
    assert not is_signed_in(reader)
    assert UserSession.objects.filter(user=dan).count() == 0
    held = by_password(Client(), dan.email)
    assert (held.status_code, "E3-" in held.content.decode()) == (403, True)
    entry = AuditEntry.objects.get()
    assert (entry.by.email, entry.person, entry.action, entry.reason) == ("sam@example.org", dan, "hold", WHY)
    assert entry.request_id == done_by
    assert "Undo…" in text_of(answer)
    undo(sam, entry)
    assert by_password(Client(), dan.email).status_code == 302
    again = text_of(sam.get(f"/admin/desk/log/{entry.pk}/undo/"))
    assert "has been undone or ended already" in again
    assert [one.action for one in AuditEntry.objects.order_by("pk")] == ["hold", "undo_hold"]
    entry.refresh_from_db()
    assert entry.follow_up.reason == "A mistake"


def test_of_two_agents_the_second_is_told_who_was_quicker_and_nothing_happens_twice(
    sam: Client, bea_too: Client, dan: User, article: Article
) -> None:
    typed = {"what": "article", "doi": article.doi, "first_day": timezone.localdate().isoformat(), "last_day": ""}
    here, there = (look(client, dan, "complimentary", **typed) for client in (sam, bea_too))
    confirm(sam, dan, "complimentary", here, **typed)
    answer = confirm(bea_too, dan, "complimentary", there, **typed)
    said = text_of(answer)
    assert "Things have changed since you looked: sam@example.org was quicker" in said
    assert "They can read it already: complimentary" in said
    assert Entitlement.objects.count() == 1
    confirm(bea_too, dan, "complimentary", answer, **typed)  # having seen it, Bob may still mean it
    assert Entitlement.objects.count() == 2


def test_a_token_is_for_one_form_one_person_and_one_agent(sam: Client, bea_too: Client, dan: User, alice: User) -> None:
    shown = look(sam, dan, "hold", why="review")
    for client, person, why in ((bea_too, dan, "review"), (sam, alice, "review"), (sam, dan, "staff")):
        assert "is more than an hour old" in text_of(confirm(client, person, "hold", shown, why=why))
    sam.post(address(dan, "hold"), {"reason": WHY, "why": "review", "confirm": "yes", "token": "forged"})
    assert not AuditEntry.objects.exists()
    assert User.objects.filter(is_active=False).count() == 0


def test_what_support_may_do_is_not_done_to_colleagues(sam: Client, root: Client) -> None:
    boss = make_user("boss@example.org", groups=["Administrator"], is_staff=True)
    for name in ("hold", "change_email", "merge", "end_sessions", "view_as"):
        assert "staff account" in text_of(sam.get(address(boss, name))) or "colleague" in text_of(
            sam.get(address(boss, name))
        )
    look(sam, boss, "change_email", email="mine@example.org", sessions="keep")
    boss.refresh_from_db()
    assert boss.email == "boss@example.org"
    links = text_of(sam.get(f"/admin/desk/people/{boss.pk}/"))
    assert "Change the email address" not in links and "Give complimentary access" in links


# --- rights ----------------------------------------------------------------------------------------------------------


def test_complimentary_access_to_an_article_its_issue_or_the_journal(sam: Client, dan: User) -> None:
    article = make_article(issue=make_issue())
    today = timezone.localdate().isoformat()
    for what in ("article", "issue", "journal"):
        entry = do(sam, dan, "complimentary", what=what, doi=article.doi, first_day=today, last_day=today)
        assert may_read(dan, article)
        right = Entitlement.objects.latest("pk")
        assert (right.kind, right.granted_by.email, right.reason) == ("complimentary", "sam@example.org", WHY)
        assert entry.row() == right
        undo(sam, entry)
        assert not may_read(dan, article)
    wrong = look(sam, dan, "complimentary", what="article", doi="10.5555/none", first_day=today, last_day="2020-01-01")
    said = text_of(wrong)
    assert "There is no article with the DOI 10.5555/none here" in said
    assert "The last day lies before the first" in said


def test_a_rental_is_extended_whether_it_runs_waits_or_is_over(sam: Client, dan: User, article: Article) -> None:
    now = timezone.now()
    began = now - timedelta(days=3)
    over = make_right(dan, article, "rental", starts_at=began, opened_at=began, ends_at=now - timedelta(days=1))
    waits = make_right(dan, make_article(), "rental")
    entry = do(sam, dan, "extend_rental", right=over.pk, hours=5)
    assert may_read(dan, article)
    undo(sam, entry)
    assert not may_read(dan, article)
    before = waits.open_by
    do(sam, dan, "extend_rental", right=waits.pk, hours=48)
    waits.refresh_from_db()
    assert (waits.open_by, waits.opened_at) == (before + timedelta(hours=48), None)
    stranger = make_right(make_user(), article, "rental")
    said = text_of(look(sam, dan, "extend_rental", right=stranger.pk, hours=5))
    assert "This is not a rental of dan@example.org" in said
    assert "less than or equal to 720" in text_of(look(sam, dan, "extend_rental", right=waits.pk, hours=9999))


def test_a_right_is_revoked_given_back_and_both_undone(sam: Client, dan: User, article: Article) -> None:
    right = make_right(dan, article)
    make_right(dan, article.journal, "subscription", source="subscription:sub_1")
    shown = text_of(look(sam, dan, "revoke", right=right.pk))
    assert "They can still read it, through subscription:sub_1" in shown
    assert "It was sold: this gives no money back" in shown
    revoked = do(sam, dan, "revoke", right=right.pk)
    right.refresh_from_db()
    assert (right.revoked_by.email, right.revoke_reason) == ("sam@example.org", WHY)
    given = do(sam, dan, "give_back", right=right.pk)
    assert "is not revoked by staff any more" in text_of(sam.get(f"/admin/desk/log/{revoked.pk}/undo/"))
    undo(sam, given)
    right.refresh_from_db()
    assert (right.revoke_reason, bool(right.revoked_at)) == (WHY, True)
    assert "not a right that staff revoked" in text_of(look(sam, dan, "give_back", right=0))


# --- money and papers ------------------------------------------------------------------------------------------------


def test_a_receipt_goes_out_again_to_the_address_as_it_is_now(sam: Client, dan: User, article: Article) -> None:
    payment = paid(dan, article)
    other = paid(make_user(), make_article())
    said = text_of(look(sam, dan, "resend", paper=f"receipt:{other.receipt.pk}"))
    assert "This is not a paper of dan@example.org" in said
    do(sam, dan, "resend", paper=f"receipt:{payment.receipt.pk}")
    send_unsent()
    (letter,) = outbox.outbox
    assert letter.to == ["dan@example.org"]
    assert str(payment.receipt.number) in letter.body
    assert OutgoingMail.objects.get().user == dan
    context = {"order_number": "7KQ4-9ACM", "paragraphs": ["You bought it."], "language": "en"}
    sent = OutgoingMail.objects.create(
        key="confirmation:1", template="subscriptions/email/confirmation", to="old@example.org", user=dan,
        context=context, sent_at=timezone.now(),
    )  # fmt: skip
    do(sam, dan, "resend", paper=f"mail:{sent.pk}")
    again = OutgoingMail.objects.latest("pk")
    assert (again.to, again.template, again.context, again.sent_at) == (dan.email, sent.template, context, None)
    said = text_of(look(sam, dan, "resend", paper=f"mail:{sent.pk}"))
    assert "Confirmation of order 7KQ4-9ACM" in said


def test_stripe_is_read_again_for_everything_and_says_when_it_does_not_answer(
    sam: Client, dan: User, article: Article, local_stripe: Any, settings: Any
) -> None:
    assert "ever reached Stripe" in text_of(look(sam, dan, "reread", what="all"))
    buy(signed_in(dan), local_stripe, make_offer(), article)
    assert not may_read(dan, article)
    base, settings.STRIPE_API_BASE = settings.STRIPE_API_BASE, "http://127.0.0.1:9"
    shown = look(sam, dan, "reread", what="all")
    assert "Stripe did not answer as hoped" in text_of(confirm(sam, dan, "reread", shown, what="all"))
    assert [one.action for one in AuditEntry.objects.order_by("pk")] == ["reread", "came_to_nothing"]
    settings.STRIPE_API_BASE = base
    do(sam, dan, "reread", what=f"order-{latest_order().number}")
    assert may_read(dan, article)


def test_a_refund_is_found_from_the_person_and_stands_in_the_log_with_its_person(
    sam: Client, dan: User, article: Article, local_stripe: Any
) -> None:
    client = signed_in(dan)
    client.get(buy(client, local_stripe, make_offer(), article))
    payment, foreign = Payment.objects.get(), paid(make_user(), make_article())
    assert "This is not a payment of dan@example.org" in text_of(look(sam, dan, "refund", payment=foreign.pk))
    page = look(sam, dan, "refund", payment=payment.pk)["Location"]
    assert page == f"/admin/subscriptions/payment/{payment.pk}/refund/"
    form = {
        "amount": "30.01",
        "reason": "requested_by_customer",
        "note": WHY,
        "key": "0" * 32,
        "left": "3000",
        "confirm": "1",
    }
    assert "$30.00 of this payment can still be refunded" in text_of(sam.post(page, form))
    sam.post(page, {**form, "amount": "30.00"})
    assert Refund.objects.get().state == "succeeded"
    entry = AuditEntry.objects.get(person=dan)
    assert (entry.by.email, entry.action) == ("sam@example.org", "change payment")
    assert "Refund of $30.00" in entry.effect and WHY in entry.effect


def test_a_subscription_is_canceled_at_stripe_and_goes_on_after_an_undo(
    sam: Client, dan: User, article: Article, local_stripe: Any, settings: Any
) -> None:
    client = signed_in(dan)
    client.get(buy(client, local_stripe, make_offer("subscription"), article))
    sync.run_due()
    subscription = Subscription.objects.get()
    shown = look(sam, dan, "cancel_subscription", subscription=subscription.pk, when="period")
    assert "It does not renew" in text_of(shown)
    base, settings.STRIPE_API_BASE = settings.STRIPE_API_BASE, "http://127.0.0.1:9"
    typed = {"subscription": subscription.pk, "when": "period"}
    assert "nothing was changed" in text_of(confirm(sam, dan, "cancel_subscription", shown, **typed))
    settings.STRIPE_API_BASE = base
    entry = do(sam, dan, "cancel_subscription", **typed)
    subscription.refresh_from_db()
    assert subscription.ends_at
    assert "is canceled already" in text_of(look(sam, dan, "cancel_subscription", **typed))
    undo(sam, entry)
    subscription.refresh_from_db()
    assert subscription.ends_at is None
    do(sam, dan, "cancel_subscription", subscription=subscription.pk, when="now")
    subscription.refresh_from_db()
    assert subscription.status == "canceled"
    assert not may_read(dan, article)
    assert OutgoingMail.objects.filter(template="subscriptions/email/changed", user=dan).count() == 3


# --- the account -----------------------------------------------------------------------------------------------------


def test_sessions_are_ended_everywhere(sam: Client, dan: User) -> None:
    assert "is signed in nowhere" in text_of(look(sam, dan, "end_sessions"))
    browsers = [Client(headers={"User-Agent": f"Firefox/{n} (Windows)"}) for n in range(2)]
    for browser in browsers:
        by_password(browser, dan.email)
    assert "Firefox on Windows at 127.0.0.1, Firefox on Windows" in text_of(look(sam, dan, "end_sessions"))
    assert do(sam, dan, "end_sessions").effect == "2 sessions ended."
    assert not any(is_signed_in(browser) for browser in browsers)


def test_an_address_is_changed_told_to_both_confirmed_by_its_owner_and_put_back(sam: Client, dan: User) -> None:
    kept = Client()
    by_password(kept, dan.email)
    taken = make_user("taken@example.org")
    typed = {"email": "Dan.New@Example.org", "sessions": "keep"}
    assert "address of another account" in text_of(look(sam, dan, "change_email", email=taken.email, sessions="keep"))
    entry = do(sam, dan, "change_email", **typed)
    assert is_signed_in(kept)
    send_unsent()
    told = {letter.to[0]: letter.body for letter in outbox.outbox}
    assert "no longer signs in" in told["dan@example.org"] and "dan.new" not in told["dan@example.org"]
    assert "has the address dan.new@example.org" in told["dan.new@example.org"]
    assert by_password(Client(), "dan@example.org").status_code == 200
    browser = Client()
    assert "confirm" in by_password(browser, "dan.new@example.org")["Location"]
    assert not EmailAddress.objects.get(user=dan).verified
    browser.post("/accounts/confirm-email/", {"code": mailed_code("dan.new@example.org")})
    assert is_signed_in(browser)
    assert EmailAddress.objects.get(user=dan).verified
    undo(sam, entry)
    assert not is_signed_in(browser)
    assert by_password(Client(), "dan@example.org").status_code == 302
    dan.refresh_from_db()
    assert (dan.email, EmailAddress.objects.get(user=dan).email) == ("dan@example.org", "dan@example.org")


def test_two_accounts_are_compared_and_merged_and_nonsense_is_refused(
    sam: Client, alice: User, article: Article
) -> None:
    old = make_user("alice.old@example.org", name="Alice")
    make_right(old, article)
    StripeCustomer.objects.create(user=old, stripe_id="cus_old")
    StripeCustomer.objects.create(user=alice, stripe_id="cus_new")
    for email, sentence in (
        (alice.email, "An account cannot be merged with itself"),
        ("nobody@example.org", "There is no account with the address nobody@example.org"),
        ("sam@example.org", "A staff account cannot be merged"),
    ):
        assert sentence in text_of(look(sam, alice, "merge", email=email))
    disputed = paid(old, make_article(), disputed=True)
    now = timezone.now()
    dispute = Dispute.objects.create(
        stripe_id="dp_1", payment_intent_id=disputed.payment_intent_id, status="needs_response", amount=3000,
        currency="usd", created_at=now, synced_at=now,
    )  # fmt: skip
    said = text_of(look(sam, alice, "merge", email=old.email))
    assert "A payment of alice.old@example.org is being disputed" in said
    assert not AuditEntry.objects.exists()
    dispute.delete()
    shown = text_of(look(sam, alice, "merge", email=old.email))
    assert "Entitlements 1 2" in shown
    assert "Stripe customers 1 1" in shown
    entry = do(sam, alice, "merge", email=old.email)
    assert may_read(alice, article)
    assert "Stayed, having its like here: stripe customers (1)" in entry.effect
    assert entry.row() == AccountMerge.objects.get()
    assert "Undo…" not in text_of(sam.get(f"/admin/desk/auditentry/{entry.pk}/change/"))
    old.refresh_from_db()
    assert "was merged into another one" in text_of(sam.get(address(old, "release")))


# --- answering -------------------------------------------------------------------------------------------------------


def test_a_reply_begins_with_what_the_decision_says_and_goes_out_as_it_was_edited(
    sam: Client, dan: User, article: Article
) -> None:
    past = timezone.now() - timedelta(days=2)
    began = past - timedelta(days=2)
    make_right(dan, article, "rental", starts_at=began, opened_at=began, ends_at=past)
    page = sam.get(address(dan, "reply"), {"doi": article.doi, "text": "access"})
    begun = page.context["form"]["message"].value()
    assert begun.startswith("Dear Dan,\n\nThank you for asking about “On waiting herons”.")
    assert "Your rental has ended. What you paid for it comes off the price" in begun
    assert "http://testserver/doi/" in begun
    assert "There is no article" in text_of(sam.get(address(dan, "reply"), {"doi": "10.5555/none"}))
    edited = begun.replace("Thank you", "Many thanks") + "\n\n<b>PS</b>"
    do(sam, dan, "reply", subject="Your\r\nrental", message=edited)
    send_unsent()
    (letter,) = outbox.outbox
    assert (letter.to, letter.subject) == (["dan@example.org"], "Your rental")
    assert "Many thanks for asking" in letter.body
    assert "&lt;b&gt;PS" in letter.alternatives[0][0]
    assert AuditEntry.objects.get().effect.startswith("To dan@example.org:\nDear Dan,")
    assert OutgoingMail.objects.get().user == dan
