"""What visitors' pages are made from, and whether any of it has changed since (docs/decisions/0038-visitors-pages.md).

A trigger on every such table writes the transaction's number into `public_change`, once a transaction and without
waiting for anybody. Whoever keeps something made from these tables keeps the database's snapshot from before it was
made; as long as no transaction stands there that this snapshot did not see, what was kept is what would be made now.
"""

import threading
import time
from dataclasses import dataclass

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.pq import ExecStatus

#: How long rows stay after they were first seen. Nothing may be kept as long as that (config/page_cache.py).
KEPT = "1 hour"
NEVER = b"1:1:"  # the snapshot that has seen nothing
WAIT_SECONDS = 2.0

# A server that took over from a lost one may count transactions from a little before: then all counts as changed.
_ASK = b"""
SELECT pg_current_snapshot(), (statement_timestamp() AT TIME ZONE $3::text)::date,
    pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmax($1::pg_snapshot)
    OR EXISTS (SELECT FROM public_change c WHERE c.xid >= pg_snapshot_xmin($1::pg_snapshot)
        AND NOT pg_visible_in_snapshot(c.xid, $1::pg_snapshot)),
    EXISTS (SELECT FROM subscriptions_iprange r WHERE r.network >>= $2::inet)
"""
_NAME = b"public_changes"


class UnknownError(Exception):
    """PostgreSQL did not say it, or not in time."""


@dataclass(frozen=True, slots=True)
class Told:
    """PostgreSQL's answer: its snapshot and day, what changed since, and whether the address is an institution's."""

    snapshot: bytes
    day: bytes
    has_changed: bool
    is_institution: bool


class Asker:
    """One connection for a process, spoken to without Django and its pool: that took six times as long."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._connection: psycopg.Connection | None = None
        self._not_before = 0.0

    def ask(self, since: bytes, ip: str) -> Told:
        """One statement. `since` is the snapshot of an earlier answer, or `NEVER`. Raises UnknownError."""
        if not self._one_at_a_time.acquire(timeout=WAIT_SECONDS):
            raise UnknownError("Others wait for the answer.")
        try:
            server = (self._connection or self._connect()).pgconn
            found = server.exec_prepared(_NAME, [since, ip.encode(), settings.TIME_ZONE.encode()])
            if found.status != ExecStatus.TUPLES_OK:
                raise UnknownError(found.error_message.decode(errors="replace"))
            snapshot, day, changed, institution = (found.get_value(0, column) for column in range(4))
            return Told(snapshot or NEVER, day or b"", changed != b"f", institution != b"f")
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
        result = made.pgconn.prepare(_NAME, _ASK)
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
