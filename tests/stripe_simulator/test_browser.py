"""The payment page, portal and console in a real Chromium: by keyboard, for axe, under the strict policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from stripe_simulator.process import LocalStripe
from tests.axe import violations

from .conftest import Endpoint, Shop, make_customer, make_plan, make_price, make_session, make_subscription

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    """A phone in the dark; the console must stay free of complaints but for an answer that is an error."""
    context = chromium.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    yield page
    context.close()
    assert [text for text in said if "Failed to load resource" not in text] == []


def assert_clean(tab: Page) -> None:
    """Nothing for axe to find, nothing wider than the screen."""
    assert violations(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_reader_pays_by_keyboard_and_lands_on_the_shops_own_site(
    local: LocalStripe, shop: Shop, endpoint: Endpoint, tab: Page
) -> None:
    """The policy's form-action must allow the redirect to another origin, or Chromium stops the reader here."""
    back = endpoint.url.replace("/webhook", "/return?session={CHECKOUT_SESSION_ID}")
    session = make_session(shop, make_price(shop), success_url=back, customer_email="carol@example.org")
    tab.goto(session.url)
    assert_clean(tab)
    tab.get_by_label("Card number").focus()
    for typed in ("4000 0000 0000 0002", "12 / 39", "123", "Carol"):
        tab.keyboard.type(typed)
        tab.keyboard.press("Tab")
    tab.get_by_label("Name on card").press("Enter")
    tab.get_by_role("alert").wait_for()
    assert tab.get_by_role("alert").inner_text() == "Your card was declined."
    assert_clean(tab)
    tab.get_by_label("Card number").fill("4242 4242 4242 4242")
    tab.get_by_label("Security code").fill("123")
    tab.get_by_role("button", name="Pay $15.00").click()
    tab.wait_for_url(f"**/return?session={session.id}")
    assert len([charge for charge in shop.charges.list().data if charge.paid]) == 1


def test_problems_are_tied_to_their_fields_and_the_first_has_the_focus(
    local: LocalStripe, shop: Shop, tab: Page
) -> None:
    tab.goto(make_session(shop, make_price(shop), customer_email=None, customer_creation="always").url)
    tab.get_by_role("button", name="Pay $15.00").click()
    tab.get_by_text("Your email is incomplete.").wait_for()
    for label, text in (("Email", "Your email"), ("Card number", "Your card number"), ("Security code", "Your card's")):
        field = tab.get_by_label(label)
        assert field.get_attribute("aria-invalid") == "true"
        assert tab.locator(f"#{field.get_attribute('aria-describedby')}").inner_text().startswith(text)
    assert tab.evaluate("document.activeElement.id") == "email"
    assert_clean(tab)


def test_the_choice_of_a_debit_shows_its_field_without_script(local: LocalStripe, shop: Shop, tab: Page) -> None:
    types = ["card", "sepa_debit"]
    tab.goto(make_session(shop, make_price(shop, currency="eur"), allowed_payment_method_types=types).url)
    assert tab.get_by_label("Card number").is_visible()
    assert not tab.get_by_label("IBAN").is_visible()
    tab.get_by_label("SEPA Direct Debit").check()
    assert not tab.get_by_label("Card number").is_visible()
    assert tab.get_by_label("IBAN").is_visible()
    assert_clean(tab)


def test_the_bank_portal_invoice_and_console_pages_are_clean(local: LocalStripe, shop: Shop, tab: Page) -> None:
    subscription = make_subscription(local, shop, make_plan(shop))
    portal = shop.billing_portal.sessions.create({"customer": subscription.customer}).url
    invoice = shop.invoices.retrieve(subscription.latest_invoice).hosted_invoice_url
    question = make_session(shop, make_price(shop), customer=make_customer(shop).id)
    for url in (
        local.pay(question.url, card="4000002500003155"),
        portal,
        invoice,
        shop.charges.list().data[0].receipt_url,
        f"{local.url}/_sim/",
        f"{local.url}/nowhere",
    ):
        tab.goto(url)
        assert_clean(tab)


def label(name: str) -> str:
    """A button's own words, without what they are about."""
    return name.split(" (", maxsplit=1)[0].removesuffix(" alice@example.org")


def test_a_person_turns_the_clock_and_the_money_at_the_console_by_keyboard(
    local: LocalStripe, shop: Shop, endpoint: Endpoint, tab: Page
) -> None:
    make_subscription(local, shop)
    tab.goto(f"{local.url}/_sim/")

    def press(name: str) -> str:
        tab.get_by_role("button", name=name).first.focus()
        tab.keyboard.press("Enter")
        told: Any = tab.get_by_role("status")
        told.get_by_text(f"{label(name)}: done.").wait_for()
        assert_clean(tab)
        return str(told.inner_text())

    assert "invoice.paid ×1" in press("Advance 1 month")
    assert len(shop.charges.list().data) == 2
    assert "charge.refunded ×1" in press("Refund half ($25.00)")
    assert "charge.dispute.created ×1" in press("Dispute ($25.00)")
    assert "charge.dispute.closed ×1" in press("Dispute won ($25.00)")
    press("Fail the next renewal")
    tab.get_by_label("Webhooks are dropped").check()
    tab.get_by_role("button", name="Set").first.press("Enter")
    tab.get_by_text("Webhooks are dropped: the journal learns nothing from them.").wait_for()
    before = len(endpoint.types)
    assert "dropped" in press("Advance to its renewal alice@example.org")
    assert shop.subscriptions.list().data[0].status == "past_due"
    assert len(endpoint.types) == before
