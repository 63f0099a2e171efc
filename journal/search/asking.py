"""A search as a page asks it: by the full-text index of this machine, else by PostgreSQL."""

import logging
from dataclasses import dataclass, replace

from django.db import OperationalError, transaction

from journal.search import database, fulltext
from journal.search.database import COUNT_UP_TO, Found
from journal.search.filters import Filters, newest
from journal.search.query import Query

log = logging.getLogger(__name__)


class TooSlow(Exception):
    """The search was stopped by its time limit."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`is_limited`: the query asks for what only the full-text index knows, and there is none.

    `is_relaxed`: nothing has all the words, and these have some of them.
    """

    found: Found
    is_limited: bool = False
    is_relaxed: bool = False


def ask(query: Query, filters: Filters, sort: str) -> Asked:
    """Raises `TooSlow`."""
    asked = _once(query, filters, sort)
    other = query.relaxed
    if asked.found.ids or other is None:
        return asked
    some = _once(other, filters, "relevance")
    return replace(some, is_relaxed=bool(some.found.ids))


def _once(query: Query, filters: Filters, sort: str) -> Asked:
    if not query.is_empty:
        try:
            return Asked(fulltext.find(query, filters, sort))
        except fulltext.Unusable as error:
            log.debug("Searching in PostgreSQL: %s", error)
    try:
        with transaction.atomic():
            database.guard(narrowed=not filters.is_empty or sort == "date")
            if query.is_empty:
                return Asked(database.found(newest(filters, COUNT_UP_TO + 1)))
            return Asked(database.find(query, filters, sort), is_limited=query.wants_full_text)
    except OperationalError as error:
        if "statement timeout" not in str(error):
            raise
        raise TooSlow from error
