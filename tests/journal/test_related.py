"""The boxes below an article: what stands in them, for whom, in which order; and what others are asked for them."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from journal import elsewhere
from journal.models import Article, MetadataRecord, Relation
from journal.related_models import BoxLayout, Citation, Elsewhere, LookedUp, Similar
from journal.search import database, upkeep
from journal.topic_models import ArticleTopic, Collection, CollectionEntry, Topic, draw_paths
from tests.conftest import signed_in
from tests.make import PASSWORD, make_article, make_right, make_user

pytestmark = pytest.mark.django_db
PEERS = Path(__file__).parent / "peers"


@pytest.fixture(autouse=True)
def own_index(settings: Any, tmp_path: Any) -> None:
    settings.SEARCH_FOLDER = tmp_path


@pytest.fixture
def herons() -> Article:
    """An article with something in every box but PubMed's."""
    topic = Topic.objects.create(name="Birds", slug="birds", keywords=["herons"])
    draw_paths()
    said = "Herons wait beside tidal water for eels, and patience feeds them through winter frost."
    article = make_article(title="On waiting herons", keywords=["herons"], abstract=said, type_label="Review")
    alike = make_article(title="Waiting herons in winter", keywords=["herons"], abstract=f"{said} Again.")
    for number in range(4):
        make_article(title=f"Tax law {number}", abstract="Levies and tariffs, winter and water.")
    comment = make_article(title="A comment on herons", abstract="Short.")
    draft = make_article(title="A draft about herons", status=Article.Status.DRAFT)
    for source in (comment, draft):
        Relation.objects.create(article=source, kind=Relation.Kind.COMMENTARY, target_doi=article.doi)
    Relation.objects.create(article=article, kind=Relation.Kind.COMPANION, target_doi=alike.doi)
    MetadataRecord.objects.create(
        article=comment, facts={"references": [{"doi": (article.doi or "").upper()}, {"doi": "10.1/x"}, {}]}
    )
    Collection.objects.create(title="All birds", slug="all-birds", rule_topic=topic)
    Collection.objects.create(title="Other reviews", slug="other", rule_kind="Review", rule_words="sundials")
    chosen = Collection.objects.create(title="Waders", slug="waders")
    CollectionEntry.objects.create(collection=chosen, article=article)
    Elsewhere.objects.create(
        title="Herons, chapter 3", source="Handbook of Birds", url="https://books.example.org/3", topic=topic
    )
    for one in Article.objects.all():
        Article.objects.filter(pk=one.pk).update(search=database.entry(one))
    upkeep.catch_up()
    return article


def path(article: Article, view: str = "related") -> str:
    return reverse(f"journal:{view}", args=[article.doi])


def titles(page: str) -> list[str]:
    return [part.partition("</h2>")[0].partition(">")[2] for part in page.split('<h2 id="box-')[1:]]


def test_the_boxes_hold_what_belongs_to_the_article_and_empty_ones_are_left_out(
    visitor: Client, herons: Article
) -> None:
    page = visitor.get(path(herons)).content.decode()
    assert titles(page) == ["See also", "By topic", "Collections", "Cited by", "Chapters and books elsewhere"]
    for words in (
        "Commentary",
        "Companion",
        "A comment on herons",
        "Waders",
        "All birds",
        "1 citation, counted in this journal.",
        "Handbook of Birds",
    ):
        assert words in page, words
    for words in ("A draft about herons", "Other reviews", "Tax law"):
        assert words not in page, words
    assert path(herons) in visitor.get(herons.get_absolute_url()).content.decode()
    lonely = visitor.get(path(make_article(title="Alone"))).content.decode()
    assert titles(lonely) == ["Cited by"]
    assert "No citations yet" in lonely


def test_the_items_carry_the_marks_of_the_one_decision(herons: Article) -> None:
    owner = make_user()
    make_right(owner, Article.objects.get(title="A comment on herons"))
    page = signed_in(owner).get(path(herons)).content.decode()
    assert page.count("You have access") == 2  # in See also and in Cited by
    assert page.count("Preview</span>") == 2  # the companion, there and By topic


def test_boxes_are_moved_folded_and_reset_by_forms_and_the_browser_remembers(visitor: Client, herons: Article) -> None:
    def arranged(**deed: str) -> list[str]:
        answer = visitor.post(path(herons, "arrange"), deed)
        assert answer.status_code == 303
        return titles(visitor.get(answer["Location"].partition("#")[0]).content.decode())

    assert arranged(down="see_also")[:2] == ["By topic", "See also"]
    assert arranged(up="elsewhere")[-2:] == ["Chapters and books elsewhere", "Cited by"]
    assert arranged(order="cited_by.nonsense.see_also")[:2] == ["Cited by", "See also"]
    assert "A comment on herons" in visitor.get(path(herons)).content.decode()
    arranged(fold="cited_by")
    page = visitor.get(path(herons)).content.decode()
    assert 'aria-label="Show: Cited by"' in page
    assert "counted in this journal" not in page
    assert arranged(reset="1")[0] == "See also"
    for hostile in ({"up": "x"}, {"fold": "<b>"}, {"order": "." * 9999}, {}):
        assert len(arranged(**hostile)) == 5
    other = Client(enforce_csrf_checks=True)
    assert titles(other.get(path(herons)).content.decode())[0] == "See also"
    assert not other.cookies  # reading sets none
    assert other.post(path(herons, "arrange"), {"fold": "similar"}).status_code == 303


def test_what_a_browser_kept_joins_the_account_at_sign_in(herons: Article) -> None:
    user, browser = make_user(), Client()
    browser.post(path(herons, "arrange"), {"order": "cited_by.see_also"})
    sign_in = {"login": user.email, "password": PASSWORD}
    assert browser.post("/accounts/login/", sign_in).status_code == 302
    assert titles(signed_in(user).get(path(herons)).content.decode())[0] == "Cited by"
    other = Client()  # a second device, with an arrangement of its own
    other.post(path(herons, "arrange"), {"order": "elsewhere"})
    other.post(path(herons, "arrange"), {"fold": "similar"})
    other.post("/accounts/login/", sign_in)
    layout = BoxLayout.objects.get(user=user)
    assert layout.order[0] == "cited_by"
    assert layout.collapsed == ["similar"]


class Peer(BaseHTTPRequestHandler):
    """Answers as recorded in tests/journal/peers (its README says after what), or broken."""

    broken: ClassVar[bytes | int | None] = None
    asked: ClassVar[list[str]] = []
    doi: ClassVar[str] = ""
    links: ClassVar[str] = "elink.json"
    odd: ClassVar[str] = "-"

    def do_GET(self) -> None:
        Peer.asked.append(self.path)
        asked, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        file = {
            f"/openalex/works/doi:{Peer.doi}": "openalex_work.json",
            "/openalex/works": "openalex_citing.json" if query.get("cursor") == ["*"] else "openalex_citing_end.json",
            "/eutils/elink.fcgi": Peer.links, "/eutils/esummary.fcgi": "esummary.json",
            "/crossref/getForwardLinks":
                "crossref_forward_links.xml" if query.get("doi") == [Peer.doi] else "crossref_none.xml",
        }.get(asked)  # fmt: skip
        if self.path.startswith(Peer.odd):
            self.send_error(400)
            return
        body = Peer.broken if isinstance(Peer.broken, bytes) else (PEERS / file).read_bytes() if file else b""
        self.send_response(Peer.broken if isinstance(Peer.broken, int) else 200 if file else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Quiet."""


@pytest.fixture
def peer(settings: Any, article: Article) -> Iterator[type[Peer]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    settings.OPENALEX_URL, settings.EUTILS_URL = f"{address}/openalex", f"{address}/eutils"
    Peer.broken, Peer.asked, Peer.doi, Peer.links, Peer.odd = None, [], article.doi or "", "elink.json", "-"
    Article.objects.filter(pk=article.pk).update(pmid="100")
    yield Peer
    server.shutdown()
    server.server_close()


def look_up() -> tuple[int, int]:
    return elsewhere.look_up_citations(lambda _: None), elsewhere.look_up_similar(lambda _: None)


def test_citations_and_similar_articles_are_asked_for_by_night_and_kept(
    visitor: Client, article: Article, peer: type[Peer]
) -> None:
    assert look_up() == (1, 1)
    assert look_up() == (0, 0)  # the next night nothing is due
    assert {row.doi: row.authors for row in Citation.objects.all()} == {
        "10.9999/citing.1": "Author 0, Author 1, Author 2 and others",
        "10.9999/bare": "",
    }
    assert [(row.pmid, row.title, row.line) for row in Similar.objects.filter(kind="pubmed")] == [
        ("111", "Egrets & Ardea where p < 0.05.", "Fenwick A and others, J Birds, 2024")
    ]
    assert Citation.objects.get(doi="10.9999/citing.1").title == "Herons again: Ardea & CO2"
    page = visitor.get(path(article)).content.decode()
    assert titles(page) == ["Cited by", "Similar in PubMed"]
    assert "2 citations, as of " in page
    assert 'href="https://doi.org/10.9999/citing.1"' in page
    assert 'href="https://pubmed.ncbi.nlm.nih.gov/111/"' in page
    assert [parse_qs(urlsplit(path).query)["per-page"] for path in Peer.asked if "cursor" in path] == [["100"]] * 2
    assert not any("api_key" in path for path in Peer.asked)
    LookedUp.objects.update(pubmed_on=None)
    Peer.links = "elink_error.json"
    elsewhere.look_up_similar(lambda _: None)
    assert Similar.objects.filter(kind="pubmed").exists()  # an error is no answer
    LookedUp.objects.update(pubmed_missed_on=None)
    Peer.links = "elink_none.json"
    elsewhere.look_up_similar(lambda _: None)
    assert not Similar.objects.filter(kind="pubmed").exists()


def test_members_of_crossref_ask_it_too_and_its_words_stand(
    visitor: Client, article: Article, peer: type[Peer], settings: Any
) -> None:
    settings.CROSSREF_CITED_BY_URL = f"{settings.OPENALEX_URL.removesuffix('/openalex')}/crossref/getForwardLinks"
    assert look_up() == (0, 1)  # without a member's credentials nothing is asked, and nothing is taken for none
    assert not any("crossref" in path for path in Peer.asked)
    LookedUp.objects.update(citations_missed_on=None)
    settings.CROSSREF_USER, settings.CROSSREF_PASSWORD = "member", "secret"
    assert look_up()[0] == 1
    assert {row.doi: (row.title, row.authors, row.source, row.year) for row in Citation.objects.all()} == {
        "10.9999/citing.1": ("Herons again, as their publisher has it", "Ada Author, Egret", "Journal of Birds", 2026),
        "10.9999/waders.3": ("Handbook of Waders", "Ida Ibis", "Birds of the Shore", 2025),
        "10.9999/tides.14": ("Tides", "Tom Tern", "", 2013),
        "10.9999/bare": ("", "", "", None),
    }
    assert "4 citations, as of " in visitor.get(path(article)).content.decode()
    settings.OPENALEX_URL, Peer.doi = "", "10.9999/another"
    LookedUp.objects.update(citations_on=None)
    assert look_up()[0] == 1
    assert not Citation.objects.exists()  # an empty list is an answer


def test_the_page_takes_the_same_few_statements_however_much_belongs_to_an_article(herons: Article) -> None:
    reader, lonely = signed_in(make_user()), make_article(title="Alone")
    reader.post(path(lonely, "arrange"), {"fold": "pubmed"})
    for number in range(6):
        Collection.objects.create(title=f"By words {number}", slug=f"w{number}", rule_words="herons -sundials")
        citing = make_article(title=f"Citing {number}")
        Citation.objects.create(article=herons, doi=citing.doi or "", here=citing)
        Similar.objects.create(article=herons, kind="pubmed", position=number, pmid=str(number), title="Egrets")

    def asked(article: Article) -> int:
        reader.get(path(article))
        with CaptureQueriesContext(connection) as captured:
            page = reader.get(path(article)).content.decode()
        frame = [q for q in captured if 'FROM "journal_journal"' in q["sql"] or "accounts_servicecenter" in q["sql"]]
        assert ("By words 5" in page) == (article == herons)
        return len(captured) - len(frame)

    assert asked(lonely) <= asked(herons) <= 8


@pytest.mark.parametrize("broken", [500, b"<html>", b"[]", b'{"results": 7}', b"null", b"<crossref_result/>x"])
def test_a_source_that_fails_leaves_what_is_known(
    article: Article, peer: type[Peer], broken: bytes | int, settings: Any
) -> None:
    Citation.objects.create(article=article, doi="10.9999/old", title="Known before")
    Peer.broken = broken
    elsewhere.look_up_citations(lambda _: None)
    elsewhere.look_up_similar(lambda _: None)
    settings.CROSSREF_CITED_BY_URL, settings.OPENALEX_URL = settings.OPENALEX_URL, ""
    settings.CROSSREF_USER, settings.CROSSREF_PASSWORD = "member", "secret"
    elsewhere.look_up_citations(lambda _: None)
    assert Citation.objects.get().title == "Known before"
    assert not Similar.objects.exists()


def test_one_article_that_cannot_be_told_of_keeps_no_other_from_being_asked_about(
    article: Article, peer: type[Peer], settings: Any, caplog: Any
) -> None:
    settings.OPENALEX_API_KEY = "k-secret"
    Article.objects.filter(pk=article.pk).update(doi="10.5555/told", published_online="2020-01-01")
    for number in range(2):
        make_article(doi=f"10.5555/odd.{number}")
    Peer.doi, Peer.odd = "10.5555/told", "/openalex/works/doi:10.5555/odd."
    assert elsewhere.look_up_citations(lambda _: None) == 1
    assert all("api_key=k-secret" in path for path in Peer.asked)
    assert elsewhere.look_up_citations(lambda _: None) == 0
    today = timezone.localdate()
    assert dict(LookedUp.objects.values_list("article__doi", "citations_on")) == {
        "10.5555/told": today, "10.5555/odd.0": None, "10.5555/odd.1": None,
    }  # fmt: skip
    LookedUp.objects.filter(citations_on=None).update(citations_missed_on=today - elsewhere.AGAIN_AFTER)
    before = len(Peer.asked)
    assert elsewhere.look_up_citations(lambda _: None) == 0
    assert len(Peer.asked) == before + 2  # their turn has come again
    LookedUp.objects.all().delete()
    for number in range(2, 6):
        make_article(doi=f"10.5555/odd.{number}")
    asked = len(Peer.asked)
    settings.OPENALEX_URL = "http://127.0.0.1:9"
    assert elsewhere.look_up_citations(lambda _: None) == 0
    assert LookedUp.objects.count() == elsewhere.MOST_MISSES  # nobody is there: the others are not tried
    assert len(Peer.asked) == asked
    assert "could not be reached" in caplog.text
    assert "k-secret" not in caplog.text


def test_without_addresses_nobody_is_asked_and_an_unknown_work_has_no_citations(
    article: Article, peer: type[Peer], settings: Any
) -> None:
    Peer.doi = "10.9999/another"
    assert elsewhere.look_up_citations(lambda _: None) == 1
    assert not Citation.objects.exists()
    settings.OPENALEX_URL = settings.EUTILS_URL = ""
    asked = len(Peer.asked)
    assert look_up() == (0, 0)
    assert len(Peer.asked) == asked


def test_topics_by_hand_count_for_the_boxes_of_chapters(visitor: Client, article: Article) -> None:
    topic = Topic.objects.create(name="Water", slug="water")
    draw_paths()
    ArticleTopic.objects.create(article=article, topic=topic)
    Elsewhere.objects.create(title="Tides", url="https://books.example.org/tides", topic=topic)
    assert "Tides" in visitor.get(path(article)).content.decode()
