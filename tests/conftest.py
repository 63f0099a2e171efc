"""The cast: a visitor, alice who subscribes, dan a stranger, and what stands between them."""

import gc
import os
import shutil
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.test import Client
from hypothesis import settings as hypothesis_settings

from accounts.models import User
from config import frame
from journal.models import Article
from tests import emptying, template_database, together
from tests.chromium import chromium
from tests.make import make_article, make_journal, make_right, make_user

__all__ = ["chromium"]  # a fixture

if TYPE_CHECKING:
    from stripe_simulator.process import LocalStripe

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's sync API runs an event loop in the test's thread
hypothesis_settings.register_profile("firstpage", deadline=None)  # a timing is a benchmark, never an assertion
hypothesis_settings.load_profile("firstpage")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun in the background of a script: what a test starts
    signal.signal(signal.SIGINT, signal.default_int_handler)  # would never hear the Ctrl-C that it is sent


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    together.first_the_long(items)


def pytest_collection_finish() -> None:
    """What is imported by now stays to the end: the garbage collector need not go through it again, nor come often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> together.WholeFiles:
    return together.WholeFiles(config, log)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        template_database.use()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        emptying.instead_of_flushing()


@pytest.fixture(scope="session", autouse=True)
def nobody_asks_where_a_variable_is_missing(_fail_for_invalid_template_variable: None) -> None:
    """pytest-django reads the source of the whole stack for it, also where `ignore_template_errors` lets it pass."""
    missing = type(settings.TEMPLATES[0]["OPTIONS"]["string_if_invalid"])
    with_its_place = missing.__mod__
    missing.__mod__ = lambda self, name: with_its_place(self, name) if self.fail else self.origin_value


@pytest.fixture(autouse=True)
def new_frame() -> None:
    """What stands around every page is of the database of this test."""
    frame.forget()


SEARCH_FOLDER = settings.SEARCH_FOLDER


@pytest.fixture(autouse=True)
def no_index() -> Iterator[None]:
    """An index that a test has built in the place of all tests is not the next one's."""
    yield
    shutil.rmtree(SEARCH_FOLDER, ignore_errors=True)


@receiver(post_migrate)
def no_job_outlives_its_test(sender: Any, **_: Any) -> None:
    """Django empties its models' tables after a test that commits; procrastinate's are not its models."""
    if sender.name == "procrastinate.contrib.django":
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")
            if cursor.fetchone() == (True,):
                cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_periodic_defers CASCADE")


@pytest.fixture
def visitor(db: None) -> Client:
    return Client()


@pytest.fixture
def dan(db: None) -> User:
    """A stranger: signed in, no rights."""
    return make_user("dan@example.org", name="Dan")


@pytest.fixture
def alice(db: None) -> User:
    """A subscriber of the journal."""
    user = make_user("alice@example.org", name="Alice")
    make_right(user, make_journal(), "subscription")
    return user


@pytest.fixture
def article(db: None) -> Article:
    return make_article(title="On waiting herons")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(scope="session")
def local_stripe_process() -> Iterator["LocalStripe"]:
    from stripe_simulator.process import LocalStripe

    stripe = LocalStripe(strict=True)
    yield stripe
    stripe.stop()


@pytest.fixture
def local_stripe(local_stripe_process: "LocalStripe", settings: Any) -> "LocalStripe":
    """The local Stripe, empty, as the site's Stripe."""
    local_stripe_process.control("reset")
    settings.STRIPE_API_BASE = local_stripe_process.url
    settings.STRIPE_SECRET_KEY = local_stripe_process.key
    settings.STRIPE_WEBHOOK_SECRETS = [local_stripe_process.secret]
    return local_stripe_process


@pytest.fixture
def hooked_stripe(local_stripe: "LocalStripe", live_server: Any, settings: Any) -> Iterator["LocalStripe"]:
    """The local Stripe with its webhooks delivered over HTTP to the running site, whose jobs are done by `work()`."""
    import stripe

    settings.SITE_URL = live_server.url
    client = stripe.StripeClient(local_stripe.key, base_addresses={"api": local_stripe.url})
    endpoint = client.v1.webhook_endpoints.create(
        {"url": f"{live_server.url}/stripe/webhook/", "enabled_events": ["*"], "api_version": "2026-10-28.endive"}
    )
    settings.STRIPE_WEBHOOK_SECRETS = [endpoint.secret]
    yield local_stripe
    local_stripe.control("reset")  # waits for deliveries under way, so that none meets an emptied database
