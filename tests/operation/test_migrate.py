"""A migration that must wait for a slow report holds no reader up: it gives way, tries again, leaves no half behind.

Under load, with a report that runs for seconds: `python -m tests.operation.drills migrated_behind_report`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from config.management.commands import migrate
from journal.models import Article
from tests.make import make_journal

pytestmark = pytest.mark.django_db
NEXT = {"humanize": "tests.operation.drills.migrations"}


@contextmanager
def a_report_reads_the_articles() -> Iterator[psycopg.Connection]:
    told = connection.get_connection_params()
    with psycopg.connect(host=told["host"], user=told["user"], dbname=told["dbname"], application_name="report") as own:
        own.execute("SELECT count(*) FROM journal_article")  # and its transaction goes on
        yield own


def limits() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
        return cursor.fetchone()


def what_is_there() -> tuple[bool, bool, bool]:
    """The migration's table, its column, and its row among those applied."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        columns = [one.name for one in connection.introspection.get_table_description(cursor, Article._meta.db_table)]
    applied = ("humanize", "0001_column") in MigrationRecorder(connection).applied_migrations()
    return "of_next_version" in tables, "of_next_version" in columns, applied


def test_a_migration_behind_a_slow_report_gives_way_and_comes_when_the_report_is_over(
    settings: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.MIGRATION_MODULES = NEXT
    before, waits = limits(), []
    with a_report_reads_the_articles() as report:

        def the_report_ends(seconds: float) -> None:
            waits.append((seconds, what_is_there()))
            if len(waits) == 2:
                report.rollback()

        monkeypatch.setattr(migrate, "wait", the_report_ends)
        call_command("migrate", "humanize", lock_seconds=0.02, verbosity=1)
    assert [seconds for seconds, _ in waits[:2]] == [1, 2]  # more when PostgreSQL is just cleaning the table up
    assert {there for _, there in waits} == {(False, False, False)}
    assert what_is_there() == (True, True, True)
    said = capsys.readouterr()
    assert said.err.count("waits for a table that others use") == len(waits)
    assert "humanize.0001_column" in said.err
    assert "(report)" in said.err
    assert limits() == before, "whoever asks next on this connection has the limits that were there"


def test_a_migration_that_gives_up_says_so_and_nothing_of_it_stays(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MIGRATION_MODULES = NEXT
    monkeypatch.setattr(migrate, "wait", lambda seconds: pytest.fail("it has no patience"))
    with (
        a_report_reads_the_articles(),
        pytest.raises(CommandError, match=r"humanize\.0001_column was given up.*nothing of it is done"),
    ):
        call_command("migrate", "humanize", lock_seconds=0.02, patience=0, verbosity=0)
    assert what_is_there() == (False, False, False)
    assert make_journal().pk, "the connection is of use"


def test_where_no_transaction_can_be_begun_anew_each_change_of_a_table_is_tried_again_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And what is made CONCURRENTLY waits as long as it takes: given up it would leave an index of no use."""
    monkeypatch.setattr(migrate, "wait", lambda seconds: None)
    command = migrate.Command()
    told: list[tuple[str, str]] = []

    class Waiting(OperationalError):
        __cause__ = psycopg.errors.LockNotAvailable()

    def execute(sql: str, *rest: Any) -> str:
        told.append((sql, limits()[0]))
        if sql.startswith("ALTER") and len([one for one, _ in told if one == sql]) < 3:
            raise Waiting
        return "done"

    command.connection, command.deadline = SimpleNamespace(  # type: ignore[assignment]
        in_atomic_block=False, cursor=connection.cursor, connection=connection.connection,
        ensure_connection=connection.ensure_connection, wrap_database_errors=connection.wrap_database_errors,
    ), float("inf")  # fmt: skip
    command.applying = SimpleNamespace(atomic=False)
    with migrate.kept_settings(connection):
        command.set_limit(0)
        for sql in ("CREATE INDEX CONCURRENTLY a ON b (c)", "ALTER TABLE b ADD COLUMN d int", "UPDATE b SET d = 1"):
            assert command.one_statement(execute, sql, None, False, {}) == "done"
    changes = [("ALTER TABLE b ADD COLUMN d int", "2s")] * 3
    assert told == [("CREATE INDEX CONCURRENTLY a ON b (c)", "0"), *changes, ("UPDATE b SET d = 1", "0")]
