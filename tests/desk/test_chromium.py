"""Five cases the whole way in a real Chromium: from what the caller says to the answer, each page clean for axe."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts import incidents
from accounts.models import User
from tests.browser.test_cme import Glance
from tests.chromium import Complaints
from tests.conftest import signed_in
from tests.desk.selling import bought, subscribed
from tests.make import make_article, make_institution, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def tab(chromium: Browser, live_server: Any, transactional_db: None) -> Iterator[Page]:
    support = make_user("sam@example.org", groups=["Support"], is_staff=True, name="Sam")
    context = chromium.new_context(base_url=live_server.url)
    session = signed_in(support).cookies["session"].value
    context.add_cookies([{"name": "session", "value": session, "url": live_server.url}])
    yield context.new_page()
    context.close()


def search(tab: Page, words: str) -> None:
    """In the head of whatever page is open, by keyboard."""
    box = tab.get_by_role("searchbox", name="Search for a person or a case")
    box.fill(words)
    box.press("Enter")


def test_support_answers_five_callers(tab: Page) -> None:
    complaints = Complaints()
    tab.context.on("page", complaints.listen)
    complaints.listen(tab)
    look = Glance(tab, complaints)
    article = make_article(title="On waiting herons", doi="10.5555/heron.1")
    anna = make_user("anna@example.org", name="Anna Müller")
    bought(anna, article, refunded=3000)
    ben = make_user("ben@example.org", name="Ben", is_active=False, held_for="disputed")
    reference = incidents.record("E3", path="/", happened="The account is on hold", user_id=ben.pk)
    subscribed(make_user("cleo@example.org", name="Cleo"), "past_due", unpaid_since=timezone.now())
    make_institution("192.0.2.0/25", name="Heron University")
    page = tab.get_by_role("main")

    tab.goto("/admin/desk/")
    look.of("the search")
    search(tab, "mueller anna")  # 1: “I got my money back; why is it closed?”
    expect(tab.get_by_role("heading", name="Anna Müller")).to_be_visible()
    look.of("a person's page")
    page.get_by_label("DOI").fill("https://doi.org/10.5555/HERON.1")
    page.get_by_role("button", name="Explain access").click()
    expect(page.get_by_text("No, anna@example.org may not read")).to_be_visible()
    expect(page.get_by_text("The money went back, so the access ended")).to_be_visible()
    look.of("an explanation")

    search(tab, f"4242 30.00 {timezone.localdate():%Y-%m-%d}")  # 2: “I paid by card, under which address?”
    expect(page.get_by_text("$30.00 refunded")).to_be_visible()
    search(tab, reference.lower().replace("-", " "))  # 3: “The page says E3”
    expect(page.get_by_text("This person cannot sign in:")).to_be_visible()
    search(tab, "cleo@example.org")  # 4: “My card was declined, when is it over?”
    expect(page.get_by_text("the renewal has been unpaid since")).to_be_visible()
    page.get_by_label("Show").select_option("Rights")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".timeline li")).to_have_count(1)
    search(tab, "192.0.2.130")  # 5: “Our new building is not recognized”
    expect(page.get_by_text("192.0.2.0/25 of Heron University, missed by 3 addresses")).to_be_visible()
    look.of("nothing found")
    search(tab, "example")
    expect(page.get_by_text("found for “example”")).to_be_visible()
    look.of("several hits")
    assert look.found == []
    assert complaints.heard == []
    assert User.objects.filter(email__startswith="anna").count() == 1


def test_support_acts_for_a_reader_looks_first_and_takes_it_back(tab: Page) -> None:
    """Forms, previews, what was done, its entry, undoing, a refund: clean for axe, on a phone and in the dark."""
    complaints = Complaints()
    complaints.listen(tab)
    look = Glance(tab, complaints)
    article = make_article(title="On waiting herons", doi="10.5555/heron.1")
    anna, old = make_user("anna@example.org", name="Anna Müller"), make_user("anna.old@example.org")
    bought(old, article)
    page = tab.get_by_role("main")

    def press(name: str) -> None:
        page.get_by_role("button", name=name, exact=True).click()

    tab.goto(f"/admin/desk/people/{anna.pk}/")
    page.get_by_role("link", name="Give complimentary access…").click()
    page.get_by_label("DOI of the article").fill("10.5555/heron.1")
    press("Look at what happens")
    expect(page.get_by_text("Write the reason: it is kept in the audit log.")).to_be_visible()
    look.of("a form with a mistake")
    page.get_by_label("Reason").fill("Called; the author’s copy")
    press("Look at what happens")
    expect(page.get_by_text("Nothing has been done yet.")).to_be_visible()
    look.of("a preview")
    press("Give access")
    expect(page.get_by_text("Called; the author’s copy")).to_be_visible()
    look.of("an entry of the log")
    page.get_by_role("link", name="Undo…").click()
    expect(page.get_by_role("button", name="Undo it")).to_be_visible()
    look.of("undoing")
    page.get_by_label("Reason").fill("The wrong Anna")
    press("Undo it")
    expect(tab.get_by_text("Taken back at once.").first).to_be_visible()
    tab.goto(f"/admin/desk/people/{anna.pk}/do/merge/")
    page.get_by_label("Email address of the other account").fill("anna.old@example.org")
    page.get_by_label("Reason").fill("Two addresses of one person")
    press("Look at what happens")
    expect(page.get_by_role("columnheader", name="anna.old@example.org (comes along)")).to_be_visible()
    look.of("two accounts compared")
    press("Merge the accounts")
    expect(page.locator(".readonly", has_text="Came along: entitlements (1)")).to_be_visible()
    tab.goto("/admin/desk/auditentry/")
    expect(page.get_by_text("3 entries")).to_be_visible()
    look.of("the audit log")
    tab.goto(f"/admin/desk/people/{anna.pk}/do/refund/")
    press("Look at the refund")
    page.get_by_label("Why").fill("Bought twice")
    press("Look at what happens")
    expect(page.get_by_text("goes back to the card or account it came from")).to_be_visible()
    look.of("a refund")
    assert look.found == []
    assert complaints.heard == []
