"""A library's own pages, as a librarian walks over them; axe looks at each, narrow and wide, light and dark."""

from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import ServiceCenter, User
from journal.models import Article
from subscriptions.counter import months
from subscriptions.models import (
    Institution,
    IPRange,
    LibraryManager,
    Membership,
    SeatInvitation,
    SiteLicense,
    UsageCount,
    UsageMonth,
)
from tests.browser.steps import already_signed_in
from tests.browser.test_pages import Inspection
from tests.chromium import Complaints
from tests.make import make_article, make_institution, make_right, make_user

LISTED = "192.0.2.0/24 # main building\n198.51.100.10-198.51.100.40\n2001:db8::/32\n10.0.0.0/8\n127.0.0.1"


def make_library(libby: User, article: Article) -> Institution:
    """A university with everything its pages can show."""
    heron = make_institution(
        name="Heron University of Applied Sciences and the Arts", contact_email="library@heron.example", seats=25,
        resolver_url="https://resolver.heron.example/openurl", resolver_label="Find it at Heron",
    )  # fmt: skip
    LibraryManager.objects.create(institution=heron, user=libby)
    for network, note in (("198.51.100.0/25", "Reading room"), ("2001:db8:1::/48", "Campus, wireless")):
        IPRange.objects.create(institution=heron, network=network, note=note)
    make_right(heron, article.journal, ends_at=timezone.now() + timedelta(days=200))
    _licenses(heron, article)
    for name in ("a.very.long.address.of.a.reader@department-of-neurology.heron.example", "bo@heron.example"):
        Membership.objects.create(institution=heron, user=make_user(name), way=Membership.Way.SEAT)
    SeatInvitation.objects.create(institution=heron, email="invited@heron.example", invited_by=libby)
    _usage(heron, article)
    return heron


def _licenses(heron: Institution, article: Article) -> None:
    now = timezone.now()
    stripe = {"hosted_invoice_url": "https://invoice.example/i/1", "invoice_pdf": "https://invoice.example/i/1.pdf"}
    taxed = {"amount": 47_500, "lines": [["VAT 19%", 47_500]], "reverse": False, "numbers": []}
    itself = {"amount": 0, "lines": [], "reverse": True, "numbers": ["DE123456789"]}
    states = (
        {"state": "open", "invoice_number": "HERON-3", "due_at": now, "tax": taxed, "invoice_id": "in_3", **stripe},
        {"state": "paid", "invoice_number": "HERON-2", "paid_at": now, "tax": itself, "invoice_id": "in_2", **stripe},
        {"state": "requested", "covers_from": date(2020, 1, 1)},
        {"state": "void", "keeps_back_file": False},
    )  # fmt: skip
    for number, fields in enumerate(states):
        SiteLicense.objects.create(
            institution=heron, journal=article.journal, amount=250_000, currency="eur", po_number=f"PO-{number}",
            starts_on=date(2026 - number, 1, 1), ends_on=date(2026 - number, 12, 31), **fields,
        )  # fmt: skip


def _usage(heron: Institution, article: Article) -> None:
    month = months.before(months.first_day(timezone.localdate()))
    UsageMonth.objects.create(month=month, events=12_000, counted_at=timezone.now(), closed_at=timezone.now())
    told = {
        "Total_Item_Requests": 1204,
        "Unique_Item_Requests": 980,
        "Total_Item_Investigations": 3311,
        "No_License": 57,
    }
    for metric, count in told.items():
        UsageCount.objects.create(
            month=month, institution=heron, journal=article.journal, article=article, yop=2026,
            access_type="Controlled", access_method="Regular", metric=metric, count=count,
        )  # fmt: skip


@pytest.fixture
def inspection(tab: Page, complaints: Complaints) -> Inspection:
    ServiceCenter(name="Reader Service", email="service@example.org", phone="+1 202-555-0143", hours="Always").save()
    return Inspection(tab, complaints)


def test_the_pages_of_a_library(tab: Page, site: str, inspection: Inspection) -> None:
    libby, article = make_user("libby@heron.example"), make_article(title="On waiting herons")
    heron = make_library(libby, article)
    already_signed_in(tab, libby, site)
    tab.goto("/library/")
    inspection.briefly("overview")
    expect(tab.get_by_text("€2,975.00, due")).to_be_visible()
    tabs = tab.get_by_role("navigation", name="Library page")
    for name in ("Readers", "Licenses", "Check an article", "Link resolver", "Usage", "Networks"):
        tabs.get_by_role("link", name=name).click()
        expect(tab).to_have_title(f"{name}: {heron.name} | {article.journal.title}")
        inspection.briefly(name)
    tab.get_by_label("Networks", exact=True).fill(LISTED)
    tab.get_by_role("button", name="See what would change").click()
    expect(tab.get_by_role("heading", name="The list", exact=True)).to_be_visible()
    inspection.briefly("a list with faults")
    assert inspection.found == []
