"""Who may keep an answer: never Django's page cache, and nobody at all when the answer knew who was reading."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from journal.models import Article
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_article, make_institution, make_offer, make_right

ROOT = Path(__file__).parent.parent
BANNED = (
    "from django.views.decorators.cache import cache_page",
    "from django.views.decorators import cache\n\nview = cache.cache_page(60)",
    "from django.middleware.cache import UpdateCacheMiddleware",
    "from django.middleware.cache import FetchFromCacheMiddleware",
    "import django.middleware.cache",
)


def lint(code: str) -> str:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--stdin-filename", "journal/new_views.py", "-"]
    return subprocess.run(command, input=code, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def test_the_lint_refuses_django_s_page_cache_and_nothing_beside_it() -> None:
    said = lint("\n".join(BANNED))
    assert said.count("TID251") >= len(BANNED), said  # a module and its name each
    assert "TID251" not in lint("from django.views.decorators.cache import never_cache\n")


def test_no_middleware_keeps_pages() -> None:
    assert not [name for name in settings.MIDDLEWARE if ".cache." in name]


class SharedCache:
    """What a proxy between readers and site does that knows RFC 9111, and nothing of us but the answer's headers."""

    def __init__(self) -> None:
        self.kept: dict[str, list[tuple[dict[str, str], object]]] = {}

    def get(self, client: Client, path: str, **headers: str) -> tuple[str, bool]:
        """(body, whether it came from the cache). `headers` are those a request may be told apart by."""
        sent = {name.lower(): value for name, value in headers.items()}
        sent["cookie"] = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
        for wanted, body in self.kept.get(path, []):
            if all(sent.get(name, "") == value for name, value in wanted.items()):
                return str(body), True
        answer = client.get(path, headers=headers)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if self.may_keep(answer):
            told_apart = [name.strip().lower() for name in answer.headers.get("Vary", "").split(",") if name.strip()]
            wanted = {name: sent.get(name, "") for name in told_apart if name != "*"}
            self.kept.setdefault(path, []).append((wanted, body.decode("utf-8", "replace")))
        return body.decode("utf-8", "replace"), False

    @staticmethod
    def may_keep(answer) -> bool:
        """As a bold proxy reads it: everything that is not forbidden."""
        said = answer.headers.get("Cache-Control", "").lower()
        forbidden = any(word in said for word in ("private", "no-store", "no-cache"))
        return not forbidden and answer.status_code in (200, 301, 404) and answer.headers.get("Vary") != "*"


CAMPUS, ELSEWHERE = "192.0.2.7", "203.0.113.9"


@pytest.fixture
def readers(article: Article, alice: User, dan: User) -> dict[str, Client]:
    """Who may read first, then who may not."""
    make_offer("purchase")
    make_right(make_institution("192.0.2.0/24"), article.journal)
    return {
        "alice": signed_in(alice), "a campus": Client(REMOTE_ADDR=CAMPUS), "dan": signed_in(dan),
        "a visitor": Client(REMOTE_ADDR=ELSEWHERE),
    }  # fmt: skip


MAY = ("alice", "a campus")


@pytest.mark.parametrize("first", MAY)
def test_through_a_shared_cache_nobody_gets_what_another_may_read(
    article: Article, readers: dict[str, Client], first: str
) -> None:
    """Each order of an entitled reader before the others, with headers that other caches were poisoned by."""
    place = article.get_absolute_url()
    poison = (
        {}, {"X-Forwarded-Host": "evil.example"}, {"X-Original-URL": "/admin/"}, {"Accept-Encoding": "br"},
        {"Authorization": ""}, {"X-Forwarded-For": CAMPUS},
    )  # fmt: skip
    for path in (place, f"{place}?x=.css", f"{place}?utm_source=a;chosen=1"):
        for headers in poison:
            cache = SharedCache()
            body, kept = cache.get(readers[first], path, **headers)
            assert SECRET_SENTENCE in body
            assert not kept
            for other in ("dan", "a visitor"):
                body, _ = cache.get(readers[other], path, **headers)
                assert SECRET_SENTENCE not in body, (path, headers, other)
                assert "evil.example" not in body
            for other in MAY:  # and a visitor's page does not hide the text from who may read it
                assert SECRET_SENTENCE in cache.get(readers[other], path, **headers)[0], (path, headers, other)


def test_a_right_that_ends_ends_behind_a_shared_cache_too(article: Article, alice: User) -> None:
    cache, client, place = SharedCache(), signed_in(alice), article.get_absolute_url()
    assert SECRET_SENTENCE in cache.get(client, place)[0]
    alice.entitlements.update(revoked_at="2020-01-01T00:00Z")
    assert SECRET_SENTENCE not in cache.get(client, place)[0]
    alice.entitlements.update(revoked_at=None)
    assert SECRET_SENTENCE in cache.get(client, place)[0]
    client.post("/accounts/logout/")
    assert SECRET_SENTENCE not in cache.get(client, place)[0]


def test_the_model_of_a_cache_would_notice(article: Article, alice: User, monkeypatch) -> None:
    """With an answer that anybody may keep the same steps find the leak; else the tests above would prove nothing."""
    monkeypatch.setattr(SharedCache, "may_keep", staticmethod(lambda answer: True))
    cache, place = SharedCache(), article.get_absolute_url()
    cache.get(signed_in(alice), place)
    cache.kept[place][0][0].clear()  # and no Vary
    assert SECRET_SENTENCE in cache.get(Client(), place)[0]


ANSWERS = ("/", "/issues/", "/search/?q=herons", "/my-access/", "/account/profile/", "/saved/", "/nothing/", "/cme/")


def test_whatever_knew_a_session_is_kept_by_nobody(article: Article, dan: User) -> None:
    client = signed_in(dan)
    for path in (*ANSWERS, article.get_absolute_url()):
        said = client.get(path).headers["Cache-Control"]
        assert "no-store" in said, path
        assert "private" in said, path
        assert "public" not in said, path


def test_an_answer_that_sets_a_cookie_is_kept_by_nobody(article: Article) -> None:
    answer = Client().get("/accounts/login/")
    assert answer.cookies
    assert "no-store" in answer.headers["Cache-Control"]


def test_what_is_for_everybody_may_still_be_kept(article: Article, dan: User) -> None:
    make_article()
    for path in ("/feed/", "/brand.css"):
        assert "public" in signed_in(dan).get(path).headers["Cache-Control"], path


def test_signing_out_clears_what_the_browser_kept(article: Article, dan: User) -> None:
    client = signed_in(dan)
    assert "Clear-Site-Data" not in client.get("/").headers
    answer = client.post("/accounts/logout/")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in client.get("/").headers
