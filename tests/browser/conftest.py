"""Tabs of a real browser on the running site, and two articles of the sample journal to read there."""

import contextlib
import pickle
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError, expect

from demo.sample_journal import article_folders
from journal import worker
from journal.importing import import_source
from journal.models import Article, Section
from journal.publishing import publish
from stripe_simulator.process import LocalStripe
from subscriptions.models import Offer
from tests.chromium import Complaints
from tests.make import make_issue, make_journal, make_offer

HERE = Path(__file__).parent
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
PATIENCE = 30_000  # milliseconds
expect.set_options(timeout=PATIENCE)

Tabs = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def site(hooked_stripe: LocalStripe, live_server: Any, settings: Any) -> str:
    """The running site's address; it sells through the local Stripe, whose webhooks reach it."""
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {
        "DIRECTIVES": {**policy, "form-action": ["'self'", hooked_stripe.url]}  # as settings.py does for the real one
    }
    return str(live_server.url)


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def new_tab(chromium: Browser, site: str, complaints: Complaints) -> Iterator[Tabs]:
    """Opens a tab in a browser of its own (no cookies, nothing cached). Nobody may hear a complaint in it."""
    with contextlib.ExitStack() as opened:

        def open_tab(**options: Any) -> Page:
            context: BrowserContext = chromium.new_context(base_url=site, **{"viewport": DESKTOP, **options})
            opened.callback(_close, context)
            context.set_default_timeout(PATIENCE)
            context.on("page", complaints.listen)
            return context.new_page()

        yield open_tab
    assert complaints.heard == []


def _close(context: BrowserContext) -> None:
    """When nothing is under way any more: a picture still being sent would meet the database being emptied."""
    for page in context.pages:
        with contextlib.suppress(TimeoutError):
            page.wait_for_load_state("networkidle", timeout=5000)
    context.close()


@pytest.fixture
def tab(new_tab: Tabs) -> Page:
    return new_tab()


_worked_out: dict[bytes, bytes] = {}
_work_out = worker.call


def _as_before(task: str, *arguments: Any) -> Any:
    """The worker's answer; for the same question the one it gave before, because pictures take seconds."""
    asked = pickle.dumps((task, arguments))
    if asked not in _worked_out:
        _worked_out[asked] = pickle.dumps(_work_out(task, *arguments))
    return pickle.loads(_worked_out[asked])  # noqa: S301  (our own)


@pytest.fixture
def trial(transactional_db: None) -> Article:
    """A long article of the sample journal, with figures, tables and a PDF, in an issue of its own."""
    journal = make_journal()
    issue = make_issue(published_on=date(2026, 3, 10))
    folder = next(folder for folder in article_folders() if folder.name == "quay-trial")
    with mock.patch.object(worker, "call", _as_before):
        record = import_source(folder)
    assert record.status == "imported", record.errors
    article = Article.objects.get(pk=record.article_id)
    article.issue = issue
    article.section = Section.objects.get_or_create(journal=journal, name="Original Research")[0]
    article.save(update_fields=["issue", "section"])
    publish(article)
    return article


@pytest.fixture
def offers(transactional_db: None) -> dict[str, Offer]:
    """Buy, rent, subscribe by the month or the year, at the sample journal's prices."""
    return {
        "buy": make_offer("purchase", position=0),
        "rent": make_offer("rental", position=1),
        "month": make_offer("subscription", position=2),
        "year": make_offer("subscription", interval="year", amount=8900, position=3),
    }
