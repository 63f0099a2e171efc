"""What a reader does with an article beside reading it: cites it, looks up references, looks at figures, prints."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from journal.models import Article, Journal
from tests.browser.conftest import PHONE, Tabs
from tests.browser.steps import already_signed_in
from tests.browser.test_other_ways import press, tab_to
from tests.browser.test_pages import inspection  # noqa: F401  (a fixture)


@pytest.fixture
def page(tab: Page, site: str, alice: User, trial: Article) -> Iterator[Page]:
    """The article as a subscriber reads it."""
    already_signed_in(tab, alice, site)
    tab.goto(trial.get_absolute_url())
    yield tab


# --- citing ----------------------------------------------------------------------------------------------------------


def test_a_visitor_copies_the_citation_in_the_style_of_their_choice(new_tab: Tabs, trial: Article) -> None:
    Journal.objects.update(citation_styles=["chicago-author-date"])
    tab = new_tab(permissions=["clipboard-read", "clipboard-write"])
    tab.goto(trial.get_absolute_url())
    tab.get_by_role("link", name="Cite").click()
    dialog = tab.get_by_role("dialog", name="Cite this article")
    for style in ("AMA", "Vancouver", "Chicago Manual of Style 18th edition (author-date)"):
        button = dialog.get_by_role("button", name=f"Copy the citation in the style {style}")
        button.click()
        expect(dialog.get_by_role("button", name=re.compile(f"^Copied.*{re.escape(style)}"))).to_be_visible()
        shown = (
            dialog.locator("div", has=tab.get_by_role("term").get_by_text(style, exact=True)).last.locator("dd").first
        )
        assert tab.evaluate("navigator.clipboard.readText()") == " ".join((shown.text_content() or "").split())
    tab.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(tab.get_by_role("link", name="Cite")).to_be_focused()


def test_a_visitor_saves_a_file_for_the_reference_manager_by_keyboard(tab: Page, trial: Article) -> None:
    tab.goto(trial.get_absolute_url())
    press(tab, tab.get_by_role("link", name="Cite"))
    ris = tab.get_by_role("dialog").get_by_role("link", name="RIS")
    tab_to(tab, ris)
    with tab.expect_download() as saved:
        tab.keyboard.press("Enter")
    assert saved.value.suggested_filename == f"{(trial.doi or '').replace('/', '_')}.ris"


def test_a_visitor_without_javascript_finds_the_styles_on_a_page_of_their_own(new_tab: Tabs, trial: Article) -> None:
    tab = new_tab(java_script_enabled=False, viewport=PHONE)
    tab.goto(trial.get_absolute_url())
    tab.get_by_role("link", name="Cite").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Cite this article")
    expect(tab.get_by_role("term")).to_have_text(["AMA", "APA", "Vancouver", "NLM"])
    expect(tab.get_by_role("button", name=re.compile("^Copy"))).to_have_count(0)
    tab.get_by_role("link", name="Back to the article").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text(trial.title)
