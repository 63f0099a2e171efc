"""Somebody else at the same moment: a thread that is begun in the middle of what a test does."""

from threading import Thread

from django.db import connection


def begin_beside(other: Thread) -> None:
    """Begin the other worker, once, and go on when it is done or waits for us."""
    if other.ident is None:
        other.start()
        while other.is_alive() and not somebody_waits():
            other.join(0.01)


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])
