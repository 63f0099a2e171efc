"""Passwords on the account's own pages: changed by who has one, chosen by who came by code."""

from accounts.models import User
from tests.conftest import signed_in
from tests.make import PASSWORD

NEW = "a much longer and private sentence"


def test_a_reader_with_a_password_changes_it(alice: User) -> None:
    browser = signed_in(alice)
    page = browser.get("/accounts/password/change/")
    assert b"<h1>Change your password</h1>" in page.content
    browser.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    alice.refresh_from_db()
    assert alice.check_password(NEW)


def test_a_reader_who_came_by_code_chooses_one(alice: User) -> None:
    alice.set_unusable_password()
    alice.save()
    browser = signed_in(alice)
    page = browser.get("/accounts/password/change/", follow=True)
    assert page.redirect_chain[-1][0] == "/accounts/password/set/"
    assert b"<h1>Choose a password</h1>" in page.content
    browser.post("/accounts/password/set/", {"password1": NEW, "password2": NEW})
    alice.refresh_from_db()
    assert alice.check_password(NEW)
