"""A program asks the article's address for metadata instead of a page (DOI content negotiation)."""

import json

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from accounts.models import User
from journal.jats.front import NAMESPACE
from journal.models import Article
from journal.negotiation import OFFERED, preferred, ranges
from tests.conftest import signed_in
from tests.journal.machines.rich import SICI, make_rich
from tests.make import SECRET_SENTENCE, make_article

CSL, BIBTEX, RIS, STYLED, LD, _, JATS = OFFERED[1:]
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


def ask(article: Article, accept: str | None, client: Client | None = None) -> HttpResponse:
    headers = {} if accept is None else {"Accept": accept}
    return (client or Client()).get(article.get_absolute_url(), headers=headers)


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        (None, "text/html"), ("", "text/html"), ("*/*", "text/html"), ("text/*", "text/html"), (FIREFOX, "text/html"),
        ("text/html;charset=utf-8", "text/html"), ("TEXT/HTML", "text/html"), ("application/x-bibtex", BIBTEX),
        ("application/*", CSL), ("text/html;q=0.1, application/x-bibtex", BIBTEX), ("text/html;q=0, */*", CSL),
        ("text/html;q=0, text/*", STYLED), ("*/*;q=0.1, text/html;q=0.05", CSL),
        (f"{BIBTEX};q=0.5, {RIS};q=0.9, image/png", RIS), (f"{CSL};q=1.0;x=y, text/html;q=0.999", CSL),
        (f"{RIS};q=nan", RIS), (f"{RIS};q=, {BIBTEX};q=0.5", RIS), (f"nonsense, ;;, {LD}", LD),
        ('application/ld+json;profile="a,b;q=0"', LD), (f"{STYLED};style=apa;locale=en-US", STYLED), (JATS, JATS),
        ("image/png", ""), ("application/json", ""), ("text/html;q=0", ""), ("*/*;q=0", ""), ("nonsense", ""),
    ],
)  # fmt: skip
def test_the_accept_header_is_weighed_as_http_says(accept: str | None, answer: str) -> None:
    found = preferred(accept or "", OFFERED)
    assert (found[0] if found else "") == answer


@given(st.text(max_size=200))
def test_no_accept_header_is_too_strange(accept: str) -> None:
    found = preferred(accept, OFFERED)
    assert found is None or found[0] in OFFERED
    assert all(0 <= part.weight <= 1 for part in ranges(accept))


@pytest.mark.django_db
def test_each_type_is_answered_with_the_article_and_never_with_its_text(alice: User) -> None:
    article = make_rich()
    for client in (Client(), signed_in(alice)):
        for kind in OFFERED[1:]:
            answer = ask(article, kind, client)
            assert (answer.status_code, answer["Content-Type"]) == (200, f"{kind}; charset=utf-8")
            assert "Accept" in answer["Vary"]
            assert "ducks" in answer.text or "coli" in answer.text
            assert SECRET_SENTENCE not in answer.text
    assert json.loads(ask(article, CSL).text)["DOI"] == "10.5555/sample.1"
    assert ask(article, RIS).text.startswith("TY  - JOUR")
    assert json.loads(ask(article, LD).text)["isAccessibleForFree"] is False
    page = ask(article, FIREFOX)
    assert page["Content-Type"].startswith("text/html")
    assert "Accept" in page["Vary"]


@pytest.mark.django_db
def test_the_jats_is_the_front_matter_and_nothing_else() -> None:
    root = etree.fromstring(ask(make_rich(), JATS).content)
    assert root.tag == f"{{{NAMESPACE}}}article"
    assert [etree.QName(child).localname for child in root] == ["front"]
    assert root.findtext(f".//{{{NAMESPACE}}}abstract//{{{NAMESPACE}}}title") == "Aim"


@pytest.mark.django_db
def test_a_reference_comes_in_the_style_and_the_language_that_are_asked_for() -> None:
    article = make_rich()
    vancouver = ask(article, f"{STYLED};style=vancouver").text
    assert vancouver.startswith("Ćwik-Łoś A")
    chicago = ask(article, f'{STYLED}; style="chicago-author-date"; locale=fr').text
    assert "et Plato" in chicago
    assert "and Plato" in ask(article, f"{STYLED};style=chicago-author-date").text
    assert "und Plato" in ask(article, f"{STYLED};style=chicago-author-date;locale=de-AT").text
    for style in ("apa", "chicago-author-date"):
        said = ask(article, f"{STYLED};style={style}").text
        assert "h2o < 3 & x" in said.lower(), "text, not HTML, and with its formula"
    for style in ("no-such-style", "../../etc/passwd", "%00", "a" * 500):
        assert ask(article, f"{STYLED};style={style}").status_code == 406


@pytest.mark.django_db
def test_what_is_not_there_is_refused_with_the_list_of_what_is(article: Article) -> None:
    answer = ask(article, "image/png")
    assert (answer.status_code, answer["Content-Type"]) == (406, "text/plain; charset=utf-8")
    assert set(OFFERED) <= set(answer.text.split())
    assert "Accept" in answer["Vary"]
    assert ask(article, JATS).status_code == 406, "an article that was never imported has no JATS"


@pytest.mark.django_db
@pytest.mark.parametrize("accept", [FIREFOX, CSL, "image/png"])
def test_a_draft_is_not_found_by_any_type(accept: str) -> None:
    assert ask(make_article(status=Article.Status.DRAFT), accept).status_code == 404


@pytest.mark.django_db
def test_a_doi_in_other_letters_answers_programs_at_once_and_costs_one_statement() -> None:
    make_rich(SICI)
    path = "/doi/10.1002/(sici)1096-8644(199601)99:1%3C1::aid-ajpa1%3E3.0.co;2-1/"
    with CaptureQueriesContext(connection) as asked:
        answer = Client().get(path, headers={"Accept": CSL})
    assert answer.json()["DOI"] == SICI
    assert len(asked) == 1


@pytest.mark.django_db
def test_an_address_without_its_last_slash_leads_on_and_one_with_a_space_is_not_found() -> None:
    make_rich()
    answer = Client().get("/doi/10.5555/sample.1", headers={"Accept": CSL}, follow=True)
    assert answer.json()["DOI"] == "10.5555/sample.1"
    for path in ("/doi/10.5555/sample%201/", "/doi/10.5555/%00/", "/doi/10.5555/%0Asample.1/"):
        for accept in (FIREFOX, CSL):
            assert Client().get(path, headers={"Accept": accept}).status_code == 404
    head = Client().head("/doi/10.5555/sample.1/", headers={"Accept": CSL})
    assert (head.status_code, head.content) == (200, b"")
