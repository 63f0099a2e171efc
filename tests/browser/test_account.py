"""The account in a real browser: a passkey, a second factor by keyboard alone, and every page for axe."""

from typing import Any

from playwright.sync_api import Page, expect

from accounts.models import ServiceCenter, User
from journal.models import Article
from tests.accounts.steps import set_up_totp, totp_code
from tests.axe import violations
from tests.browser.steps import already_signed_in, heading, sign_in
from tests.browser.test_pages import ALL_RULES, WIDER_THAN_THE_SCREEN
from tests.chromium import Complaints
from tests.make import PASSWORD, make_journal

VIRTUAL = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def test_a_passkey_is_added_and_signs_in_by_itself_and_a_refused_one_is_said(
    tab: Page, dan: User, article: Article
) -> None:
    device = tab.context.new_cdp_session(tab)
    device.send("WebAuthn.enable")
    key = device.send("WebAuthn.addVirtualAuthenticator", {"options": VIRTUAL})["authenticatorId"]
    tab.goto("/accounts/login/?next=/accounts/2fa/webauthn/add/")
    sign_in(tab, dan.email)
    tab.get_by_label("Name of the passkey").fill("My phone")
    tab.get_by_role("button", name="Continue").click()
    expect(heading(tab)).to_have_text("Recovery codes")
    tab.goto("/accounts/2fa/webauthn/")
    expect(tab.get_by_role("heading", name="My phone")).to_be_visible()
    tab.get_by_role("button", name="Sign out").click()
    tab.goto(f"/accounts/login/?next={article.get_absolute_url()}")
    device.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
    tab.get_by_role("button", name="Use a passkey").click()
    expect(tab.get_by_role("alert")).to_be_focused()
    device.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": True})
    tab.get_by_role("button", name="Use a passkey").click()
    expect(heading(tab)).to_have_text(article.title)
    expect(tab.get_by_role("button", name="Sign out")).to_be_visible()


def test_signing_in_with_a_second_factor_by_keyboard_alone_and_the_codes_may_be_pasted(
    tab: Page, dan: User, article: Article
) -> None:
    secret = set_up_totp(dan)
    tab.goto(f"/accounts/login/?next={article.get_absolute_url()}")
    tab.get_by_label("Email").focus()
    tab.keyboard.insert_text(dan.email)
    tab.keyboard.press("Tab")
    while tab.evaluate("document.activeElement.type") != "password":
        tab.keyboard.press("Tab")
    tab.keyboard.insert_text(PASSWORD)
    tab.keyboard.press("Enter")
    expect(heading(tab)).to_have_text("Second step")
    expect(tab.get_by_role("main")).to_contain_text(f"Sign in to continue to {article.title}")
    tab.get_by_label("Code", exact=False).first.focus()
    tab.keyboard.insert_text("000000")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("alert")).to_be_focused()
    tab.get_by_label("Code", exact=False).first.focus()
    tab.keyboard.press("Control+A")
    tab.keyboard.insert_text(totp_code(secret))
    tab.keyboard.press("Enter")
    expect(heading(tab)).to_have_text(article.title)


PAGES = (
    "/accounts/login/", "/account/profile/", "/account/privacy/", "/accounts/2fa/", "/accounts/2fa/totp/activate/",
    "/accounts/sessions/", "/account/merge/", "/account/privacy/erase/",
)  # fmt: skip


def test_every_page_of_the_account_and_of_a_failure_is_clean_for_axe_and_fits_a_phone(
    tab: Page, site: str, dan: User, complaints: Complaints, settings: Any, tmp_path: Any
) -> None:
    settings.VAR_DIR = tmp_path
    make_journal()
    ServiceCenter(name="Reader Service", email="service@example.org", phone="+1 202-555-0143", hours="Always").save()
    tab.set_viewport_size({"width": 320, "height": 640})
    found: list[str] = []

    def look(name: str) -> None:
        expect(heading(tab)).to_be_visible()
        complaints.be_deaf_until_the_next_page()
        breaches = violations(tab, ALL_RULES)
        found.extend(f"{name}: {b['id']}: {b['nodes'][0]['html'][:160]}" for b in breaches)
        if wide := tab.evaluate(WIDER_THAN_THE_SCREEN):
            found.append(f"{name} scrolls sideways: {wide}")

    User.objects.update(is_active=False, held_for="disputed")
    tab.goto("/accounts/login/")
    sign_in(tab, dan.email)
    look("E3")
    User.objects.update(is_active=True)
    already_signed_in(tab, dan, site)
    for path in PAGES:
        if path == "/account/privacy/erase/":
            tab.context.clear_cookies()
            tab.goto(f"/accounts/login/?next={path}")
            sign_in(tab, dan.email)
        else:
            tab.goto(path)
        look(path)
    tab.context.clear_cookies()
    tab.goto("/accounts/login/")
    for _ in range(6):
        sign_in(tab, "nobody@example.org", "wrong")
        tab.get_by_role("alert").wait_for()
        if "minute" in heading(tab).inner_text():
            break
        tab.goto("/accounts/login/")
    look("429")
    assert found == []


def test_the_words_of_a_failure_are_not_in_a_healthy_page(tab: Page, article: Article) -> None:
    """Defect 1 of the page this project started from: every error text was hidden in the HTML of a healthy page."""
    tab.goto("/accounts/login/")
    page = tab.content()
    for words in (
        "sign anyone in",
        "question about your account",
        "Please wait a minute",
        "That did not work",
        "buy again",
    ):
        assert words not in page
