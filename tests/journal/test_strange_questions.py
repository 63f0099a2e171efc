"""Whatever is asked of search, suggestions, OpenURL, lists and feeds: an answer that helps, never a slow statement."""

from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from journal import browsing
from journal.models import Article
from journal.search import asking, database, pasted, terms
from journal.topic_models import ArticleTopic, Collection, Topic, draw_paths
from tests.make import make_article

pytestmark = pytest.mark.django_db
MOST_STATEMENTS = 30

STRANGE = {
    "ten thousand characters": "stroke " * 1500,
    "operators alone": 'OR AND NOT - () "',
    "NUL": "stroke\x00\x01\x1b",
    "Chinese": "\u8111\u5352\u4e2d",
    "Arabic, from right to left": "\u202e\u0633\u0643\u062a\u0629",
    "SQL": "'; DROP TABLE journal_article;--",
    "a tsquery": ":*&|!<-> 'a':A & (b | !c)",
    "a pattern": "%_\\\\%",
    "markup": "<script>alert(1)</script>",
    "three thousand places": "1:1 " * 3000,
    "a thousand DOIs": "10.5555/nowhere " * 1000,
    "a page beyond the end": "9" * 40,
    "a page before the beginning": "-1",
}


@pytest.fixture
def stroke(settings: Any, tmp_path: Any) -> Article:
    """One article, findable by words, topic, collection and author."""
    settings.SEARCH_FOLDER = tmp_path
    article = make_article(title="Stroke", authors=[{"given": "Ada", "surname": "Stroke"}], keywords=["stroke"])
    Article.objects.filter(pk=article.pk).update(search=database.entry(article))
    topic = Topic.objects.create(name="Stroke", slug="stroke")
    draw_paths()
    ArticleTopic.objects.create(article=article, topic=topic)
    Collection.objects.create(title="Strokes", slug="strokes", rule_words="stroke")
    browsing.learn_authors([article])
    terms.learn_all()
    return article


def questions(text: str) -> list[tuple[str, dict[str, str]]]:
    """The text at every place of an address where finding takes one."""
    segment = quote(text[:150].replace("/", ""), safe="") or "-"
    narrowed = dict.fromkeys(("sort", "page", "year", "section", "kind", "topic", "access", "cme"), text)
    cited = dict.fromkeys(
        ("rft_id", "rft.volume", "rft.issue", "rft.spage", "rft.date", "rft.atitle", "rft.pages"), text
    )
    return [
        ("/search/", {"q": text}), ("/search/", {"q": text, **narrowed}), ("/search/", {"q": "stroke", **narrowed}),
        ("/search/", {"q": text, "format": "json"}), ("/search/", {"q": "stroke", "format": "json", **narrowed}),
        ("/search/suggestions/", {"q": text}), ("/openurl", cited), ("/openurl", {"rft.atitle": text}),
        ("/feed/", {"format": text}), ("/topics/stroke/feed/", {"format": text, "page": text}),
        ("/topics/stroke/", {"page": text}), ("/collections/strokes/", {"page": text}),
        ("/online-first/", {"page": text}),
        ("/authors/", {"letter": text}), ("/authors/ada-stroke/", {"page": text}),
        (f"/topics/{segment}/", {}), (f"/authors/{segment}/", {}), (f"/authors/{segment}/feed/", {}),
        (f"/collections/{segment}/feed/", {}), (f"/issues/{segment}/", {}), ("/alerts/", {"kind": text, "key": text}),
    ]  # fmt: skip


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE.keys())
def test_a_strange_text_is_answered_everywhere_with_few_statements(visitor: Client, stroke: Article, text: str) -> None:
    visitor.raise_request_exception = False
    for path, asked in questions(text):
        with CaptureQueriesContext(connection) as captured:
            answer = visitor.get(path, asked)
        assert answer.status_code in (200, 301, 302, 404), (path, answer.status_code)
        assert len(captured) <= MOST_STATEMENTS, (path, len(captured))
        said = answer.content.decode()
        assert "<script>alert(1)" not in said or answer.headers["Content-Type"] == "application/json", path
        assert "Traceback" not in said, path
        if asked.get("format") == "json":
            told = answer.json()
            assert isinstance(told["results"], list)
            assert told["page"] == 1
        elif "suggestions" in path:
            assert isinstance(answer.json()["suggestions"], list)
        elif answer.status_code == 200 and "feed" not in path:
            assert "<h1" in said, path
    assert Article.objects.get() == stroke


def slowly(*_: Any) -> Any:
    """As a search that reads too much: PostgreSQL itself ends it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(5)")


def test_what_takes_too_long_is_ended_by_the_database_and_said_kindly(
    visitor: Client, stroke: Article, monkeypatch: Any
) -> None:
    monkeypatch.setattr(asking.database, "find", slowly)
    page = visitor.get("/search/?q=stroke")
    assert page.status_code == 200
    assert "took too long. More words, or rarer ones, help." in page.content.decode()
    told = visitor.get("/search/?q=stroke&format=json")
    assert "took too long" in told.json()["error"]
    assert told.json()["results"] == []
    monkeypatch.setattr(pasted, "tsquery", lambda _: ("SELECT 'x'::tsquery FROM pg_sleep(5)", []))
    lost = visitor.get("/openurl?rft.atitle=Stroke")
    assert lost.status_code == 404
    assert "/search/?q=Stroke" in lost.content.decode()
