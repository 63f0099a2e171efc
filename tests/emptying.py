"""After a test that commits, the tables are emptied by DELETE instead of Django's flush.

TRUNCATE gives each of some hundred tables and their indexes a new file, and then every migration's rows are made again:
over half a second a test, for a handful of rows. What the migrations themselves wrote (content types, permissions,
roles, the policy) stays where a test has left it as it was; where one has changed it, Django's flush makes it anew.
"""

from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import TransactionTestCase

QUEUE = ("procrastinate_jobs", "procrastinate_events", "procrastinate_periodic_defers", "procrastinate_workers")
KEPT_ALWAYS = "django_migrations"

_standing: dict[str, str] = {}  # table: fingerprint of the rows that the migrations wrote


def remember_what_migrations_wrote() -> None:
    _standing.clear()
    each = [f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in _tables()]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(each))
        written = [table for (table,) in cursor.fetchall()]
    _standing.update(_fingerprints(written))


def empty_the_tables() -> None:
    """Leave what a new database holds: by Django's flush where standing rows were changed or we are no superuser."""
    assert connection.settings_dict["NAME"].startswith("test_"), "This is no database of tests: is django_db marked?"
    if _fingerprints(list(_standing)) != _standing or not _delete([t for t in _tables() if t not in _standing]):
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE desk_auditentry DISABLE TRIGGER USER")  # the audit log refuses to be emptied
        call_command("flush", verbosity=0, interactive=False, reset_sequences=False)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE desk_auditentry ENABLE TRIGGER USER")
        remember_what_migrations_wrote()


def _tables() -> list[str]:
    models = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return [table for table in (*models, *QUEUE) if table != KEPT_ALWAYS]


def _fingerprints(tables: list[str]) -> dict[str, str]:
    each = [f"SELECT '{t}', md5(string_agg(r::text, '|' ORDER BY r::text)) FROM \"{t}\" r" for t in tables]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(each))
        return dict(cursor.fetchall())


def _delete(tables: list[str]) -> bool:
    statements = "; ".join(f'DELETE FROM "{table}"' for table in tables)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL session_replication_role = replica; {statements}")  # foreign keys in any order
    except DatabaseError:
        return False
    return True


def _fixture_teardown(_: TransactionTestCase) -> None:
    empty_the_tables()


def instead_of_flushing() -> None:
    """From here on Django's test case empties the tables by `empty_the_tables`."""
    remember_what_migrations_wrote()
    TransactionTestCase._fixture_teardown = _fixture_teardown  # type: ignore[attr-defined]
