"""Signing in, by password or code, a forgotten password, signing out: each way leads back to the article."""

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from accounts.models import User
from journal.models import Article
from subscriptions.models import Offer
from tests.browser.steps import (
    RENT,
    already_signed_in,
    choose,
    enter_code,
    heading,
    hides_full_text,
    is_at,
    register,
    shows_full_text,
    sign_in,
)
from tests.make import PASSWORD

NEW_PASSWORD = "eleven patient herons"


@pytest.fixture
def at_sign_in(tab: Page, alice: User, trial: Article) -> Page:
    """Alice, who subscribes, comes as a visitor and goes to sign in from the article."""
    tab.goto(trial.get_absolute_url())
    hides_full_text(tab, trial)
    tab.get_by_role("banner").get_by_role("link", name="Sign in").click()
    expect(tab.get_by_role("main")).to_contain_text(f"Sign in to continue to {trial.title}")
    return tab


def test_a_wrong_password_is_told_and_the_right_one_leads_back_to_the_article(
    at_sign_in: Page, alice: User, trial: Article
) -> None:
    sign_in(at_sign_in, alice.email, "not my password")
    expect(heading(at_sign_in)).to_have_text("Sign in")
    alert = at_sign_in.get_by_role("alert")
    expect(alert).to_be_visible()
    expect(alert).to_be_focused()
    expect(at_sign_in.get_by_label("Email")).to_have_value(alice.email)
    sign_in(at_sign_in, alice.email)
    shows_full_text(at_sign_in, trial)


def test_a_mailed_code_signs_in_and_leads_back_to_the_article(at_sign_in: Page, alice: User, trial: Article) -> None:
    at_sign_in.get_by_label("Email").fill(alice.email)
    at_sign_in.get_by_role("button", name="Email me a sign-in code").click()  # the address is typed once
    expect(heading(at_sign_in)).to_have_text("Enter your sign-in code")
    at_sign_in.get_by_label("Code").fill("WRONG-CODE")
    at_sign_in.get_by_role("button", name="Continue").click()
    expect(at_sign_in.get_by_role("alert")).to_be_visible()
    enter_code(at_sign_in, alice.email)
    shows_full_text(at_sign_in, trial)


def test_a_forgotten_password_is_replaced_by_code_and_leads_back_to_the_article(
    at_sign_in: Page, alice: User, trial: Article
) -> None:
    at_sign_in.get_by_role("button", name="Forgot").click()
    expect(heading(at_sign_in)).to_have_text("Reset your password")
    at_sign_in.get_by_label("Email").fill(alice.email)
    at_sign_in.get_by_role("button", name="Send the email").click()
    expect(heading(at_sign_in)).to_have_text("Enter your reset code")
    enter_code(at_sign_in, alice.email)
    expect(heading(at_sign_in)).to_have_text("Choose a new password")
    at_sign_in.get_by_label("New Password", exact=True).fill(NEW_PASSWORD)
    at_sign_in.get_by_label("New Password (again)").fill(NEW_PASSWORD)
    at_sign_in.get_by_role("button", name="Save the new password").click()
    shows_full_text(at_sign_in, trial)
    alice.refresh_from_db()
    assert alice.check_password(NEW_PASSWORD)


def test_who_turns_from_signing_in_to_registering_still_comes_back_to_the_article(
    at_sign_in: Page, trial: Article
) -> None:
    at_sign_in.get_by_role("main").get_by_role("link", name="Register").click()
    register(at_sign_in, "newcomer@example.org")
    hides_full_text(at_sign_in, trial)


def test_who_turns_from_registering_to_signing_in_comes_back_to_the_choice(
    tab: Page, dan: User, trial: Article, offers: dict[str, Offer]
) -> None:
    tab.goto(trial.get_absolute_url())
    choose(tab, RENT)
    tab.get_by_role("main").get_by_role("link", name="Sign in").click()
    sign_in(tab, dan.email)
    is_at(tab, trial)
    expect(tab.locator(".offer", has_text="Your choice")).to_contain_text("Rent for 48 hours")


def test_an_address_that_is_taken_is_not_given_away_and_its_owner_is_told_by_mail(
    tab: Page, dan: User, trial: Article, offers: dict[str, Offer]
) -> None:
    tab.goto(trial.get_absolute_url())
    choose(tab, RENT)
    tab.get_by_role("main").get_by_role("link", name="Register").click()
    tab.get_by_label("Email").fill(dan.email)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("main").get_by_role("button", name="Register").click()
    expect(heading(tab)).to_have_text("Confirm your email address")
    (letter,) = mail.outbox
    assert letter.to == [dan.email]
    assert "already" in str(letter.body)


def test_signing_out_leads_back_to_the_article_which_is_closed_again(
    tab: Page, alice: User, site: str, trial: Article
) -> None:
    already_signed_in(tab, alice, site)
    tab.goto(trial.get_absolute_url())
    shows_full_text(tab, trial)
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()
    hides_full_text(tab, trial)
    tab.go_back()
    hides_full_text(tab, trial)
