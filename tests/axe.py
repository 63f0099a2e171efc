"""axe looks at the page that a tab shows: brought in once a page, and only what it has against the page comes back."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

_VIOLATIONS = "async options => (await axe.run(options)).violations"
USUAL = {"resultTypes": ["violations"]}


def violations(tab: Page, options: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = tab.evaluate(_VIOLATIONS, options or USUAL)
    return found
