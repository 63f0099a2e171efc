"""The admin in a real Chromium: nothing is against the policy, and Django's choosers and calendars work under it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Page

from accounts.models import User
from journal import batches
from journal.models import Article
from tests.admin.test_pages import SAME, crawl
from tests.browser.test_pages import RULES
from tests.chromium import Complaints
from tests.journal.jats.build import make_xml
from tests.journal.test_packages import make_zip
from tests.make import PASSWORD

DJANGOS = re.compile(r"/admin/\w+/\w+/(add/|1/change/|\?.*)?")

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def root_client(transactional_db: None, everything: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.org", PASSWORD))
    return client


@pytest.fixture
def tab(chromium: Browser, live_server: Any, root_client: Client) -> Iterator[Page]:
    """A tab signed in as root; nobody may hear a complaint in it."""
    complaints = Complaints()
    context = chromium.new_context(base_url=live_server.url)
    session = root_client.cookies["session"].value
    context.add_cookies([{"name": "session", "value": session, "url": live_server.url}])
    context.on("page", complaints.listen)
    yield context.new_page()
    context.close()
    assert complaints.heard == []


def test_chromium_finds_nothing_against_the_policy_on_any_page(tab: Page, root_client: Client) -> None:
    """Pages of our own, and some of Django's lists and forms: test_pages.py looks for inline code on every page."""
    plain = (address for address in crawl(root_client) if not address.endswith(("/history/", "/delete/", ".csv")))
    kinds = {SAME.sub("1", address): address for address in plain}
    djangos = [address for kind, address in sorted(kinds.items()) if DJANGOS.fullmatch(kind)]
    own = [address for kind, address in kinds.items() if not DJANGOS.fullmatch(kind)]
    assert len(own) > 20
    for address in (*own, *djangos[::5]):
        tab.goto(address)


def test_the_choosers_and_the_calendar_work_under_the_policy(tab: Page) -> None:
    tab.goto("/admin/subscriptions/entitlement/add/")
    tab.click(".field-user .select2-selection")
    tab.fill(".select2-search__field", "dan@")
    tab.click(".select2-results__option:has-text('dan@example.org')")
    tab.click(".field-article .select2-selection")
    tab.fill(".select2-search__field", Article.objects.filter(status="published").earliest("pk").title)
    tab.click(".select2-results__option--highlighted")
    tab.click(".field-last_day .datetimeshortcuts a:has-text('Today')")
    tab.click(".field-last_day .date-icon")
    assert tab.is_visible("#calendarbox1")
    tab.keyboard.press("Escape")
    tab.fill("[name=reason]", "Reviewer")
    tab.click("[name=_save]")
    assert "was added successfully" in tab.inner_text(".messagelist")


def test_the_theme_button_works_under_the_policy(tab: Page) -> None:
    tab.goto("/admin/")
    before = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.click("#header .theme-toggle")
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_an_upload_shows_how_far_it_is_and_its_page_looks_again_by_itself(tab: Page, tmp_path: Path) -> None:
    (tmp_path / "paper.xml").write_bytes(make_xml("<p>Words.</p>"))
    (tmp_path / "large.zip").write_bytes(make_zip({"x.xml": b"<oops", "noise.bin": os.urandom(3_000_000)}))
    (tmp_path / "empty.xml").write_bytes(b"")
    tab.goto("/admin/journal/article/import/")
    tab.set_input_files("[name=uploads]", tmp_path / "empty.xml")
    tab.click("[type=submit][value=Import]")
    tab.wait_for_selector(".errorlist:has-text('One of these files is empty')")  # the server's words, in its page
    tab.set_input_files("[name=uploads]", [tmp_path / "paper.xml", tmp_path / "large.zip"])
    tab.click("[type=submit][value=Import]")
    tab.wait_for_url("**/importbatch/*/change/")
    assert "0 of 2 files done" in tab.inner_text(".import-summary")
    batches.work()
    tab.wait_for_selector(".import-summary:has-text('2 of 2 files done')")
    assert tab.locator(".state-rejected").last.is_visible()


def test_django_s_own_forms_and_lists_are_clean_for_axe(tab: Page) -> None:
    """Choosers, fields in a list, filters of long lists, inline rows: static/admin_site/names.js names them."""
    article = Article.objects.filter(status="published").earliest("pk")
    found = []
    for address, scheme in (
        ("subscriptions/entitlement/add/", "light"), ("journal/section/", "light"),
        (f"journal/article/{article.pk}/change/", "light"), (f"journal/journal/{article.journal_id}/change/", "dark"),
    ):  # fmt: skip
        tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        tab.goto(f"/admin/{address}")
        if "entitlement" in address:
            tab.get_by_role("combobox", name="User").first.wait_for()
        for breach in Axe().run(tab, options=RULES).response["violations"]:
            found += [f"{address}, {scheme}: {breach['id']}: {node['html'][:300]}" for node in breach["nodes"]]
    assert found == [], "\n".join(found)
