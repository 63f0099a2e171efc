"""What people do in the browser, step by step, in the words that stand on the page."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import mail
from django.db import connections
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from tests.conftest import signed_in
from tests.make import PASSWORD
from tests.subscriptions.selling import work

GOOD_CARD, DECLINED_CARD = "4242 4242 4242 4242", "4000 0000 0000 0002"
RENT, BUY, MONTH, YEAR = "Rent for $6.00", "Buy for $30.00", "Subscribe: $9.00 a month", "Subscribe: $89.00 a year"
PRICES = (RENT, BUY, MONTH, YEAR)


def heading(tab: Page) -> Locator:
    return tab.get_by_role("heading", level=1)


def is_at(tab: Page, article: Article) -> None:
    """The reader stands on the article's page, whatever the address says behind its path."""
    expect(heading(tab)).to_have_text(article.title)
    assert urlsplit(tab.url).path == article.get_absolute_url()


# --- an account ------------------------------------------------------------------------------------------------------


def register(tab: Page, email: str = "wanda@example.org", article_title: str = "") -> None:
    """From the form to the code that was mailed, typed as somebody types it."""
    expect(heading(tab)).to_have_text("Register")
    tab.get_by_label("Email").fill(email)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("main").get_by_role("button", name="Register").click()
    expect(heading(tab)).to_have_text("Confirm your email address")
    if article_title:
        expect(tab.get_by_role("main")).to_contain_text(f"You are on your way to {article_title}")
    enter_code(tab, email)


def enter_code(tab: Page, email: str) -> None:
    tab.get_by_label("Code").fill(mailed_code(email))
    tab.get_by_role("button", name="Continue").click()


def mailed_code(email: str) -> str:
    """The code in the newest letter to this address."""
    letter = next(letter for letter in reversed(mail.outbox) if letter.to == [email])
    found = re.search(r"^ {4}(\S+)$", str(letter.body), re.MULTILINE)
    assert found, letter.body
    return found[1]


def sign_in(tab: Page, email: str, password: str = PASSWORD) -> None:
    tab.get_by_label("Email").fill(email)
    tab.get_by_label("Password").fill(password)
    tab.get_by_role("main").get_by_role("button", name="Sign in").click()


def already_signed_in(tab: Page, user: User, site: str) -> None:
    """Gives the tab a session of this account, where signing in is not what the test is about."""
    session = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
    tab.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site}])


# --- an order --------------------------------------------------------------------------------------------------------


def choose(tab: Page, offer: str) -> None:
    tab.get_by_role("link", name=offer).click()


def choose_and_register(tab: Page, offer: str, email: str = "wanda@example.org") -> None:
    """A visitor who wants an account, though none is needed to buy or rent."""
    choose(tab, offer)
    if heading(tab).inner_text() != "Register":
        tab.get_by_role("main").get_by_role("link", name="Register").click()
    register(tab, email)


def confirm(tab: Page) -> None:
    """Ticks the boxes (access at once; for a subscription the renewal, too), and goes to the payment page."""
    onward = tab.get_by_role("button", name="Continue to payment")
    onward.wait_for()  # `all` does not wait: on a slow machine it counted the boxes of the page before
    for box in tab.get_by_role("checkbox").all():
        box.check()
    onward.click()
    card_number(tab).wait_for()


def card_number(tab: Page) -> Locator:
    return tab.get_by_label("Card number")


def pay(tab: Page, card: str = GOOD_CARD) -> None:
    card_number(tab).fill(card)
    tab.get_by_label("Expiration").fill("12 / 39")
    tab.get_by_label("Security code").fill("123")
    tab.get_by_label("Name on card").fill("Wanda Payer")
    pay_button(tab).click(no_wait_after=True)


def pay_button(tab: Page) -> Locator:
    return tab.get_by_role("button", name=re.compile(r"^(Pay \$|Subscribe)"))


def start_reading(tab: Page) -> None:
    tab.get_by_role("button", name="Start reading").click()


# --- the text, and what it cost --------------------------------------------------------------------------------------


def secrets(article: Article) -> list[str]:
    """Sentences that stand in the full text of this sample article and nowhere else."""
    known: dict[str, list[str]] = json.loads((settings.BASE_DIR / "sample/sentinels.json").read_text("utf-8"))
    return known[article.doi]


def shows_full_text(tab: Page, article: Article) -> None:
    is_at(tab, article)
    for sentence in secrets(article):
        expect(tab.get_by_role("main").get_by_text(sentence)).to_be_visible()


def hides_full_text(tab: Page, article: Article) -> None:
    """Not only out of sight: the page does not hold it."""
    is_at(tab, article)
    page = " ".join(tab.content().split())
    assert [sentence for sentence in secrets(article) if sentence in page] == []


def charges(stripe: LocalStripe) -> list[int]:
    """What was really charged, in cents."""
    found: list[dict[str, Any]] = stripe.control("objects", kind="charge")["data"]
    return [charge["amount"] for charge in found if charge["status"] == "succeeded"]


def let_the_worker_work(stripe: LocalStripe) -> None:
    """In a thread of its own, because Playwright keeps an event loop in the test's thread."""

    def job() -> None:
        try:
            work(stripe)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(job).result(60)
