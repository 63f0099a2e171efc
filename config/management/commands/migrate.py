"""manage.py migrate: Django's, which holds no reader up (docs/decisions/0075-migrations-wait-briefly.md).

A change of a table waits until whoever reads it has finished, and whoever wants to read it waits behind the change: one
long report would stop the whole site. So a migration waits for a moment only, lets everybody pass, and tries again.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.management import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import Error, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import errors

LOCK_SECONDS = 2.0  # more than PostgreSQL's deadlock_timeout of 1 s: until then an autovacuum does not give way
PATIENCE_MINUTES = 15.0
PAUSES = (1, 2, 4, 8)  # seconds, in which whoever has queued is served; then the last of them again and again
WAITED = (errors.LockNotAvailable, errors.DeadlockDetected)
CHANGES = ("ALTER", "CREATE", "DROP", "TRUNCATE", "LOCK")
LONGEST = """
    SELECT pid, application_name, extract(epoch FROM clock_timestamp() - xact_start) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
    ORDER BY xact_start LIMIT 1
"""


class Command(migrate.Command):
    applying: Any = None  # the migration under way
    lock_seconds = LOCK_SECONDS

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--lock-seconds", type=float, default=LOCK_SECONDS, help="How long readers may be held up (0: as it takes)."
        )
        parser.add_argument(
            "--patience", type=float, default=PATIENCE_MINUTES, help="For how many minutes it is tried again."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.lock_seconds = options["lock_seconds"]
        self.deadline = time.monotonic() + 60 * options["patience"]
        self.connection = connections[options["database"]]
        pauses = self.pauses()
        with kept_settings(self.connection), self.connection.execute_wrapper(self.one_statement):
            while True:
                self.set_limit(self.lock_seconds)
                try:
                    super().handle(*args, **options)
                except OperationalError as error:
                    if not has_waited(error) or (self.applying and not self.applying.atomic):
                        raise
                    next(pauses)  # Django begins with the first that is not applied yet
                else:
                    return

    def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
        """A migration that is not atomic cannot be begun again: there each statement has its own patience."""
        if action in ("apply_start", "unapply_start"):
            self.applying = migration
            self.set_limit(self.lock_seconds if migration.atomic else 0)
        elif action in ("apply_success", "unapply_success"):
            self.applying = None
            self.set_limit(self.lock_seconds)
        super().migration_progress_callback(action, migration, fake)

    def one_statement(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        """Outside of a transaction what changes a table is tried again by itself.

        All else waits there as long as it takes: an index that is made CONCURRENTLY holds no reader up, and would be
        left behind unusable.
        """
        words = str(sql).lstrip().upper()
        is_change = words.startswith(CHANGES) and "CONCURRENTLY" not in words
        if self.applying is None or self.applying.atomic or self.connection.in_atomic_block or not is_change:
            return execute(sql, params, many, context)
        pauses = self.pauses()
        while True:
            self.set_limit(self.lock_seconds)
            try:
                return execute(sql, params, many, context)
            except OperationalError as error:
                if not has_waited(error):
                    raise
                next(pauses)
            finally:
                self.set_limit(0)

    def set_limit(self, seconds: float) -> None:
        """A page's limits (config/database.py) are not for what happens here: an index may take an hour."""
        with self.connection.wrap_database_errors:
            self.connection.ensure_connection()
            self.connection.connection.execute(
                "SELECT set_config('lock_timeout', %s, false), set_config('statement_timeout', '0', false)",
                [f"{round(seconds * 1000)}ms"],
            )

    def pauses(self) -> Iterator[None]:
        """Says who is waited for, and waits; gives up when patience is at its end."""
        tried = 0
        while True:
            pause = PAUSES[min(tried, len(PAUSES) - 1)]
            name, longest = str(self.applying or "What follows the migrations"), self.longest_at_work()
            if time.monotonic() + pause > self.deadline:
                raise CommandError(
                    f"{name} was given up: others use its tables all the time. {longest}What was applied before it "
                    "stays, nothing of it is done. Run migrate again when they have finished."
                )
            self.stderr.write(
                f"\n  {name} waits for a table that others use; everybody may pass, and it is tried again in "
                f"{pause} s. {longest}"
            )
            wait(pause)
            tried += 1
            yield

    def longest_at_work(self) -> str:
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(LONGEST)
                found = cursor.fetchone()
        except Error:
            return ""
        if not found:
            return ""
        pid, program, seconds = found
        return f"Longest at work: process {pid} of PostgreSQL ({program or 'unnamed'!s}), for {round(seconds)} s. "


def has_waited(error: OperationalError) -> bool:
    return isinstance(error.__cause__, WAITED)


@contextmanager
def kept_settings(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """The session's own limits are as they were when this is over."""
    names = ("lock_timeout", "statement_timeout")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
        before = cursor.fetchone()
    try:
        yield
    finally:
        if not connection.needs_rollback:
            with suppress(Error), connection.cursor() as cursor:  # what went wrong before is what is told
                for name, value in zip(names, before, strict=True):
                    cursor.execute("SELECT set_config(%s, %s, false)", [name, value])


wait = time.sleep  # tests do not
