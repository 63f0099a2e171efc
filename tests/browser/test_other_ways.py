"""The same trip without JavaScript, and without a mouse."""

import re

from playwright.sync_api import Locator, Page, expect

from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions.models import Offer
from tests.browser.conftest import PHONE, Tabs
from tests.browser.steps import (
    GOOD_CARD,
    RENT,
    card_number,
    charges,
    choose,
    choose_and_register,
    confirm,
    heading,
    hides_full_text,
    is_at,
    mailed_code,
    pay,
    shows_full_text,
    start_reading,
)
from tests.make import PASSWORD

Offers = dict[str, Offer]


def test_a_visitor_rents_and_reads_without_javascript(
    new_tab: Tabs, trial: Article, offers: Offers, hooked_stripe: LocalStripe
) -> None:
    tab = new_tab(java_script_enabled=False, viewport=PHONE)
    tab.goto(trial.get_absolute_url())
    hides_full_text(tab, trial)
    tab.get_by_role("link", name="First page of the article, enlarge").click()
    expect(tab.get_by_role("img", name="First page as printed")).to_be_visible()
    tab.get_by_role("link", name="See how to read it all").click()
    is_at(tab, trial)
    for script_only in ("Copy link", "Print", "Dark", "Large"):
        expect(tab.get_by_role("button", name=script_only, exact=True)).to_have_count(0)
    choose_and_register(tab, RENT)
    choose(tab, RENT)
    confirm(tab)
    pay(tab)
    hides_full_text(tab, trial)
    start_reading(tab)
    shows_full_text(tab, trial)
    expect(tab.locator(".access-line")).to_contain_text("47 hours left, until ")
    assert charges(hooked_stripe) == [600]


# --- by keyboard alone -----------------------------------------------------------------------------------------------

MOST_TABS = 120
STOP = """() => {
  const element = document.activeElement, style = getComputedStyle(element), box = element.getBoundingClientRect();
  const field = element.closest('.search-field, .field') || element, around = getComputedStyle(field);
  const ring = [style, around].some(s => (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1)
                                         || s.boxShadow !== 'none');
  return {ring, inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
          what: element.tagName + ' ' + (element.getAttribute('aria-label') || element.textContent || '').trim()};
}"""


def tab_to(tab: Page, wanted: Locator) -> None:
    """Presses Tab until the focus is there. On the way, every stop is on the screen and shows that it has the focus."""
    for _ in range(MOST_TABS):
        tab.keyboard.press("Tab")
        stop = tab.evaluate(STOP)
        if stop["what"].startswith("BODY"):  # the browser's own buttons lie between the page's end and its beginning
            continue
        assert stop["ring"], f"{tab.url}: no visible focus on {stop['what']}"
        assert stop["inside"] or comes_into_sight(tab), f"{tab.url}: the focus is out of sight on {stop['what']}"
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{tab.url}: {wanted} cannot be reached with Tab")


def comes_into_sight(tab: Page) -> bool:
    """The page may still be scrolling there."""
    for _ in range(20):
        tab.wait_for_timeout(50)
        if tab.evaluate(STOP)["inside"]:
            return True
    return False


def press(tab: Page, wanted: Locator, key: str = "Enter") -> None:
    tab_to(tab, wanted)
    tab.keyboard.press(key)


def type_into(tab: Page, wanted: Locator, text: str) -> None:
    tab_to(tab, wanted)
    tab.keyboard.type(text)


def test_a_visitor_rents_and_reads_by_keyboard_alone(
    tab: Page, trial: Article, offers: Offers, hooked_stripe: LocalStripe
) -> None:
    tab.goto(trial.get_absolute_url())
    press(tab, tab.get_by_role("link", name="Skip to the content"))
    expect(tab.get_by_role("main")).to_be_focused()
    press(tab, tab.get_by_role("link", name=RENT))
    expect(heading(tab)).to_have_text("Rent this article")
    press(tab, tab.get_by_role("main").get_by_role("link", name="Register"))
    expect(heading(tab)).to_have_text("Register")
    type_into(tab, tab.get_by_label("Email"), "kay@example.org")
    type_into(tab, tab.get_by_label("Password"), PASSWORD)
    press(tab, tab.get_by_role("main").get_by_role("button", name="Register"))
    expect(heading(tab)).to_have_text("Confirm your email address")
    type_into(tab, tab.get_by_label("Code"), mailed_code("kay@example.org"))
    tab.keyboard.press("Enter")
    is_at(tab, trial)
    press(tab, tab.get_by_role("link", name=RENT))
    expect(heading(tab)).to_have_text("Rent this article")
    press(tab, tab.get_by_role("checkbox"), "Space")
    press(tab, tab.get_by_role("button", name="Continue to payment"), "Space")
    card_number(tab).wait_for()
    type_into(tab, card_number(tab), GOOD_CARD)
    type_into(tab, tab.get_by_label("Expiration"), "12 / 39")
    type_into(tab, tab.get_by_label("Security code"), "123")
    press(tab, tab.get_by_role("button", name=re.compile(r"^Pay \$")))
    expect(tab.get_by_role("heading", name="Your rental is ready")).to_be_visible()
    press(tab, tab.get_by_role("button", name="Start reading"), "Space")
    shows_full_text(tab, trial)
    assert charges(hooked_stripe) == [600]


def test_the_words_behind_the_question_mark_open_and_close_by_keyboard_and_stay_while_pointed_at(
    tab: Page, trial: Article, offers: Offers
) -> None:
    tab.goto(trial.get_absolute_url())
    mark, words = tab.get_by_label("How renting works"), tab.get_by_text("You pay now and start when you like")
    tab_to(tab, mark)
    expect(words).to_be_hidden()
    tab.keyboard.press("Enter")
    expect(words).to_be_visible()
    tab.keyboard.press("Escape")
    expect(words).to_be_hidden()
    expect(mark).to_be_focused()
    mark.hover()
    expect(words).to_be_visible()
    words.hover()
    tab.wait_for_timeout(600)
    expect(words).to_be_visible()
    tab.keyboard.press("Escape")
    expect(words).to_be_hidden()
