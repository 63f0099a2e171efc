"""How many statements a page takes: a number for each reader, and the same number however much there is to show."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from journal import browsing, search
from journal.models import Article
from journal.topic_models import ArticleTopic, Collection, Topic, draw_paths
from subscriptions.models import Order
from tests.conftest import signed_in
from tests.make import (
    SECRET_SENTENCE,
    make_article,
    make_institution,
    make_issue,
    make_journal,
    make_offer,
    make_right,
    make_user,
)

FRAME = 2  # journal and service center: once a minute in each process
SIGNED_IN = 2  # the session and the account
AT_MOST = 8
CAMPUS = "192.0.2.7"
LONG_AGO = timezone.now() - timedelta(days=3)

Reader = Callable[[Article], Client]


def statements(reader: Client, path: str) -> tuple[list[str], str]:
    """What the page asked of the database, and what it said. Asked twice: the second time counts, when the process has
    what stands around every page."""
    reader.get(path)
    with CaptureQueriesContext(connection) as captured:
        answer = reader.get(path)
    assert answer.status_code == 200
    return [query["sql"] for query in captured], answer.content.decode()


def holder(article: Article, kind: str, **fields: object) -> Client:
    user = make_user()
    make_right(user, article.journal if kind == "subscription" else article, kind, **fields)
    return signed_in(user)


def on_campus(article: Article) -> Client:
    make_right(make_institution(), article.journal)
    return Client(REMOTE_ADDR=CAMPUS)


def settling(article: Article) -> Client:
    user, offer = make_user(), article.journal.offers.get(kind="purchase")
    Order.objects.create(
        user=user, offer=offer, kind="purchase", article=article, journal=article.journal, amount=3000,
        currency="usd", state="processing",
    )  # fmt: skip
    return signed_in(user)


def soon(**more: float) -> dict[str, object]:
    return {"ends_at": timezone.now() + timedelta(**more)}


# Who reads → statements of the article page beside the frame. A visitor's article, decision and offers are one. For who
# has a session article and decision are one each, then offers where something is sold, what earlier payments take off
# for who is signed in without a right, the text where the answer is yes, and session and account of who is signed in.
READERS: dict[str, tuple[Reader, int, bool]] = {
    "a visitor": (lambda article: Client(), 1, False),
    "a stranger, signed in": (lambda article: signed_in(make_user()), 4 + SIGNED_IN, False),
    "an owner": (lambda article: holder(article, "purchase"), 3 + SIGNED_IN, True),
    "a subscriber": (lambda article: holder(article, "subscription", **soon(days=20)), 3 + SIGNED_IN, True),
    "a renter who has not started": (lambda article: holder(article, "rental"), 4 + SIGNED_IN, False),
    "a renter who is reading": (
        lambda article: holder(article, "rental", opened_at=timezone.now(), **soon(hours=40)), 4 + SIGNED_IN, True,
    ),
    "a renter whose time is over": (
        lambda article: holder(article, "rental", starts_at=LONG_AGO, opened_at=LONG_AGO, **soon(hours=-1)),
        4 + SIGNED_IN, False,
    ),
    "a subscriber whose payment failed": (
        lambda article: holder(article, "subscription", grace_since=timezone.now(), **soon(days=9)),
        3 + SIGNED_IN, True,
    ),
    "somebody whose payment settles": (settling, 2 + SIGNED_IN, False),
    "a visitor on the campus": (on_campus, 2, True),
}  # fmt: skip


@pytest.mark.parametrize("who", READERS)
def test_the_article_page_takes_few_statements_for_every_reader(article: Article, who: str) -> None:
    for kind in ("purchase", "rental", "subscription"):
        make_offer(kind)
    make_reader, number, reads = READERS[who]
    asked, page = statements(make_reader(article), article.get_absolute_url())
    assert (SECRET_SENTENCE in page) is reads
    assert len(asked) == number, asked
    assert number + FRAME <= AT_MOST


@pytest.mark.parametrize("who", READERS)
def test_the_decision_on_the_article_page_is_one_statement(article: Article, who: str) -> None:
    make_offer("purchase")
    asked, _ = statements(READERS[who][0](article), article.get_absolute_url())
    assert len([sql for sql in asked if "subscriptions_entitlement" in sql or "subscriptions_iprange" in sql]) == 1


@pytest.mark.parametrize("who", READERS)
def test_the_text_behind_the_wall_is_asked_for_only_after_the_yes(article: Article, who: str) -> None:
    make_offer("purchase")
    asked, page = statements(READERS[who][0](article), article.get_absolute_url())
    assert any("journal_full_text_of" in sql for sql in asked) is (SECRET_SENTENCE in page)
    assert not any("journal_fulltext" in sql for sql in asked)


def shelf(number: int) -> str:
    """An issue with so many articles, as many online first, all about herons. The issue's address."""
    issue = make_issue()
    birds = Topic.objects.create(name="Birds", slug="birds")
    Collection.objects.create(title="Birds", slug="birds", rule_topic=birds)
    draw_paths()
    for n in range(number):
        for place in (issue, None):
            ada = [{"given": "Ada", "surname": "Heron"}]
            day = timezone.localdate()
            article = make_article(issue=place, title=f"On herons {n}", published_online=day, authors=ada)
            ArticleTopic.objects.create(article=article, topic=birds)
            browsing.learn_authors([article])
            Article.objects.filter(pk=article.pk).update(search=search.entry(article))
    return issue.get_absolute_url()


LISTS = {
    "home": ("/", 6),
    "issue": ("", 6),
    "issues": ("/issues/", 2),
    "online first": ("/online-first/", 3),
    "search": ("/search/?q=herons", 7),
    "topic": ("/topics/birds/", 5),
    "author": ("/authors/ada-heron/", 4),
    "collection": ("/collections/birds/", 4),
}


@pytest.mark.parametrize("articles", [3, 30])
@pytest.mark.parametrize("page", LISTS)
def test_a_list_takes_as_many_statements_for_three_articles_as_for_thirty(
    visitor: Client, page: str, articles: int
) -> None:
    path, number = LISTS[page]
    asked, _ = statements(visitor, shelf(articles) if page == "issue" else shelf(articles) and path)
    assert len(asked) == number, asked


@pytest.mark.parametrize("rights", [3, 30])
def test_my_access_takes_as_many_statements_for_three_rights_as_for_thirty(dan: User, rights: int) -> None:
    make_journal()
    for _ in range(rights):
        make_right(dan, make_article(), "purchase")
        make_right(dan, make_article(), "rental")
    asked, page = statements(signed_in(dan), "/my-access/")
    assert page.count("Start reading") >= rights
    # Rights, rentals, subscriptions, settling orders, receipts, what was paid twice, what can be withdrawn from,
    # institutions one belongs to, and those one looks after.
    assert len(asked) == 9 + SIGNED_IN, asked


def test_the_written_out_statement_finds_what_published_finds(db: None) -> None:
    from journal.article_parts import find

    today = timezone.localdate()
    cases = [
        make_article(doi="10.5555/UPPER.lower"),
        make_article(published_online=today),
        make_article(published_online=today + timedelta(days=1)),
        make_article(status=Article.Status.DRAFT),
    ]
    for case in cases:
        by_the_rule = Article.objects.published().by_doi(case.doi).first()
        for written in (case.doi, case.doi.upper(), case.doi.lower()):
            found = find(written)
            assert (found.article if found else None) == by_the_rule


def test_what_the_article_page_needs_of_an_article_is_loaded_at_once(article: Article) -> None:
    from journal.article_parts import find

    found = find(article.doi or "")
    assert found
    fresh = Article.objects.get(pk=article.pk)
    for name in found.article.__dict__.keys() - {"_state"}:
        assert getattr(found.article, name) == getattr(fresh, name), name
    assert found.public.abstract == "<p>What everybody may read.</p>"
