"""A stranger finds an article, pays and reads on: the whole trip, as it happens in a browser."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from playwright.sync_api import Page, expect

from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions.models import Entitlement, Offer
from tests.browser.conftest import PHONE, Tabs
from tests.browser.steps import (
    BUY,
    MONTH,
    PRICES,
    RENT,
    YEAR,
    already_signed_in,
    charges,
    choose,
    choose_and_register,
    confirm,
    heading,
    hides_full_text,
    is_at,
    let_the_worker_work,
    pay,
    register,
    shows_full_text,
    start_reading,
)
from tests.make import make_user

Offers = dict[str, Offer]


def test_a_visitor_sees_the_preview_and_the_prices_and_never_the_full_text(
    tab: Page, trial: Article, offers: Offers
) -> None:
    tab.goto(trial.get_absolute_url())
    hides_full_text(tab, trial)
    for offer in PRICES:
        expect(tab.get_by_role("link", name=offer)).to_be_visible()
    picture = tab.get_by_role("img", name="First page of the article, enlarge")
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("async picture => (await picture.decode(), picture.naturalWidth)") > 0


def test_the_large_view_of_the_first_page_opens_by_click_and_esc_brings_the_focus_back(
    tab: Page, trial: Article, offers: Offers
) -> None:
    tab.goto(trial.get_absolute_url())
    link = tab.get_by_role("link", name="First page of the article, enlarge")
    link.click()
    dialog = tab.get_by_role("dialog", name="First page")
    expect(dialog.get_by_role("img")).to_be_visible()
    assert dialog.get_by_role("img").evaluate("async picture => (await picture.decode(), picture.naturalWidth)") > 800
    for _ in range(4):  # the focus stays inside, or with the browser
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    tab.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(link).to_be_focused()


def test_a_visitor_rents_an_article_and_reads_it(
    tab: Page, trial: Article, offers: Offers, hooked_stripe: LocalStripe
) -> None:
    tab.goto(trial.get_absolute_url())
    choose(tab, RENT)
    expect(tab.get_by_label("Your email address")).to_be_visible()  # no account is needed, and one can be made
    tab.get_by_role("main").get_by_role("link", name="Register").click()
    expect(tab.get_by_role("main")).to_contain_text(f"Register to continue to {trial.title}")
    register(tab, article_title=trial.title)
    hides_full_text(tab, trial)
    chosen = tab.locator(".offer", has_text="Your choice")
    expect(chosen).to_contain_text("Rent for 48 hours")
    expect(chosen).to_be_in_viewport()
    choose(tab, RENT)
    expect(heading(tab)).to_have_text("Rent this article")
    confirm(tab)
    pay(tab)
    expect(tab.get_by_role("heading", name="Your rental is ready")).to_be_visible()
    hides_full_text(tab, trial)
    pressed = timezone.now()
    start_reading(tab)
    shows_full_text(tab, trial)
    _shows_the_hours_left_and_the_exact_end(tab, pressed + timedelta(hours=48))
    expect(tab.get_by_role("link", name=re.compile("^PDF"))).to_have_count(0)
    assert charges(hooked_stripe) == [600]


def _shows_the_hours_left_and_the_exact_end(tab: Page, end: timezone.datetime) -> None:
    left, until = tab.locator(".access-line time").all()
    expect(left).to_have_text(re.compile("^4[78] hours left$"))  # by the browser's clock, which is its own
    told = parse_datetime(until.get_attribute("datetime") or "")
    assert told is not None
    assert abs(told - end) < timedelta(minutes=1)
    stored = Entitlement.objects.get(kind="rental").ends_at
    assert stored is not None
    assert told == stored
    in_words = tab.evaluate("moment => new Date(moment).toLocaleTimeString('en', {hour: 'numeric', minute: '2-digit'})",
                            told.isoformat())  # fmt: skip
    expect(until).to_contain_text(in_words)


def test_a_visitor_buys_an_article_on_a_phone_and_keeps_it(
    new_tab: Tabs, trial: Article, offers: Offers, hooked_stripe: LocalStripe
) -> None:
    tab = new_tab(viewport=PHONE, has_touch=True, is_mobile=True)
    tab.goto(trial.get_absolute_url())
    choose_and_register(tab, BUY)
    expect(tab.get_by_role("heading", name="Read the full text")).to_be_in_viewport()
    choose(tab, BUY)
    expect(heading(tab)).to_have_text("Buy this article")
    confirm(tab)
    pay(tab)
    expect(tab.get_by_text("Thank you. The article is yours.")).to_be_visible()
    shows_full_text(tab, trial)
    pdf = tab.request.get(tab.get_by_role("link", name=re.compile("^PDF")).get_attribute("href") or "")
    assert pdf.body().startswith(b"%PDF-")
    assert charges(hooked_stripe) == [3000]


def test_a_visitor_subscribes_by_the_month_and_finds_everything_under_my_access(
    tab: Page, trial: Article, offers: Offers, hooked_stripe: LocalStripe
) -> None:
    tab.goto(trial.get_absolute_url())
    choose(tab, MONTH)
    register(tab)
    choose(tab, MONTH)
    expect(heading(tab)).to_have_text("Subscribe")
    confirm(tab)
    pay(tab)
    shows_full_text(tab, trial)
    assert charges(hooked_stripe) == [900]
    tab.get_by_role("link", name="My access").click()
    expect(tab.get_by_role("main")).to_contain_text("next payment of $9.00")
    let_the_worker_work(hooked_stripe)
    tab.get_by_role("table").get_by_role("link", name=re.compile(r"^\d+$")).click()
    expect(heading(tab)).to_have_text("Receipt")
    assert any("$9.00" in str(letter.body) for letter in mail.outbox if "receipt" in letter.subject.lower())


def test_a_reader_with_an_account_subscribes_by_the_year(
    tab: Page, site: str, trial: Article, offers: Offers, hooked_stripe: LocalStripe
) -> None:
    already_signed_in(tab, make_user(), site)
    tab.goto(trial.get_absolute_url())
    choose(tab, YEAR)
    confirm(tab)
    pay(tab)
    shows_full_text(tab, trial)
    assert charges(hooked_stripe) == [8900]


@pytest.mark.parametrize("offer", [RENT, BUY])
def test_without_the_box_ticked_nobody_gets_to_the_payment(
    tab: Page, site: str, trial: Article, offers: Offers, offer: str
) -> None:
    already_signed_in(tab, make_user(), site)
    tab.goto(trial.get_absolute_url())
    choose(tab, offer)
    tab.get_by_role("button", name="Continue to payment").click()
    expect(tab.get_by_role("alert")).to_contain_text("Please tick the box")
    expect(tab.get_by_role("alert")).to_be_focused()
    tab.get_by_role("link", name="Cancel").click()
    is_at(tab, trial)
