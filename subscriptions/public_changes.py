"""What visitors' pages are made from, and whether any of it has changed since (docs/decisions/0038-visitors-pages.md).

A trigger on every such table writes the transaction's number into `public_change`, once a transaction and without
waiting for anybody. Whoever keeps something made from these tables keeps the database's snapshot from before it was
made; as long as no transaction stands there that this snapshot did not see, what was kept is what would be made now.
"""

import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from journal.access import Access
from subscriptions.access import DECISION, answers

#: How long rows stay after they were first seen. Nothing may be kept as long as that (config/page_cache.py).
KEPT = "1 hour"
NEVER = b"1:1:"  # the snapshot that has seen nothing
WAIT_SECONDS = 2.0

# A server that took over from a lost one may count transactions from a little before: then all counts as changed.
_SELECT = b"""
SELECT pg_current_snapshot(), (statement_timestamp() AT TIME ZONE $3::text)::date,
    pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmax($1::pg_snapshot)
    OR EXISTS (SELECT FROM public_change c WHERE c.xid >= pg_snapshot_xmin($1::pg_snapshot)
        AND NOT pg_visible_in_snapshot(c.xid, $1::pg_snapshot)),
"""
_ASK = _SELECT + b"EXISTS (SELECT FROM subscriptions_iprange r WHERE r.network >>= $2::inet)"
# The session and its account as accounts/sessions.py and accounts/backends.py read them, and beside them the rows of
# the decision (subscriptions/access.py) about one article for whoever that is: all true at the same moment.
_PLACES = {"user": "u.id", "gifts": "g.links", "now": "NULL", "time_zone": "$3", "articles": "$4", "ip": "$5"}
_DECISION = re.sub(r"%\((\w+)\)s", lambda found: _PLACES[found[1]], DECISION).encode()
_ASK_AS = (
    _SELECT
    + b"""
    s.session_data, u.id, u.password, u.is_staff, d.*
FROM (SELECT) one LEFT JOIN django_session s ON s.session_key = $2::text AND s.expire_date > statement_timestamp()
LEFT JOIN LATERAL (SELECT CASE WHEN s.session_data LIKE '{%' THEN s.session_data::json END AS said) j ON true
LEFT JOIN accounts_user u ON u.is_active AND u.id = (j.said ->> '_auth_user_id')::bigint
LEFT JOIN LATERAL (SELECT ARRAY(SELECT link::bigint FROM json_array_elements_text(
    CASE WHEN json_typeof(j.said -> 'gifts') = 'array' THEN j.said -> 'gifts' END) link) AS links) g ON true
LEFT JOIN LATERAL ("""
    + _DECISION
    + b") d ON true"
)
_STATEMENTS = {b"public_changes": _ASK, b"public_changes_as": _ASK_AS}
_OF_THE_SESSION = 7  # columns before the decision's


class UnknownError(Exception):
    """PostgreSQL did not say it, or not in time."""


@dataclass(frozen=True, slots=True)
class Told:
    """PostgreSQL's answer: its snapshot and day, what changed since, and whether the address is an institution's."""

    snapshot: bytes
    day: bytes
    has_changed: bool
    is_institution: bool


@dataclass(frozen=True, slots=True)
class Account:
    """Whose session it is: what Django needs to believe it."""

    id: int
    password: str
    is_staff: bool


class Answered(NamedTuple):
    """What PostgreSQL said about a session: None where there is none in force, no account, no such article."""

    told: Told
    data: str | None
    account: Account | None
    access: Access | None


class _Question:
    """What several threads want to know at a time. `answered` is held until it is."""

    __slots__ = ("answered", "told")

    def __init__(self) -> None:
        self.answered = threading.Lock()
        self.answered.acquire()
        self.told: Told | None = None


class Asker:
    """One connection for a process, spoken to without Django and its pool: that took six times as long."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._connection: psycopg.Connection | None = None
        self._rows: Any = None  # a Transformer of psycopg's, which is C or Python
        self._not_before = 0.0
        self._unasked: dict[tuple[bytes, str | None], _Question] = {}

    def ask(self, since: bytes, ip: str | None) -> Told:
        """One statement. `since` is the snapshot of an earlier answer, or `NEVER`. Raises UnknownError.

        `ip` is None where it is known to be no institution's. While another question is under way, those who want to
        know the same wait for one that is asked after all of them have come: no answer is older than a request.
        """
        about, mine = (since, ip), _Question()
        shared = self._unasked.setdefault(about, mine)  # in one step, as is taking it out below
        if shared is mine:
            return self._answer(about, mine)
        if shared.answered.acquire(timeout=2 * WAIT_SECONDS):
            shared.answered.release()
        if shared.told is None:
            raise UnknownError("Nobody has told who asked for us.")
        return shared.told

    def _answer(self, about: tuple[bytes, str | None], question: _Question) -> Told:
        since, ip = about
        try:
            with self._alone() as connected:
                self._unasked.pop(about, None)  # whoever comes from here on asks anew
                snapshot, day, changed, institution = _told(
                    connected, b"public_changes", [since, None if ip is None else ip.encode()]
                )
            question.told = Told(snapshot or NEVER, day or b"", changed != b"f", institution != b"f")
            return question.told
        finally:
            if self._unasked.get(about) is question:
                self._unasked.pop(about, None)
            question.answered.release()

    def ask_as(self, since: bytes, session: str, article: int | None, ip: str) -> "Answered":
        """As `ask`, with the data of a session, the account it is of, and the decision about an article for them."""
        articles = b"{}" if article is None else b"{%d}" % article
        values = [since, session.encode(), settings.TIME_ZONE.encode(), articles, ip.encode()]
        with self._alone() as connected:
            found = _run(connected, b"public_changes_as", values)
            is_first, self._rows = self._rows is None, self._rows or Transformer(connected)
            self._rows.set_pgresult(found, set_loaders=is_first)  # the columns of one statement are always the same
            rows = self._rows.load_rows(0, found.ntuples, tuple)
        _, _, changed, data, pk, password, is_staff = rows[0][:_OF_THE_SESSION]
        told = Told(found.get_value(0, 0) or NEVER, found.get_value(0, 1) or b"", changed is not False, False)
        account = Account(pk, password, is_staff) if pk else None
        decided = answers([row[_OF_THE_SESSION:] for row in rows]) if rows[0][_OF_THE_SESSION] else {}
        return Answered(told, data, account, decided.get(article or 0))

    @contextmanager
    def _alone(self) -> Iterator[psycopg.Connection]:
        if not self._one_at_a_time.acquire(timeout=WAIT_SECONDS):
            raise UnknownError("Others wait for the answer.")
        try:
            yield self._connection or self._connect()
        except (psycopg.Error, UnknownError) as error:
            self._hang_up()
            raise UnknownError(str(error)) from error
        finally:
            self._one_at_a_time.release()

    def close(self) -> None:
        with self._one_at_a_time:
            self._hang_up()
            self._not_before = 0.0

    def _connect(self) -> psycopg.Connection:
        if time.monotonic() < self._not_before:
            raise UnknownError("It was away a moment ago.")
        self._not_before = time.monotonic() + 1
        told = connection.get_connection_params()
        place = {name: told[name] for name in told if name not in _OF_DJANGO}
        made = self._connection = psycopg.connect(autocommit=True, **place)
        made.execute("SELECT set_config('statement_timeout', %s, false)", [f"{WAIT_SECONDS:.0f}s"])
        made.execute("SET plan_cache_mode = force_generic_plan")
        for name, statement in _STATEMENTS.items():
            result = made.pgconn.prepare(name, statement)
            if result.status != ExecStatus.COMMAND_OK:
                raise UnknownError(result.error_message.decode(errors="replace"))
        return made

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._rows = None


def _run(connected: psycopg.Connection, name: bytes, values: Sequence[bytes | None]) -> PGresult:
    found = connected.pgconn.exec_prepared(name, values)  # type: ignore[arg-type]  # None is NULL; its type forgets it
    if found.status != ExecStatus.TUPLES_OK:
        raise UnknownError(found.error_message.decode(errors="replace"))
    return found


def _told(connected: psycopg.Connection, name: bytes, values: list[bytes | None]) -> list[bytes | None]:
    found = _run(connected, name, [*values, settings.TIME_ZONE.encode()])
    return [found.get_value(0, column) for column in range(found.nfields)]


_OF_DJANGO = frozenset({"pool", "context", "cursor_factory", "prepare_threshold", "server_side_binding", "autocommit"})
asker = Asker()


def forget_old() -> None:
    """A row's hour begins when it is seen here, not when its transaction began: that may have been long before."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE public_change SET seen_at = clock_timestamp() WHERE seen_at IS NULL")
        cursor.execute("DELETE FROM public_change WHERE seen_at < clock_timestamp() - %s::interval", [KEPT])
