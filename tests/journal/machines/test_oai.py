"""Harvesters collect records by OAI-PMH; the answers are held to the protocol's own schema."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import sickle
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from journal import publishing
from journal.models import Article, Section
from journal.oai import listing
from tests.journal.machines.rich import SICI, make_rich, today
from tests.make import SECRET_SENTENCE, make_article, make_issue, make_journal
from tests.schemas import schema

pytestmark = pytest.mark.django_db
OAI = "{http://www.openarchives.org/OAI/2.0/}"
OAI_DC = "{http://www.openarchives.org/OAI/2.0/oai_dc/}dc"
PROTOCOL, DUBLIN_CORE = schema("OAI-PMH.xsd"), schema("oai_dc.xsd")


def ask(query: str = "", *, post: str | None = None) -> etree._Element:
    """The answer to a request, valid against the schemas of the protocol and of oai_dc."""
    if post is None:
        answer = Client().get(f"/oai/?{query}")
    else:
        answer = Client().post("/oai/", post, content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml; charset=UTF-8")
    root = etree.fromstring(answer.content)
    PROTOCOL.assertValid(root)
    for metadata in root.iter(OAI_DC):
        DUBLIN_CORE.assertValid(metadata)
    return root


def error(query: str) -> str:
    root = ask(query)
    code = root.find(f"{OAI}error").get("code")
    if code in ("badVerb", "badArgument"):
        assert root.find(f"{OAI}request").attrib == {}
    return code


def identifiers(root: etree._Element) -> list[str]:
    return [el.text for el in root.iter(f"{OAI}identifier")]


def token_of(root: etree._Element) -> str | None:
    found = root.find(f".//{OAI}resumptionToken")
    return None if found is None else found.text or ""


def harvest(query: str) -> list[str]:
    """All identifiers of a list, page after page."""
    verb, root = query.split("&", maxsplit=1)[0], ask(query)
    found = identifiers(root)
    while token := token_of(root):
        root = ask(f"{verb}&resumptionToken={quote(token)}")
        found += identifiers(root)
    return found


def touch(article: Article, moment: datetime) -> None:
    Article.objects.filter(pk=article.pk).update(updated_at=moment)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "badVerb"), ("verb=", "badVerb"), ("verb=Nothing", "badVerb"), ("verb=identify", "badVerb"),
        ("verb=Identify&verb=Identify", "badVerb"), ("verb=Identify&x=1", "badArgument"),
        ("verb=ListRecords", "badArgument"), ("verb=GetRecord&identifier=x", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&metadataPrefix=oai_dc", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&identifier=x", "badArgument"),
        ("verb=ListRecords&metadataPrefix=marc", "cannotDisseminateFormat"),
        ("verb=ListRecords&metadataPrefix=", "cannotDisseminateFormat"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2025-02-30", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=0000-01-01", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2025-01-01T00:00:00", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2025-01-01T25:00:00Z", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2025", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=%D9%A2%D9%A0%D9%A2%D9%A5-01-01", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&until=", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2025-01-02&until=2025-01-01", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2025-01-01&until=2025-01-02T00:00:00Z", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=9999-12-31", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&until=1500-01-01", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&set=nothing", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&set=issue-99999999999999999", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&set=issue-1'--", "noRecordsMatch"),
        ("verb=ListRecords&resumptionToken=forged", "badResumptionToken"),
        ("verb=ListSets&resumptionToken=%00", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=x&metadataPrefix=oai_dc", "badArgument"),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:testserver:10.5555/nothing", "idDoesNotExist"),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=nonsense%20%01", "idDoesNotExist"),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:testserver:%00", "idDoesNotExist"),
        ("verb=GetRecord&metadataPrefix=jats&identifier=oai:testserver:10.5555/plain", "cannotDisseminateFormat"),
        ("verb=ListMetadataFormats&identifier=nothing", "idDoesNotExist"),
    ],
)  # fmt: skip
def test_each_mistake_has_the_error_of_the_protocol(query: str, code: str) -> None:
    make_article(doi="10.5555/plain")
    assert error(query) == code


def test_the_repository_says_who_it_is_and_what_it_has() -> None:
    article = make_rich()
    said = {etree.QName(el).localname: el.text for el in ask("verb=Identify").find(f"{OAI}Identify")}
    assert said["repositoryName"] == "Journal of Tests"
    assert (said["deletedRecord"], said["adminEmail"]) == ("persistent", "editors@example.org")
    assert said["earliestDatestamp"] <= f"{article.updated_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    prefixes = [el.text for el in ask("verb=ListMetadataFormats").iter(f"{OAI}metadataPrefix")]
    assert prefixes == ["oai_dc", "jats"]
    make_article(doi="10.5555/plain")
    plain = ask("verb=ListMetadataFormats&identifier=oai:testserver:10.5555/plain")
    assert [el.text for el in plain.iter(f"{OAI}metadataPrefix")] == ["oai_dc"]
    assert ["Journal of Tests", "Online first", str(article.issue)] == [
        el.text for el in ask("verb=ListSets").iter(f"{OAI}setName")
    ]


def test_a_record_in_dublin_core_and_in_jats_tells_the_metadata_and_not_the_text() -> None:
    article = make_rich(SICI)
    name = quote(listing.identifier(SICI))
    dublin_core = ask(f"verb=GetRecord&metadataPrefix=oai_dc&identifier={name}")
    said = [(etree.QName(el).localname, el.text) for el in dublin_core.find(f".//{OAI_DC}")]
    assert ("creator", 'Ćwik-Łoś, Ada "B", Jr') in said
    assert ("identifier", f"https://doi.org/{SICI}") in said
    assert ("rights", "info:eu-repo/semantics/restrictedAccess") in said
    jats = ask(f"verb=GetRecord&metadataPrefix=jats&identifier={name}")
    front = jats.find(f".//{OAI}metadata/*/*")
    assert etree.QName(front).localname == "front"
    assert front.getnext() is None
    for root in (dublin_core, jats):
        assert SECRET_SENTENCE not in etree.tostring(root, encoding="unicode")
        assert [el.text for el in root.iter(f"{OAI}setSpec")] == [
            f"journal-{article.journal_id}", f"issue-{article.issue_id}",
        ]  # fmt: skip


def test_post_is_the_same_as_get() -> None:
    make_article(doi="10.5555/plain")
    query = "verb=ListRecords&metadataPrefix=oai_dc"
    got, posted = ask(query), ask(post=query)
    for root in (got, posted):
        root.remove(root.find(f"{OAI}responseDate"))
    assert etree.tostring(got) == etree.tostring(posted)
    assert Client().put("/oai/").status_code == 405


def test_dates_are_inclusive_to_the_second_and_to_the_day() -> None:
    article = make_article(doi="10.5555/dated", published_online=datetime(2026, 1, 1).date())  # noqa: DTZ001
    touch(article, datetime(2026, 5, 6, 7, 8, 9, 999_999, UTC))
    for bounds, is_there in {
        "from=2026-05-06T07:08:09Z&until=2026-05-06T07:08:09Z": True, "from=2026-05-06T07:08:10Z": False,
        "until=2026-05-06T07:08:08Z": False, "from=2026-05-06&until=2026-05-06": True, "until=2026-05-05": False,
        "from=2026-05-07": False,
    }.items():  # fmt: skip
        root = ask(f"verb=ListIdentifiers&metadataPrefix=oai_dc&{bounds}")
        assert bool(identifiers(root)) is is_there, bounds
        assert is_there or root.find(f"{OAI}error").get("code") == "noRecordsMatch"


def test_a_record_is_dated_by_the_day_it_appears_and_the_day_it_becomes_free() -> None:
    long_ago = timezone.now() - timedelta(days=400)
    for fields in ({"published_online": today()}, {"free_from": today()}):
        touch(make_article(**fields), long_ago)
    touch(make_article(published_online=today() + timedelta(days=1)), long_ago)
    touch(make_article(free_from=today() + timedelta(days=1)), long_ago)
    day = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    root = ask(f"verb=ListIdentifiers&metadataPrefix=oai_dc&from={day:%Y-%m-%dT%H:%M:%SZ}")
    assert len(identifiers(root)) == 2


def test_sets_hold_what_is_theirs() -> None:
    journal, section = make_journal(), Section.objects.create(journal=make_journal(), name="Letters")
    issue = make_issue()
    make_article(doi="10.5555/in", issue=issue, section=section)
    make_article(doi="10.5555/first")
    for name, dois in {
        f"issue-{issue.pk}": ["in"], f"section-{section.pk}": ["in"], "online-first": ["first"],
        f"journal-{journal.pk}": ["in", "first"],
    }.items():  # fmt: skip
        found = harvest(f"verb=ListIdentifiers&metadataPrefix=oai_dc&set={name}")
        assert sorted(found) == sorted(f"oai:testserver:10.5555/{doi}" for doi in dois)


def test_a_withdrawn_article_is_a_deleted_record_until_it_is_back() -> None:
    article = make_rich()
    name = listing.identifier(article.doi or "")
    publishing.unpublish(article)
    for prefix in ("oai_dc", "jats"):
        root = ask(f"verb=GetRecord&metadataPrefix={prefix}&identifier={name}")
        assert root.find(f".//{OAI}header").get("status") == "deleted"
        assert root.find(f".//{OAI}metadata") is None
    assert harvest(f"verb=ListIdentifiers&metadataPrefix=oai_dc&set=issue-{article.issue_id}") == [name]
    article.delete()
    assert harvest("verb=ListRecords&metadataPrefix=oai_dc") == [name], "a deleted record stays for good"
    back = make_rich()
    root = ask(f"verb=GetRecord&metadataPrefix=oai_dc&identifier={name}")
    assert root.find(f".//{OAI}header").get("status") is None
    assert harvest("verb=ListRecords&metadataPrefix=oai_dc") == [listing.identifier(back.doi or "")]


def test_what_was_never_on_the_site_is_no_deleted_record() -> None:
    publishing.unpublish(make_article(published_online=today() + timedelta(days=1)))
    assert error("verb=ListRecords&metadataPrefix=oai_dc") == "noRecordsMatch"


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", {"ListRecords": 3, "ListIdentifiers": 3})
    monkeypatch.setattr(listing, "SETS_PAGE", 2)


def test_a_long_list_comes_in_pages_with_an_empty_last_token(small_pages: None) -> None:
    moment = timezone.now() - timedelta(days=1)
    for number in range(7):
        touch(make_article(doi=f"10.5555/n{number}"), moment)  # all in the same second
    first = ask("verb=ListRecords&metadataPrefix=oai_dc")
    second = ask(f"verb=ListRecords&resumptionToken={quote(token_of(first) or '')}")
    third = ask(f"verb=ListRecords&resumptionToken={quote(token_of(second) or '')}")
    assert [len(identifiers(root)) for root in (first, second, third)] == [3, 3, 1]
    assert [root.find(f".//{OAI}resumptionToken").get("cursor") for root in (first, second, third)] == ["0", "3", "6"]
    assert token_of(third) == ""
    again = ask(f"verb=ListRecords&resumptionToken={quote(token_of(first) or '')}")
    assert identifiers(again) == identifiers(second), "a token may be used again"
    assert error(f"verb=ListIdentifiers&resumptionToken={quote(token_of(first) or '')}") == "badResumptionToken"
    forged = (token_of(first) or "")[:-2] + "xx"
    assert error(f"verb=ListRecords&resumptionToken={quote(forged)}") == "badResumptionToken"
    sets = ask("verb=ListSets")
    assert token_of(sets) is None, "two sets are one page"


def test_nothing_is_missed_when_articles_change_during_a_harvest(small_pages: None) -> None:
    articles = [make_article(doi=f"10.5555/n{number}") for number in range(9)]
    for number, article in enumerate(articles):
        touch(article, timezone.now() - timedelta(days=9 - number))
    root = ask("verb=ListIdentifiers&metadataPrefix=oai_dc")
    found = identifiers(root)
    articles[0].save()  # changed: moves to the end
    publishing.unpublish(articles[1])
    publishing.unpublish(articles[5])
    make_article(doi="10.5555/new")
    while token := token_of(root):
        root = ask(f"verb=ListIdentifiers&resumptionToken={quote(token)}")
        found += identifiers(root)
    everything = {f"oai:testserver:10.5555/n{number}" for number in range(9)} | {"oai:testserver:10.5555/new"}
    assert set(found) == everything
    assert found.count("oai:testserver:10.5555/n0") == 2, "the changed one is told again"


@pytest.mark.parametrize("number", [2, 30])
@pytest.mark.parametrize(
    ("query", "statements"),
    [
        ("verb=ListRecords&metadataPrefix=oai_dc", 2), ("verb=ListRecords&metadataPrefix=jats", 2),
        ("verb=ListIdentifiers&metadataPrefix=oai_dc", 1), ("verb=Identify", 2), ("verb=ListSets", 3),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:testserver:10.5555/sample.1", 2),
    ],
)  # fmt: skip
def test_a_list_takes_as_many_statements_for_two_articles_as_for_thirty(
    number: int, query: str, statements: int
) -> None:
    make_rich()
    for _ in range(number):
        make_article()
    with CaptureQueriesContext(connection) as asked:
        ask(query)
    assert len(asked) == statements, [query["sql"] for query in asked]


def test_characters_xml_forbids_do_not_break_a_list() -> None:
    make_article(title="a\x0bb\x1f\ufffe", abstract="<x>&\x08 \ud83d".encode("utf-8", "replace").decode())
    assert "ab" in {el.text for el in ask("verb=ListRecords&metadataPrefix=oai_dc").iter() if el.text}


@given(query=st.dictionaries(st.sampled_from(["verb", "from", "set", "identifier", "resumptionToken", "x"]), st.text()))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_request_is_too_strange(db: None, query: dict[str, str]) -> None:
    answer = Client().get("/oai/", query)
    assert answer.status_code == 200
    PROTOCOL.assertValid(etree.fromstring(answer.content))


@pytest.mark.django_db(transaction=True)
def test_a_harvester_of_others_collects_everything_over_http(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", {"ListRecords": 3, "ListIdentifiers": 3})
    for number in range(7):
        make_article(doi=f"10.5555/n{number}", title=f"On herons {number}")
    client = sickle.Sickle(f"{live_server.url}/oai/")
    records = list(client.ListRecords(metadataPrefix="oai_dc"))
    assert sorted(record.metadata["title"][0] for record in records) == [f"On herons {number}" for number in range(7)]
    assert client.Identify().deletedRecord == "persistent"
    assert [found.metadataPrefix for found in client.ListMetadataFormats()] == ["oai_dc", "jats"]


def test_thirteen_hundred_authors_are_all_in_their_record() -> None:
    crowd = [{"surname": f"Author{number}", "given": "Ada"} for number in range(1307)]
    make_article(authors=crowd)
    assert (
        len(list(ask("verb=ListRecords&metadataPrefix=oai_dc").iter("{http://purl.org/dc/elements/1.1/}creator")))
        == 1307
    )
