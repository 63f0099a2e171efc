"""Staff of the demo switch a fault on for one browser: the real page comes, and nobody else notices."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import clear_url_caches

import config.urls
from accounts import incidents
from accounts.models import SignInIncident, User
from demo.faults import FAULTS
from journal.models import Article
from tests.conftest import signed_in
from tests.make import PASSWORD, make_journal, make_offer, make_user

FAULTY = "demo.faults.FaultMiddleware"


@pytest.fixture
def demo_site(settings: Any, tmp_path: Path, db: None) -> Iterator[None]:
    """The site as `make demo` puts it together."""
    make_journal()
    settings.VAR_DIR, settings.EMAIL_FILE_PATH, settings.DEMO = tmp_path, tmp_path / "mail", True
    before = "django.contrib.sessions.middleware.SessionMiddleware"
    place = settings.MIDDLEWARE.index(before)
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:place], FAULTY, *settings.MIDDLEWARE[place:]]
    settings.EMAIL_BACKEND = "demo.faults.EmailBackend"
    _read_urls_again()
    yield
    settings.DEMO = False
    _read_urls_again()


def _read_urls_again() -> None:
    importlib.reload(config.urls)
    clear_url_caches()


def with_fault(browser: Client, fault: str) -> Client:
    browser.cookies["demo_fault"] = fault
    return browser


def sign_in(browser: Client, user: User) -> Any:
    return browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})


def test_each_fault_shows_its_stage_and_only_to_this_browser(demo_site: None, dan: User, article: Article) -> None:
    make_offer("purchase")
    shown = {}
    for fault in ("database", "session", "hold", "tries"):
        browser = with_fault(Client(), fault)
        answer = sign_in(browser, dan)
        incidents.catch_up()
        shown[fault] = (answer.status_code, SignInIncident.objects.latest("created_at").stage)
        assert with_fault(browser, "").get("/my-access/").status_code == 302
    mailing = with_fault(Client(), "mail").post("/accounts/login/code/", {"email": dan.email})
    shown["mail"] = (mailing.status_code, SignInIncident.objects.latest("created_at").stage)
    reading = with_fault(signed_in(dan), "rights").get(article.get_absolute_url())
    shown["rights"] = (reading.status_code, SignInIncident.objects.latest("created_at").stage)
    assert b"see your subscriptions right now" in reading.content
    assert shown == {
        "database": (503, "E1"), "session": (503, "E1"), "hold": (403, "E3"), "tries": (429, "E1"),
        "mail": (503, "E1"), "rights": (200, "E2"),
    }  # fmt: skip
    assert set(shown) == set(FAULTS)
    dan.refresh_from_db()
    assert dan.is_active
    assert sign_in(Client(), dan).status_code == 302


def test_only_staff_switch_and_the_page_itself_always_answers(demo_site: None, dan: User) -> None:
    assert signed_in(dan).get("/demo/faults/").status_code == 302
    sam = signed_in(make_user("sam@example.org", is_staff=True))
    sam.post("/demo/faults/", {"fault": "database"})
    assert sam.get("/").status_code == 503
    assert b"one is on" in sam.get("/demo/faults/").content
    sam.post("/demo/faults/", {"fault": ""})
    assert sam.get("/").status_code == 200


def test_a_production_site_has_none_of_it(visitor: Client, settings: Any) -> None:
    make_journal()
    assert FAULTY not in settings.MIDDLEWARE
    assert visitor.get("/demo/faults/").status_code == 404
    assert with_fault(visitor, "database").get("/").status_code == 200
