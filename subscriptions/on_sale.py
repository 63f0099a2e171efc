"""What is on sale for an article, told to visitors with the decision, and both with the article: one question in all.

The rows come as one text, read anew for every page: whoever has made something of the same text before need not read
it (subscriptions/get_access.py). `Offer.objects.on_sale_for` says the same for who is signed in; a test holds the two.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connection

from journal.access import Access, Beside
from subscriptions import access
from subscriptions.models import Offer
from subscriptions.models.sales import columns, of_row

# Beside a row `a` of journal_article, and nothing where nothing could be for sale.
_OFFERS = """
CASE WHEN a.access_type = 'controlled' AND a.is_for_sale AND a.retracted_on IS NULL THEN (
    SELECT json_agg(o ORDER BY o.position, o.amount)::text FROM subscriptions_offer o
    WHERE o.active AND o.journal_id = a.journal_id AND (o.article_id IS NULL OR o.article_id = a.id) AND o.kind <> 'cme'
        AND (o.kind <> 'issue' OR a.issue_id IS NOT NULL AND (o.issue_id IS NULL OR o.issue_id = a.issue_id))
) END"""
_ALONE = f"SELECT {_OFFERS} FROM journal_article a WHERE a.id = %s"  # noqa: S608  (the text above)
# The decision (subscriptions/access.py) about the article `x` for who has neither account nor gifts, and what is on
# sale in the last column. What nobody has is written down, so that PostgreSQL leaves out where it would look for it.
_NOBODYS = {
    "%(articles)s::bigint[]": "ARRAY[x.id]", "%(user)s": "NULL", "%(gifts)s": "'{}'", "%(now)s": "NULL",
}  # fmt: skip
_BESIDE = access.statement(f", {_OFFERS}")
for _place, _written in _NOBODYS.items():
    _BESIDE = _BESIDE.replace(_place, _written)


def beside(ip: str | None) -> Beside:
    """To be told of an article as it is found, for a visitor from this address."""
    return Beside(_BESIDE, {"ip": ip, "time_zone": settings.TIME_ZONE})


def taken(article: int, rows: Sequence[Sequence[Any]]) -> tuple[Access, str]:
    """The decision, and what is on sale, of the rows that `beside` gave."""
    return access.answers([row[:-1] for row in rows])[article], rows[0][-1] or ""


def ask(article: int) -> str:
    """What is on sale by itself, where the decision was asked for in another way."""
    with connection.cursor() as cursor:
        cursor.execute(_ALONE, [article])
        row = cursor.fetchone()
    return (row[0] or "") if row else ""


def read(told: str) -> list[Offer]:
    return [of_row((None, *(row[name] for name in columns()))) for row in json.loads(told or "[]")]
