"""What search engines and reference managers find in the head of an article's page."""

import json
from datetime import timedelta

import extruct
import pytest
from django.core.management import call_command
from django.test import Client
from lxml import html

from accounts.models import User
from journal.models import Article, ArticleFile
from journal.publishing import publish
from journal.schema_org import WALL
from tests.conftest import signed_in
from tests.journal.machines.rich import ORCID, SICI, make_rich, today
from tests.make import SECRET_SENTENCE, make_article

pytestmark = pytest.mark.django_db


def page_of(article: Article, client: Client | None = None) -> html.HtmlElement:
    answer = (client or Client()).get(article.get_absolute_url())
    assert answer.status_code == 200
    return html.document_fromstring(answer.content.decode())


def tags(page: html.HtmlElement, name: str) -> list[str]:
    return page.xpath(f"//head/meta[@name='{name}']/@content")


def graph(page: html.HtmlElement) -> dict:
    found = extruct.extract(html.tostring(page, encoding="unicode"), syntaxes=["json-ld"])["json-ld"]
    assert len(found) == 1
    return found[0]


def test_google_scholar_and_zotero_find_a_whole_record() -> None:
    page = page_of(make_rich())
    told = {
        "citation_title": ["The E. coli of H2O < 3 & x: A trial"],
        "citation_author": ['Ćwik-Łoś, Ada "B", Jr', "The Heron & Night Group", "Plato"],
        "citation_author_institution": ["University of Tests"] * 3,
        "citation_author_orcid": [f"https://orcid.org/{ORCID}"],
        "citation_publication_date": ["2025/11/10"],
        "citation_online_date": ["2025/11/03"],
        "citation_journal_title": ["Journal of Tests"],
        "citation_issn": ["1234-5679", "9999-9994"],
        "citation_volume": ["4"], "citation_issue": ["1"],
        "citation_firstpage": ["977"], "citation_lastpage": ["979"],
        "citation_doi": ["10.5555/sample.1"], "citation_pmid": ["12345678"],
        "citation_keywords": ["herons", "night, rounds"],
        "citation_fulltext_html_url": ["http://testserver/doi/10.5555/sample.1/"],
    }  # fmt: skip
    for name, values in told.items():
        assert [value.replace("\u2009", "") for value in tags(page, name)] == values, name
    institution = page.xpath("//meta[@name='citation_author_institution']")[0]
    assert institution.getprevious().get("name") == "citation_author", "the institution follows its author"
    references = tags(page, "citation_reference")
    assert "citation_title=On ducks & geese" in references[0]
    assert "citation_doi=10.5555/ducks" in references[0]
    assert references[1] == "Somebody. A book without a DOI. London, 1999."


def test_the_head_is_the_same_for_a_visitor_and_a_subscriber(alice: User) -> None:
    article = make_rich()
    heads = [html.tostring(page_of(article, client).head) for client in (Client(), signed_in(alice))]
    assert heads[0] == heads[1]
    assert SECRET_SENTENCE.encode() not in heads[1]


@pytest.mark.parametrize("reader", ["a visitor", "a subscriber"])
def test_the_wall_named_in_the_json_ld_stands_on_the_page(alice: User, reader: str) -> None:
    page = page_of(make_rich(), signed_in(alice) if reader == "a subscriber" else Client())
    data = graph(page)
    assert data["isAccessibleForFree"] is False
    assert data["hasPart"] == {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": WALL}
    walls = page.xpath("//*[contains(concat(' ', @class, ' '), ' paywall ')]")
    assert len(walls) == 1, "one element, not nested"
    assert tags(page, "robots") == ["noarchive"]


def test_the_json_ld_tells_authors_places_grants_and_references() -> None:
    data = graph(page_of(make_rich()))
    assert "ScholarlyArticle" in data["@type"]
    ada, group, plato = data["author"]
    assert ada["sameAs"] == f"https://orcid.org/{ORCID}"
    assert ada["affiliation"][0]["sameAs"] == "https://ror.org/05a28rw58"
    assert group == {"@type": "Organization", "name": "The Heron & Night Group"}
    assert plato["familyName"] == "Plato"
    assert data["funding"][0]["funder"]["sameAs"] == ["https://doi.org/10.13039/100000001"]
    assert data["funding"][0]["identifier"] == ["AB-1", "AB-2"]
    assert data["citation"] == [{"@id": "https://doi.org/10.5555/ducks"}]
    assert data["alternateName"] == ["Um ensaio"]
    assert data["isPartOf"]["isPartOf"]["isPartOf"]["issn"] == ["1234-5679", "9999-9994"]


@pytest.mark.parametrize(
    ("fields", "is_free"),
    [
        ({"access_type": "open"}, True), ({"access_type": "free_to_read"}, True),
        ({"article_type": "correction"}, True),
        ({"free_from": 0}, True), ({"free_from": 1}, False), ({}, False),
    ],
    ids=str,
)  # fmt: skip
def test_on_its_free_day_an_article_is_free_for_machines_without_a_new_import(fields: dict, is_free: bool) -> None:
    article = make_rich()
    if "free_from" in fields:
        fields = {"free_from": today() + timedelta(days=fields["free_from"])}
    Article.objects.filter(pk=article.pk).update(**fields)
    page = page_of(article)
    assert graph(page)["isAccessibleForFree"] is is_free
    assert tags(page, "robots") == ([] if is_free else ["noarchive"])


def test_dublin_core_and_open_graph_are_there() -> None:
    page = page_of(make_rich())
    assert tags(page, "DC.creator")[0] == 'Ćwik-Łoś, Ada "B", Jr'
    assert "https://doi.org/10.5555/sample.1" in tags(page, "DC.identifier")
    assert "https://example.org/license" in tags(page, "DC.rights")
    assert page.xpath("//link[@rel='schema.DC']")
    graph_tags = {tag.get("property"): tag.get("content") for tag in page.xpath("//meta[@property]")}
    assert graph_tags["og:url"] == "http://testserver/doi/10.5555/sample.1/"
    assert len(graph_tags["og:description"]) <= 201


def test_the_picture_of_page_one_stands_for_the_article_where_it_is_shared_and_found() -> None:
    article = make_rich()
    assert "image" not in graph(page_of(article))
    Article.objects.update(has_pdf=True)
    for width in (480, 1600):
        picture = {"name": f"first-page-{width}.webp", "width": width, "height": width, "sha256": "0" * 64}
        ArticleFile.objects.create(article=article, kind="preview", size=3, content_type="image/webp", **picture)
    call_command("rerender", verbosity=0)
    page = page_of(article)
    shown = f"http://testserver{article.get_absolute_url()}preview/first-page-1600.webp"
    assert graph(page)["image"] == shown
    assert page.xpath("//meta[@property='og:image']/@content") == [shown]


def test_the_notice_of_a_correction_is_named_to_machines_at_the_article_it_corrects() -> None:
    make_rich()
    about = 'related-article-type="corrected-article" ext-link-type="doi" xlink:href="10.5555/sample.1"'
    notice = make_rich("10.5555/notice", related=f"<related-article {about}/>", status="draft")
    assert "correction" not in graph(page_of(Article.objects.get(doi="10.5555/sample.1")))
    publish(notice)
    corrected = graph(page_of(Article.objects.get(doi="10.5555/sample.1")))
    assert corrected["correction"] in ("https://doi.org/10.5555/notice", ["https://doi.org/10.5555/notice"])
    assert corrected["dateModified"] == "2025-11-03"
    assert "correction" not in graph(page_of(notice))


@pytest.mark.parametrize(
    "doi", [SICI, "10.5555/a#b", "10.5555/a?b=c", "10.5555/a%2Fb", "10.5555/a;b(c)[d]", "10.5555/ä"]
)
def test_any_doi_has_a_page_that_names_itself(doi: str) -> None:
    article = make_rich(doi)
    page = page_of(article)
    assert tags(page, "citation_doi") == [doi]
    own = tags(page, "citation_abstract_html_url")[0]
    assert Client().get(own.removeprefix("http://testserver")).status_code == 200
    assert graph(page)["identifier"][0]["value"] == doi


def test_what_an_author_writes_does_not_break_out_of_the_head() -> None:
    title = '</script><script>alert(1)</script> "quoted" <b>bold</b>'
    article = make_article(title=title, abstract='"><meta name="citation_title" content="forged">')
    from journal.metadata import head

    article.public_page.head = head(article, {"authors": [{"surname": "</title>", "given": "<!--"}]})
    article.public_page.save()
    page = page_of(article)
    assert tags(page, "citation_title") == [title]
    assert len(page.xpath("//head/script[@type='application/ld+json']")) == 1
    assert json.loads(page.xpath("//head/script[@type='application/ld+json']")[0].text)["name"] == title


def test_thirteen_hundred_authors_are_all_named_and_the_head_stays_small() -> None:
    from journal.metadata import head

    crowd = [
        {"surname": f"Author{n}", "given": "Ada", "orcid": ORCID, "affiliations": ["a"]} for n in range(1307)
    ]  # fmt: skip
    article = make_article()
    said = head(article, {"authors": crowd, "affiliations": [{"id": "a", "text": "An institute " * 20}]})
    assert said.count('name="citation_author"') == 1307
    assert len(said) < 400_000
