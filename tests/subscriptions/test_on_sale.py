"""What is on sale, told to visitors beside the article: as for who is signed in, and never in the way of the text."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import DataError, OperationalError, ProgrammingError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone
from psycopg import _queries

from journal import article_parts, days
from journal.models import Article
from journal.prepared import Prepared
from subscriptions import access, on_sale
from subscriptions.models import Offer
from subscriptions.public_changes import _OF_DJANGO
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
    longest = article_parts._statement(on_sale.beside("").select, is_own=False).statement
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


@pytest.mark.django_db(transaction=True)
def test_the_short_way_to_the_database_brings_the_same_and_its_errors_are_djangos() -> None:
    made, statement = make_article(retracted_on=date(2026, 3, 1)), article_parts._statement("", is_own=True)
    about = {"doi": made.doi, "today": days.today()}
    for _ in range(2):
        short = statement.rows(about)
        with CaptureQueriesContext(connection) as counted:
            assert statement.rows(about) == short, "with somebody looking on"
        assert len(counted) == 1
        assert short[0][0] == made.pk
    assert statement.rows(about | {"doi": "10.5555/none"}) == []
    broken = Prepared("SELECT id, %(number)s::int FROM journal_article")
    for number, error in (("1", None), ("x", DataError), ("2", None), ("\0", DataError), (None, None)):
        if error:
            with pytest.raises(error):
                broken.rows({"number": number})
        else:
            assert broken.rows({"number": number}) == [(made.pk, number and int(number))]
    with pytest.raises(ProgrammingError):
        Prepared("SELECT no_such_column").rows({})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    told = {name: said for name, said in connection.get_connection_params().items() if name not in _OF_DJANGO}
    with psycopg.connect(**told) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with pytest.raises(OperationalError):
        statement.rows(about)
    connection.close()
    assert statement.rows(about) == short, "prepared anew on another connection"


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
