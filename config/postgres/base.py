"""Django's PostgreSQL engine; its pool looks at a connection before giving it out without asking the server."""

import select
from collections.abc import Callable
from typing import Any, ClassVar

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg import Connection
from psycopg_pool import ConnectionPool


def check_when_spoken_to(connection: "Connection[Any]") -> None:
    """Raises `psycopg.OperationalError` when the connection is of no use.

    A server that ends a connection says so, or hangs up: then there is something to read. Asking it at every page, as
    `ConnectionPool.check_connection` does, cost a tenth of the page (docs/performance.md).
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        ConnectionPool.check_connection(connection)


class DatabaseWrapper(base.DatabaseWrapper):
    _connection_pools: dict[str, "ConnectionPool[Any]"]
    _told: ClassVar[dict[str, dict[str, Any]]] = {}
    _configure_connection: Callable[["Connection[Any]"], None]

    def get_connection_params(self) -> dict[str, Any]:
        """As the pool was told them when it was made; Django would put them together again for every page.

        The job worker reads them, too, for connections of its own.
        """
        if self.settings_dict["OPTIONS"].get("pool") and self.alias in self._connection_pools:
            return dict(self._told[self.alias])
        params: dict[str, Any] = super().get_connection_params()
        return params | self.place()

    def place(self) -> dict[str, Any]:
        """Where the server is, when the settings do not say it."""
        return {}

    @property
    def pool(self) -> "ConnectionPool[Any] | None":
        """As Django makes it, with our check: Django has no setting for that."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        if self.alias not in self._connection_pools:
            params = self.get_connection_params()
            self._told[self.alias] = params
            pool = ConnectionPool(
                kwargs=params | {"autocommit": True},
                open=False,
                configure=self._configure_connection,
                check=check_when_spoken_to,
                **options,
            )
            self._connection_pools.setdefault(self.alias, pool)  # two threads may both have made one
        return self._connection_pools[self.alias]
