"""Deposits for Crossref: valid by its own schema, whole, and sent with honest results."""

from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from django.core.management import CommandError, call_command
from lxml import etree

from journal import pages
from journal.crossref import Deposit, deposit_of
from journal.crossref.names import ACCESS, CROSSREF, FUNDING, JATS, MATHML, RELATIONS
from journal.jats import read
from journal.jats.render import render
from journal.models import Article, MetadataRecord
from journal.records import facts
from tests.journal.corpus import ARTICLES, needs_corpus
from tests.journal.machines.rich import ORCID, SICI, make_rich, today
from tests.make import SECRET_SENTENCE, make_article, make_issue, make_journal
from tests.schemas.crossref import assertions, crossref_schema, needs_schema

pytestmark = [pytest.mark.django_db, needs_schema]
C, J = f"{{{CROSSREF}}}", f"{{{JATS}}}"
POLICY = "10.5555/crossmark-policy"


def written(*articles: Article) -> etree._Element:
    """The deposit of articles as the database has them, valid."""
    found = Article.objects.filter(pk__in=[article.pk for article in articles])
    return checked(deposit_of(found.select_related("journal", "issue", "record"), "4-1"))


def checked(deposit: Deposit) -> etree._Element:
    root = etree.fromstring(deposit.xml)
    crossref_schema().assertValid(root)
    assert assertions(root) == []
    assert SECRET_SENTENCE.encode() not in deposit.xml
    return root


def texts(root: etree._Element, path: str) -> list[str]:
    names = {"c": CROSSREF, "jats": JATS, "ai": ACCESS, "fr": FUNDING, "rel": RELATIONS, "mml": MATHML}
    return ["".join(el.itertext()) if hasattr(el, "itertext") else str(el) for el in root.xpath(path, namespaces=names)]


def test_a_deposit_says_all_that_is_known_of_an_article() -> None:
    root = written(make_rich())
    said = {
        "//c:journal_metadata/c:issn": ["1234-5679", "9999-9994"],
        "//c:journal_issue//c:volume": ["4"], "//c:journal_issue/c:issue": ["1"],
        "//c:journal_article/@language": ["en"],
        "//c:titles/c:title/c:i": ["E. coli"], "//c:titles/c:subtitle": ["A trial"],
        "//c:person_name/c:surname": ["Ćwik-Łoś", "Plato"], "//c:person_name/c:suffix": ["Jr"],
        "//c:person_name/@sequence": ["first", "additional"], "//c:organization": ["The Heron & Night Group"],
        "//c:ORCID": [f"https://orcid.org/{ORCID}"],
        "//c:person_name[1]//c:institution_id[@type='ror']": ["https://ror.org/05a28rw58"],
        "//jats:abstract[1]/jats:sec/jats:title": ["Aim", "Finding"],
        "//jats:abstract[2]/@xml:lang": ["pt-BR"],
        "//c:journal_article/c:publication_date/*": ["11", "03", "2025"],
        "//c:acceptance_date/*": ["10", "01", "2025"],
        "//c:pages/*": ["977", "979"],
        "//fr:assertion[@name='funder_identifier']": ["https://doi.org/10.13039/100000001"],
        "//fr:assertion[@name='award_number']": ["AB-1", "AB-2"],
        "//ai:license_ref": ["https://example.org/license"], "//ai:license_ref/@start_date": ["2025-11-03"],
        "//ai:free_to_read": [], "//c:collection": [],
        "//c:journal_article/c:doi_data/c:doi": ["10.5555/sample.1"],
        "//c:journal_article/c:doi_data/c:resource": ["http://testserver/doi/10.5555/sample.1/"],
        "//c:citation/c:doi": ["10.5555/ducks"], "//c:citation/c:article_title": ["On ducks & geese"],
        "//c:citation[2]/c:unstructured_citation": ["Somebody. A book without a DOI. London, 1999."],
    }  # fmt: skip
    for path, values in said.items():
        assert texts(root, path) == values, path
    assert texts(root, "//c:titles[2]/c:title") == ["Um ensaio"]
    assert texts(root, "//c:title/mml:math//mml:mi") == ["x"]
    assert texts(root, "//jats:abstract//mml:mi") == ["y"]
    assert "Once" in texts(root, "//jats:abstract[1]")[0]


@pytest.mark.parametrize(
    ("fields", "free", "links"),
    [
        ({"access_type": "open"}, ["2025-11-03"], 2), ({"access_type": "free_to_read"}, ["2025-11-03"], 2),
        ({"free_from": date(2026, 1, 1)}, ["2026-01-01"], 2), ({"free_from": date(2999, 1, 1)}, ["2999-01-01"], 0),
        ({}, [], 0),
    ],
    ids=str,
)  # fmt: skip
def test_machines_are_sent_to_the_pdf_only_where_everybody_may_read(fields: Any, free: list[str], links: int) -> None:
    article = make_rich()
    Article.objects.filter(pk=article.pk).update(**fields, has_pdf=True)
    root = written(article)
    assert texts(root, "//ai:free_to_read/@start_date") == free
    assert texts(root, "//c:collection//c:resource") == ["http://testserver/doi/10.5555/sample.1/article.pdf"] * links


def test_a_notice_is_an_update_by_crossmark_and_without_a_policy_the_gap_is_named(settings: Any) -> None:
    relation = '<related-article related-article-type="{}" ext-link-type="doi" xlink:href="10.5555/{}"/>'
    said = (("retracted-article", "old"), ("object-of-concern", "odd"), ("commentary-article", "paper"))
    related = "".join(relation.format(*one) for one in said)
    notice = make_rich("10.5555/notice", related=related, article_type="retraction")
    root = written(notice)
    assert texts(root, "//c:update") == []
    found = Article.objects.filter(pk=notice.pk).select_related("journal", "issue", "record")
    notes = deposit_of(found, "4-1").notes
    assert len(notes) == 2
    assert "CROSSREF_CROSSMARK_POLICY" in notes[0]
    settings.CROSSREF_CROSSMARK_POLICY = POLICY
    root = written(notice)
    assert texts(root, "//c:crossmark_policy") == [POLICY]
    assert texts(root, "//c:update/@type") == ["retraction", "expression_of_concern"]
    assert texts(root, "//c:update") == ["10.5555/old", "10.5555/odd"]
    assert len(texts(root, "//c:custom_metadata/fr:program")) == 1
    assert texts(root, "//rel:inter_work_relation[@relationship-type='isCommentOn']") == ["10.5555/paper"]


def test_a_retracted_article_says_so_in_its_title() -> None:
    article = make_rich()
    Article.objects.filter(pk=article.pk).update(retracted_on=today())
    assert texts(written(article), "//c:titles[1]/c:title")[0].startswith("RETRACTED: The E. coli")


def test_articles_are_grouped_by_issue_and_those_without_one_or_without_pages_are_valid() -> None:
    other = make_issue(title="Themes & variations", year=2024)  # dated in another year than it says
    root = written(
        make_rich(SICI), make_rich("10.5555/b"), make_rich("10.5555/c", issue=other),
        make_article(elocation_id="e" * 40),
        make_article(title="a\x0bb <i> & ]]>", title_html="", language="klingon", authors=[{"given": "Solo"}]),
    )  # fmt: skip
    assert sorted(len(journal.findall(f"{C}journal_article")) for journal in root.iter(f"{C}journal")) == [1, 2, 2]
    assert SICI in texts(root, "//c:doi")
    assert "ab <i> & ]]>" in texts(root, "//c:title")


def test_thirteen_hundred_authors_and_hostile_facts_are_valid() -> None:
    article = make_article()
    crowd = [{"surname": f"Author{n} " * 40, "given": "A" * 300, "suffix": "x" * 30} for n in range(1307)]
    roles = ["Writing – original draft", "Cook", "Data curation"]
    last = {"surname": "Z", "orcid": ORCID, "roles": roles, "affiliations": ["nowhere"]}
    crowd += [{"group": "Anonymous"}, {"group": " "}, {"surname": " "}, last]
    references = [
        {"text": "\x01", "doi": "not a doi", "year": "in press", "volume": "v" * 99},
        {"title": "t", "year": "1999a"},
    ]
    funding = [{"source": ""}, {"source": "A fund", "award_ids": ["1"]}]
    MetadataRecord.objects.create(
        article=article, facts={"authors": crowd, "references": references, "funding": funding}
    )
    root = written(article)
    assert len(texts(root, "//c:person_name")) == 1308
    assert texts(root, "//c:role/@type") == ["writing-original-draft", "data-curation"]
    assert texts(root, "//c:cYear") == ["1999"]


@needs_corpus
def test_real_articles_of_many_publishers_make_valid_deposits() -> None:
    everything = [in_memory(path, number) for number, path in enumerate(ARTICLES)]
    assert len(everything) > 40
    root = checked(deposit_of(everything, "corpus"))
    assert len(texts(root, "//jats:abstract")) > 35
    assert len(texts(root, "//c:citation")) > 1000


def in_memory(path: Path, number: int) -> Article:
    """A rendered article with its record, as the import fills them, without a row."""
    doc = render(read(path.read_bytes()).article)
    article = Article(journal=make_journal(), doi=doc.metadata.doi, pk=number)
    pages.fill(article, doc)
    article.record = MetadataRecord(article=article, facts=facts(doc), front=doc.front_xml)
    return article


# --- the command and Crossref's server -------------------------------------------------------------------------------


class Peer(BaseHTTPRequestHandler):
    """Stands for Crossref's server: keeps what it is sent, and answers as it is told to."""

    answers: ClassVar[list[tuple[int, str]]] = []
    asked: ClassVar[list[tuple[str, bytes]]] = []

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.asked.append((self.path, self.rfile.read(length)))
        status, text = self.answers.pop(0)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.fixture
def crossref(settings: Any) -> Iterator[type[Peer]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    Thread(target=server.serve_forever, daemon=True).start()
    Peer.answers, Peer.asked = [], []
    settings.CROSSREF_URL = f"http://127.0.0.1:{server.server_port}/servlet/deposit"
    settings.CROSSREF_USER, settings.CROSSREF_PASSWORD = "press/role", "secret-word"
    yield Peer
    server.shutdown()
    server.server_close()


TAKEN = "<html><head><title>SUCCESS</title></head><body>Your batch submission was successfully received.</body></html>"


def deposit(*arguments: str, folder: Path, capsys: Any, code: int = 0) -> str:
    """Run the command; what it said to the person, and that its exit code is as expected."""
    try:
        call_command("crossref_deposit", *arguments, output=folder)
    except SystemExit as end:
        assert end.code == code
    else:
        assert code == 0
    said = capsys.readouterr()
    assert "secret-word" not in said.out + said.err
    return said.out + said.err


def test_the_command_writes_valid_files_for_articles_issues_and_everything(tmp_path: Path, capsys: Any) -> None:
    make_rich()
    make_article(doi="10.5555/first")
    make_article(doi="10.5555/draft", status=Article.Status.DRAFT)
    deposit("--all", folder=tmp_path / "all", capsys=capsys)
    files = sorted((tmp_path / "all").glob("*.xml"))
    assert [file.name.rpartition("-")[0] for file in files] == ["4-1", "online-first"]
    for file in files:
        crossref_schema().assertValid(etree.parse(file))
    for arguments in (["10.5555/SAMPLE.1"], ["--issue", "4(1)"], ["--issue", "4 (1)", "--since", "2020-01-01"]):
        said = deposit(*arguments, folder=tmp_path / "some", capsys=capsys)
        assert ": 1 articles" in said
    for arguments in ([], ["10.5555/draft"], ["--issue", "9(9)"], ["--since", f"{today() + timedelta(days=2)}"]):
        with pytest.raises(CommandError):
            call_command("crossref_deposit", *arguments, output=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_what_crossref_took_is_in_its_queue_and_not_yet_registered(tmp_path: Path, capsys: Any, crossref: Any) -> None:
    make_rich()
    crossref.answers.append((200, TAKEN))
    said = deposit("--all", "--send", folder=tmp_path, capsys=capsys)
    assert "taken into Crossref's queue" in said
    path, body = crossref.asked[0]
    assert path == "/servlet/deposit"
    for part in (b'name="operation"', b"doMDUpload", b"press/role", b"secret-word", b"<doi_batch", b".xml"):
        assert part in body


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (401, "Wrong credentials", "refused CROSSREF_USER"), (200, "<h2>FAILURE</h2> no role", "did not take the file"),
        (503, "Busy", "answered 503"), (302, "", "answered 302"), (200, "", "did not take the file"),
    ],
)  # fmt: skip
def test_what_crossref_refused_is_said_and_ends_with_an_error(
    tmp_path: Path, capsys: Any, crossref: Any, status: int, text: str, said: str
) -> None:
    make_rich()
    crossref.answers.append((status, text))
    assert said in deposit("--all", "--send", folder=tmp_path, capsys=capsys, code=1)
    assert list(tmp_path.glob("*.xml")), "the file is kept"


def test_without_credentials_or_without_a_server_nothing_is_claimed(tmp_path: Path, capsys: Any, settings: Any) -> None:
    make_rich()
    assert "are not set" in deposit("--all", "--send", folder=tmp_path, capsys=capsys, code=1)
    settings.CROSSREF_USER, settings.CROSSREF_PASSWORD = "press", "secret-word"
    settings.CROSSREF_URL = "http://127.0.0.1:1/servlet/deposit"
    assert "could not be reached" in deposit("--all", "--send", folder=tmp_path, capsys=capsys, code=1)
    with pytest.raises(CommandError, match="could not be reached") as refused:
        call_command("crossref_deposit", result="x.xml")
    assert "secret-word" not in str(refused.value)


REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<doi_batch_diagnostic status="completed" sp="cs3"><submission_id>1</submission_id><batch_id>b</batch_id>
<record_diagnostic status="Success"><doi>10.5555/a</doi><msg>Successfully added</msg></record_diagnostic>{}
</doi_batch_diagnostic>"""
FAILURE = """<record_diagnostic status="Failure" msg_id="4">
<doi>10.5555/b</doi><msg>Record not processed</msg></record_diagnostic>"""


def test_the_outcome_is_told_for_each_doi(capsys: Any, crossref: Any, tmp_path: Path) -> None:
    crossref.answers += [
        (200, REPORT.format("")), (200, REPORT.format(FAILURE)), (200, "<html>"),
        (200, '<doi_batch_diagnostic status="unknown_submission"/>'),
    ]  # fmt: skip
    said = deposit("--result", "4-1.xml", folder=tmp_path, capsys=capsys)
    assert "4-1.xml: completed" in said
    assert "10.5555/a: Success. Successfully added" in said
    assert "file_name=4-1.xml" in crossref.asked[0][0]
    assert crossref.asked[0][0].startswith("/servlet/submissionDownload?")
    assert "10.5555/b: Failure" in deposit("--result", "4-1.xml", folder=tmp_path, capsys=capsys, code=1)
    with pytest.raises(CommandError, match="no report"):
        call_command("crossref_deposit", result="4-1.xml")
    assert "unknown_submission" in deposit("--result", "4-1.xml", folder=tmp_path, capsys=capsys, code=1)
