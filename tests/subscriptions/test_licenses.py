"""Licenses of institutions: invoiced by Stripe or paid by bank transfer, and what they open meanwhile and after."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from journal.access import Reason
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import reconcile, support, sync
from subscriptions.access import look_up
from subscriptions.institutions import licenses
from subscriptions.models import Entitlement, Institution, LibraryManager, OutgoingMail, Payment, Receipt, SiteLicense
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_article, make_institution, make_journal, make_user
from tests.subscriptions.selling import work

HERE = "192.0.2.7"
TODAY = timezone.localdate()
YEAR = {"starts_on": TODAY - timedelta(days=10), "ends_on": TODAY + timedelta(days=354)}


@pytest.fixture
def heron(db: None) -> Institution:
    make_journal()
    return make_institution(name="Heron University", contact_email="library@heron.example")


@pytest.fixture
def bea(db: None) -> Client:
    """Business staff."""
    return signed_in(make_user("bea@example.org", groups=["Business"], is_staff=True))


def make_license(institution: Institution, **fields: Any) -> SiteLicense:
    defaults = {"institution": institution, "journal": make_journal(), "amount": 250_000, "po_number": "PO-77", **YEAR}
    return SiteLicense.objects.create(**{**defaults, **fields})


def step(bea: Client, row: SiteLicense, action: str, reason: str = "") -> str:
    answer = bea.post(
        f"/admin/subscriptions/sitelicense/{row.pk}/step/", {"action": action, "reason": reason}, follow=True
    )
    row.refresh_from_db()
    return answer.content.decode()


def opens(article: Article) -> bool:
    return look_up(None, HERE, [article.pk])[article.pk].granted


def test_a_license_is_invoiced_paid_and_refunded(
    transactional_db: None, hooked_stripe: LocalStripe, article: Article
) -> None:
    """Over the real local Stripe with its webhooks; the invoice carries the PO number and is made once."""
    heron = make_institution(name="Heron University", contact_email="library@heron.example")
    bea = signed_in(make_user(groups=["Business"], is_staff=True))
    fields = {"starts_on": "2026-01-01", "ends_on": "2027-12-31", "amount": "2500.00", "currency": "usd"}
    told = {"institution": heron.pk, "journal": article.journal_id, "po_number": "PO-77", "days_until_due": 30}
    assert bea.post("/admin/subscriptions/sitelicense/add/", fields | told).status_code == 302
    row = SiteLicense.objects.get()
    assert row.amount == 250_000
    assert "Invoice sent, not paid" in step(bea, row, "invoice")
    [invoice] = hooked_stripe.control("objects", kind="invoice")["data"]
    assert invoice["custom_fields"] == [{"name": "PO number", "value": "PO-77"}]
    assert (invoice["collection_method"], invoice["total"]) == ("send_invoice", 250_000)
    assert (row.invoice_number, row.state) == (invoice["number"], "open")
    assert row.due_at and timedelta(days=29) < row.due_at - timezone.now() < timedelta(days=31)
    SiteLicense.objects.update(state="requested", invoice_id=None)  # as if the worker had died before it could write
    sync.hint("license", str(row.pk))
    work(hooked_stripe)
    row.refresh_from_db()
    assert row.invoice_id == invoice["id"]
    assert len(hooked_stripe.control("objects", kind="invoice")["data"]) == 1
    assert not opens(article)
    libby = make_user()
    LibraryManager.objects.create(institution=heron, user=libby)
    assert row.hosted_invoice_url in signed_in(libby).get(f"/library/{heron.pk}/").content.decode()
    hooked_stripe.pay(row.hosted_invoice_url)
    work(hooked_stripe)
    row.refresh_from_db()
    assert row.state == "paid"
    assert opens(article)
    assert f"License {row.number}, PO PO-77, $2,500.00" in (
        signed_in(libby).get(f"/library/{heron.pk}/licenses/").content.decode()
    )
    payment = Payment.objects.get()
    assert (payment.license, payment.amount, payment.email) == (row, 250_000, "library@heron.example")
    assert not Receipt.objects.exists()  # Stripe's invoice is the paper
    hooked_stripe.control("refund", payment_intent=payment.payment_intent_id)
    work(hooked_stripe)
    assert not opens(article)
    assert "The payment was refunded" in Entitlement.objects.get(source=f"license:{row.pk}").revoke_reason
    assert not hooked_stripe.control("violations")["data"]


def test_a_trusted_institution_reads_before_it_pays_until_a_month_after_it_should_have(
    heron: Institution, bea: Client, article: Article, local_stripe: LocalStripe
) -> None:
    trusted, other = make_license(heron, trusted=True), make_license(make_institution("8.8.8.0/24"), trusted=False)
    other.institution.contact_email = "x@x.org"
    other.institution.save()
    step(bea, trusted, "invoice")
    step(bea, other, "invoice")
    right = Entitlement.objects.get()
    assert opens(article)
    assert right.ends_at == trusted.due_at + timedelta(days=30)
    assert "Made void" in step(bea, trusted, "void", "They do not renew.")
    assert trusted.state == "void"
    assert not opens(article)
    assert "Marked as paid" in step(bea, other, "paid", "Wire of Nov 28, ref 4711")
    assert other.state == "paid"
    invoices = {one["id"]: one for one in local_stripe.control("objects", kind="invoice")["data"]}
    assert invoices[other.invoice_id]["status"] == "paid"
    assert Entitlement.objects.filter(institution=other.institution, revoked_at=None).exists()
    assert not Payment.objects.exists()  # no money of Stripe's
    late = make_license(heron)
    step(bea, late, "invoice")
    local_stripe.pay(late.hosted_invoice_url)  # and no webhook tells of it
    SiteLicense.objects.filter(pk=late.pk).update(synced_at=timezone.now() - timedelta(days=2))
    reconcile.reconcile()
    late.refresh_from_db()
    assert late.state == "paid"
    assert opens(article)


def test_money_by_bank_transfer_opens_the_term_and_keeps_its_years(heron: Institution, bea: Client) -> None:
    past = {"starts_on": date(2025, 1, 1), "ends_on": date(2025, 12, 31)}
    old, during, new = [
        make_article(published_online=day) for day in (date(2024, 6, 1), date(2025, 12, 31), date(2026, 1, 1))
    ]
    row = make_license(heron, **past)
    assert "Write why" in step(bea, row, "paid")
    assert row.state == "draft"
    assert "Paid" in step(bea, row, "paid", "Wire of January 5, ref 4711")
    assert [opens(article) for article in (old, during, new)] == [False, True, False]
    [answer] = look_up(None, HERE, [during.pk]).values()
    assert (answer.reason, answer.via) == (Reason.INSTITUTION, "Heron University")
    then = timezone.make_aware(timezone.datetime(2025, 7, 1))
    assert look_up(None, HERE, [old.pk], then)[old.pk].granted  # during the term the whole back-file is open
    assert "This license is paid" in step(bea, row, "paid", "again") or row.state == "paid"
    assert "Made void" in step(bea, row, "void", "Sent back on January 9")
    assert not opens(during)
    without = make_license(heron, **past, keeps_back_file=False)
    step(bea, without, "paid", "Wire")
    assert not opens(during)
    assert "date 2026" not in bea.get(f"/admin/subscriptions/sitelicense/{row.pk}/change/").content.decode()


def test_what_does_not_fit_is_said_and_nothing_is_opened(
    heron: Institution, bea: Client, article: Article, local_stripe: LocalStripe
) -> None:
    row = make_license(heron, amount=100)
    Institution.objects.update(contact_email="")
    assert "no contact address" in step(bea, row, "invoice")
    Institution.objects.update(contact_email="library@heron.example")
    local_stripe.control("fault", endpoint="POST /v1/invoices", kind="429", times=1)
    step(bea, row, "invoice")
    assert row.state == "requested"  # asked for, and made by the next worker
    assert support.re_read("license", str(row.pk)) == ""
    row.refresh_from_db()
    assert row.state == "open"
    SiteLicense.objects.filter(pk=row.pk).update(amount=999)  # somebody changed what was agreed
    local_stripe.pay(row.hosted_invoice_url)
    assert support.re_read("license", str(row.pk)) == ""
    assert not opens(article)
    assert OutgoingMail.objects.filter(key__startswith=f"alert:license:{row.pk}").exists()
    sam = signed_in(make_user(groups=["Support"], is_staff=True))
    assert sam.get(f"/admin/subscriptions/sitelicense/{row.pk}/step/").status_code == 403
    assert SECRET_SENTENCE not in Client(REMOTE_ADDR=HERE).get(article.get_absolute_url()).content.decode()


def test_rights_are_derived_from_dates_alone() -> None:
    when = timezone.make_aware(timezone.datetime(2026, 3, 1))
    common = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31), "amount": 1, "trusted": True}

    def parts(**fields: Any) -> list[tuple[str, Any, Any]]:
        rights = licenses.rights_of(SiteLicense(**common | fields))
        return [(right.part, right.covers_from, right.covers_until) for right in rights]

    assert parts(state="draft") == parts(state="void") == parts(state="uncollectible") == []
    assert parts(state="open", finalized_at=when, due_at=when) == [("", None, None)]
    assert parts(state="open", finalized_at=when, trusted=False) == []
    assert parts(state="open") == []
    assert parts(state="paid") == [("", None, None), ("years", date(2026, 1, 1), date(2026, 12, 31))]
    assert parts(state="paid", covers_from=date(2026, 6, 1))[1] == ("years", date(2026, 6, 1), date(2026, 12, 31))
    assert parts(state="paid", keeps_back_file=False) == [("", None, None)]
