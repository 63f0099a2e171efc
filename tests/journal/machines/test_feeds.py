"""Feeds, the map for search engines, and the rules for robots."""

from datetime import timedelta
from typing import Any

import feedparser
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from lxml import etree

from journal import publishing, sitemaps
from journal.models import Article, Section
from tests.journal.machines.rich import SICI, make_rich, today
from tests.make import SECRET_SENTENCE, make_article, make_issue, make_journal

pytestmark = pytest.mark.django_db
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def feed(path: str) -> Any:
    answer = Client().get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/rss+xml; charset=utf-8")
    assert SECRET_SENTENCE not in answer.text
    found = feedparser.parse(answer.content)
    assert not found.bozo, found.bozo_exception
    return found


def locations(path: str) -> list[str]:
    answer = Client().get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml; charset=utf-8")
    return [el.text for el in etree.fromstring(answer.content).iter(f"{MAP}loc")]


def shelves() -> dict[str, list[str]]:
    """Feeds' addresses, and the titles that are in them, in order."""
    section, issue = Section.objects.create(journal=make_journal(), name="Letters"), make_issue()
    days = {"newest": 1, "letter": 2, "first": 3}
    for title, ago in days.items():
        place = {"letter": {"issue": issue, "section": section}, "newest": {"issue": issue}, "first": {}}[title]
        make_article(title=title, published_online=today() - timedelta(days=ago), **place)
    make_article(title="tomorrow", published_online=today() + timedelta(days=1), issue=issue, section=section)
    make_article(title="draft", status=Article.Status.DRAFT, issue=issue, section=section)
    return {
        "/feed/": ["newest", "letter", "first"], "/online-first/feed/": ["first"],
        f"{issue.get_absolute_url()}feed/": ["letter", "newest"], f"/sections/{section.pk}/feed/": ["letter"],
    }  # fmt: skip


def test_journal_issue_section_and_online_first_have_feeds_of_their_own() -> None:
    for path, titles in shelves().items():
        found = feed(path)
        assert [entry.title for entry in found.entries] == titles, path
        own = [link.href for link in found.feed.links if link.rel == "self"]
        assert own == [f"http://testserver{path}"]
    for path in (
        "/sections/99999/feed/",
        f"/sections/{10**30}/feed/",
        "/issues/9/9/feed/",
        "/issues/%00/9/feed/",
        "/issues/9/%00/",
    ):
        assert Client().get(path).status_code == 404


def test_an_entry_tells_dublin_core_and_prism_and_the_abstract_only() -> None:
    make_rich(SICI)
    root = etree.fromstring(Client().get("/feed/").content)
    names = {"dc": "http://purl.org/dc/elements/1.1/", "prism": "http://prismstandard.org/namespaces/basic/2.1/"}
    told = {
        "guid": [f"https://doi.org/{SICI}"], "guid/@isPermaLink": ["false"],
        "dc:creator": ['Ćwik-Łoś, Ada "B", Jr', "The Heron & Night Group", "Plato"], "dc:identifier": [f"doi:{SICI}"],
        "prism:doi": [SICI], "prism:issn": ["1234-5679"], "prism:eIssn": ["9999-9994"], "prism:volume": ["4"],
        "prism:number": ["1"], "prism:startingPage": ["977"], "prism:endingPage": ["979"],
        "prism:publicationName": ["Journal of Tests"], "prism:publicationDate": ["2025-11-03"],
        "prism:coverDate": ["2025-11-10"], "category": ["herons", "night, rounds"],
    }  # fmt: skip
    for path, values in told.items():
        said = root.xpath(f"//item/{path}", namespaces=names)
        assert [getattr(el, "text", el) for el in said] == values, path
    entry = feed("/feed/").entries[0]
    assert "To see whether x" in entry.description.replace("\u2009", "")
    atom = Client().get("/feed/?format=atom")
    assert atom["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert SECRET_SENTENCE not in atom.text
    read = feedparser.parse(atom.content)
    assert (read.version, read.bozo) == ("atom10", False)
    assert [link.href for link in read.feed.links if link.rel == "self"] == ["http://testserver/feed/?format=atom"]
    (same,) = read.entries
    assert (same.title, same.id, same.link, same.summary) == (entry.title, entry.id, entry.link, entry.description)
    assert same.prism_doi == entry.prism_doi == SICI
    assert Client().get("/feed/", headers={"If-None-Match": atom["ETag"]}).status_code == 200  # another file
    assert Client().get(entry.link.removeprefix("http://testserver")).status_code == 200


def test_a_feed_that_has_not_changed_is_not_sent_again() -> None:
    article = make_article()
    first = Client().get("/feed/")
    for condition in ({"If-None-Match": first["ETag"]}, {"If-Modified-Since": first["Last-Modified"]}):
        with CaptureQueriesContext(connection) as asked:
            again = Client().get("/feed/", headers=condition)
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
        assert len(asked) == 2, "the journal and what the feed depends on"
    article.title = "Changed"
    article.save()
    assert Client().get("/feed/", headers={"If-None-Match": first["ETag"]}).status_code == 200
    publishing.unpublish(article)
    assert Client().get("/feed/", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_an_article_whose_day_comes_is_new_in_the_feed_though_it_did_not_change() -> None:
    make_article()
    waiting = make_article(published_online=today() + timedelta(days=1))
    first = Client().get("/feed/")
    Article.objects.filter(pk=waiting.pk).update(published_online=today())
    condition = {"If-None-Match": first["ETag"]}
    assert len(feedparser.parse(Client().get("/feed/", headers=condition).content).entries) == 2


def test_a_feed_survives_what_xml_forbids_and_a_journal_without_articles() -> None:
    assert feed("/feed/").entries == []
    make_article(title="a\x0bb", abstract="\x08<b>&", authors=[{"surname": "\x1b"}], keywords=["\x01k"])
    assert feed("/feed/").entries[0].title == "ab"


@pytest.mark.parametrize("number", [2, 40])
@pytest.mark.parametrize(
    ("path", "statements"),
    [("/feed/", 3), ("/online-first/feed/", 3), ("/sitemap.xml", 1), ("/sitemap-pages.xml", 1), ("/sitemap", 1)],
)
def test_feeds_and_maps_take_as_many_statements_for_two_articles_as_for_forty(
    number: int, path: str, statements: int
) -> None:
    articles = [make_article() for _ in range(number)]
    part = articles[0].pk // sitemaps.PER_FILE
    with CaptureQueriesContext(connection) as asked:
        assert Client().get(f"/sitemap-articles-{part}.xml" if path == "/sitemap" else path).status_code == 200
    assert len(asked) == statements, [query["sql"] for query in asked]


def test_the_map_names_every_public_page_once_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemaps, "PER_FILE", 3)
    issue = make_issue()
    public = [make_article(issue=issue) for _ in range(7)] + [make_rich(SICI), make_rich("10.5555/ä#?%;'\"&b")]
    make_article(status=Article.Status.DRAFT)
    make_article(published_online=today() + timedelta(days=1))
    files = locations("/sitemap.xml")
    assert len(files) > 3
    named: list[str] = []
    for file in files:
        found = locations(file.removeprefix("http://testserver"))
        assert len(found) <= 3 or "pages" in file
        named += found
    assert len(named) == len(set(named))
    for article in public:
        assert f"http://testserver{article.get_absolute_url()}" in named
    assert f"http://testserver{issue.get_absolute_url()}" in named
    assert len([address for address in named if "/doi/" in address]) == len(public)
    assert all(Client().get(address.removeprefix("http://testserver")).status_code == 200 for address in named)


def test_the_map_says_when_an_article_last_changed() -> None:
    article = make_article()
    for path in ("/sitemap.xml", f"/sitemap-articles-{article.pk // sitemaps.PER_FILE}.xml"):
        changed = etree.fromstring(Client().get(path).content).findtext(f".//{MAP}lastmod")
        assert changed == article.updated_at.isoformat()
    for part in (article.pk // sitemaps.PER_FILE + 1, 10**30):
        assert Client().get(f"/sitemap-articles-{part}.xml").status_code == 404


def test_robots_find_the_map_and_leave_searches_alone() -> None:
    text = Client().get("/robots.txt").text
    assert "Sitemap: http://testserver/sitemap.xml" in text
    assert "Disallow: /search/?" in text
    assert "/doi/" not in text
