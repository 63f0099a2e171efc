"""Nothing that is sold appears anywhere but in the answer to somebody who may read it.

The sample journal's controlled articles carry sentences that stand only behind the wall (`sample/sentinels.json`).
Every address of the site is asked as a visitor, as a signed-in stranger and as a crawler: in the text of pages, data
blocks, feeds, headers, PDFs, pictures' metadata and error pages none of them may appear. That the same crawl finds them
for a subscriber shows that it can find them at all.
"""

import html
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock
from urllib.parse import unquote, urljoin, urlsplit

import pypdfium2
import pytest
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from django.utils import timezone

from accounts.models import User
from cme.models import Activity, Attempt
from demo import sample_cme, sample_journal
from journal import alerts, worker
from journal.crossref import deposit_of
from journal.importing import ImportRecord
from journal.models import Article, ArticleFile, FullText, Issue, PublicPage, Section
from journal.negotiation import OFFERED
from journal.oai import listing
from journal.oai.request import PREFIXES
from journal.preview import FirstPage
from journal.reader_models import Alert, AlertMail, Happening
from journal.search import upkeep
from journal.topic_models import ArticleAuthor
from tests.conftest import signed_in
from tests.emptying import empty_the_tables
from tests.make import make_right, make_user, sample_folder

MOST_PAGES = 6000
MOST_OF_A_KIND = 25  # of what is no article's: the sign-in page with each article as `next`, the page of each author
LINK = re.compile(
    r"""(?:href|src|action|srcset)=["']([^"']+)["']|content=["'](https?:[^"']+|/[^"']*)["']"""
    r"""|<loc>([^<]+)</loc>|url\(["']?([^"')]+)"""
)
ARTICLE_VARIANTS = (
    "?format=json",
    "?print=1",
    "?format=amp",
    "?chosen=1",
    "article.css",
    "full/",
    "fulltext/",
    "?x=.css",
)
STYLED = "text/x-bibliography"
NOT_FOLLOWED = ("/accounts/logout/", "/static/")

SENTINELS: dict[str, list[str]] = json.loads((sample_folder() / "sentinels.json").read_text())

NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalnum())


def letters(text: str) -> str:
    """Letters and digits only: PDFs break lines and hyphenate, pages escape."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return plain.lower().encode("ascii", "ignore").translate(None, NO_LETTERS).decode()


NEEDLES = {letters(sentence): (doi, sentence) for doi, sentences in SENTINELS.items() for sentence in sentences}


_first_pages: list[FirstPage] = []
_work_out = worker.call


def _noting_first_pages(task: str, *arguments: Any) -> Any:
    found = _work_out(task, *arguments)
    if task == "first_page":
        _first_pages.append(found)
    return found


@pytest.fixture(scope="module")
def sample_site(django_db_setup: None, django_db_blocker, tmp_path_factory) -> Iterator[list[ImportRecord]]:
    """The sample journal, imported as the demo does, once for all tests here; its full text is searched."""
    index = override_settings(SEARCH_FOLDER=tmp_path_factory.mktemp("search"))
    with django_db_blocker.unblock(), index:
        with mock.patch.object(worker, "call", _noting_first_pages):
            records = sample_journal.load()
        assert sample_cme.load() == []
        upkeep.catch_up()
        yield records
        empty_the_tables()


def readable(answer) -> str:
    """Everything a person or a program could read in an answer: headers, text as sent and decoded, a PDF's pages."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    told = " ".join(f"{name}: {value}" for name, value in answer.headers.items())
    if body.startswith(b"%PDF"):
        pages = pypdfium2.PdfDocument(body)
        return told + " ".join(page.get_textpage().get_text_range() for page in pages)
    if answer.headers.get("Content-Type", "").startswith("image/"):
        printable = b" ".join(re.findall(rb"[ -~]{12,}", body))  # comments and other words a picture file may hold
        return told + printable.decode()
    text = body.decode("utf-8", "replace")
    stripped = re.sub(r"<[^>]+>", "", text)
    escapes = re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), text)
    return "\n".join((told, text, html.unescape(text), html.unescape(stripped), unquote(text), escapes))


def found_in(answer) -> set[str]:
    squeezed = letters(readable(answer))
    return {needle for needle in NEEDLES if needle in squeezed}


def links(base: str, text: str) -> Iterator[str]:
    for groups in LINK.findall(text):
        for link in filter(None, groups):
            for part in link.split(", ") if " " in link and ", " in link else [link.split(" ")[0]]:
                address = urlsplit(urljoin(f"http://testserver{base}", html.unescape(part.split(" ")[0])))
                if address.netloc == "testserver" and address.scheme == "http":
                    yield address.path + (f"?{address.query}" if address.query else "")


def addresses_of_the_urlconf() -> Iterator[str]:
    """Every route that takes no argument, and every route of an article filled in for each article that is sold."""

    def walk(patterns: list, prefix: str) -> Iterator[str]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern):
                yield route

    files = list(ArticleFile.objects.filter(article__doi__in=SENTINELS).values_list("article__doi", "name"))
    for route in walk(get_resolver().url_patterns, "/"):
        if "<doi:doi>" in route:
            for doi, name in files:
                yield re.sub(r"<str:form>", "ris", re.sub(r"<str:name>", name, route.replace("<doi:doi>", doi)))
        elif "<" not in route and "(" not in route:
            yield route


def crawl(client: Client, until: Callable[[dict[str, set[str]]], bool] = bool) -> tuple[dict[str, set[str]], int]:
    """Ask for everything that can be reached or guessed, `until` what was found is enough: without it, until anything
    is. Returns what was found where, and how many answers there were."""
    waiting = {"/", "/robots.txt", "/sitemap.xml", "/feed/", *addresses_of_the_urlconf(), *guesses()}
    seen: set[str] = set()
    kinds: Counter[str] = Counter()
    found: dict[str, set[str]] = {}
    while waiting and len(seen) < MOST_PAGES:
        path = waiting.pop()
        seen.add(path)
        answer = client.get(path)
        if "?ticket=" in answer.headers.get("Location", ""):
            answer = client.get(answer.headers["Location"])
        hit = found_in(answer)
        if hit:
            found[path] = hit
            if until(found):
                return found, len(seen)
        if not answer.streaming and re.search("text|xml", answer.headers.get("Content-Type", "text")):
            new = set(links(path, answer.content.decode("utf-8", "replace"))) - seen - waiting
            waiting |= {link for link in new if not link.startswith(NOT_FOLLOWED) and not one_more(link, kinds)}
    assert not waiting, "The crawl was cut short; raise MOST_PAGES."
    return found, len(seen)


def one_more(link: str, kinds: "Counter[str]") -> bool:
    """One more of a kind that was followed often enough. An article's own pages never are."""
    try:
        view = resolve(urlsplit(link).path)
    except Resolver404:
        return False
    kinds[view.view_name] += "doi" not in view.kwargs
    return kinds[view.view_name] > MOST_OF_A_KIND


def guesses() -> Iterator[str]:
    """What an attacker would try: variants of articles, and searches for the very sentences."""
    for article in Article.objects.all():
        yield from (f"{article.get_absolute_url()}{variant}" for variant in ARTICLE_VARIANTS)
    for sentences in SENTINELS.values():
        for sentence in sentences:
            words = sentence.split()
            yield f"/search/?q={' '.join(words[:5])}"
            yield f"/search/?q=%22{'%20'.join(words[:8])}%22"
        words = sentences[0].split()
        yield f"/search/?q={' '.join(words[3:7])}&format=json"
        yield f"/search/?q=text:{words[0]} text:{words[-2]}"
        yield f"/search/suggestions/?q={' '.join(words[:2])}"


pytestmark = [
    pytest.mark.django_db(transaction=False),
    pytest.mark.usefixtures("sample_site"),
]


def named(found: dict[str, set[str]]) -> dict[str, list[str]]:
    return {path: [NEEDLES[needle][1][:60] for needle in needles] for path, needles in found.items()}


def test_every_sample_article_comes_in_whole_and_its_public_parts_hold_nothing_of_the_text(
    sample_site: list[ImportRecord],
) -> None:
    assert {record.status for record in sample_site} == {"imported"}
    assert [warning for record in sample_site for warning in record.warnings if "not supplied" in warning] == []
    closed = letters(" ".join(FullText.objects.values_list("plain_text", flat=True)))
    assert all(needle in closed for needle in NEEDLES)
    for page in PublicPage.objects.select_related("article"):
        public = "".join([page.head, page.header, page.abstract, page.references, page.information, page.notices])
        public = letters(f"{public}{page.article.abstract} {page.article.search}")
        assert [sentence for needle, (_, sentence) in NEEDLES.items() if needle in public] == [], page.article
    for article in Article.objects.all():
        assert article.status == Article.Status.PUBLISHED
        assert article.issue is None or article.issue.volume in article.public_page.header


def everybody() -> dict[str, Callable[[], Client]]:
    return {
        "a visitor": Client,
        "a signed-in stranger": lambda: signed_in(make_user("stranger@example.org")),
    }


@pytest.mark.parametrize("who", ["a visitor", "a signed-in stranger"])
def test_no_sentence_from_behind_the_wall_is_found_anywhere(who: str) -> None:
    found, asked = crawl(everybody()[who]())
    assert named(found) == {}
    assert asked > 300


def test_a_search_engines_crawler_is_told_what_a_visitor_is_told() -> None:
    """Sites were read for years by a crawler's name, a referer or a forged address."""
    crawler = Client(
        headers={
            "User-Agent": "Googlebot/2.1", "Referer": "https://www.google.com/", "X-Forwarded-For": "66.249.66.1",
        }
    )  # fmt: skip
    addresses = {"/", "/sitemap.xml", "/feed/", *addresses_of_the_urlconf(), *guesses()}
    assert named({path: hit for path in addresses if (hit := found_in(crawler.get(path)))}) == {}
    assert len(addresses) > 300


def test_the_same_crawl_finds_every_sentence_for_a_subscriber() -> None:
    """Otherwise the test above would prove nothing."""
    reader: User = make_user("reads-all@example.org")
    make_right(reader, Article.objects.first().journal, "subscription")
    found, _ = crawl(signed_in(reader), until=every_sentence_and_a_pdf)
    assert set().union(*found.values()) == set(NEEDLES)
    assert any(path.endswith("article.pdf") for path in found)


def every_sentence_and_a_pdf(found: dict[str, set[str]]) -> bool:
    return any(path.endswith("article.pdf") for path in found) and set().union(*found.values()) == set(NEEDLES)


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "application/json"}, {"Accept": "application/pdf"}, {"Range": "bytes=0-100000"},
        {"If-None-Match": "*"}, {"X-Original-URL": "/admin/"}, {"Cookie": "session=guess; access=full"},
    ],
    ids=str,
)  # fmt: skip
def test_no_request_header_opens_an_article(headers: dict[str, str]) -> None:
    for doi in SENTINELS:
        for path in (f"/doi/{doi}/", f"/doi/{doi}/article.pdf"):
            assert found_in(Client().get(path, headers=headers)) == set()
            for method in ("head", "options", "post", "put"):
                assert found_in(getattr(Client(), method)(path, headers=headers)) == set()


def test_the_public_pictures_of_a_controlled_article_show_its_first_page_only() -> None:
    """The number of pictures' sizes is all there is; a one-page article's picture is cut above its secrets."""
    for article in Article.objects.filter(doi__in=SENTINELS, has_pdf=True):
        pictures = list(article.files.filter(kind="preview"))
        assert {picture.name.rpartition(".")[2] for picture in pictures} <= {"webp"}
        if article.pdf_pages == 1:
            assert all(picture.height < picture.width for picture in pictures)


def test_no_picture_of_a_first_page_shows_a_sentence_from_behind_the_wall() -> None:
    assert len(_first_pages) == Article.objects.filter(has_pdf=True).count()
    assert any(page.text for page in _first_pages)
    for page in _first_pages:
        shown = letters(page.text)
        assert [sentence for needle, (_, sentence) in NEEDLES.items() if needle in shown] == []


def told_to_programs(client: Client) -> Iterator[tuple[str, HttpResponse]]:
    """Every address of metadata: all types an article's address answers with, harvesting, feeds, maps."""
    for article in Article.objects.published():
        for kind in (*OFFERED[1:], f"{STYLED};style=apa", f"{STYLED};style=chicago-author-date;locale=de-DE"):
            path = article.get_absolute_url()
            yield f"{path} as {kind}", client.get(path, headers={"Accept": kind})
    maps = ("/sitemap.xml", "/sitemap-pages.xml", "/sitemap-articles-0.xml")
    for path in ("/feed/", "/feed/?format=atom", "/online-first/feed/", *maps):
        yield path, client.get(path)
    for issue in Issue.objects.published():
        yield f"feed of {issue}", client.get(f"{issue.get_absolute_url()}feed/")
    for section in Section.objects.all():
        yield f"feed of {section}", client.get(f"/sections/{section.pk}/feed/")
    for prefix in PREFIXES:
        for verb in ("ListRecords", "ListIdentifiers"):
            yield from harvested(client, f"/oai/?verb={verb}", f"metadataPrefix={prefix}")
        for doi in SENTINELS:
            asked = {"verb": "GetRecord", "metadataPrefix": prefix, "identifier": listing.identifier(doi)}
            yield f"{doi} as {prefix}", client.get("/oai/", asked)


def harvested(client: Client, list_of: str, arguments: str) -> Iterator[tuple[str, HttpResponse]]:
    """A list and all pages after it."""
    while arguments:
        answer = client.get(f"{list_of}&{arguments}")
        yield f"{list_of}&{arguments}", answer
        token = re.search(r"<resumptionToken[^>]*>([^<]+)<", answer.text)
        arguments = f"resumptionToken={token[1]}" if token else ""


def test_nothing_told_to_programs_holds_a_sentence_from_behind_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also not for somebody who may read it all: metadata is the same for everybody."""
    monkeypatch.setattr(listing, "PAGE", {"ListRecords": 5, "ListIdentifiers": 5})
    reader = make_user("harvests@example.org")
    make_right(reader, Article.objects.first().journal, "subscription")
    for client in (Client(), signed_in(reader)):
        answers = dict(told_to_programs(client))
        assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != 200} == {}
        assert named({path: hit for path, answer in answers.items() if (hit := found_in(answer))}) == {}
        everything = "".join(answer.text for answer in answers.values())
        assert all(everything.count(doi) > 10 for doi in SENTINELS)


def test_a_rationale_that_quotes_the_text_is_shown_after_passing_only_and_only_to_who_may_read() -> None:
    """The sample's activity on vertigo quotes a sentence from behind the wall."""
    activity = Activity.objects.get(article__sources__name="acute-vertigo.zip")
    learner = make_user("learner@example.org")
    right = make_right(learner, activity.article)
    client = signed_in(learner)
    client.get(activity.article.get_absolute_url())
    for letter in ("wrong", "right"):
        path = client.post(f"{activity.get_absolute_url()}start/")["Location"]
        for page in (activity.get_absolute_url(), path, "/cme/credits/"):
            assert found_in(client.get(page)) == set()
        answer = client.post(path, {**answers(letter), "action": "hand-in", "attested": "on"}, follow=True)
        assert bool(found_in(answer)) is (letter == "right")
    right.revoked_at = timezone.now()
    right.save()
    for page in (path, f"{path}result/", f"{path}claim/", activity.get_absolute_url(), "/cme/", "/cme/credits/"):
        assert found_in(client.get(page)) == set(), page


def answers(letter: str) -> dict[str, int]:
    """All right or all wrong, for the attempt that is open."""
    return {
        f"q-{question.pk}": question.choices.filter(is_preferred=letter == "right")[0].pk
        for question in Attempt.objects.get(state="open").asked()
    }


def test_an_alert_of_everything_new_holds_no_sentence_from_behind_the_wall() -> None:
    """Also to somebody who may read it all: mail is forwarded."""
    reader = make_user("is-told@example.org")
    make_right(reader, Article.objects.first().journal, "subscription")
    recipient = alerts.ask(reader.email, reader, "author", author_key="nobody")[0].recipient
    authors = set(ArticleAuthor.objects.values_list("key", flat=True))
    Happening.objects.bulk_create(Happening(kind="online", article=article) for article in Article.objects.published())
    Alert.objects.bulk_create(Alert(recipient=recipient, kind="author", author_key=key) for key in authors)
    (digest,) = alerts.gather()
    message = alerts._compose(AlertMail.objects.get(pk=digest)).message().as_string()
    read = letters(message + str(AlertMail.objects.get(pk=digest).parts))
    assert len(authors) > 20
    assert [sentence for needle, (_, sentence) in NEEDLES.items() if needle in read] == []


def test_a_deposit_and_the_stored_facts_hold_no_sentence_from_behind_the_wall() -> None:
    articles = Article.objects.published().select_related("journal", "issue", "record")
    deposit = letters(deposit_of(articles, "all").xml.decode())
    stored = letters("".join(f"{article.record.front} {json.dumps(article.record.facts)}" for article in articles))
    assert len(stored) > 10_000
    assert [sentence for needle, (_, sentence) in NEEDLES.items() if needle in deposit or needle in stored] == []
