"""Searching as readers do it, with the full-text index and without: words, fields, phrases, conditions, ways on."""
# ruff: noqa: E501  (a query reads best in one line)

import itertools
import random
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from journal.models import Article, FullText, Issue, MetadataRecord, Section
from journal.search import database, fulltext, upkeep
from journal.search.filters import ACCESS, Filters, address, facets, has_many, read
from journal.search.query import parse
from journal.topic_models import ArticleTopic, SearchTerm, Topic, draw_paths
from tests.make import SECRET_SENTENCE, make_article, make_issue, make_journal

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf() -> dict[str, Article]:
    """Four articles that differ in what a search can tell apart."""
    issue = make_issue(volume="7", number="2", year=2025)
    section = Section.objects.create(journal=make_journal(), name="Original Research")
    made = {
        "meniere": make_article(
            title="Ménière disease after a flight", authors=[{"given": "José", "surname": "García"}], byline="José García",
            keywords=["vertigo"], type_label="Case Report", pmid="12345678", section=section,
            abstract="A pilot with white matter lesions was examined. He recovered within days.",
        ),
        "stroke": make_article(
            title="Thrombolysis for wake-up stroke", authors=[{"given": "Jörg", "surname": "Müller"}], byline="Jörg Müller",
            issue=issue, first_page="101", last_page="109", access_type="open", type_label="Original Research",
            abstract="Stroke with and without hemorrhage: the matter was white noise.", section=section,
        ),
        "old": make_article(
            title="Stroke units", published_online=timezone.localdate() - timedelta(days=900), type_label="Review",
            abstract="Units for stroke.", authors=[{"given": "Ada", "surname": "Strokes-Lund"}],
        ),
        "hidden": make_article(title="A stroke draft", status=Article.Status.DRAFT),
    }  # fmt: skip
    FullText.objects.filter(article=made["meniere"]).update(
        plain_text=f"{SECRET_SENTENCE} The caloric irrigation failed twice.",
        body="<figure><figcaption>Nystagmography of the left ear</figcaption></figure>",
    )
    FullText.objects.filter(article=made["stroke"]).update(plain_text="Alteplase was given at the quay side hospital.")
    MetadataRecord.objects.create(article=made["old"], facts={"references": [{"text": "Zuckerkandl E. On glands."}]})
    for article in Article.objects.all():
        Article.objects.filter(pk=article.pk).update(search=database.entry(article))
    return made


@pytest.fixture(params=["PostgreSQL alone", "the full-text index"])
def engine(request: Any, shelf: dict[str, Article], settings: Any, tmp_path: Path) -> str:
    settings.SEARCH_FOLDER = tmp_path / "search"
    if request.param != "PostgreSQL alone":
        upkeep.rebuild_index()
    return str(request.param)


@pytest.fixture
def hits(visitor: Client, shelf: dict[str, Article], engine: str) -> Callable[..., set[str]]:
    """Which articles of the shelf a search finds, told as JSON; every answer says which engine it came from."""
    names = {article.doi: name for name, article in shelf.items()}

    def search(q: str, **more: str) -> set[str]:
        answer = visitor.get("/search/", {"q": q, "format": "json", **more})
        told = answer.json()
        assert answer.status_code == 200
        assert told["full_text"] is (engine == "the full-text index") or not q or not told["results"]
        return {names[result["doi"]] for result in told["results"]}

    return search


def test_words_phrases_fields_exclusions_and_accents(hits: Callable[..., set[str]], engine: str) -> None:
    assert hits("stroke") == {"stroke", "old"}  # and never the draft
    assert hits("strokes hemorrhages") == {"stroke"}
    assert hits("stroke -hemorrhage") == {"old"}
    assert hits("white matter") == {"meniere", "stroke"}
    assert hits('"white matter"') == {"meniere"}
    assert hits("vertigo OR thrombolysis") == {"meniere", "stroke"}
    assert hits("meniere") == hits("MÉNIÈRE") == {"meniere"}
    assert hits("author:garcia") == hits("García") == {"meniere"}
    assert hits("muller") == hits("Mueller") == hits("author:müller") == {"stroke"}
    assert hits("title:hemorrhage") == set()
    assert hits("wake-up") == {"stroke"}
    assert hits("author:stroke") == set()
    assert hits("stroke units pilots") == {"stroke", "old", "meniere"}  # nothing has all of them
    assert hits('stroke "units pilots"') == set()


def test_the_results_are_narrowed_sorted_and_counted(
    hits: Callable[..., set[str]], shelf: dict[str, Article], visitor: Client, engine: str
) -> None:
    assert hits("stroke", access="open") == {"stroke"}
    assert hits("stroke", access="controlled") == {"old"}
    assert hits("stroke", kind="Review") == {"old"}
    assert hits("stroke", year=str(shelf["old"].published_online.year)) == {"old"}  # type: ignore[union-attr]
    assert hits("", kind="Case Report") == {"meniere"}
    assert hits("stroke", year="nonsense", section="-1", access="x") == {"stroke", "old"}
    told = visitor.get("/search/?q=stroke&sort=date&format=json").json()
    assert [result["title"] for result in told["results"]] == ["Thrombolysis for wake-up stroke", "Stroke units"]
    facets = {facet["name"]: {c["label"]: c["count"] for c in facet["choices"]} for facet in told["facets"]}
    assert facets["access"] == {"Free for everybody": 1, "Open access": 1, "Needs access": 1}
    assert facets["kind"] == {"Original Research": 1, "Review": 1}
    assert "cme" not in facets
    told = visitor.get("/search/?q=stroke&access=open&kind=Original+Research").content.decode()
    above = told[told.index('class="search-chosen') : told.index("article-list")]
    assert re.findall('href="([^"]+)"><span>([^<]+)<', above) == [
        ("?q=stroke&amp;kind=Original+Research", "Open access"), ("?q=stroke&amp;access=open", "Original Research"),
    ]  # fmt: skip
    assert "search-chosen" not in visitor.get("/search/?q=stroke").content.decode()
    known = {"from": "2020-01-01", "until": "2999-12-31"}
    for until, is_offered in (("2999-12-31", True), ("2021-12-31", False)):
        Article.objects.filter(pk=shelf["old"].pk).update(activity=known | {"until": until})
        upkeep.rebuild_index() if engine == "the full-text index" else None
        assert ("With CME credit" in visitor.get("/search/?q=stroke").content.decode()) is is_offered
        assert hits("stroke", cme="1") == ({"old"} if is_offered else set())


def test_topics_narrow_by_everything_below_them(shelf: dict[str, Article], settings: Any, tmp_path: Path) -> None:
    settings.SEARCH_FOLDER = tmp_path
    vascular, stroke = (
        Topic.objects.create(name="Vascular", slug="vascular"),
        Topic.objects.create(name="Stroke", slug="stroke"),
    )
    stroke.parents.add(vascular)
    vascular.parents.add(stroke)  # a circle an editor drew: it ends where it began
    draw_paths()
    ArticleTopic.objects.create(article=shelf["old"], topic=stroke)
    for _ in ("PostgreSQL", "the index"):
        page = Client().get("/search/?q=stroke&topic=vascular&format=json").json()
        assert [result["title"] for result in page["results"]] == ["Stroke units"]
        upkeep.rebuild_index()


def test_a_query_that_names_one_article_goes_straight_to_it(visitor: Client, shelf: dict[str, Article]) -> None:
    stroke, meniere = shelf["stroke"], shelf["meniere"]
    for typed in (
        stroke.doi, f"https://doi.org/{stroke.doi}.", f"Müller J. Thrombolysis. J Tests. 2025. doi:{stroke.doi}.",
        "Müller J. Thrombolysis for wake-up stroke. J Tests. 2025;7(2):101-109.", "J Tests 7 (2): 101", "vol. 7, no. 2, pp. 101-109",
    ):  # fmt: skip
        assert visitor.get("/search/", {"q": typed})["Location"] == stroke.get_absolute_url(), typed
    for typed in ("12345678", "PMID: 12345678", "https://pubmed.ncbi.nlm.nih.gov/12345678/"):
        assert visitor.get("/search/", {"q": typed})["Location"] == meniere.get_absolute_url(), typed
    for typed in ("99999999", "2025;8(2):101", "10.5555/nowhere"):
        assert visitor.get("/search/", {"q": typed}).status_code == 200
    told = visitor.get("/search/", {"q": stroke.doi}, headers={"Accept": "application/json"}).json()
    assert [result["doi"] for result in told["results"]] == [stroke.doi]


def test_a_librarys_openurl_leads_to_the_article_or_its_issue(visitor: Client, shelf: dict[str, Article]) -> None:
    stroke = shelf["stroke"]
    issue: Issue = stroke.issue  # type: ignore[assignment]
    base = {"url_ver": "Z39.88-2004", "rft.issn": "9999-9994"}
    for asked in (
        {"rft_id": f"info:doi/{stroke.doi}"}, {"id": f"doi:{stroke.doi}"}, {"rft.volume": "7", "rft.issue": "2", "rft.spage": "101"},
        {"rft.volume": "7", "rft.pages": "101-109"}, {"rft.atitle": "thrombolysis for wake-up STROKE"},
    ):  # fmt: skip
        assert visitor.get("/openurl", base | asked)["Location"] == stroke.get_absolute_url(), asked
    assert visitor.get("/openurl", {"rft_id": "info:pmid/12345678"})["Location"] == shelf["meniere"].get_absolute_url()
    assert visitor.get("/openurl", base | {"rft.volume": "7", "rft.issue": "2"})["Location"] == issue.get_absolute_url()
    lost = visitor.get(
        "/openurl", {"rft.issn": "1111-1111", "rft.volume": "7", "rft.spage": "101", "rft.atitle": "Other"}
    )
    assert lost.status_code == 404
    assert "/search/?q=Other" in lost.content.decode()


def test_the_full_text_is_found_by_words_and_quoted_to_nobody(
    hits: Callable[..., set[str]], engine: str, visitor: Client
) -> None:
    if engine == "PostgreSQL alone":
        assert hits("caloric") == hits("caption:nystagmography") == hits("zuckerkandl") == set()
        assert "cannot be searched at the moment" in visitor.get("/search/?q=text:caloric").content.decode()
        return
    assert hits("caloric irrigation") == hits("text:caloric") == {"meniere"}
    assert hits("nystagmography") == hits("caption:nystagmography") == {"meniere"}
    assert hits("zuckerkandl") == hits("reference:zuckerkandl") == {"old"}
    # Which words stand beside each other is only told of what everybody may read.
    assert hits('"caloric irrigation"') == hits('text:"caloric irrigation"') == hits('"irrigation caloric"') == set()
    assert hits('"alteplase was given"') == {"stroke"}
    page = visitor.get("/search/?q=caloric+heron").content.decode()
    assert "irrigation failed" not in page
    assert "heron waits" not in page


def test_a_result_quotes_the_abstract_with_the_words_marked(visitor: Client, engine: str) -> None:
    page = visitor.get("/search/?q=lesion+pilot").content.decode()
    assert "A <mark>pilot</mark> with white matter <mark>lesions</mark> was examined." in page
    assert visitor.get("/search/?q=<script>alert(1)</script>pilot").content.decode().count("<script>alert") == 0


def test_the_index_learns_what_has_changed_and_a_damaged_one_is_done_without_and_built_anew(
    visitor: Client, shelf: dict[str, Article], settings: Any, tmp_path: Path
) -> None:
    settings.SEARCH_FOLDER = tmp_path / "search"

    def told(q: str) -> tuple[bool, list[str]]:
        answer = visitor.get("/search/", {"q": q, "format": "json"}).json()
        return answer["full_text"], [result["title"] for result in answer["results"]]

    upkeep.catch_up()  # no index yet: the first one is built
    assert told("caloric") == (True, ["Ménière disease after a flight"])
    shelf["old"].abstract = "Now about sundials."
    shelf["old"].save()
    shelf["stroke"].status = Article.Status.DRAFT
    shelf["stroke"].save()
    upkeep.catch_up()
    assert told("sundials") == (True, ["Stroke units"])
    assert told("alteplase") == (True, [])
    used = fulltext.current()
    for file in used.glob("*.*"):
        if file.name not in ("mark.json", "meta.json"):
            file.unlink()  # a file that is read elsewhere at this moment stays there; cut short, it would end the process
            file.write_bytes(b"damaged")
    (used / "meta.json").write_text("{}")
    assert told("ménière") == (False, ["Ménière disease after a flight"])  # PostgreSQL answers
    shelf["old"].save()
    upkeep.catch_up()
    assert told("sundials") == (True, ["Stroke units"])
    assert fulltext.current() != used


def test_suggestions_and_another_spelling_come_from_public_words(
    visitor: Client, shelf: dict[str, Article], settings: Any, tmp_path: Path
) -> None:
    settings.SEARCH_FOLDER = tmp_path / "search"
    upkeep.catch_up()

    def suggested(q: str) -> list[str]:
        return [one["text"] for one in visitor.get("/search/suggestions/", {"q": q}).json()["suggestions"]]

    assert suggested("garc") == suggested("José g") == ["José García"]
    assert "Thrombolysis for wake-up stroke" in suggested("thromb")
    assert suggested("verti") == ["vertigo"]
    assert suggested("t") == suggested("calori") == suggested("%") == []
    assert not SearchTerm.objects.filter(key__in=["caloric", "heron", "nystagmography"]).exists()
    page = visitor.get("/search/?q=trombolysis").content.decode()
    assert 'Did you mean <a href="?q=thrombolysis">thrombolysis</a>' in page
    assert ">thrombolysis hemorrhage</a>" in visitor.get("/search/?q=trombolysis+hemorrage").content.decode()
    assert "In this journal" in visitor.get("/search/?q=thrombosomething").content.decode()
    assert "In this journal" not in visitor.get("/search/?q=hemorrage").content.decode()  # it was meant, and is said
    assert "In this journal" not in visitor.get("/search/?q=Vertigo&year=1900").content.decode()
    assert "without the conditions" in visitor.get("/search/?q=stroke&year=1900").content.decode()


@pytest.mark.parametrize(
    "q",
    [
        "stroke " * 1500,
        "-",
        '"',
        "OR OR",
        "a\x00b",
        "脑卒中",
        "инсульт",
        "'; DROP TABLE x;--",
        "-stroke",
        "the of and",
        "%_\\",
        ":*&|!<->",
    ],
)
def test_a_strange_query_gets_a_page_that_helps(visitor: Client, engine: str, q: str) -> None:
    answer = visitor.get("/search/", {"q": q, "page": "99999999999999999999", "sort": "x"})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert any(
        word in page
        for word in ("Nothing was found", "for <strong>", "add a word", "Only the beginning", "leads straight")
    )


@pytest.fixture
def varied(settings: Any, tmp_path: Path) -> None:
    """Fifty articles that differ by chance in whatever results are narrowed to, in both engines."""
    settings.SEARCH_FOLDER = tmp_path / "search"
    chance, journal, today = random.Random(7), make_journal(), timezone.localdate()
    sections = [Section.objects.create(journal=journal, name=name) for name in ("Letters", "Research")]
    topics = [Topic.objects.create(name=name, slug=name.lower()) for name in ("Body", "Heart", "Vessel", "Sleep")]
    topics[1].parents.set(topics[:1])
    topics[2].parents.set(topics[:2])
    draw_paths()
    days = [today - timedelta(days=400 * n) for n in range(4)] + [today + timedelta(days=9)]
    courses = [None, *({"from": "2020-01-01", "until": until} for until in ("2021-01-01", "2999-01-01"))]
    made = Article.objects.bulk_create(
        Article(
            journal=journal, doi=f"10.5555/varied.{n}", status=chance.choice(["published", "published", "draft"]),
            title=" ".join(chance.sample(["stroke", "tide", "moon"], 2)), published_online=chance.choice(days),
            section=chance.choice([None, *sections]), type_label=chance.choice(["", "Case, rare", "Review"]),
            article_type=chance.choice(["research-article", "correction"]), activity=chance.choice(courses),
            access_type=chance.choice(["open", "controlled", "controlled", "free_to_read"]),
            free_from=chance.choice([None, today, today + timedelta(days=1)]), retracted_on=chance.choice([None, None, today]),
        )
        for n in range(50)
    )  # fmt: skip
    for article in made:
        ArticleTopic.objects.bulk_create(
            ArticleTopic(article=article, topic=topic) for topic in chance.sample(topics, chance.randrange(3))
        )
        Article.objects.filter(pk=article.pk).update(search=database.entry(article))
    upkeep.rebuild_index()


def test_the_index_narrows_and_counts_as_the_database_does(varied: None, monkeypatch: Any) -> None:
    begun = []
    monkeypatch.setattr(database, "has_many", lambda topic, _: begun.append(topic) or len(begun) % 2 == 0)  # either end
    narrowed = [Filters(), Filters(section=Section.objects.get(name="Letters").pk), Filters(topic="heart", cme=True)]
    narrowed += [Filters(access=access) for access in ACCESS]
    narrowed += [
        Filters(year=timezone.localdate().year),
        Filters(kind="Case, rare", topic="body"),
        Filters(topic="gone"),
    ]
    for words, filters in itertools.product(["stroke", "stroke tide", "tide OR moon", "-moon stroke"], narrowed):
        query = parse(words)
        found = fulltext.find(query, filters, "date")
        for sort in ("date", "relevance"):
            assert set(found.ids) == set(database.find(query, filters, sort).ids), (words, filters, sort)
        kept = {"q": words, "sort": "date"}
        told = facets(found.sample, filters, kept)
        assert facets(found.sample, filters, kept, found.counted) == told, (words, filters)
        assert told or not found.ids
        for facet in told:
            for choice in facet.choices:  # each leads where reading the address leads, and is written as it is
                wanted = dict(parse_qsl(choice.terms))
                assert choice.terms == address({"q": words, "sort": "date"}, read(wanted))
                assert (wanted.get(facet.name, "") == "") is choice.is_chosen
    assert len(begun) > 3
    monkeypatch.undo()
    assert [has_many("heart", number) for number in (0, 10**9)] == [False, False]
    monkeypatch.setattr(fulltext, "COUNT_UP_TO", 12)
    monkeypatch.setattr(database, "SAMPLE", 7)
    found = fulltext.find(parse("tide OR moon"), Filters(), "relevance")
    assert found.is_more
    assert len(found.sample) == 7
    told = facets(found.sample, Filters(), {})
    assert facets(found.sample, Filters(), {}, found.counted) == told
    Section.objects.all().delete()
    Topic.objects.all().delete()
    assert not {"section", "topic"} & {facet.name for facet in facets(found.sample, Filters(), {}, found.counted)}


def test_a_word_that_is_its_own_stem_is_asked_for_once_and_finds_the_same(shelf: dict[str, Article]) -> None:
    """What is asked of the index finds what is ranked: in English by the stem, or among authors and DOIs as it stands."""
    make_article(authors=[{"given": "The", "surname": "Does"}], byline="The Does")
    make_article(authors=[{"given": "Ann", "surname": "Studies"}], byline="Ann Studies", abstract="Universal news.")
    for article in Article.objects.all():
        Article.objects.filter(pk=article.pk).update(search=database.entry(article))
    for text in ("stroke", "strokes", "studies", "does", "the", "universal", "white matter", '"white matter"', "10.5"):
        told = []
        for to_rank in (True, False):
            matching, values = database.tsquery(parse(text), to_rank=to_rank)
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT id FROM journal_article WHERE search @@ ({matching}) ORDER BY 1", values)  # noqa: S608
                told.append(cursor.fetchall())
        assert told[0] == told[1], text
        assert told[0] or text == "10.5", text
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {database._ANYWHERE}::text", ["'stroke'", "'stroke'", "'stroke'", "'stroke':B"])
        assert cursor.fetchone() == ("'stroke'",)
