"""A statement that pages ask most of all, in the shortest way: prepared, and one turn to PostgreSQL and back.

Django's cursor and psycopg's take longer to begin than such a statement takes to be answered. Where somebody looks on
(a transaction, a wrapper, statements that are counted or logged) they are used as ever: the rows are the same
(tests/subscriptions/test_on_sale.py).
"""

import re
from collections.abc import Mapping
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus

PLACE = re.compile(r"%\((\w+)\)s")
_names = count(1)


class Prepared:
    """`statement` has named places; only texts and dates go into them."""

    def __init__(self, statement: str) -> None:
        self.statement = statement
        self.places = tuple(dict.fromkeys(PLACE.findall(statement)))
        self._numbered = PLACE.sub(lambda found: f"${self.places.index(found[1]) + 1}", statement).encode()
        # By connection: the name it is known by there, and what makes rows of its answers.
        self._known: WeakKeyDictionary[psycopg.Connection, tuple[bytes, Any]] = WeakKeyDictionary()

    def rows(self, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        if connection.in_atomic_block or connection.execute_wrappers or connection.queries_logged:
            with connection.cursor() as cursor:
                cursor.execute(self.statement, values)
                found: list[tuple[Any, ...]] = cursor.fetchall()
            return found
        connection.ensure_connection()
        with connection.wrap_database_errors:
            return self._ask(connection.connection, [_written(values[name]) for name in self.places])

    def _ask(self, connected: psycopg.Connection, values: list[bytes | None]) -> list[tuple[Any, ...]]:
        server = connected.pgconn
        name, loader = self._known.get(connected, (b"", None))
        if not name:
            name = b"firstpage_%d" % next(_names)
            _check(server, server.prepare(name, self._numbered))
        found = server.exec_prepared(name, values)  # type: ignore[arg-type]  # None is NULL; its type forgets it
        if found.status != ExecStatus.TUPLES_OK:
            self._known.pop(connected, None)  # its plan may be what is wrong
            _check(server, found)
        if loader is None:
            loader = Transformer(connected)
            loader.set_pgresult(found)
            self._known[connected] = name, loader
        else:
            loader.set_pgresult(found, set_loaders=False)  # its columns are always the same
        return list(loader.load_rows(0, found.ntuples, tuple))


def _check(server: Any, found: Any) -> None:
    if found.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        return
    if server.status == ConnStatus.BAD and not found.error_field(psycopg.pq.DiagnosticField.SQLSTATE):
        raise psycopg.OperationalError(found.error_message.decode(errors="replace"))
    raise error_from_result(found)


def _written(value: Any) -> bytes | None:
    if value is None:
        return None
    text = str(value)
    if "\0" in text:
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")  # as psycopg says it
    return text.encode()
