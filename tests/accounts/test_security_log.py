"""What the log says of an account: what happened, to whom by number, in which request; and never a secret."""

import logging

from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client

from accounts.models import User
from tests.accounts.steps import by_code, by_password, mailed_code, second_step, set_up_totp, totp_code
from tests.conftest import signed_in
from tests.make import PASSWORD, make_article, make_user


def lines(caplog, name: str = "security") -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == name]


def test_the_log_says_what_happened_to_an_account_by_number(dan: User, caplog) -> None:
    make_article()
    caplog.set_level(logging.INFO, "security")
    secret, browser = set_up_totp(dan), Client()
    caplog.clear()
    by_password(browser, dan.email, "wrong")
    by_password(browser, dan.email)
    answer = second_step(browser, totp_code(secret))
    change = {"oldpassword": PASSWORD, "password1": "a much longer sentence", "password2": "a much longer sentence"}
    browser.post("/accounts/password/change/", change)
    browser.post("/accounts/logout/")
    said = lines(caplog)
    happened = [line.split(" user=")[0] for line in said]
    assert happened == ["sign-in refused", "signed in", "password changed", "signed out"]
    assert f"user={dan.pk} request={answer.headers['X-Request-ID']} way=password+mfa staff=False" in said[1]


def test_a_factor_that_an_administrator_takes_away_is_logged_and_its_owner_told(dan: User, caplog) -> None:
    make_article()
    caplog.set_level(logging.INFO, "security")
    set_up_totp(dan)
    root = signed_in(make_user("root@example.org", is_staff=True, is_superuser=True))
    factor = Authenticator.objects.get()
    caplog.clear()
    root.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
    assert not Authenticator.objects.exists()
    (said,) = lines(caplog)
    assert said.startswith(f"second factor removed user={dan.pk}")
    (letter,) = mail.outbox
    assert letter.to == [dan.email]
    assert "no longer asks for the code of your authenticator app" in letter.body
    set_up_totp(dan)
    chosen = {"action": "delete_selected", "_selected_action": [Authenticator.objects.get().pk], "post": "yes"}
    root.post("/admin/mfa/authenticator/", chosen)
    assert (Authenticator.objects.count(), len(mail.outbox)) == (0, 2)


def test_no_name_address_password_or_code_is_written(dan: User, caplog) -> None:
    make_article()
    caplog.set_level(logging.DEBUG)
    browser = Client()
    by_password(browser, dan.email, "wrong secret sentence")
    by_code(browser, dan.email)
    code, whole = mailed_code(dan.email), "\n".join(record.getMessage() for record in caplog.records)
    for secret in (dan.email, "wrong secret sentence", code, browser.cookies["session"].value, PASSWORD):
        assert secret not in whole


def test_a_refusal_is_logged(dan: User, caplog) -> None:
    article = make_article()
    browser = Client()
    browser.get(f"{article.get_absolute_url()}article.pdf")
    browser.post("/stripe/webhook/", b"{}", "application/json")
    browser.get("/nothing/")
    browser.generic("TRACE", "/")
    said = "\n".join(lines(caplog, "django.request"))
    for word in ("Not Found: /nothing/", "/stripe/webhook/", "Method Not Allowed"):
        assert word in said
