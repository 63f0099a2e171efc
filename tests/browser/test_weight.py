"""What an article weighs on its way to a visitor: the production server, its compressed files, a first visit.

Bytes are those on the wire, headers included, as Chromium counts them; nothing is computed from file sizes. The pages
themselves are counted as the site's own server sends them. Pictures come after the text and are not counted.
"""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Browser

from demo.processes import Child, wait_until_it_answers
from journal.models import Article
from subscriptions.models import Offer
from tests.browser.conftest import PHONE

#: The aim is 100,000; what is left is room for articles whose abstract needs the italic, too.
MOST_BYTES, MOST_REQUESTS = 90_000, 10


@pytest.fixture
def production(trial: Article, offers: dict[str, Offer], tmp_path: Path) -> Iterator[str]:
    """gunicorn with the site's own settings on this test's database and files; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = {
        **os.environ, "ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "0", "DEMO": "0",
        "VAR_DIR": str(tmp_path), "SITE_URL": f"http://{address}", "SECRET_KEY": secrets.token_urlsafe(50),
        "DATABASE_URL": _database_url(), "WEB_WORKERS": "1",
    }  # fmt: skip
    (tmp_path / "articles").symlink_to(settings.STORAGES["articles"]["OPTIONS"]["location"])
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
    subprocess.run(collect, env=environment, cwd=settings.BASE_DIR, check=True)
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--config", "config/gunicorn.py", "--bind", address]
    server = Child("web server", command, environment, tmp_path / "log")
    try:
        wait_until_it_answers(f"http://{address}/robots.txt", server)
        yield f"http://{address}"
    finally:
        server.stop()


def _database_url() -> str:
    """The test's database in the words of DATABASE_URL, for another process."""
    known = connection.get_connection_params()
    words = {name: known[name] for name in ("host", "port", "user", "password") if known.get(name)}
    return f"postgresql:///{known['dbname']}?{urlencode(words)}"


def _first_visit(chromium: Browser, address: str) -> list[tuple[str, str, int]]:
    """(kind, address, bytes on the wire) of each request that a new browser makes for a page, but for pictures."""
    context = chromium.new_context(viewport=PHONE)
    tab = context.new_page()
    wire = context.new_cdp_session(tab)
    asked: dict[str, tuple[str, str]] = {}
    weighed: dict[str, int] = {}

    def sent(event: dict[str, Any]) -> None:
        asked[event["requestId"]] = (event["type"], event["request"]["url"])

    def finished(event: dict[str, Any]) -> None:
        weighed[event["requestId"]] = int(event["encodedDataLength"])

    wire.on("Network.requestWillBeSent", sent)
    wire.on("Network.loadingFinished", finished)
    wire.send("Network.enable")
    tab.goto(address, wait_until="networkidle")
    context.close()
    return [(*asked[request], weight) for request, weight in weighed.items() if asked[request][0] != "Image"]


def test_an_article_reaches_a_visitor_in_100_kb_and_10_requests_all_of_them_to_this_site(
    chromium: Browser, production: str, trial: Article
) -> None:
    visit = _first_visit(chromium, production + trial.get_absolute_url())
    kinds = [kind for kind, _, _ in visit]
    assert {"Document", "Stylesheet", "Script", "Font"} <= set(kinds), visit
    assert {urlsplit(url).netloc for _, url, _ in visit} == {urlsplit(production).netloc}
    assert len(visit) <= MOST_REQUESTS, visit
    assert sum(weight for _, _, weight in visit) <= MOST_BYTES, visit
