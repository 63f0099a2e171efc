"""The admin's lists: as many statements for one row as for thirty, and the telephone question at a glance."""

import html
import itertools
import re
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import AccountMerge, Erasure, Member, RosterImport, User
from desk.models import Note
from journal.reader_models import AlertMail, Recipient
from journal.related_models import Elsewhere
from journal.topic_models import Collection, Topic
from subscriptions import support
from subscriptions.models import (
    AccessCode,
    AccessCodeBatch,
    Consent,
    Credit,
    CreditNote,
    Dispute,
    Finding,
    FraudWarning,
    GiftLink,
    Order,
    Payment,
    Receipt,
    Reconciliation,
    Refund,
    SiteLicense,
    Subscription,
    TraineeProof,
    Withdrawal,
)
from tests.make import make_article, make_institution, make_journal, make_right, make_user

pytestmark = pytest.mark.django_db
NOW = timezone.now()
MANY = 30
_serial = itertools.count(1)
# Rows of one: a list of them cannot be made, or is no list.
SINGLE = {"Journal", "ServiceCenter", "Policy", "UsageMonth"}
NOT_OURS = {"Site", "Group"}


def another(row: Any, number: int, made: dict[tuple[Any, int], Any]) -> Any:
    """A second row like this one: what must be different is, together with the rows it must not share."""
    model = type(row)
    if (key := (row, number)) in made:
        return made[key]
    values = {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}
    values = {name: value for name, value in values.items() if not _is_generated(model, name)}
    del values[model._meta.pk.attname]
    for field in _unique(model):
        values[field.attname] = _other(field, row, number, made)
    if isinstance(model._meta.pk, models.CharField | models.UUIDField | models.OneToOneField):
        values[model._meta.pk.attname] = _other(model._meta.pk, row, number, made)
    fresh = made[key] = model(**values)
    models.Model.save_base(fresh, raw=True, force_insert=True)
    return fresh


def _is_generated(model: Any, name: str) -> bool:
    field = next(field for field in model._meta.concrete_fields if field.attname == name)
    return isinstance(field, models.GeneratedField)


def _unique(model: Any) -> Iterable[Any]:
    """Fields that make a row unique, by themselves or together with others."""
    for field in model._meta.concrete_fields:
        if field.unique and not field.primary_key and not isinstance(field, models.GeneratedField):
            yield field
    for constraint in model._meta.constraints:
        names = getattr(constraint, "fields", ())
        if "doi_key" in names:  # made of the DOI by the database
            yield model._meta.get_field("doi")
        known = [model._meta.get_field(name) for name in names if _is_field(model, name)]
        if isinstance(constraint, models.UniqueConstraint) and known:
            yield min(known, key=lambda field: (isinstance(field, models.BooleanField), field.is_relation))


def _is_field(model: Any, name: str) -> bool:
    try:
        return not isinstance(model._meta.get_field(name), models.GeneratedField)
    except FieldDoesNotExist:
        return False


def _other(field: Any, row: Any, number: int, made: dict[tuple[Any, int], Any]) -> Any:
    value = getattr(row, field.attname)
    if value is None:
        return None
    if field.is_relation:
        return another(getattr(row, field.name), number, made).pk
    if isinstance(field, models.UUIDField):
        return uuid.uuid4()
    if isinstance(field, models.EmailField):
        return f"n{number}.{value}"
    if isinstance(field, models.IntegerField):
        return value + number * 10
    if isinstance(field, models.DateField):
        return value.replace(year=value.year + number)
    if type(field).__name__ == "NetworkField":
        return f"10.0.{number}.0/24"
    return f"{value[: (field.max_length or 200) - 5]}~{next(_serial):04x}"  # a copy may be copied


def lists() -> dict[Any, str]:
    return {
        model: reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
        if model.__name__ not in SINGLE | NOT_OURS
    }


def more_jobs() -> None:
    """The queue's table is not Django's."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, status, attempts)"
            " SELECT 'default', 'sweep', 0, '{}', 'failed', 1 FROM generate_series(2, %s)",
            [MANY],
        )


def statements(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in asked]


@pytest.fixture
def the_rest(everything: None) -> None:
    """One of each thing that has a list and is not in `everything`."""
    dan, article, now = User.objects.get(email="dan@example.org"), make_article(), timezone.now()
    order, payment, journal = Order.objects.get(), Payment.objects.get(), make_journal()
    RosterImport.objects.create(name="roster.csv", by=dan)
    Member.objects.create(number="M1", name="Ada", valid_until=now.date(), user=dan, activated_at=now)
    AccountMerge.objects.create(kept=dan, other=make_user(), other_email="x@example.org")
    Erasure.objects.create(user=dan, due_at=now)
    Authenticator.objects.create(user=dan, type="totp", data={})
    LogEntry.objects.log_actions(dan.pk, [article], CHANGE, change_message="Changed.")
    pack = AccessCodeBatch.objects.create(name="Congress", journal=journal, days=9, number=1, created_by=dan)
    AccessCode.objects.create(batch=pack)
    GiftLink.objects.create(giver=dan, article=article, expires_at=now)
    Credit.objects.create(source=order, target=order, amount=5)
    Consent.objects.create(order=order, kind="renewal", text="Yes", version="1", given_at=now)
    Withdrawal.objects.create(name="Dan", email=dan.email, contract=order.number, order=order)
    refund = Refund.objects.create(payment=payment, amount=5, created_at=now, requested_by=dan)
    CreditNote.objects.create(refund=refund, receipt=Receipt.objects.get())
    money = {"payment_intent_id": "pi_1", "created_at": now}
    Dispute.objects.create(stripe_id="dp_1", status="lost", amount=5, currency="usd", synced_at=now, **money)
    FraudWarning.objects.create(stripe_id="issfr_1", **money)
    run = Reconciliation.objects.create(since=now)
    Finding.objects.create(key="x", kind="drift", about="x", payment=payment, reconciliation=run)
    TraineeProof.objects.create(user=dan, program="Neurology", ends_on=now.date(), attested=True)
    AlertMail.objects.create(key="1", recipient=Recipient.objects.create(email="anna@example.org", user=dan))
    topic = Topic.objects.create(name="Herons", slug="herons")
    Collection.objects.create(title="Herons", slug="herons", rule_topic=topic)
    Elsewhere.objects.create(title="A chapter", url="https://example.org/", topic=topic)
    Note.objects.create(person=dan, by=dan, text="Called")


def test_every_list_asks_the_same_of_the_database_for_one_row_and_for_thirty(root: Client, the_rest: None) -> None:
    found, bare = lists(), []
    made: dict[tuple[Any, int], Any] = {}
    before = {model: statements(root, address) for model, address in found.items()}
    more_jobs()
    for model in found:
        if model is ProcrastinateJob:
            continue
        rows = list(model._default_manager.all()[:1])
        if not rows:
            bare.append(model.__name__)
        for row in rows:
            for number in range(1, MANY):
                another(row, number, made)
    assert [model for model in found if model._default_manager.count() < MANY] == []
    more = {}
    for model, address in found.items():
        after = statements(root, address)
        if len(after) > len(before[model]):
            more[model.__name__] = (len(before[model]), len(after), [one for one in after if after.count(one) > 1][:2])
    assert more == {}
    assert bare == [], "a list without a row is not tried: make one below, or in the fixture `everything`"


# --- at a glance -----------------------------------------------------------------------------------------------------


def row_of(client: Client, address: str, **query: str) -> str:
    """The words of a list's only row."""
    answer = client.get(f"/admin/{address}/", query)
    assert len(answer.context["cl"].result_list) == 1, [str(row) for row in answer.context["cl"].result_list]
    rows = answer.content.decode().partition("<tbody>")[2].partition("</tbody>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", rows)).split())


def test_a_persons_row_says_state_until_last_payment_and_what_is_wrong(sam: Client) -> None:
    anna = make_user("anna@example.org", name="Anna")
    running = Subscription.objects.create(
        stripe_id="sub_1", user=anna, journal=make_journal(), status="past_due", unpaid_since=NOW, synced_at=NOW,
        amount=900, interval="month",
    )  # fmt: skip
    for number, (days, amount) in enumerate(((40, 800), (9, 900))):
        Payment.objects.create(
            charge_id=f"ch_{number}", payment_intent_id=f"pi_{number}", user=anna, subscription=running, amount=amount,
            currency="usd", paid_at=NOW - timedelta(days=days),
        )  # fmt: skip
    make_right(anna, make_article())
    make_right(anna, make_journal(), "subscription", source="subscription:sub_1", ends_at=NOW + timedelta(days=9))
    make_right(anna, make_article(), starts_at=NOW - timedelta(days=2), ends_at=NOW - timedelta(days=1))
    said = row_of(sam, "accounts/user", q="anna@")
    assert f"Active Subscription until {support.moment(NOW + timedelta(days=9))}, and 1 more $9.00" in said
    assert "Renewal failing" in said
    assert row_of(sam, "accounts/user", reads="failing") == said
    assert "past_due" in row_of(sam, "subscriptions/subscription", unpaid_since_there="yes")
    assert len(sam.get("/admin/subscriptions/entitlement/?revoked_at_there=yes").context["cl"].result_list) == 0
    assert f"past_due In force until {support.moment(NOW + timedelta(days=9))}" in row_of(
        sam, "subscriptions/subscription"
    )
    make_user("held@example.org", is_active=False, held_for="disputed")
    assert "A payment is disputed" in row_of(sam, "accounts/user", is_active__exact="0")


def test_a_subscriptions_row_says_what_comes_next(sam: Client) -> None:
    fields = {"journal": make_journal(), "status": "active", "synced_at": NOW, "period_end": NOW + timedelta(days=5)}
    Subscription.objects.create(stripe_id="sub_1", user=make_user("a@example.org"), **fields)
    Subscription.objects.create(
        stripe_id="sub_2",
        user=make_user("b@example.org"),
        ends_at=NOW + timedelta(days=5),
        is_collecting=False,
        **fields,
    )
    when = support.moment(NOW + timedelta(days=5))
    assert f"active, renews {when}" in row_of(sam, "subscriptions/subscription", q="a@example")
    said = row_of(sam, "subscriptions/subscription", q="b@example")
    assert f"active, ends {when}" in said
    assert "Not collecting" in said


def test_an_institutions_row_says_until_when_it_reads_and_what_is_wrong(bea: Client) -> None:
    term = {"starts_on": NOW.date(), "ends_on": NOW.date(), "amount": 250_000, "journal": make_journal()}
    heron = make_institution(name="Heron University")
    paid = SiteLicense.objects.create(institution=heron, state="paid", **term)
    SiteLicense.objects.create(institution=heron, state="open", due_at=NOW - timedelta(days=1), **term)
    Payment.objects.create(
        charge_id="ch_1", payment_intent_id="pi_1", license=paid, amount=250_000, currency="usd", paid_at=NOW
    )
    make_right(heron, make_journal(), ends_at=NOW + timedelta(days=30))
    make_institution("198.51.100.0/24", name="Crane College")
    said = row_of(bea, "subscriptions/institution", access="ends")
    assert f"Heron University Reads, by 1 right {support.moment(NOW + timedelta(days=30))} $2,500.00" in said
    assert "Invoice overdue Ends soon" in said
    assert "No right in force" in row_of(bea, "subscriptions/institution", access="no")
    assert "Overdue" in row_of(bea, "subscriptions/sitelicense", state__exact="open")


def test_members_payments_and_articles_are_narrowed_to_what_is_asked(sam: Client, edith: Client) -> None:
    today = timezone.localdate()
    Member.objects.create(number="M1", name="Ada", valid_until=today)
    Member.objects.create(number="M2", name="Ben", valid_until=today - timedelta(days=1))
    assert "M1 Ada Not activated" in row_of(sam, "accounts/member", valid="yes")
    assert "M2 Ben Run out" in row_of(sam, "accounts/member", valid="no")
    for number, back in enumerate((0, 100, 3000)):
        Payment.objects.create(
            charge_id=f"ch_{number}", payment_intent_id=f"pi_{number}", amount=3000, amount_refunded=back,
            currency="usd", paid_at=NOW,
        )  # fmt: skip
    assert "$30.00 $1.00" in row_of(sam, "subscriptions/payment", returned="part")
    assert "$30.00 $30.00" in row_of(sam, "subscriptions/payment", returned="all")
    assert "ch_0" not in row_of(sam, "subscriptions/payment", returned="none")
    make_article(free_from=today), make_article(free_from=today + timedelta(days=9)), make_article()
    assert "Controlled, free since" in row_of(edith, "journal/article", free="past")
    assert "Controlled, free from" in row_of(edith, "journal/article", free="ahead")
    assert "free" not in row_of(edith, "journal/article", free="never")
