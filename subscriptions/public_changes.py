"""What visitors' pages are made from, and whether any of it has changed since (docs/decisions/0038-visitors-pages.md).

A trigger on every such table writes the transaction's number into `public_change`, once a transaction and without
waiting for anybody. Whoever keeps something made from these tables keeps the database's snapshot from before it was
made; as long as no transaction stands there that this snapshot did not see, what was kept is what would be made now.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.pq import ExecStatus

from journal.access import Access
from subscriptions.access import DECISION, answers, question

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
# The session and its account as accounts/sessions.py and accounts/backends.py read them.
_ASK_AS = (
    _SELECT
    + b"""
    s.session_data, u.id, u.password, u.is_staff
FROM (SELECT) one LEFT JOIN django_session s ON s.session_key = $2::text AND s.expire_date > statement_timestamp()
LEFT JOIN accounts_user u ON u.is_active
    AND u.id = CASE WHEN s.session_data LIKE '{%' THEN (s.session_data::json ->> '_auth_user_id')::bigint END
"""
)
_STATEMENTS = {b"public_changes": _ASK, b"public_changes_as": _ASK_AS}


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


class Asker:
    """One connection for a process, spoken to without Django and its pool: that took six times as long."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._connection: psycopg.Connection | None = None
        self._not_before = 0.0

    def ask(self, since: bytes, ip: str) -> Told:
        """One statement. `since` is the snapshot of an earlier answer, or `NEVER`. Raises UnknownError."""
        snapshot, day, changed, institution = self._told(b"public_changes", [since, ip.encode()])
        return Told(snapshot or NEVER, day or b"", changed != b"f", institution != b"f")

    def ask_as(self, since: bytes, session: str) -> tuple[Told, str | None, Account | None]:
        """As `ask`, with the data of a session and the account it is of; None where there is none in force."""
        snapshot, day, changed, data, *user = self._told(b"public_changes_as", [since, session.encode()])
        told = Told(snapshot or NEVER, day or b"", changed != b"f", is_institution=False)
        pk, password, is_staff = user
        account = Account(int(pk), (password or b"").decode(), is_staff != b"f") if pk else None
        return told, None if data is None else data.decode(), account

    def decide(self, user_id: int | None, ip: str, article: int, gifts: Sequence[int]) -> Access:
        """The decision (subscriptions/access.py) about one article, by this connection."""
        with self._alone() as connected:
            rows = connected.execute(DECISION, question(user_id, ip, [article], None, gifts), prepare=True).fetchall()
        found = answers(rows).get(article)
        if found is None:
            raise UnknownError("The article is gone.")
        return found

    def _told(self, name: bytes, values: list[bytes]) -> list[bytes | None]:
        with self._alone() as connected:
            found = connected.pgconn.exec_prepared(name, [*values, settings.TIME_ZONE.encode()])
            if found.status != ExecStatus.TUPLES_OK:
                raise UnknownError(found.error_message.decode(errors="replace"))
            return [found.get_value(0, column) for column in range(found.nfields)]

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
        self._connection = None


_OF_DJANGO = frozenset({"pool", "context", "cursor_factory", "prepare_threshold", "server_side_binding", "autocommit"})
asker = Asker()


def forget_old() -> None:
    """A row's hour begins when it is seen here, not when its transaction began: that may have been long before."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE public_change SET seen_at = clock_timestamp() WHERE seen_at IS NULL")
        cursor.execute("DELETE FROM public_change WHERE seen_at < clock_timestamp() - %s::interval", [KEPT])
