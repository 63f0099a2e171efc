"""The start page: what needs whose attention, since when, and the next step; in one statement, whatever there is."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Erasure, SignInIncident
from cme.models import Report
from desk.overview.attention import MOST, look, statement
from desk.overview.matters import MATTERS
from journal.models import ImportBatch
from journal.reader_models import AlertMail, Recipient
from journal.search import fulltext
from journal.topic_models import Upkeep
from subscriptions.models import (
    Dispute,
    DownloadQuestion,
    Finding,
    FraudWarning,
    OutgoingMail,
    SiteLicense,
    Subscription,
    SyncTarget,
    TraineeProof,
    Withdrawal,
)
from tests.admin.conftest import _make_jobs
from tests.admin.said import text_of
from tests.cme.make import make_credit
from tests.conftest import signed_in
from tests.make import make_institution, make_journal, make_user

pytestmark = pytest.mark.django_db
NOW = timezone.now()
AGO = NOW - timedelta(days=3)
ORDER = "0b9c1a56-7c2f-4f5e-9e5a-0f5b6f1f7a11"


@pytest.fixture
def trouble(db: None) -> None:
    """One of everything that needs attention."""
    dan, journal, institution = make_user("dan@example.org"), make_journal(), make_institution()
    about = {"payment_intent_id": "pi_1", "amount": 3000, "currency": "usd", "created_at": AGO, "synced_at": AGO}
    Dispute.objects.create(stripe_id="dp_1", status="needs_response", due_by=NOW + timedelta(days=2), **about)
    Dispute.objects.create(stripe_id="dp_2", status="under_review", due_by=NOW - timedelta(days=1), **about)
    FraudWarning.objects.create(stripe_id="issfr_1", payment_intent_id="pi_1", created_at=AGO)
    SyncTarget.objects.create(kind="order", key=ORDER, dirty=1, dead=True, next_at=AGO)
    SyncTarget.objects.create(kind="subscription", key="sub_1", dirty=1, next_at=AGO)
    SyncTarget.objects.create(kind="subscription", key="sub_2", dirty=1, clean=1, next_at=AGO)
    _make_jobs()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo'")
    OutgoingMail.objects.create(key="receipt:ch_1", template="x", to=dan.email)
    OutgoingMail.objects.update(created_at=AGO)
    recipient = Recipient.objects.create(email="anna@example.org")
    AlertMail.objects.create(key="1", recipient=recipient)
    AlertMail.objects.update(created_at=AGO)
    Finding.objects.create(key="x", kind="review", about="Order 7KQ4-9ACM")
    Subscription.objects.create(
        stripe_id="sub_1", user=dan, journal=journal, status="past_due", unpaid_since=AGO, synced_at=AGO
    )
    term = {"starts_on": AGO.date(), "ends_on": NOW.date(), "amount": 250_000, "state": "open", "due_at": AGO}
    SiteLicense.objects.create(institution=institution, journal=journal, **term)
    Withdrawal.objects.create(name="Dan", email=dan.email, contract="7KQ4-9ACM")
    TraineeProof.objects.create(user=dan, program="Neurology", ends_on=NOW.date(), attested=True)
    DownloadQuestion.objects.create(reader="d" * 32, user=dan, texts=160, hours=24, asked_at=AGO, open_until=AGO)
    institution.proposals.create(proposed_by=dan, listed="8.8.8.0/24")
    batch = ImportBatch.objects.create(by=dan)
    batch.items.create(name="a.xml", size=3, status="rejected", finished_at=AGO)
    batch.items.create(name="b.xml", size=3, status="waiting")
    ImportBatch.objects.update(created_at=AGO)
    Upkeep.objects.create(name="articles", at=AGO, day=AGO.date())
    Report.objects.filter(credit=make_credit()).delete()
    Report.objects.create(credit=make_credit(), state="rejected", consented_at=AGO, answered_at=AGO)
    Erasure.objects.create(user=make_user(), due_at=NOW - timedelta(days=2))
    make_incidents(6, NOW - timedelta(hours=2))


def make_incidents(number: int, at: Any) -> None:
    known = SignInIncident.objects.count()
    SignInIncident.objects.bulk_create(
        SignInIncident(reference=f"E1-{known + n}", stage="E1", path="/", happened="timeout", created_at=at)
        for n in range(number)
    )


def attention_of(client: Client) -> Any:
    answer = client.get("/admin/")
    assert answer.status_code == 200
    return answer.context["attention"]


@pytest.mark.parametrize("role", ["edith", "sam", "bea", "ella", "root"])
def test_a_quiet_day_is_said_to_be_one(
    role: str, request: pytest.FixtureRequest, settings: Any, tmp_path: Path
) -> None:
    settings.SEARCH_FOLDER = tmp_path
    (settings.SEARCH_FOLDER / "current").write_text(f"v{fulltext.SCHEMA_VERSION}-quiet")
    answer = request.getfixturevalue(role).get("/admin/")
    assert "Nothing needs attention." in text_of(answer)
    assert "What is looked at for you" in text_of(answer)


def test_staff_without_a_role_are_not_told_that_all_is_well() -> None:
    answer = signed_in(make_user(is_staff=True)).get("/admin/")
    assert "Needs attention" not in text_of(answer)


def test_everything_that_needs_attention_is_counted_once_with_its_age_and_a_list_that_opens(
    root: Client, trouble: None
) -> None:
    found = {one.matter.key: one for one in attention_of(root).found}
    assert set(found) == {matter.key for matter in MATTERS} - {"incidents_before"}
    assert {key: one.count for key, one in found.items() if one.count != 1} == {"incidents": 6}
    for key in ("disputes", "given_up", "mails", "renewals", "imports", "upkeep", "reports"):
        assert found[key].oldest == AGO
    pages = {one.address: root.get(one.address) for one in found.values() if one.address}
    assert {answer.status_code for answer in pages.values()} == {200}
    assert [len(pages[found[key].address].context["cl"].result_list) for key in ("disputes", "given_up")] == [1, 1]
    said = text_of(root.get("/admin/"))
    assert "1 dispute to answer" in said
    assert "6 failed sign-ins today, more than usual" in said
    assert "Send the evidence in Stripe's dashboard" in said


def test_what_is_overdue_comes_first_and_says_so(root: Client, trouble: None) -> None:
    first, second, *_ = attention_of(root).found
    assert (first.matter.key, first.is_overdue) == ("erasures", True)
    assert (second.matter.key, second.is_overdue) == ("disputes", False)
    assert "overdue since" in text_of(root.get("/admin/"))


def test_each_role_sees_what_it_can_do_something_about(
    trouble: None, sam: Client, bea: Client, edith: Client, ella: Client
) -> None:
    def keys(client: Client) -> set[str]:
        return {one.matter.key for one in attention_of(client).found}

    assert keys(edith) == {"imports", "waiting_imports", "upkeep"}
    assert keys(ella) == {"reports", "upkeep"}
    assert keys(bea) == {"proposals", "invoices", "upkeep"}
    assert {"disputes", "mails", "given_up", "proofs", "withdrawals", "incidents"} <= keys(sam)
    assert not {"failed_jobs", "stalled_jobs", "imports"} & keys(sam)


def test_a_usual_number_of_failed_sign_ins_is_no_news(sam: Client) -> None:
    make_incidents(6, NOW - timedelta(hours=1))
    for day in range(2, 8):
        make_incidents(5, NOW - timedelta(days=day))
    assert attention_of(sam).is_quiet
    make_incidents(9, NOW - timedelta(hours=2))
    assert [one.number for one in attention_of(sam).found] == ["15"]


def test_thousands_are_counted_to_a_thousand(sam: Client) -> None:
    OutgoingMail.objects.bulk_create(OutgoingMail(key=str(n), template="x", to="a@b.c") for n in range(MOST + 5))
    OutgoingMail.objects.update(created_at=AGO)
    OutgoingMail.objects.filter(key="7").update(created_at=AGO - timedelta(days=9))
    (found,) = attention_of(sam).found
    assert found.number == "More than 1,000"
    assert found.oldest == AGO - timedelta(days=9)


def test_the_start_page_takes_at_most_twelve_statements_and_no_more_with_everything_there(
    root: Client, request: pytest.FixtureRequest
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert root.get("/admin/").status_code == 200
        return len(captured)

    quiet = statements()
    request.getfixturevalue("trouble")
    assert statements() == quiet <= 12


def test_no_table_that_grows_is_read_from_end_to_end(db: None) -> None:
    sql, told = statement(MATTERS, NOW)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", told)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    growing = (
        "subscriptions_synctarget", "subscriptions_outgoingmail", "subscriptions_subscription",
        "accounts_signinincident", "subscriptions_finding", "journal_importitem", "journal_alertmail", "cme_report",
    )  # fmt: skip
    assert [table for table in growing if f"Seq Scan on {table}" in plan] == []


def test_looking_writes_nothing_and_asks_once(trouble: None) -> None:
    with CaptureQueriesContext(connection) as captured:
        look(MATTERS, NOW)
    assert len(captured) == 1
