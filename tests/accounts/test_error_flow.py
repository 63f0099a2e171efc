"""E1, E2 and E3 as they are shown, kept and found again: the table of the design, with real faults in real places."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from accounts import disturbance, incidents
from accounts.models import ServiceCenter, SignInIncident, User
from accounts.tasks import look_after_incidents
from journal.models import Article
from subscriptions.models import Order
from tests.conftest import signed_in
from tests.make import PASSWORD, make_article, make_journal, make_offer, make_user

LOGIN = "/accounts/login/"
PHONE = "+1 202-555-0143"


@pytest.fixture(autouse=True)
def var_dir(tmp_path: Path, settings: Any) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path


@pytest.fixture
def service_center(db: None) -> ServiceCenter:
    center = ServiceCenter(name="Reader services", email="help@example.org", phone=PHONE, hours="9 to 5")
    center.save()
    make_journal()
    Client().get("/")  # a page was made while all was well
    return center


@contextmanager
def failing(when: Callable[[str], bool]) -> Iterator[None]:
    def refuse(execute: Any, sql: str, *rest: Any) -> Any:
        if when(str(sql)):
            raise OperationalError("connection refused")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        yield


def everything(sql: str) -> bool:
    return True


def saving_sessions(sql: str) -> bool:
    return "django_session" in sql and not sql.startswith("SELECT")


def sign_in(browser: Client, email: str, password: str = PASSWORD, **more: str) -> Any:
    return browser.post(LOGIN, {"login": email, "password": password, **more})


def is_signed_in(browser: Client) -> bool:
    return browser.get("/my-access/").status_code == 200


# --- E1 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [everything, saving_sessions])
def test_e1_nobody_is_signed_in_and_the_same_reference_is_in_page_log_and_later_in_the_table(
    alice: User, service_center: ServiceCenter, fault: Any, caplog: Any
) -> None:
    browser = Client()
    with failing(fault), caplog.at_level(logging.ERROR):
        answer = sign_in(browser, alice.email, next="/search/")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    assert "no-store" in answer["Cache-Control"]
    text = answer.content.decode()
    assert "sign anyone in right now" in text
    assert 'role="alert"' in text
    assert PHONE not in text
    reference = reference_in(text)
    assert reference in caplog.text
    assert PASSWORD not in caplog.text
    assert not is_signed_in(browser)
    look_after_incidents(0)
    incident = SignInIncident.objects.get(reference=reference)
    assert (incident.stage, incident.path) == ("E1", LOGIN)
    assert "connection refused" in incident.happened
    assert incident.request_id == answer["X-Request-ID"]
    assert timezone.now() - incident.created_at < timedelta(minutes=1)
    assert incidents.waiting() == []


def test_e1_the_second_failure_shows_whom_to_call_without_asking_the_database(
    alice: User, service_center: ServiceCenter
) -> None:
    browser = Client()
    with failing(everything):
        first, second = (sign_in(browser, alice.email).content.decode() for _ in range(2))
    assert PHONE not in first
    assert f'<a class="nowrap" href="tel:+12025550143">{PHONE}</a>' in second
    assert f"help@example.org?subject={reference_in(second)}" in second
    assert "since <time" in second


def test_e1_the_right_moment_of_an_incident_is_kept_while_the_database_is_away(var_dir: Path, db: None) -> None:
    with failing(everything):
        reference = incidents.record("E1", path="/x/", happened="away")
    kept = json.loads((var_dir / "incidents" / f"{reference}.json").read_text())
    assert incidents.catch_up() == 1
    assert SignInIncident.objects.get(reference=reference).created_at.isoformat() == kept["created_at"]
    assert incidents.catch_up() == 0


def test_a_reference_given_twice_keeps_both_stories_and_a_damaged_file_harms_nothing(
    var_dir: Path, db: None, monkeypatch: Any
) -> None:
    monkeypatch.setattr(incidents, "new_reference", lambda stage: "E1-7KQ4M")
    incidents.record("E1", path="/x/", happened="first")
    with failing(everything):
        incidents.record("E1", path="/y/", happened="second")
    (var_dir / "incidents" / "E1-AAAAA.json").write_text("{")
    assert incidents.catch_up() == 1
    story = SignInIncident.objects.get().happened
    assert story.startswith("first")
    assert "second" in story


def test_a_reference_that_is_taken_is_not_given_again(db: None, monkeypatch: Any) -> None:
    made = iter(["E1-AAAAA", "E1-AAAAA", "E1-CCCCC"])
    monkeypatch.setattr(incidents, "new_reference", lambda stage: next(made))
    assert [incidents.record("E1", path="/", happened="x") for _ in range(2)] == ["E1-AAAAA", "E1-CCCCC"]


def test_references_have_no_letters_that_sound_or_look_alike() -> None:
    letters = set("".join(incidents.new_reference("E1")[3:] for _ in range(300)))
    assert letters <= set(incidents.SPEAKABLE)
    assert not letters & set("0O1IL2Z5S8BUV")
    assert incidents.spoken(" e2 – 7kq4m") == "E2-7KQ4M"
    assert incidents.spoken("anna@example.org") == ""


def test_pages_that_are_no_sign_in_say_that_nothing_is_lost(alice: User, service_center: ServiceCenter) -> None:
    browser = signed_in(alice)
    with failing(everything):
        answer = browser.get("/my-access/")
    assert answer.status_code == 503
    assert "We will be back in a moment" in answer.content.decode()
    assert is_signed_in(browser)


def test_a_mail_server_that_refuses_is_e1_and_leaves_no_account_behind(
    alice: User, service_center: ServiceCenter, settings: Any
) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = _SMTP, "127.0.0.1", 9
    browser = Client()
    for path, form in (
        ("/accounts/login/code/", {"email": alice.email}),
        ("/accounts/login/code/", {"email": "nobody@example.org"}),
        ("/accounts/password/reset/", {"email": alice.email}),
        ("/accounts/signup/", {"email": "wanda@example.org", "password1": PASSWORD}),
    ):
        answer = browser.post(path, form)
        assert answer.status_code == 503, path
        assert "mail server" in SignInIncident.objects.get(reference=reference_in(answer.content.decode())).happened
    assert not User.objects.filter(email="wanda@example.org").exists()
    assert browser.get("/accounts/login/code/confirm/").status_code == 302


_SMTP = "django.core.mail.backends.smtp.EmailBackend"


# --- E2 --------------------------------------------------------------------------------------------------------------


def test_e2_a_paid_order_that_opens_nothing_holds_buying_back(
    dan: User, article: Article, service_center: ServiceCenter
) -> None:
    offer = make_offer("purchase")
    order = Order.objects.create(
        offer=offer, kind="purchase", article=article, journal=article.journal, amount=3000, currency="usd",
        state="paid", paid_at=timezone.now(), guest_email=dan.email,
    )  # fmt: skip
    browser = signed_in(dan)
    answer = browser.get(article.get_absolute_url())
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "You seem to have paid for this already" in text
    assert "$30.00" not in text
    assert PHONE in text
    incident = SignInIncident.objects.get()
    assert incident.reference in text
    assert incident.user == dan
    assert order.number in incident.happened
    assert incident.reference in browser.get(article.get_absolute_url()).content.decode()
    assert SignInIncident.objects.count() == 1
    sent = browser.post(f"/offers/{offer.pk}/order/?article={article.pk}", {"immediate": "on"})
    assert (sent.status_code, sent["Location"]) == (302, f"{article.get_absolute_url()}#get-access")
    assert Order.objects.count() == 1
    other = make_article()
    assert "$30.00" in browser.get(other.get_absolute_url()).content.decode()


def test_e2_nothing_is_sold_while_the_rights_cannot_be_looked_up(dan: User, article: Article, monkeypatch: Any) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("away")

    offer = make_offer("purchase")
    monkeypatch.setattr("subscriptions.reader.look_up", away)
    browser = signed_in(dan)
    answer = browser.get(f"/offers/{offer.pk}/order/?article={article.pk}", follow=True)
    text = answer.content.decode()
    assert "see your subscriptions right now" in text
    assert "You are still signed in" in text
    assert "You are still signed in" not in Client().get(article.get_absolute_url()).content.decode()
    assert is_signed_in(browser)


def test_find_my_purchase_by_order_number_mails_the_link_and_shows_no_address(
    visitor: Client, article: Article
) -> None:
    order = Order.objects.create(
        offer=make_offer("purchase"), kind="purchase", article=article, journal=article.journal, amount=3000,
        currency="usd", state="paid", paid_at=timezone.now(), guest_email="guest@example.org",
    )  # fmt: skip
    for number in (order.number.lower().replace("-", " "), "7777-7777"):
        text = visitor.post("/purchases/find/", {"number": number}).content.decode()
        assert "a mail with the links is on its way" in text
        assert "guest@example.org" not in text
    assert visitor.post("/purchases/find/", {"email": ""}).context["form"].errors


# --- E3 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("held_for", ["", *User.Hold.values])
def test_e3_comes_only_after_the_right_password_and_never_says_try_again(
    service_center: ServiceCenter, held_for: str
) -> None:
    dora = make_user("dora@example.org", is_active=False, held_for=held_for)
    browser = Client()
    wrong = sign_in(browser, dora.email, "not it")
    assert wrong.status_code == 200
    assert PHONE not in wrong.content.decode().split("<footer")[0]
    answer = sign_in(browser, dora.email)
    text = answer.content.decode().split("<footer")[0]
    assert answer.status_code == 403
    assert "There is a question about your account" in text
    assert "try again" not in text.lower()
    assert PHONE in text
    incident = SignInIncident.objects.get()
    assert (incident.stage, incident.user) == ("E3", dora)
    assert f"?subject={incident.reference}" in text
    assert not is_signed_in(browser)


def test_e3_comes_after_a_mailed_code_too(service_center: ServiceCenter) -> None:
    dora = make_user("dora@example.org")
    browser = Client()
    browser.post("/accounts/login/code/", {"email": dora.email})
    code = next(line.strip() for line in str(mail.outbox[-1].body).splitlines() if line.startswith("    "))
    User.objects.update(is_active=False, held_for="review")
    answer = browser.post("/accounts/login/code/confirm/", {"code": code})
    assert answer.status_code == 403
    assert "staff are looking at it" in answer.content.decode()
    assert not is_signed_in(browser)


# --- a rise ----------------------------------------------------------------------------------------------------------


def test_a_rise_of_errors_shows_a_banner_with_its_beginning_until_it_is_over(
    visitor: Client, service_center: ServiceCenter
) -> None:
    words = b"Signing in and access are disturbed"
    for _ in range(disturbance.FROM - 1):
        incidents.record("E1", path="/", happened="x")
    incidents.record("E3", path="/", happened="x")
    assert words not in visitor.get("/").content
    incidents.record("E2", path="/", happened="x")
    began = SignInIncident.objects.earliest("created_at").created_at
    page = visitor.get("/").content
    assert words in page
    assert timezone.localtime(began).strftime("%B").encode() in page
    sam = signed_in(make_user("sam@example.org", groups=["Support"], is_staff=True))
    assert words in sam.get("/admin/accounts/signinincident/").content
    look_after_incidents(0)
    assert words in visitor.get("/").content
    SignInIncident.objects.update(created_at=timezone.now() - disturbance.OVER_AFTER - timedelta(seconds=1))
    look_after_incidents(0)
    assert words not in visitor.get("/").content


# --- forms that were open too long -----------------------------------------------------------------------------------


def test_a_form_of_ours_that_expired_keeps_what_was_typed_and_one_of_another_site_does_not(db: None) -> None:
    browser = Client(enforce_csrf_checks=True)
    typed = {"email": "wanda@example.org", "password1": PASSWORD, "name": "Wanda <b>", "csrfmiddlewaretoken": "x" * 64}
    browser.cookies["csrf"] = "y" * 32
    ours = browser.post("/accounts/signup/", typed, headers={"origin": "http://testserver"})
    text = ours.content.decode()
    assert ours.status_code == 403
    assert 'name="email" value="wanda@example.org"' in text
    assert "Wanda &lt;b&gt;" in text
    assert PASSWORD not in text
    for origin in ("https://evil.example", "null", ""):
        theirs = browser.post("/accounts/signup/", typed, headers={"origin": origin}).content.decode()
        assert "wanda@example.org" not in theirs
        assert "Back to the form" in theirs
    refused = Client(enforce_csrf_checks=True).post("/accounts/signup/", typed, headers={"origin": "http://testserver"})
    assert "did not keep the cookie" in refused.content.decode()


def reference_in(text: str) -> str:
    return text.split('class="reference-code">')[1].split("<", maxsplit=1)[0]
