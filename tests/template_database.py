"""The migrated database that test databases are copied from: made once for each state of the migrations.

Running every migration takes each worker of each run a quarter of a minute, copying a database less than a second. What
Django does after migrating (permissions, roles) it still does in each copy.
"""

import hashlib
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.backends.utils import CursorWrapper

PREFIX, BEING_MADE = "firstpage_template_", "firstpage_template_being_made"
ONE_AT_A_TIME = 7_340_033  # the advisory lock of whoever makes it


def use() -> None:
    """From here on Django creates test databases as copies of the template, which is made where there is none."""
    connection.settings_dict["TEST"]["TEMPLATE"] = _template()


def _template() -> str:
    name = f"{PREFIX}{_state_of_migrations()}"
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
        try:
            if name not in _there(cursor):
                _make(cursor, name)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ONE_AT_A_TIME])
    return name


def _state_of_migrations() -> str:
    """A digest of every migration's text, Django's and the packages' among them."""
    digest = hashlib.sha256()
    for config in apps.get_app_configs():
        for file in sorted(Path(config.path, "migrations").glob("*.py")):
            digest.update(f"{config.label}/{file.name}".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _there(cursor: CursorWrapper) -> set[str]:
    cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
    return {name for (name,) in cursor.fetchall()}


def _make(cursor: CursorWrapper, name: str) -> None:
    for old in _there(cursor):
        cursor.execute(f'DROP DATABASE "{old}" WITH (FORCE)')
    cursor.execute(f'CREATE DATABASE "{BEING_MADE}"')
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = BEING_MADE
    try:
        call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
    cursor.execute(f'ALTER DATABASE "{BEING_MADE}" RENAME TO "{name}"')
