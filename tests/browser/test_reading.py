"""What a reader does with an article beside reading it: cites it, looks up references, looks at figures, prints."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pypdfium2
import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from journal.importing import import_source
from journal.models import Article, Journal
from journal.publishing import publish
from tests.browser.conftest import DESKTOP, PHONE, Tabs
from tests.browser.steps import already_signed_in, heading, is_at, secrets, shows_full_text
from tests.browser.test_other_ways import tab_to
from tests.browser.test_pages import Inspection, inspection
from tests.journal.jats.build import make_xml
from tests.make import make_article, make_right

__all__ = ["inspection"]  # a fixture


@pytest.fixture
def reading(tab: Page, site: str, alice: User, trial: Article) -> Iterator[Page]:
    """The article as a subscriber reads it."""
    already_signed_in(tab, alice, site)
    tab.goto(trial.get_absolute_url())
    yield tab


# --- citing ----------------------------------------------------------------------------------------------------------


def test_a_visitor_copies_the_citation_in_a_style_and_saves_a_file_by_keyboard(new_tab: Tabs, trial: Article) -> None:
    Journal.objects.update(citation_styles=["chicago-author-date"])
    tab = new_tab(permissions=["clipboard-read", "clipboard-write"])
    tab.goto(trial.get_absolute_url())
    tab.get_by_role("link", name="Cite", exact=True).click()
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
    expect(tab.get_by_role("link", name="Cite", exact=True)).to_be_focused()
    tab.keyboard.press("Enter")
    ris = dialog.get_by_role("link", name="RIS")
    tab_to(tab, ris)
    with tab.expect_download() as saved:
        tab.keyboard.press("Enter")
    assert saved.value.suggested_filename == f"{(trial.doi or '').replace('/', '_')}.ris"


# --- references beside the text --------------------------------------------------------------------------------------


def test_a_reference_is_shown_beside_its_citation_and_stays_while_pointed_at(reading: Page) -> None:
    citation = reading.locator(".full-text a.cite").first
    citation.scroll_into_view_if_needed()
    citation.hover()
    beside = reading.locator("#cite-popover")
    expect(beside).to_be_visible()
    reference = reading.locator(f"[id='{(citation.get_attribute('href') or '')[1:]}'] .ref-text")
    expect(beside).to_contain_text((reference.text_content() or "no text").strip(" ↩"))
    beside.hover()
    reading.wait_for_timeout(600)
    expect(beside).to_be_visible()
    reading.mouse.move(2, 2)
    expect(beside).to_be_hidden()
    citation.hover()
    expect(beside).to_be_visible()
    reading.keyboard.press("Escape")
    expect(beside).to_be_hidden()


def test_a_reference_is_read_by_keyboard_and_its_links_can_be_reached(reading: Page) -> None:
    citation, beside = reading.locator(".full-text a.cite").first, reading.locator("#cite-popover")
    citation.evaluate("element => element.previousSibling && element.scrollIntoView({block: 'center'})")
    reading.get_by_role("main").focus()
    tab_to(reading, citation)
    expect(beside).to_be_visible()
    expect(citation).to_have_accessible_description(re.compile(r"\w{4}"))
    reading.keyboard.press("Escape")
    expect(beside).to_be_hidden()
    expect(citation).to_be_focused()
    reading.keyboard.press("Enter")
    expect(beside).to_be_visible()
    reading.keyboard.press("Enter")
    expect(reading).to_have_url(re.compile("#a-"))
    expect(reading.locator(".ref:target")).to_be_in_viewport()
    citation = reading.locator(".full-text a.cite").nth(3)
    citation.focus()
    reading.keyboard.press("Enter")
    link = reading.locator("#cite-popover").get_by_role("link").first
    expect(link).to_have_attribute("href", re.compile("^https://doi.org/"))
    reading.keyboard.press("Tab")
    expect(link).to_be_focused()
    expect(link).to_be_visible()
    reading.keyboard.press("Escape")
    expect(link).to_be_hidden()
    expect(citation).to_be_focused()
    reading.keyboard.press("Enter")
    expect(link).to_be_visible()
    reading.keyboard.press("Tab")
    reading.keyboard.press("Tab")
    expect(link).to_be_hidden()


def test_a_touch_opens_the_reference_and_a_touch_elsewhere_closes_it(
    new_tab: Tabs, site: str, alice: User, trial: Article
) -> None:
    tab = new_tab(viewport=PHONE, has_touch=True, is_mobile=True)
    already_signed_in(tab, alice, site)
    tab.goto(trial.get_absolute_url())
    citation, beside = tab.locator(".full-text a.cite").first, tab.locator("#cite-popover")
    citation.tap()
    expect(beside).to_be_visible()
    expect(beside).to_be_in_viewport()
    tab.locator("h1").tap(position={"x": 2, "y": 2})
    expect(beside).to_be_hidden()


# --- contents, text size ---------------------------------------------------------------------------------------------


def test_the_contents_mark_the_place_and_the_size_of_the_text_is_kept(reading: Page) -> None:
    contents = reading.get_by_role("navigation", name="Contents")
    marked = contents.locator("[aria-current]")
    for title in reading.locator(".full-text > section > h2").all()[:3]:
        title.evaluate(
            "element => scrollBy({top: element.getBoundingClientRect().top - innerHeight * 0.29, behavior: 'instant'})"
        )
        expect(marked).to_have_count(1)
        expect(marked).to_have_text((title.text_content() or "").strip())
    reading.set_viewport_size({"width": 1280, "height": 300})  # the list is longer than the screen
    reading.locator("#references").evaluate("element => element.scrollIntoView()")
    expect(marked).to_have_text("References")
    expect(marked).to_be_in_viewport()
    reading.evaluate("scrollTo(0, 0)")
    expect(marked).to_have_count(0)
    reading.set_viewport_size(DESKTOP)
    size = "() => parseFloat(getComputedStyle(document.querySelector('.full-text p')).fontSize)"
    normal = reading.evaluate(size)
    reading.get_by_role("group", name="Text size").get_by_role("button", name="Larger").click()
    larger = reading.evaluate(size)
    assert larger > normal * 1.25
    reading.reload()
    assert reading.evaluate(size) == larger
    expect(reading.get_by_role("button", name="Larger")).to_have_attribute("aria-pressed", "true")
    reading.get_by_role("button", name="Normal", exact=True).click()
    assert reading.evaluate(size) == normal


# --- figures and tables ----------------------------------------------------------------------------------------------


def test_a_figure_opens_in_the_viewer_is_enlarged_and_gives_the_focus_back(reading: Page) -> None:
    picture = reading.locator("#a-F1 a.zoom")
    picture.click()
    viewer = reading.get_by_role("dialog", name="Figure 1")
    shown = viewer.get_by_role("img", name=re.compile("Flow diagram"))
    expect(shown).to_be_visible()
    reading.wait_for_function("document.querySelector('.viewer-pane img').complete")
    before = shown.bounding_box()
    for press_it in (
        lambda: viewer.get_by_role("button", name="Larger").click(),
        lambda: reading.keyboard.press("+"),
    ):
        press_it()
        after = shown.bounding_box()
        assert before
        assert after
        assert after["width"] > before["width"] * 1.2
        before = after
    expect(viewer.get_by_role("button", name=re.compile("^200 %"))).to_be_visible()
    reading.keyboard.press("0")
    expect(viewer.get_by_role("button", name=re.compile("^100 %"))).to_be_visible()
    reading.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(picture).to_be_focused()


def test_a_reader_goes_from_figure_to_table_and_takes_slide_and_data_along_by_keyboard(reading: Page) -> None:
    reading.locator("#a-F1").scroll_into_view_if_needed()
    reading.get_by_role("button", name="Enlarge Figure 1").focus()
    reading.keyboard.press("Enter")
    viewer = reading.get_by_role("dialog")
    expect(viewer).to_have_accessible_name("Figure 1")
    slide = viewer.get_by_role("link", name="Slide, PPTX")
    tab_to(reading, slide)
    with reading.expect_download() as saved:
        reading.keyboard.press("Enter")
    assert saved.value.suggested_filename.endswith("-a-F1.pptx")
    tab_to(reading, viewer.get_by_role("button", name="Next"))
    reading.keyboard.press("Enter")
    expect(viewer).to_have_accessible_name("Table 2")
    expect(viewer.get_by_role("columnheader", name="Characteristic")).to_be_visible()
    with reading.expect_download() as saved:
        viewer.get_by_role("link", name="Data, CSV").click()
    assert saved.value.suggested_filename.endswith("-a-T2.csv")
    for _ in range(4):
        viewer.get_by_role("button", name="Next").click(force=True)
    expect(viewer.get_by_role("button", name="Next")).to_be_disabled()
    viewer.get_by_role("button", name="Close").click()
    expect(reading.get_by_role("button", name="Enlarge Figure 1")).to_be_focused()


def test_without_javascript_pages_of_their_own_have_the_styles_and_every_download(
    new_tab: Tabs, site: str, alice: User, trial: Article
) -> None:
    tab = new_tab(java_script_enabled=False)
    already_signed_in(tab, alice, site)
    tab.goto(trial.get_absolute_url())
    tab.get_by_role("link", name="Cite", exact=True).click()
    expect(heading(tab)).to_have_text("Cite this article")
    expect(tab.get_by_role("term")).to_have_text(["AMA", "APA", "Vancouver", "NLM"])
    expect(tab.get_by_role("button", name=re.compile("^Copy"))).to_have_count(0)
    tab.get_by_role("link", name="Back to the article").click()
    is_at(tab, trial)
    expect(tab.get_by_role("button", name=re.compile("^Enlarge"))).to_have_count(0)
    citation = tab.locator(".full-text a.cite").first
    target = (citation.get_attribute("href") or "")[1:]
    citation.click()
    expect(tab.locator(f"[id='{target}']")).to_be_in_viewport()
    tab.get_by_role("link", name="Figures and tables").click()
    expect(tab.get_by_role("main").get_by_role("heading", level=2)).to_have_count(6)
    for name in ("All figures as slides", "Slide, PPTX", "Data, CSV", "As supplied"):
        with tab.expect_download():
            tab.get_by_role("link", name=name).first.click()
    tab.get_by_role("link", name="In the text").first.click()
    expect(tab.locator("#a-T1")).to_be_in_viewport()


def test_an_article_in_three_languages_is_read_in_each_without_javascript(
    new_tab: Tabs, site: str, alice: User, offers: object
) -> None:
    """One of them is written from right to left."""
    parts = "".join(
        f'<sub-article article-type="translation" id="{code}" xml:lang="{code}"><front-stub><title-group>'
        f"<article-title>{title}</article-title></title-group></front-stub><body><sec><title>{title}</title><p>{text}</p></sec></body>"
        "</sub-article>"
        for code, title, text in (("ar", "مالك الحزين", "ينتظر الطائر."), ("de", "Reiher", "Der Vogel wartet."))
    )
    xml = make_xml("<sec><title>Herons</title><p>The bird waits.</p></sec>", more=parts)
    article = Article.objects.get(pk=import_source(xml, "herons.xml").article_id)
    publish(article)
    tab = new_tab(java_script_enabled=False, viewport=PHONE)
    already_signed_in(tab, alice, site)
    tab.goto(article.get_absolute_url())
    for shown, words, direction in (("Deutsch", "Der Vogel wartet.", "ltr"), ("العربية", "ينتظر الطائر.", "rtl")):
        expect(tab.get_by_text(words)).not_to_be_visible()
        tab.locator(".full-text summary", has_text=shown).click()
        expect(tab.get_by_text(words)).to_be_visible()
        expect(tab.get_by_text(words)).to_have_css("direction", direction)
        expect(tab.get_by_text("The bird waits.")).not_to_be_visible()
    tab.locator(".full-text summary", has_text="English").click()
    expect(tab.get_by_text("The bird waits.")).to_be_visible()


# --- the printed sheet -----------------------------------------------------------------------------------------------


def printed(tab: Page) -> list[str]:
    """The words of each sheet, as Chromium prints the page."""
    pages = pypdfium2.PdfDocument(tab.pdf(format="Letter", prefer_css_page_size=True))
    return [" ".join(page.get_textpage().get_text_range().split()) for page in pages]


def test_the_printed_sheet_is_the_article_and_nothing_around_it(reading: Page, trial: Article) -> None:
    sheets = printed(reading)
    whole = " ".join(sheets)
    assert f"https://doi.org/{trial.doi}" in sheets[0]
    assert "Department of Neurology" in sheets[0], "what is folded away on the screen"
    for around in (
        "Sign out",
        "Contents",
        "Enlarge",
        "Copy link",
        "Larger",
        "Figures and tables",
        "About the journal",
        "↩",
    ):
        assert around not in whole, around
    for sentence in secrets(trial):
        assert "".join(sentence.split()) in "".join(whole.split())
    for first, last in (
        ("Table 1 What", "The case weighs"),
        ("Table 2 Char", "Mimic at"),
        ("Table 3 Out", "Thrombolysis of a mimic"),
    ):
        assert [first in sheet and last in sheet for sheet in sheets].count(True) == 1, f"{first} is cut"


def test_a_table_of_many_columns_is_printed_across(tab: Page, site: str, alice: User) -> None:
    cells = "".join(f"<td>Column {n}</td>" for n in range(14))
    scroll = (
        f'<div class="table-scroll" tabindex="0" role="region" aria-label="Table"><table><tr>{cells}</tr></table></div>'
    )
    wide = make_article(body=f'<p>Before.</p><figure class="table-wrap" id="a-T1">{scroll}</figure><p>After.</p>')
    already_signed_in(tab, alice, site)
    tab.goto(wide.get_absolute_url())
    pages = list(pypdfium2.PdfDocument(tab.pdf(format="Letter", prefer_css_page_size=True)))
    across = [page for page in pages if page.get_width() > page.get_height()]
    assert ["Column 13" in page.get_textpage().get_text_range() for page in across] == [True]
    assert len(pages) > len(across)


def test_a_rented_text_is_not_printed_and_a_visitor_prints_the_abstract(
    tab: Page, site: str, dan: User, trial: Article
) -> None:
    tab.goto(trial.get_absolute_url())
    assert "Importance" in " ".join(printed(tab))
    now = timezone.now()
    make_right(dan, trial, "rental", opened_at=now, ends_at=now + timedelta(days=1))
    already_signed_in(tab, dan, site)
    tab.goto(trial.get_absolute_url())
    shows_full_text(tab, trial)
    whole = " ".join(printed(tab))
    assert "Printing comes with buying" in whole
    assert not [sentence for sentence in secrets(trial) if sentence[:40] in whole]


# --- all of it -------------------------------------------------------------------------------------------------------


def test_the_dialogs_and_pages_of_an_article_are_in_order(
    reading: Page, trial: Article, inspection: Inspection
) -> None:
    reading.get_by_role("link", name="Cite", exact=True).click()
    reading.get_by_role("dialog").wait_for()
    inspection.of("ways to cite")
    reading.keyboard.press("Escape")
    reading.locator("#a-F1 a.zoom").click()
    reading.get_by_role("link", name="Slide, PPTX").wait_for()
    inspection.of("viewer, figure")
    reading.get_by_role("button", name="Next").click()
    reading.get_by_role("link", name="Data, CSV").wait_for()
    inspection.of("viewer, table")
    for address in ("cite/", "figures/"):
        reading.goto(f"{trial.get_absolute_url()}{address}")
        inspection.of(address)
