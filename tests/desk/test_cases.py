"""What readers call about: one search, at most one click, and the answer stands there in the right words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import incidents
from accounts.models import Member, User
from cme.claiming import Learner
from journal.models import Article
from subscriptions import fulfilment, grants, mail, merging
from subscriptions.models import Entitlement, Order, OutgoingMail, StripeCustomer, StripeEvent
from subscriptions.standing import Paid
from tests.admin.said import text_of
from tests.cme.make import make_credit
from tests.desk.selling import NUMBER, bought, ordered, right_of, subscribed
from tests.make import make_article, make_institution, make_issue, make_right, make_user

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@dataclass
class Case:
    """What support types, what the page says, and (with an article) what is asked on the person's page."""

    typed: str
    says: list[str]
    article: Article | None = None
    asked: dict[str, str] = field(default_factory=dict)
    click: str = ""  # the name in the list, where what was typed can be several things
    never: list[str] = field(default_factory=list)


CASES: dict[str, Callable[[User], Case]] = {}


def case(question: str) -> Callable[[Callable[[User], Case]], Callable[[User], Case]]:
    def register(build: Callable[[User], Case]) -> Callable[[User], Case]:
        CASES[question] = build
        return build

    return register


@case("I paid a minute ago, closed the window, and cannot read")
def _(dan: User) -> Case:
    article = make_article()
    ordered(dan, article)
    return Case("7kq49acm", ["No: no right in force covers it", "re-read the order from Stripe"], article)


@case("The payment failed, was I charged?")
def _(dan: User) -> Case:
    article = make_article()
    ordered(dan, article, state="failed")
    return Case(NUMBER, ["the payment failed, nothing was charged", "They can order again"], article)


@case("The bank has not said anything yet")
def _(dan: User) -> Case:
    article = make_article()
    ordered(dan, article, state="processing")
    return Case("7kq4 9acm", ["the payment is still settling", "should not pay again"], article)


@case("I was charged and it says somebody must look")
def _(dan: User) -> Case:
    article = make_article()
    ordered(dan, article, state="review")
    return Case(NUMBER, ["paid another amount than it costs", "Compare the order's payment with Stripe"], article)


@case("I paid, came back, and the wall is still there")
def _(dan: User) -> Case:
    article = make_article()
    bought(dan, article)
    return Case(f"pi_{article.pk}_purchase", ["Yes: it was bought.", "not signed in as this account"], article)


@case("I got my money back; why is it closed?")
def _(dan: User) -> Case:
    article = make_article()
    bought(dan, article, refunded=3000)
    says = [
        "Taken back",
        "The payment was refunded",
        "The money went back",
        "What you paid for this article was refunded",
    ]
    return Case(f"ch_{article.pk}_purchase", says, article)


@case("My bank asked about the payment, now I cannot read")
def _(dan: User) -> Case:
    article = make_article()
    bought(dan, article, disputes=("needs_response",))
    return Case(NUMBER, ["The payment is disputed", "when the bank decides for us"], article)


@case("The dispute was withdrawn; can I read again?")
def _(dan: User) -> Case:
    article = make_article()
    order = bought(dan, article, disputes=("needs_response",))
    fulfilment.grant_order(order, Paid(3000, disputes=("won",)))
    return Case(NUMBER, ["In force, without end", "Given back"])


@case("I paid with my card, but under which address?")
def _(dan: User) -> Case:
    bought(dan, make_article(title="On waiting herons"), at=datetime(2026, 11, 20, 18, 0, tzinfo=UTC))
    return Case("visa ending in 4242, $30.00 on Nov 20, 2026", ["dan@example.org", "On waiting herons", "$30.00"])


@case("Was it the yen payment?")
def _(dan: User) -> Case:
    article = make_article()
    bought(dan, article, currency="jpy", amount=3000)
    return Case(f"4242 ¥3000 {timezone.localdate() - timedelta(hours=2):%Y-%m-%d}", ["¥3,000", "dan@example.org"])


@case("I bought without an account and see the wall")
def _(dan: User) -> Case:
    bought(None, make_article(), guest_email="dan@example.org")
    article = Article.objects.get()
    return Case("dan@example.org", ["not claimed", "Find my purchase"], article, click="dan@example.org")


@case("I was charged twice")
def _(dan: User) -> Case:
    bought(dan, make_article())
    other = bought(dan, make_article(), number="7KQ4-9ACN")
    number = other.payments.get().receipt.number
    return Case(f"receipt {number}", ["7KQ4-9ACM", "7KQ4-9ACN", f"Receipt {number}"])


@case("I subscribe and it says subscribe")
def _(dan: User) -> Case:
    subscribed(dan)
    says = ["a month, renews", "Can read: 1 subscription, the whole journal, until"]
    return Case("sub_heron", says)


@case("My card was declined at the renewal, when is it over?")
def _(dan: User) -> Case:
    subscribed(dan, "past_due", unpaid_since=NOW - timedelta(days=2), unpaid_invoice_id="in_1")
    return Case("dan@", ["the renewal has been unpaid since", "while Stripe tries again", "renewal failing"])


@case("I canceled; is it really canceled, and until when can I read?")
def _(dan: User) -> Case:
    subscribed(dan, ends_at=NOW + timedelta(days=25))
    return Case("Dan", ["canceled; open until", "and not renewed"])


@case("My first payment failed and now everything is stuck")
def _(dan: User) -> Case:
    subscribed(dan, "incomplete", paid_until=None)
    return Case("dan@example.org", ["the first payment did not go through: nothing is open and nothing was charged"])


@case("My subscription ended and old articles are closed")
def _(dan: User) -> Case:
    article = make_article()
    subscribed(dan, "canceled", ended_at=NOW - timedelta(days=3), paid_until=NOW - timedelta(days=3),
               period_start=NOW - timedelta(days=40))  # fmt: skip
    return Case("dan@example.org", ["the subscription has ended", "3 days before", "They can subscribe again"], article)


@case("Stripe says paid, your site does not: a webhook was lost")
def _(dan: User) -> Case:
    article = make_article()
    order = bought(dan, article)
    StripeEvent.objects.create(
        id="evt_1", type="charge.succeeded", object_type="charge", object_id=order.payments.get().charge_id,
        livemode=False, created=NOW - timedelta(hours=2), payload={}, deliveries=0,
    )  # fmt: skip
    return Case(NUMBER, ["charge.succeeded, its webhook never came; found"], article)


@case("Stripe has no such customer")
def _(dan: User) -> Case:
    StripeCustomer.objects.create(user=dan, stripe_id="cus_heron", deleted_at=NOW)
    return Case("cus_heron", ["dan@example.org", "Deleted at Stripe"])


@case("I rented it and the 48 hours are running without me")
def _(dan: User) -> Case:
    article = make_article()
    bought(dan, article, "rental")
    return Case(NUMBER, ["Paid, and the reader has not pressed Start", "press Start reading"], article)


@case("I rented it and cannot print")
def _(dan: User) -> Case:
    article = make_article()
    bought(dan, article, "rental")
    fulfilment.open_rental(right_of(dan).pk, dan)
    says = ["No: a rental is read on the site", "To have the PDF they buy the article"]
    return Case(NUMBER, says, article, {"representation": "pdf"})


@case("I was promised access until yesterday, and it ended a day early")
def _(dan: User) -> Case:
    article = make_article()
    right = Entitlement(user=dan, article=article, reason="Reviewer", starts_at=NOW - timedelta(days=9))
    grants.give(right, dan)
    grants.end(right, timezone.localdate() - timedelta(days=1))
    return Case("dan@example.org", ["Ended", "12:00 AM", "Its time is over"], article)


@case("I could not read on the evening I paid")
def _(dan: User) -> Case:
    article = make_article()
    at = timezone.localtime(timezone.now() - timedelta(days=2))
    order = bought(dan, article, at=at)
    Order.objects.filter(pk=order.pk).update(created_at=at)
    then = ["at that moment nothing was known here", "Was written here", "1 day later"]
    says = ["could not read", *then, "Orders for it", "paid $30.00"]
    return Case(NUMBER, says, article, {"at": f"{at + timedelta(minutes=5):%Y-%m-%d %H:%M}"})


@case("I bought the wrong issue")
def _(dan: User) -> Case:
    make_right(dan, make_issue())
    article = make_article(issue=make_issue())
    return Case("dan@example.org", ["Is for another issue; this article is in", "offer to exchange it"], article)


@case("We merged my accounts and the purchase is gone")
def _(dan: User) -> Case:
    other = make_user("old@example.org")
    bought(other, make_article())
    merging.merge(dan, other)
    return Case(
        "old@example.org", ["dan@example.org", "old@example.org was merged into this account", "In force, without end"]
    )


@case("The page says E3 and will not sign me in")
def _(dan: User) -> Case:
    User.objects.filter(pk=dan.pk).update(is_active=False, held_for="disputed")
    reference = incidents.record("E3", path="/", happened="The account is on hold", user_id=dan.pk)
    spoken = reference.lower().replace("-", " ")
    return Case(spoken, ["This person cannot sign in", "a payment is disputed", "The account is on hold"])


@case("The page said E1 before I had an account")
def _(dan: User) -> Case:
    reference = incidents.record("E1", path="/accounts/login/", happened="The mail server did not answer")
    return Case(reference, ["The mail server did not answer", "Cannot sign anyone in"])


@case("I never got the reminder of my renewal")
def _(dan: User) -> Case:
    mail.enqueue("renewal:sub_heron:1", "subscriptions/email/renewal", dan.email, {}, dan.pk)
    OutgoingMail.objects.update(sent_at=NOW)
    return Case("dan@example.org", ["Mail to them", "Renewal", "Sent"])


@case("At the university, over IPv6, it is closed")
def _(dan: User) -> Case:
    make_institution("2001:db8:7::/48", name="Heron University")
    return Case("2001:DB8:7:0::1", ["Heron University"])


@case("Our new building is not recognized")
def _(dan: User) -> Case:
    make_institution("192.0.2.0/25", name="Heron University")
    says = [
        "in no network that is known here",
        "192.0.2.0/25 of Heron University, missed by 3 addresses",
        "an IP address",
    ]
    return Case("192.0.2.130", says)


@case("The library says we license it, and my article is closed")
def _(dan: User) -> Case:
    article = make_article(published_online=date(2019, 12, 30))
    make_right(make_institution("192.0.2.0/24"), article.journal, covers_from=date(2020, 1, 1))
    says = ["this one appeared Dec 30, 2019, 2 days earlier", "The library can extend it"]
    return Case("dan@example.org", says, article, {"ip": "192.0.2.7"})


@case("We are at a known university and it sells us the article")
def _(dan: User) -> Case:
    article = make_article()
    make_institution("192.0.2.0/24", name="Heron University")
    says = ["is in the network 192.0.2.0/24 of Heron University", "is known and has no license for this"]
    return Case("dan@example.org", says, article, {"ip": "192.0.2.7"})


@case("I am a member and cannot activate")
def _(dan: User) -> Case:
    Member.objects.create(number="P-1001", name="Anna Achterberg", valid_until=date(2027, 12, 31))
    return Case("p 1001", ["P-1001", "Achterberg"])


@case("Is this certificate genuine, and whose is it?")
def _(dan: User) -> Case:
    credit = make_credit(learner=Learner("L", "L", "04-27", "FL", "ME 1"))
    return Case(credit.number.replace("-", " ").lower(), [credit.user.email, credit.number, "CME credit"])


@case("I am Müller, you have me as Mueller")
def _(dan: User) -> Case:
    make_user("am@example.org", name="Anna Müller-Łącka")
    return Case("lacka mueller", ["am@example.org", "Can read nothing beyond what is free"])


def arrive(sam: Client, found: Case) -> Any:
    """One search, and one click where what was typed can be several things."""
    answer = sam.get("/admin/desk/", {"q": found.typed}, follow=True)
    if found.click:
        hit = next(hit for hit in answer.context["found"].hits if hit.what == found.click)
        answer = sam.get(hit.url, follow=True)
    return answer


@pytest.mark.parametrize("question", CASES)
def test_the_answer_is_one_search_away(sam: Client, dan: User, question: str) -> None:
    found = CASES[question](dan)
    answer = arrive(sam, found)
    if found.article:
        address = answer.context["request"].path
        assert address == f"/admin/desk/people/{dan.pk}/"
        answer = sam.get(f"{address}explain/", {"doi": found.article.doi, **found.asked})
    said = text_of(answer)
    assert [words for words in found.says if words not in said] == [], said[:3000]


def test_there_are_thirty_of_them() -> None:
    assert len(CASES) >= 30
