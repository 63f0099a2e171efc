"""A real Chromium for the tests that need one: found as bin/browser finds it, started once a module.

No longer than a module, because Playwright keeps an event loop running in the test's thread as long as it is up, and
tests of jobs start one of their own.
"""

import os
import shutil
from collections.abc import Iterator

import pytest
from django.db import connections
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")


def find() -> str | None:
    candidates = [name for name in (os.environ.get("FIRSTPAGE_CHROMIUM"), *NAMES) if name]
    return next((found for name in candidates if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = find()
    if path is None:
        pytest.skip("There is no Chromium here: bin/browser says how to get one, or name it in FIRSTPAGE_CHROMIUM.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        connections.close_all()  # while Playwright's loop runs, Django keeps this thread's connections apart
        browser.close()


class Complaints:
    """What a browser says against a site: console errors (breaches of the policy among them) and uncaught exceptions.

    The line that a page's own answer was a 404 or the like is none; whether it should be is the test's own matter.
    """

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.is_deaf = False
        self._pages: set[str] = set()

    def listen(self, page: Page) -> None:
        page.on("request", self._request)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.heard.append(f"{page.url}: {error}"))

    def be_deaf_until_the_next_page(self) -> None:
        """For axe, which tries styles that the policy refuses."""
        self.is_deaf = True

    def _request(self, request: Request) -> None:
        if request.is_navigation_request():
            self._pages.add(request.url)
            self.is_deaf = False

    def _console(self, message: ConsoleMessage) -> None:
        page = message.page
        is_own_answer = "Failed to load resource" in message.text and message.location["url"] in self._pages
        if message.type in ("error", "warning") and not is_own_answer and not self.is_deaf:
            self.heard.append(f"{page.url if page else ''}: {message.text}")
