"""Django's PostgreSQL engine, with two more things: a pool of ours (pool.py), and roles that are changed for a while
(docs/decisions/0035-role-of-pages.md).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg import Connection, Error, _queries, sql
from psycopg_pool import ConnectionPool

from config.postgres.pool import Pool

LOGIN = "none"
# psycopg keeps how a statement is taken apart, but of none that is longer: an article's has 5,000 letters.
_queries.MAX_CACHED_STATEMENT_LENGTH = 10_000


def _set_role(role: str) -> sql.SQL | sql.Composed:
    return sql.SQL("SET ROLE NONE") if role == LOGIN else sql.SQL("SET ROLE {}").format(sql.Identifier(role))


class DatabaseWrapper(base.DatabaseWrapper):
    _connection_pools: dict[str, "ConnectionPool[Any]"]
    _told: ClassVar[dict[str, dict[str, Any]]] = {}
    _configure_connection: Callable[["Connection[Any]"], None]
    _role: str | None = None

    @property
    def role(self) -> str:
        """The role statements are made in; "none" is the one of the login."""
        return self._role or self.settings_dict["OPTIONS"].get("assume_role") or LOGIN

    @contextmanager
    def in_role(self, role: str) -> Iterator[None]:
        """Everything within is asked in `role`; afterwards in the one before. Two statements, none where it is `role`.

        They are no part of what a page asks, so Django is not told of them (query counts, wrappers).
        """
        before = self.role
        if role == before:
            yield
            return
        self.ensure_connection()
        with self.wrap_database_errors:
            self.connection.execute(_set_role(role))
        self._role = role
        try:
            yield
        finally:
            self._role = before
            self._return_to(before)

    def _configure_role(self, connection: "Connection[Any]") -> bool:
        """Django's asks for a second connection to write the statement, and a pool that makes its first has none."""
        role = self.settings_dict["OPTIONS"].get("assume_role")
        if role:
            connection.execute(_set_role(role))
        return bool(role)

    def _set_autocommit(self, autocommit: bool) -> None:
        """The pool's connections are as Django wants them; psycopg goes a long way to find that out, at each page."""
        if self.connection.autocommit != autocommit:
            super()._set_autocommit(autocommit)  # type: ignore[misc]  # the stubs do not know it

    def _return_to(self, role: str) -> None:
        """A connection that cannot be given its role back is closed for good: no page may meet it."""
        if self.connection is None or self.connection.closed:
            return
        try:
            self.connection.execute(_set_role(role))
        except Error:
            if not self.in_atomic_block:  # else the transaction has failed, and its end brings the role before it back
                self.connection.close()

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
        """As Django makes it, but of our class: Django has no setting for that."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        if self.alias not in self._connection_pools:
            params = self.get_connection_params()
            self._told[self.alias] = params
            pool = Pool(
                kwargs=params | {"autocommit": True}, open=False, configure=self._configure_connection, **options
            )
            self._connection_pools.setdefault(self.alias, pool)  # two threads may both have made one
        return self._connection_pools[self.alias]
