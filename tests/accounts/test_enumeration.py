"""Nobody learns whether an address has an account: not from the page, not from the time it takes."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import caches
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from config import even_answers
from tests.accounts.going_wrong import IN_MEMORY
from tests.accounts.passkey import ADDRESS, hand_over
from tests.accounts.steps import CODE, LOGIN, RESET, ask_for_code, by_orcid, by_password
from tests.accounts.world import World
from tests.make import make_journal, make_user

SIGNUP = "/accounts/signup/"
FORMS: dict[str, Callable[[Client, str], Any]] = {
    "password": lambda browser, email: by_password(browser, email, "not it"),
    "code": ask_for_code,
    "reset": lambda browser, email: browser.post(RESET, {"email": email}),
    "signup": lambda browser, email: browser.post(SIGNUP, {"email": email, "password1": "a long new sentence"}),
    "code again": lambda browser, email: [
        ask_for_code(browser, email), browser.post(f"{CODE}confirm/", {"action": "resend"})
    ][-1],
    "signup again": lambda browser, email: [
        browser.post(SIGNUP, {"email": email, "password1": "a long new sentence"}),
        browser.post("/accounts/confirm-email/", {"action": "resend"}),
    ][-1],
}  # fmt: skip


@pytest.fixture(autouse=True)
def journal(db: None) -> None:
    make_journal()


@pytest.mark.parametrize("form", FORMS)
def test_the_answers_for_a_known_and_an_unknown_address_do_not_differ(dan: User, form: str, settings: Any) -> None:
    settings.CACHES = {**settings.CACHES, "default": IN_MEMORY}  # in which allauth counts tries
    caches["default"].clear()
    Client().get(LOGIN)  # what stands around every page is known by now
    answers, statements = [], []
    for email in (dan.email, "ned@example.org"):
        browser = Client()
        with CaptureQueriesContext(connection) as asked:
            sent = FORMS[form](browser, email)
        page = browser.get(sent["Location"]) if sent.status_code == 302 else sent
        shown = page.content.decode().replace(email, "…")
        shown = re.sub(r"E1-\w{5}", "E1-…", shown)
        without_tokens = [line for line in shown.splitlines() if "csrfmiddlewaretoken" not in line]
        headers = {name for name in sent.headers if name != "X-Request-ID"}
        answers.append((sent.status_code, sent.get("Location"), without_tokens, headers, set(sent.cookies)))
        statements.append([re.findall(r"^\s*[A-Z]+|(?:FROM|INTO|UPDATE) \S+", query["sql"]) for query in asked])
    assert answers[0] == answers[1]
    assert statements[0] == statements[1] or form != "password"  # the others wait for the half second
    assert len(mail.outbox) == {"password": 0, "code again": 3}.get(form, 2)  # who is unknown hears once


def shown_after(browser: Client, sent: Any, email: str) -> tuple[Any, ...]:
    page = browser.get(sent["Location"]) if sent.status_code == 302 else sent
    text = re.sub(r'csrfmiddlewaretoken" value="\w+', "", page.content.decode().replace(email, "…"))
    return sent.status_code, sent.get("Location"), set(sent.cookies), text


def test_neither_a_second_address_nor_registering_from_orcid_tells_whose_an_address_is(world: World, dan: User) -> None:
    """Both meet the same page, and only the mailbox learns more."""
    alice, second, orcid = make_user("alice@example.org"), [], []
    for email in (dan.email, "ned@example.org"):
        browser = Client()
        by_password(browser, alice.email)
        second.append(shown_after(browser, browser.post("/accounts/email/", {"action_add": "", "email": email}), email))
        browser = Client()
        by_orcid(browser, world.orcid)
        form = {"email": email, "name": "Josiah"}
        orcid.append(shown_after(browser, browser.post("/accounts/3rdparty/signup/", form), email))
    assert second[0] == second[1]
    assert orcid[0] == orcid[1]
    heard = [letter.to[0] for letter in mail.outbox if letter.to != [alice.email]]  # of her new browser
    assert heard == [dan.email, dan.email, "ned@example.org", "ned@example.org"]


class Clock:
    """Each work takes as long as it is told; sleeping is only written down."""

    def __init__(self) -> None:
        self.now, self.slept = 1000.0, 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += seconds


@pytest.mark.parametrize(("took", "answered_after"), [(0.008, 0.5), (0.009, 0.5), (0.49, 0.5), (0.6, 1.0), (1.7, 2.0)])
def test_what_could_tell_by_its_time_is_answered_on_the_half_second(
    settings: Any, monkeypatch: Any, took: float, answered_after: float
) -> None:
    settings.EVEN_ANSWERS_SECONDS = 0.5
    clock = Clock()
    monkeypatch.setattr(even_answers, "time", clock)

    answer = HttpResponse()

    def work(_: Any) -> HttpResponse:
        clock.now += took
        return answer

    ask: Any = even_answers.EvenAnswersMiddleware(work)
    assert ask(RequestFactory().post(CODE)) is answer
    assert clock.now - 1000 == pytest.approx(answered_after)
    clock.slept = 0
    for request in (RequestFactory().get(CODE), RequestFactory().post(LOGIN), RequestFactory().post("/")):
        ask(request)
    answer.status_code = 429
    ask(RequestFactory().post(CODE))
    assert clock.slept == 0


def test_every_form_that_takes_somebodys_address_waits(settings: Any) -> None:
    """Also those of the codes, where asking again mails only to who has an account."""
    assert settings.MIDDLEWARE[1] == "config.even_answers.EvenAnswersMiddleware"  # around everything but the tests' own
    known = {SIGNUP, CODE, f"{CODE}confirm/", RESET, f"{RESET}confirm/", "/accounts/confirm-email/", "/accounts/email/"}
    known |= {"/accounts/3rdparty/signup/", "/purchases/find/", "/account/merge/", "/account/merge/code/"}
    assert even_answers.addresses() == known


def test_an_address_of_another_script_gets_its_letter_and_never_somebody_elses(dan: User) -> None:
    ask_for_code(Client(), "ned@büro.example")
    (letter,) = mail.outbox
    assert "ned@xn--bro-hoa.example" in letter.message()["To"]
    for lookalike in ("dаn@example.org", "dan@exаmple.org", "DAN@example.org\u200b", "dan@example。org"):
        mail.outbox.clear()
        ask_for_code(Client(), lookalike)
        assert all(dan.email not in letter.to for letter in mail.outbox), lookalike
        assert by_password(Client(), lookalike).status_code == 200
    assert by_password(Client(), " DAN@Example.org ").status_code == 302  # but capitals and spaces are only typing


def test_addresses_longer_than_mail_servers_take_get_no_letter_and_no_error_of_ours() -> None:
    for email in (f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example", f"{'a' * 300}@example.org", "a" * 100_000):
        for form in FORMS.values():
            assert form(Client(), email).status_code in (200, 302)
    assert mail.outbox == []
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "answer",
    [
        [], 1, "x", None, {}, {"id": 5}, {"response": []}, {"id": "x", "rawId": "eA", "type": "public-key"},
        {"id": "eA", "rawId": "eA", "type": "public-key", "response": {"userHandle": 5}},
        {"id": "eA", "rawId": "eA", "type": "public-key", "response": {
            "clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AA", "userHandle": "OTk5OTk5OTk5OTk5"}},
        {"id": "eA", "rawId": "eA", "type": "public-key", "response": {
            "clientDataJSON": "!!", "authenticatorData": "", "signature": None, "userHandle": "AA"}},
    ],
    ids=str,
)  # fmt: skip
def test_what_no_passkey_would_say_is_refused_like_a_wrong_one(answer: Any) -> None:
    browser = Client()
    browser.get(ADDRESS, headers={"accept": "application/json"})
    said = hand_over(browser, answer)
    assert (said.status_code, said["Location"]) == (302, "/accounts/login/")
    assert browser.get("/my-access/").status_code == 302


def test_an_account_without_a_password_takes_the_time_of_one_with(dan: User, monkeypatch: Any) -> None:
    """Who came by code or ORCID has none; a hash is made all the same, once for everybody."""
    bob = make_user("bob@example.org")
    bob.set_unusable_password()
    bob.save()
    made: list[str] = []
    original = MD5PasswordHasher.encode

    def encode(self: Any, password: str, salt: str) -> Any:
        made.append(password)
        return original(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", encode)
    counts = []
    for email in (dan.email, bob.email, "nobody@example.org"):
        made.clear()
        assert by_password(Client(), email, "not it").status_code == 200
        counts.append(len(made))
    assert counts == [1, 1, 1]
