"""An article is fetched when its link is pressed, shown from there, and counted once, when it is looked at."""

from collections.abc import Callable
from typing import Any

from django.core.signals import request_started
from playwright.sync_api import Page

from journal.models import Article
from subscriptions.counter import recording

DELIVERED = "() => performance.getEntriesByType('navigation')[0].deliveryType"


def test_a_pressed_link_is_there_at_once_and_counts_one_use(tab: Page, trial: Article) -> None:
    path = trial.get_absolute_url()
    asked: list[str] = []

    def listen(environ: dict[str, Any], **_: Any) -> None:
        if environ["PATH_INFO"] == path:
            asked.append(environ.get("HTTP_SEC_PURPOSE", "looked at"))

    def until(there: Callable[[], bool]) -> None:
        for _ in range(200):
            if there():
                return
            tab.wait_for_timeout(50)

    def uses() -> int:
        return sum(use.doi == trial.doi and use.is_investigation for use in recording.buffer.waiting)

    tab.goto(trial.issue.get_absolute_url() if trial.issue else "/")
    before = uses()
    request_started.connect(listen)
    try:
        link = tab.locator(f".article-item-title a[href='{path}']").first
        link.hover()
        tab.mouse.down()
        until(lambda: len(asked) >= 1)
        assert asked == ["prefetch"]
        assert uses() == before, "nobody has looked at it yet"
        tab.mouse.up()
        tab.get_by_role("heading", level=1, name=trial.title).wait_for()
        assert tab.evaluate(DELIVERED) == "navigational-prefetch"
        until(lambda: len(asked) >= 2)
        assert asked == ["prefetch", "looked at"]
        assert tab.get_by_role("heading", name="Read the full text").is_visible()
    finally:
        request_started.disconnect(listen)
    until(lambda: uses() > before)  # it is noted once the answer is on its way
    assert uses() == before + 1
