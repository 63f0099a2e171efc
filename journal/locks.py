"""Who must wait for whom: locks that PostgreSQL keeps, and frees by itself when a process is killed."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


def wait_for_others(key: str) -> None:
    """One at a time for this key, until the end of the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


@contextmanager
def only_one(key: str) -> Iterator[bool]:
    """Whether nobody else is at it. The lock belongs to the connection, over any number of transactions."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [key])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])
