"""A shared cache that may answer unasked (nginx, SHARED_CACHE_SECONDS): nobody gets from it what another may read."""

import gzip
import http.client
import itertools
import sys

import brotli

from demo.processes import Child, free_port, wait_until_it_answers
from tests.operation import nginx
from tests.operation.drills.live import Outcome
from tests.operation.drills.stage import ROOT, Stage

FAULT = "readers one after the other through nginx's cache"
RULE = "the text for those who may read alone, and visitors' pages from the cache"
#: What other caches were poisoned by: not part of the key, or told apart wrongly.
POISON: tuple[dict[str, str], ...] = (
    {}, {"X-Forwarded-Host": "evil.example"}, {"X-Original-URL": "/admin/"}, {"X-Forwarded-Proto": "https"},
    {"Accept-Encoding": "br"}, {"Accept-Encoding": "gzip;q=0, br"}, {"Authorization": ""}, {"Cookie": ""},
    {"Range": "bytes=0-99999"}, {"Accept": "application/json"}, {"X-Forwarded-For": "192.0.2.7"},
)  # fmt: skip
#: The stranger's and the visitor's variations on an address.
SUFFIXES = ("", "?x=.css", "?utm_source=a;chosen=1", "?cb=1&cb=2")
END_RIGHTS = "from subscriptions.models import Entitlement; Entitlement.objects.update(revoked_at='2026-01-01T00:00Z')"


def kept_by_nginx(stage: Stage) -> Outcome:
    if nginx.find() is None:
        return Outcome(FAULT, 0, 0, None, "needs nginx, or FIRSTPAGE_NGINX", passed=True)
    site, proxy = free_port(stage.port + 5), free_port(stage.port + 15)
    environment = stage.environment | {"SHARED_CACHE_SECONDS": "600", "TRUSTED_PROXY_COUNT": "1"}
    environment["SITE_URL"] = f"http://127.0.0.1:{proxy}"
    command = [
        sys.executable, "-m", "gunicorn", "config.wsgi", "--chdir", str(ROOT),
        "--config", str(ROOT / "config/gunicorn.py"), "--bind", f"127.0.0.1:{site}",
    ]  # fmt: skip
    web = Child("web server with a cache in front", command, environment, stage.folder / "log")
    try:
        wait_until_it_answers(f"http://127.0.0.1:{site}/", web)
        with nginx.before(stage.folder / "cached", proxy, site):
            return _asked(stage, proxy)
    finally:
        web.stop()


def _asked(stage: Stage, port: int) -> Outcome:
    place = stage.pages[1]["path"]
    reader, text_behind = next((page["cookie"], page["must"]) for page in stage.pages if page["cookie"])
    wrong: list[str] = []
    kept = total = 0
    for suffix, poison in itertools.product(SUFFIXES, POISON):
        # One who may read, with what might poison; then who may not; then both again.
        asked = (("reader", poison | {"Cookie": reader}), ("visitor", poison), ("visitor", {}),
                 ("stranger", {"Cookie": stage.told["order"]["cookie"]}), ("reader", {"Cookie": reader}))  # fmt: skip
        for who, headers in asked:
            text, from_cache = _get(port, f"{place}{suffix}", headers)
            total += 1
            kept += from_cache
            is_page = "Accept" not in headers or headers["Accept"].startswith("text/html")
            if (text_behind in text) != (who == "reader") and (who != "reader" or is_page):
                wrong.append(f"{who} at {suffix or 'the article'} with {headers.keys() - {'Cookie'}}")
            if from_cache and who != "visitor":
                wrong.append(f"{who} was answered from the cache")
    stage.manage("shell", "--verbosity", "0", "-c", END_RIGHTS)
    if text_behind in _get(port, place, {"Cookie": reader})[0]:
        wrong.append("a right that has ended")
    if not kept:
        wrong.append("nothing came from the cache, so nothing was tried")
    return Outcome(
        FAULT, len(wrong), total + 1, None, f"{RULE} ({kept} were)", not wrong, tuple(sorted(set(wrong))[:5])
    )


def _get(port: int, path: str, headers: dict[str, str]) -> tuple[str, bool]:
    """(what was said, whether the cache said it)"""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    packed = answer.headers.get("Content-Encoding")
    if packed == "br":
        body = brotli.decompress(body)
    elif packed == "gzip":
        body = gzip.decompress(body)
    return body.decode(errors="replace"), answer.headers.get("X-Cache") in ("HIT", "STALE", "UPDATING")
