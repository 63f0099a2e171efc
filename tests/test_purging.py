"""A cache in front hears what is stale, by the key that the page carries, and hears it again until it has listened."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from config import page_cache
from journal.models import Article, Journal, PublicPage
from journal.topic_models import MostRead
from subscriptions import purging
from subscriptions.models import Offer
from tests.make import make_article, make_issue, make_offer, make_right, make_user


class Told(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: str


class Cache(ThreadingHTTPServer):
    """A cache's purge address, as the vendors' documentation has it: what it was told, and what it answers."""

    told: list[Told]
    status = 200


class _Purged(BaseHTTPRequestHandler):
    server: Cache

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.told.append(Told(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_PURGE = _take  # noqa: N815  (the names http.server looks for)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def cache(settings: Any, db: None) -> Iterator[Cache]:
    server = Cache(("127.0.0.1", 0), _Purged)
    server.told = []
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    settings.PURGE_URL = f"http://127.0.0.1:{server.server_port}/service/abc/purge"
    settings.PURGE_STYLE, settings.PURGE_TOKEN = "fastly", "secret"
    yield server
    server.shutdown()
    server.server_close()


def stale() -> set[str]:
    """What changed since it was last asked."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM stale_page RETURNING key")
        return {key for (key,) in cursor.fetchall()}


def test_what_changes_is_known_by_the_key_its_pages_carry(cache: Cache, settings: Any) -> None:
    article, other = make_article(issue=make_issue()), make_article()
    offer, own = make_offer("purchase", amount=3000), make_offer("rental", article=article)
    key = f"article-{article.pk}"
    settings.SHARED_CACHE_SECONDS = 600
    page, lists = Client().get(article.get_absolute_url()), Client().get("/")
    assert page["Surrogate-Key"] == page["xkey"] == f"site {key}"
    assert page["Cache-Tag"] == f"site,{key}"
    assert lists["Surrogate-Key"] == "site lists"
    assert key in page_cache.purging.keys_of(article.pk)

    stale()
    changes: list[tuple[Any, set[str]]] = [
        (lambda: Article.objects.filter(pk=article.pk).update(retracted_on=timezone.localdate()), {key}),
        (lambda: PublicPage.objects.filter(article=other).update(abstract="<p>New.</p>"), {f"article-{other.pk}"}),
        (lambda: Article.objects.update(title="Renamed"), {key, f"article-{other.pk}"}),
        (lambda: Offer.objects.filter(pk=own.pk).update(amount=700), {key}),
        (lambda: Offer.objects.filter(pk=offer.pk).update(amount=3100), {"site"}),
        (lambda: Journal.objects.update(tagline="Patience"), {"site"}),
        (lambda: MostRead.objects.all().delete(), set() if not MostRead.objects.exists() else {"lists"}),
        (lambda: make_right(make_user(), article), set()),
    ]
    for number, (change, keys) in enumerate(changes):
        change()
        assert stale() - {"lists"} == keys - {"lists"}, number
    reader = make_user()
    make_right(reader, article)
    client = Client()
    client.force_login(reader)
    private = client.get(article.get_absolute_url())
    assert private["Cache-Control"] == "private, no-store"
    assert "Surrogate-Key" not in private, "no cache has what depends on a right, so none is told"


def test_the_cache_is_told_as_its_vendor_has_it_and_again_while_it_does_not_listen(
    cache: Cache, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    article = make_article()
    stale()
    with django_capture_on_commit_callbacks(execute=True):
        article.title = "Changed"
        article.save()
        article.save()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s", [purging.TASK])
        assert cursor.fetchone() == (1,), "a job is queued once, with the change"

    cache.status = 503
    assert purging.purge() == 0
    cache.status = 200
    assert purging.purge() == 2, "what it was not told of stays"
    assert purging.purge() == 0, "and is told once"
    assert len(cache.told) == 2
    keys = f"article-{article.pk} lists"
    for told in cache.told:
        assert (told.method, told.path) == ("POST", "/service/abc/purge")
        assert (told.headers["fastly-key"], told.headers["surrogate-key"]) == ("secret", keys)

    settings.PURGE_STYLE = "cloudflare"
    article.save()
    purging.purge()
    assert json.loads(cache.told[-1].body) == {"tags": keys.split()}
    assert cache.told[-1].headers["authorization"] == "Bearer secret"
    assert cache.told[-1].headers["content-type"] == "application/json"
    settings.PURGE_STYLE = "varnish"
    article.save()
    purging.purge()
    assert (cache.told[-1].method, cache.told[-1].headers["xkey"]) == ("PURGE", keys)
    assert cache.told[-1].headers["x-purge-token"] == "secret"
    for _ in range(purging.MOST_KEYS):
        make_article()
    purging.purge()
    assert cache.told[-1].headers["xkey"] == "site", "more than it takes at a time: everything"

    settings.PURGE_URL = "http://127.0.0.1:9/nobody"
    article.save()
    assert purging.purge() == 0
    settings.PURGE_URL = ""
    purging.purge()
    assert f"article-{article.pk}" in stale(), "kept for an hour where nobody is to be told"
