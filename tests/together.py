"""Which tests stay on one worker of xdist, and which begin first, so that no long one is left for the end.

By the file's name: xdist's own groups (`xdist_group`) stand in a name of the test that pytest 9.2 has no more,
and are passed over without a word.
"""

import pytest
from xdist.scheduler import LoadScopeScheduling

#: What they set up (a browser, the sample journal, a server) is for the whole file.
WHOLE_FILES = (
    "tests/browser/", "tests/leaks/", "tests/test_server.py", "tests/desk/test_chromium.py",
    "tests/admin/test_chromium.py", "tests/stripe_simulator/test_browser.py",
)  # fmt: skip
#: The longest first; then the other whole files; single tests, most of them less than a second, fill up what is left.
LONG = (
    "tests/leaks/", "tests/browser/test_pages.py", "tests/demo/test_demo.py", "tests/subscriptions/chaos/",
    "tests/admin/test_chromium.py", "tests/desk/test_chromium.py", "tests/browser/", *WHOLE_FILES,
)  # fmt: skip


class WholeFiles(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """Each test goes where there is time for it; the files above stay whole."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file.startswith(WHOLE_FILES) else nodeid


def first_the_long(items: list[pytest.Item]) -> None:
    items.sort(
        key=lambda item: next((place for place, long in enumerate(LONG) if item.nodeid.startswith(long)), len(LONG))
    )
