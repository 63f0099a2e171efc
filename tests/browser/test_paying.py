"""Cards that are declined, tabs that are closed, buttons pressed again, webhooks that come early, late or never."""

import re
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions.models import Entitlement, Offer, Order, Receipt, StripeEvent
from tests.browser.conftest import Tabs
from tests.browser.steps import (
    BUY,
    DECLINED_CARD,
    RENT,
    already_signed_in,
    charges,
    choose,
    confirm,
    heading,
    hides_full_text,
    is_at,
    let_the_worker_work,
    pay,
    shows_full_text,
    start_reading,
)

Offers = dict[str, Offer]


@pytest.fixture
def dans_tab(tab: Page, dan: User, site: str, trial: Article, offers: Offers) -> Page:
    """Dan, signed in, at the article he wants."""
    already_signed_in(tab, dan, site)
    tab.goto(trial.get_absolute_url())
    return tab


def has_bought_once(stripe: LocalStripe) -> None:
    """However the way went: one charge, one right, and, when all jobs are done, one receipt in the mail."""
    let_the_worker_work(stripe)
    let_the_worker_work(stripe)
    assert charges(stripe) == [3000]
    assert Entitlement.objects.count() == 1
    assert Receipt.objects.count() == 1
    assert [letter.subject for letter in mail.outbox if "eceipt" in letter.subject] == [mail.outbox[0].subject]


def test_a_declined_card_is_told_and_the_next_card_pays_once(
    dans_tab: Page, trial: Article, hooked_stripe: LocalStripe
) -> None:
    choose(dans_tab, BUY)
    confirm(dans_tab)
    pay(dans_tab, DECLINED_CARD)
    expect(dans_tab.get_by_role("alert")).to_have_text("Your card was declined.")
    assert charges(hooked_stripe) == []
    pay(dans_tab)
    shows_full_text(dans_tab, trial)
    has_bought_once(hooked_stripe)


def test_leaving_the_payment_page_by_its_back_link_loses_nothing(
    dans_tab: Page, trial: Article, hooked_stripe: LocalStripe
) -> None:
    choose(dans_tab, BUY)
    confirm(dans_tab)
    payment_page = dans_tab.url
    dans_tab.get_by_role("link", name="Back").click()
    expect(dans_tab.get_by_text("Nothing was charged; you can continue whenever you like.")).to_be_visible()
    hides_full_text(dans_tab, trial)
    choose(dans_tab, BUY)
    confirm(dans_tab)
    assert dans_tab.url == payment_page
    pay(dans_tab)
    shows_full_text(dans_tab, trial)
    assert Order.objects.count() == 1
    has_bought_once(hooked_stripe)


def test_closing_the_tab_on_the_payment_page_loses_nothing(
    dans_tab: Page, trial: Article, hooked_stripe: LocalStripe
) -> None:
    choose(dans_tab, BUY)
    confirm(dans_tab)
    payment_page = dans_tab.url
    another = dans_tab.context.new_page()
    dans_tab.close()
    another.goto(trial.get_absolute_url())
    hides_full_text(another, trial)
    choose(another, BUY)
    confirm(another)
    assert another.url == payment_page
    pay(another)
    shows_full_text(another, trial)
    has_bought_once(hooked_stripe)


def test_the_back_button_after_paying_leads_to_the_article_and_charges_nothing_twice(
    dans_tab: Page, trial: Article, hooked_stripe: LocalStripe
) -> None:
    choose(dans_tab, BUY)
    confirm(dans_tab)
    pay(dans_tab)
    shows_full_text(dans_tab, trial)
    dans_tab.go_back()  # the payment page
    expect(dans_tab.get_by_text("you were charged once")).to_be_visible()
    dans_tab.get_by_role("link", name="Continue").click()
    shows_full_text(dans_tab, trial)
    dans_tab.go_back()
    dans_tab.go_back()  # the order that was confirmed
    dans_tab.reload()
    shows_full_text(dans_tab, trial)
    has_bought_once(hooked_stripe)


def test_an_old_order_page_confirmed_again_after_paying_leads_to_the_article(
    dans_tab: Page, trial: Article, hooked_stripe: LocalStripe
) -> None:
    """Two tabs at the same order: paid in one, confirmed in the other."""
    choose(dans_tab, BUY)
    other = dans_tab.context.new_page()
    other.goto(dans_tab.url)
    confirm(dans_tab)
    pay(dans_tab)
    shows_full_text(dans_tab, trial)
    other.get_by_role("checkbox").check()
    other.get_by_role("button", name="Continue to payment").click()
    shows_full_text(other, trial)
    has_bought_once(hooked_stripe)


def test_two_presses_on_pay_are_one_payment(dans_tab: Page, trial: Article, hooked_stripe: LocalStripe) -> None:
    choose(dans_tab, BUY)
    confirm(dans_tab)
    other = dans_tab.context.new_page()
    other.goto(dans_tab.url)
    for tab in (dans_tab, other):
        pay(tab)
        shows_full_text(tab, trial)
    has_bought_once(hooked_stripe)


# --- webhooks --------------------------------------------------------------------------------------------------------


def test_a_reader_reads_although_no_webhook_ever_comes(
    dans_tab: Page, trial: Article, hooked_stripe: LocalStripe
) -> None:
    hooked_stripe.control("config", redirect="webhook_never")
    choose(dans_tab, BUY)
    confirm(dans_tab)
    pay(dans_tab)
    shows_full_text(dans_tab, trial)
    assert not StripeEvent.objects.filter(type="checkout.session.completed").exists()
    has_bought_once(hooked_stripe)


def test_a_reader_whose_tab_closed_after_paying_finds_the_article_open_although_no_webhook_came(
    dans_tab: Page, trial: Article, hooked_stripe: LocalStripe
) -> None:
    """Paid, never came back, no webhook: pressing Buy again asks Stripe first, and nothing is sold twice."""
    hooked_stripe.control("config", redirect="webhook_never")
    choose(dans_tab, BUY)
    confirm(dans_tab)
    paid_elsewhere(hooked_stripe, dans_tab)
    dans_tab.goto(trial.get_absolute_url())
    choose(dans_tab, BUY)
    dans_tab.get_by_role("checkbox").check()
    dans_tab.get_by_role("button", name="Continue to payment").click()
    shows_full_text(dans_tab, trial)
    has_bought_once(hooked_stripe)


def paid_elsewhere(stripe: LocalStripe, tab: Page) -> None:
    """The payment goes through, and the reader's browser never hears of it."""
    stripe.pay(tab.url)


def test_the_webhook_alone_opens_the_article_to_a_reader_who_never_came_back(
    dans_tab: Page, trial: Article, hooked_stripe: LocalStripe
) -> None:
    choose(dans_tab, BUY)
    confirm(dans_tab)
    paid_elsewhere(hooked_stripe, dans_tab)
    let_the_worker_work(hooked_stripe)
    dans_tab.goto(trial.get_absolute_url())
    shows_full_text(dans_tab, trial)
    has_bought_once(hooked_stripe)


def test_the_webhook_may_be_done_before_the_reader_is_back(
    dans_tab: Page, trial: Article, hooked_stripe: LocalStripe
) -> None:
    choose(dans_tab, RENT)
    confirm(dans_tab)
    way_back = HeldRequest(dans_tab, "*/orders/*/return/*")
    pay(dans_tab)
    way_back.wait()
    let_the_worker_work(hooked_stripe)
    assert Order.objects.get().state == Order.State.PAID
    way_back.let_go()
    start_reading(dans_tab)
    shows_full_text(dans_tab, trial)
    assert charges(hooked_stripe) == [600]
    assert Entitlement.objects.count() == 1


class HeldRequest:
    """Stops the browser before it asks for an address, redirects included, until it is let go."""

    def __init__(self, tab: Page, pattern: str) -> None:
        self.tab, self.held = tab, list[dict[str, Any]]()
        self.browser = tab.context.new_cdp_session(tab)
        self.browser.on("Fetch.requestPaused", self._hold)
        self.browser.send("Fetch.enable", {"patterns": [{"urlPattern": pattern}]})

    def _hold(self, request: dict[str, Any]) -> None:
        self.held.append(request)

    def wait(self) -> None:
        for _ in range(300):
            if self.held:
                return
            self.tab.wait_for_timeout(100)
        raise AssertionError("The browser never asked.")

    def let_go(self) -> None:
        self.browser.send("Fetch.continueRequest", {"requestId": self.held[0]["requestId"]})
        self.browser.send("Fetch.disable")


def test_the_reader_may_be_back_before_the_webhook(dans_tab: Page, trial: Article, hooked_stripe: LocalStripe) -> None:
    hooked_stripe.control("config", redirect="redirect_first", delay=2)
    choose(dans_tab, BUY)
    confirm(dans_tab)
    pay(dans_tab)
    shows_full_text(dans_tab, trial)
    assert not StripeEvent.objects.filter(type="checkout.session.completed").exists()
    has_bought_once(hooked_stripe)
    assert StripeEvent.objects.filter(type="checkout.session.completed").exists()


def test_a_payment_that_is_not_there_yet_is_looked_for_until_it_is(
    dans_tab: Page, trial: Article, hooked_stripe: LocalStripe
) -> None:
    """The reader is back, and Stripe does not answer for a moment: the page waits and looks again by itself."""
    hooked_stripe.control("config", redirect="webhook_never")
    choose(dans_tab, BUY)
    confirm(dans_tab)
    fault = {"endpoint": "GET /v1/checkout/sessions", "kind": "503", "times": 4}
    hooked_stripe.control("fault", **fault)
    pay(dans_tab)
    expect(heading(dans_tab)).to_have_text("Looking for your payment")
    shows_full_text(dans_tab, trial)
    has_bought_once(hooked_stripe)


def test_when_stripe_does_not_answer_the_reader_is_told_and_can_go_on_later(
    dans_tab: Page, trial: Article, hooked_stripe: LocalStripe
) -> None:
    choose(dans_tab, BUY)
    hooked_stripe.control("fault", endpoint="POST /v1/checkout/sessions", kind="500", times=9)
    dans_tab.get_by_role("checkbox").check()
    dans_tab.get_by_role("button", name="Continue to payment").click()
    expect(dans_tab.get_by_role("alert")).to_contain_text("Nothing was charged and your order is kept")
    hooked_stripe.control("config", faults=[])
    confirm(dans_tab)
    pay(dans_tab)
    shows_full_text(dans_tab, trial)
    has_bought_once(hooked_stripe)


def test_a_stranger_with_the_return_address_gets_nothing(
    dans_tab: Page, new_tab: Tabs, alice: User, site: str, trial: Article, hooked_stripe: LocalStripe
) -> None:
    choose(dans_tab, BUY)
    confirm(dans_tab)
    back = hooked_stripe.pay(dans_tab.url)
    visitor = new_tab()
    visitor.goto(back)
    expect(heading(visitor)).to_have_text("Sign in")
    already_signed_in(visitor, alice, site)
    answer = visitor.goto(back)
    assert answer is not None
    assert answer.status == 404
    dans_tab.goto(back)
    is_at(dans_tab, trial)
    assert re.search("/doi/", dans_tab.url)
