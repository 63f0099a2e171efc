"""What is on sale, told to visitors beside the article: as for who is signed in, and never in the way of the text."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone
from psycopg import _queries

from journal import article_parts, days
from journal.models import Article
from subscriptions import access, on_sale
from subscriptions.models import Offer
from tests.make import SECRET_SENTENCE, make_article, make_issue, make_offer


def articles() -> dict[str, Article]:
    issue = make_issue()
    found = {
        "plain": make_article(),
        "own price": make_article(issue=issue),
        "of an issue": make_article(issue=issue),
        "open": make_article(access_type="open"),
        "not for sale": make_article(is_for_sale=False),
        "retracted": make_article(retracted_on=timezone.localdate()),
    }
    for kind in ("purchase", "rental", "issue", "subscription"):
        make_offer(kind)
    make_offer("purchase", article=found["own price"], amount=100, position=2)
    make_offer("issue", issue=issue, amount=200)
    make_offer("issue", issue=make_issue(), amount=300)
    make_offer("subscription", interval="year", active=False)
    make_offer("cme", article=found["plain"])
    return found


def test_visitors_are_offered_what_everybody_is(db: None) -> None:
    for name, article in articles().items():
        told = on_sale.ask(article.pk)
        ours, theirs = on_sale.read(told), Offer.objects.on_sale_for(article)
        if name in ("open", "not for sale", "retracted"):
            assert not told, name
        else:
            assert ours, name
            assert [vars(one) | {"_state": 0} for one in ours] == [vars(one) | {"_state": 0} for one in theirs], name


def test_the_decision_beside_an_article_is_the_decision(db: None, rf: Any) -> None:
    class Visitor:
        told: Any = None

        def beside(self) -> Any:
            return on_sale.beside("192.0.2.1")

        def learn(self, article: int, rows: Any) -> None:
            self.told = on_sale.taken(article, rows)

    for name, article in articles().items():
        visitor = Visitor()
        found = article_parts.find(article.doi or "", visitor)  # type: ignore[arg-type]  # as much of a reader as it takes
        assert found
        assert found == article_parts.find(article.doi or "")
        decided = access.look_up(None, "192.0.2.1", [article.pk])[article.pk]
        assert visitor.told == (decided, on_sale.ask(article.pk)), name
    assert article_parts.find("10.5555/none", Visitor()) is None  # type: ignore[arg-type]
    longest = article_parts._statement(on_sale.beside("").select, is_own=False)
    assert len(longest) < _queries.MAX_CACHED_STATEMENT_LENGTH, "else psycopg takes it apart at every page"


@pytest.mark.django_db(transaction=True)
def test_an_article_is_found_where_its_rights_are_not(monkeypatch: Any) -> None:
    article = make_article()
    make_offer("purchase")
    monkeypatch.setattr(on_sale, "_BESIDE", "SELECT no_such_column")
    text = Client().get(article.get_absolute_url()).content.decode()
    assert "What everybody may read." in text
    assert "Buy for $30.00" in text, "the reader asks by itself"
    monkeypatch.setattr(access, "DECISION", "SELECT no_such_column")
    text = Client().get(article.get_absolute_url()).content.decode()
    assert "What everybody may read." in text
    assert "Buy for" not in text
    assert SECRET_SENTENCE not in text


def test_an_address_leads_to_the_same_view_each_time() -> None:
    for path, name, doi in (
        ("/doi/10.5555/a/", "article", "10.5555/a"),
        ("/doi/10.5555/a/b/", "article", "10.5555/a/b"),
        ("/doi/10.5555/a/preview/", "preview", "10.5555/a"),
    ):
        for _ in range(2):
            match = resolve(path)
            assert (match.view_name, match.kwargs) == (f"journal:{name}", {"doi": doi})


def test_a_day_begins_at_midnight_where_the_journal_is(settings: Any, monkeypatch: Any) -> None:
    settings.TIME_ZONE = "America/New_York"
    midnight = datetime(2026, 11, 30, 5, tzinfo=UTC)
    for moment, day in ((midnight - timedelta(microseconds=1), 29), (midnight, 30), (midnight, 30)):
        monkeypatch.setattr(timezone, "now", lambda moment=moment: moment)
        assert days.today().day == day == timezone.localdate().day
