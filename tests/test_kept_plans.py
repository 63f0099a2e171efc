"""What is looked up reaches its index although the site's plans are kept and know no parameter (config/database.py)."""

import itertools
import re

import pytest
from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import QuerySet

from accounts.models import Member, User
from accounts.search_words import Words, question
from desk.finding.people import named
from journal.models import Article
from journal.topic_models import ArticleAuthor, ArticleTopic
from subscriptions.models import Institution, Order, Payment

pytestmark = pytest.mark.django_db
WORDS = SearchQuery(question("Anna"), config="simple", search_type="raw")
LOOKED_UP = {
    "_like": User.objects.filter(email__begins="anna.b").order_by(),
    "user_words": named(User.objects.all(), "Anna"),
    "member_words": named(Member.objects.all(), "Anna"),
    "institution_words": Institution.objects.alias(words=Words("name")).filter(words=WORDS).order_by(),
    "payment_card": Payment.objects.filter(card_last4__filled="4242").order_by(),
    "payment_invoice": Payment.objects.filter(invoice_id__filled="in_1").order_by(),
    "order_guest_email": Order.objects.filter(guest_email__filled="anna@example.org", user=None),
    "article_pmid": Article.objects.filter(pmid__filled="123"),
    "topic_newest": ArticleTopic.objects.filter(topic=1, day__lte="2026-01-01").order_by("-day", "-article_id"),
    "author_by_orcid": ArticleAuthor.objects.filter(orcid__filled="0000-0002-1825-0097"),
}


@pytest.mark.parametrize(("index", "rows"), LOOKED_UP.items())
def test_a_kept_plan_uses_the_index_that_was_made_for_it(index: str, rows: "QuerySet[User]") -> None:
    sql, _ = rows.query.sql_with_params()
    number = itertools.count(1)
    asked = re.sub("%s", lambda _: f"${next(number)}", sql)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # a table of no rows is read whole, where that is possible
        cursor.execute(f"EXPLAIN (GENERIC_PLAN) {asked}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert re.search(rf"(Index Scan|on) (using )?\w*{index}\b", plan), plan
