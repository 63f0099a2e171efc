"""The way to the next article in a real browser: suggestions by keyboard, boxes by buttons and dragging, no scripts."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from journal.models import Article, Relation
from journal.search import entry, upkeep
from journal.topic_models import Collection, CollectionEntry
from tests.browser.conftest import Tabs
from tests.make import make_article


@pytest.fixture
def others(trial: Article, settings: Any, tmp_path: Path) -> None:
    """A comment on the article, and a collection that holds it."""
    settings.SEARCH_FOLDER = tmp_path
    said = "Thrombolysis in small hospitals."
    comment = make_article(title="Thrombolysis, a comment", abstract=said, access_type="open")
    Article.objects.filter(pk=comment.pk).update(search=entry(comment))
    Relation.objects.create(article=comment, kind=Relation.Kind.COMMENTARY, target_doi=trial.doi)
    chosen = Collection.objects.create(title="Worth a second look", slug="second-look")
    CollectionEntry.objects.create(collection=chosen, article=trial)
    upkeep.catch_up()


def order(tab: Page) -> list[str]:
    return tab.locator("#related h2").all_inner_texts()


def test_a_reader_finds_an_article_by_keyboard_and_arranges_its_boxes(tab: Page, trial: Article, others: None) -> None:
    tab.goto("/search/")
    field = tab.get_by_role("combobox", name="Search articles")
    field.press_sequentially("thromb")
    tab.get_by_role("option").first.wait_for()
    field.press("ArrowDown")
    expect(tab.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    field.press("Escape")
    expect(tab.get_by_role("listbox")).to_be_hidden()
    field.fill("thrombolysis")
    field.press("Enter")
    tab.get_by_role("main").get_by_role("link", name=trial.title).click()
    tab.get_by_role("link", name="Related articles").scroll_into_view_if_needed()
    expect(tab.locator("#related h2").first).to_have_text("See also")
    first = order(tab)
    tab.get_by_role("button", name="Move down: See also").press("Enter")
    expect(tab.locator("#related h2").nth(1)).to_have_text("See also")
    expect(tab.get_by_text("See also moved down")).to_be_attached()
    expect(tab.get_by_role("button", name="Move down: See also")).to_be_focused()
    tab.get_by_role("button", name="Hide: See also").click()
    expect(tab.get_by_role("button", name="Show: See also")).to_be_focused()
    last = tab.locator("[data-box]").last
    last.locator("h2").drag_to(tab.locator("[data-box]").first, target_position={"x": 60, "y": 2})
    expect(tab.get_by_text("moved to place 1")).to_be_attached()
    arranged = order(tab)
    assert arranged[0] == first[-1]
    tab.reload()
    tab.locator("[data-related]").scroll_into_view_if_needed()
    expect(tab.locator("#related h2").first).to_have_text(arranged[0])
    assert order(tab) == arranged
    tab.get_by_role("button", name="Put the boxes back").click()
    expect(tab.locator("#related h2").first).to_have_text(first[0])


def test_without_scripts_everything_is_a_page_or_a_form(new_tab: Tabs, trial: Article, others: None) -> None:
    tab = new_tab(java_script_enabled=False)
    tab.goto("/search/?q=thrombolysis")
    tab.get_by_role("link", name="Needs access").click()
    expect(tab.get_by_role("link", name="Remove")).to_be_visible()
    expect(tab.get_by_role("main").get_by_role("link", name="Thrombolysis, a comment")).to_have_count(0)
    tab.get_by_role("link", name="Newest first").click()
    assert "access=controlled" in tab.url
    tab.get_by_role("main").get_by_role("link", name=trial.title).click()
    figures = tab.get_by_role("link", name="Figures and tables")
    expect(figures).to_have_attribute("href", "#get-access")
    expect(figures).to_contain_text("Needs access")
    tab.get_by_role("link", name="Related articles").click()
    tab.get_by_role("button", name="Move down: See also").click()
    expect(tab.locator("#related h2").nth(1)).to_have_text("See also")
    tab.get_by_role("link", name="Back to the article").click()
    tab.get_by_role("link", name="Share, email").click()
    tab.get_by_label("Your name").fill("Ada")
    tab.get_by_label("Your colleague’s email address").fill("bob@example.org")
    tab.get_by_role("button", name="Send").click()
    expect(tab.get_by_text("on its way to bob@example.org")).to_be_visible()
