"""What publishing and unpublishing would do, told before: who can read, what is sold, what leads there."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from desk.what_if import articles, publishing
from journal.models import Article, Relation
from journal.reader_models import SavedArticle
from journal.related_models import Citation
from subscriptions.models import GiftLink, Order
from tests.admin.said import is_look, look_and_save, messages_of, text_of, typed_on
from tests.admin.test_what_if import ARTICLES, CAMPUS, FAR, TODAY, granted
from tests.make import make_article, make_institution, make_issue, make_journal, make_offer, make_right, make_user

pytestmark = pytest.mark.django_db


def press(client: Client, article: Article, verb: str) -> Any:
    return client.post(f"{ARTICLES}{article.pk}/{verb}/")


def test_unpublishing_says_who_can_no_longer_read_it_what_was_sold_and_what_leads_there(root: Client) -> None:
    article, now = make_article(issue=make_issue(), doi="10.5555/Heron"), timezone.now()
    anna, later = make_user("anna@example.org"), now + timedelta(days=9)
    make_right(anna, article)
    make_right(make_user("ben@example.org"), article, "rental", opened_at=now, ends_at=later)
    make_right(make_user(), article, "rental")
    make_right(make_user(), article, ends_at=now)  # over
    make_right(make_institution(name="Heron University"), make_journal())
    Order.objects.create(
        user=anna, offer=make_offer(), kind="purchase", article=article, journal=article.journal, amount=3000,
        currency="usd", description="x", state="open",
    )  # fmt: skip
    Relation.objects.create(article=make_article(), kind="companion", target_doi="10.5555/heron")
    Citation.objects.create(article=article, doi="10.5555/x", here=make_article())
    SavedArticle.objects.create(user=anna, article=article)
    GiftLink.objects.create(giver=anna, article=article, expires_at=later)
    with CaptureQueriesContext(connection) as asked:
        answer = press(root, article, "unpublish")
    said = text_of(answer)
    assert "Nothing has been saved yet." in said
    for sentence in (
        "its address, and its DOI, lead to “Not found”",
        "Readers who can no longer read it: 2 anna@example.org ben@example.org",
        "Institutions whose readers can no longer read it: 1 Heron University",
        "Rights to it alone that are in force: 1 by purchase, 1 by rental. They stay for the day it returns.",
        "1 run, 1 wait to be started",
        "Orders under way: 1.",
        "Links go: 2 other articles, 1 issue's contents.",
        "saved by 1 reader, open gift links: 1",
    ):
        assert sentence in said, sentence
    assert [query["sql"] for query in asked if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))] == []
    assert len(asked) < 35
    article.refresh_from_db()
    assert article.is_published
    make_right(make_user(), article)
    again = root.post(f"{ARTICLES}{article.pk}/unpublish/", typed_on(answer))
    assert "it would do something else by now" in text_of(again)
    assert root.post(f"{ARTICLES}{article.pk}/unpublish/", typed_on(again)).status_code == 302
    article.refresh_from_db()
    assert article.status == "draft"
    assert not is_look(press(root, article, "unpublish")), "a draft goes nowhere"


def test_publishing_says_who_can_read_it_and_at_which_price(root: Client, edith: Client) -> None:
    make_offer("rental"), make_offer()
    article = make_article(status="draft", published_online=TODAY)
    make_right(make_user("anna@example.org"), make_journal(), "subscription")
    said = text_of(press(root, article, "publish"))
    assert "From now on it is on the site" in said
    assert "Readers who asked for alerts are told of it." in said
    assert "On its page stands: rent it for $6.00, buy it for $30.00." in said
    assert "Readers who can read it: 1 anna@example.org" in said
    assert "anna@" not in text_of(press(edith, article, "publish")), "editors see no readers"
    free = make_article(status="draft", access_type="open", published_online=FAR)
    said = text_of(press(edith, free, "publish"))
    assert "It appears on" in said and "It is free, so it is not sold." in said
    assert "Everybody: readers without an account, and search engines" in said
    chosen = {"action": "publish_selected", "_selected_action": [article.pk, free.pk]}
    said = text_of(edith.post(ARTICLES, chosen))
    assert "2 articles go onto the site. 1 of them appear later, on their day. 1 of them can be bought then." in said
    assert "Articles that everybody can read: 1" in said and "at least one of them: 1" in said
    assert "is published" in messages_of(look_and_save(edith, ARTICLES, chosen))


def test_publishing_a_retraction_says_what_it_marks_and_taking_it_back_what_it_frees(edith: Client) -> None:
    wrong = make_article(title="On counting herons twice", doi="10.5555/Wrong")
    make_right(make_user(), wrong)
    notice = make_article(status="draft", article_type="retraction", title="Retraction")
    Relation.objects.create(article=notice, kind="retracted-article", target_doi="10.5555/wrong")
    said = text_of(press(edith, notice, "publish"))
    assert "“On counting herons twice” is marked as retracted, and is not sold any more" in said
    assert "1 right to it alone in force." in said
    look_and_save(edith, f"{ARTICLES}{notice.pk}/publish/", {})
    wrong.refresh_from_db()
    assert wrong.retracted_on
    said = text_of(press(edith, notice, "unpublish"))
    assert "“On counting herons twice” loses its mark and is sold again" in said
    look_and_save(edith, f"{ARTICLES}{notice.pk}/unpublish/", {})
    wrong.refresh_from_db()
    assert wrong.retracted_on is None


@pytest.mark.parametrize("seed", range(2))
def test_what_is_told_of_publishing_is_what_the_decision_answers(seed: int) -> None:
    chance = Random(seed)
    issue, people, campus = make_issue(), [make_user() for _ in range(6)], make_institution()
    for _ in range(4):
        article = make_article(issue=issue, status="draft", free_from=chance.choice([None, None, TODAY, FAR]))
        for holder in (*people, campus):
            kind = "institution" if holder is campus else chance.choice(["purchase", "subscription"])
            scope = chance.choice([article, issue, make_journal(), make_article()])
            ends = chance.choice([None, timezone.now() - timedelta(minutes=1)])
            make_right(
                holder, scope, kind, ends_at=ends, covers_until=chance.choice([None, TODAY - timedelta(days=40)])
            )
        told = publishing.effect([article], publish=True)
        assert told
        assert (articles.EVERYBODY in told.gains) == granted(None, article)
        named_ones = {name for group in told.gains for name in group.names}
        if not granted(None, article):
            expected = {one.email for one in people if granted(one, article)}
            assert named_ones == expected | ({campus.name} if granted(None, article, CAMPUS) else set())
