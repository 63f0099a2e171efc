"""psycopg's pool for a web server that should not notice a restart of PostgreSQL, and survive a long outage.

Three things differ from psycopg's own: a connection is looked at before it is given out without asking the server;
a lost one is replaced within a second of the server's return, however long it was away (psycopg doubles its pauses:
after two minutes without server it would wait another one); and once the server has been away for ten seconds, requests
wait for half a second only, so that the threads are there for what needs no database.
"""

import select
from time import monotonic
from typing import Any

from psycopg import Connection, Error
from psycopg_pool import ConnectionPool, PoolTimeout
from psycopg_pool.base import AttemptWithBackoff

PATIENT = 10.0  # seconds: a restart, or a standby that takes over
DOUBTFUL = 5.0  # after a connection was cut off
BRIEFLY = 0.5  # to wait for a connection after that


def check_when_spoken_to(connection: "Connection[Any]") -> None:
    """Raises `psycopg.OperationalError` when the connection is of no use.

    A server that ends a connection says so, or hangs up: then there is something to read. Asking it at every page, as
    `ConnectionPool.check_connection` does, cost a tenth of the page (docs/performance.md).
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        ConnectionPool.check_connection(connection)


class Attempts(AttemptWithBackoff):
    """Tries to connect: soon, then each second."""

    INITIAL_DELAY, DELAY_BACKOFF, MOST = 0.1, 1.5, 1.0

    def update_delay(self, now: float) -> None:
        super().update_delay(now)
        self.delay = min(self.delay, self.MOST)


class Pool(ConnectionPool["Connection[Any]"]):
    away_since: float | None = None
    asked_until = 0.0

    def doubt(self) -> None:
        """A connection was cut off: the others may be dying, too. For a while each is asked before it is given out."""
        self.asked_until = monotonic() + DOUBTFUL

    def getconn(self, timeout: float | None = None) -> "Connection[Any]":
        if timeout is None:
            timeout = BRIEFLY if self.is_away_for_long else self.timeout
        began = monotonic()
        deadline = began + timeout
        while True:
            try:
                connection = super().getconn(deadline - monotonic())
            except PoolTimeout:
                self.away_since = self.away_since or began
                raise
            if _is_sound(connection, ask=monotonic() < self.asked_until):
                self.away_since = None
                return connection
            self.putconn(connection)  # closed: the pool makes another

    @property
    def is_away_for_long(self) -> bool:
        return self.away_since is not None and monotonic() - self.away_since > PATIENT

    def _add_connection(self, attempt: AttemptWithBackoff | None, growing: bool = False) -> None:
        super()._add_connection(attempt or Attempts(timeout=self.reconnect_timeout), growing)


def _is_sound(connection: "Connection[Any]", *, ask: bool) -> bool:
    try:
        (ConnectionPool.check_connection if ask else check_when_spoken_to)(connection)
    except (Error, OSError, ValueError):
        connection.close()
        return False
    return True
