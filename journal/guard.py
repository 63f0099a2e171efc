"""The wall inside the database: a role for pages that may read everything but what stands behind the wall.

The web server asks in this role (config/postgres/roles.py). It gets an article's text from one function only, which
`article_parts.full_text` calls after the yes. A page, a feed or a search that reaches for the text itself is an error
in the log and a 500 for the reader, and never a leak.
"""

from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.db import Error, connection, transaction
from psycopg import sql

from journal.models import ArticleSource, FullText, ImportItem

#: What no page for readers reads: the text, the sources it was made from, and what imports said of them.
BEHIND_THE_WALL = (FullText, ArticleSource, ImportItem)
ONLY_WAY = "journal_full_text_of"
NO_ROLE = (
    "The role {role} (DATABASE_WEB_ROLE) is missing, and this database user may not make it. Let an administrator run:"
    " CREATE ROLE {role} NOLOGIN; GRANT {role} TO {user}; and then run manage.py database_roles."
)

_MAKE = """
DO $$ BEGIN
  CREATE ROLE {role} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""
_GRANT = """
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO {role};
REVOKE ALL ON {tables} FROM {role};
REVOKE ALL ON FUNCTION {function}(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {function}(bigint) TO {role};
"""


class RolesError(Exception):
    """The role cannot be made here; the message says what an administrator has to do."""


def behind_the_wall() -> list[str]:
    return [model._meta.db_table for model in BEHIND_THE_WALL]


def set_roles() -> None:
    """Make the role if it is missing and write what it may do. Doing it again changes nothing. Raises `RolesError`."""
    role = settings.DATABASE_WEB_ROLE
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_schema(), current_user, EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role]
        )
        schema, user, is_there = cursor.fetchone()
    names = {
        "role": sql.Identifier(role), "schema": sql.Identifier(schema), "function": sql.Identifier(schema, ONLY_WAY),
        "tables": sql.SQL(", ").join(sql.Identifier(schema, table) for table in behind_the_wall()),
    }  # fmt: skip
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if not is_there:
                cursor.execute(sql.SQL(_MAKE).format(**names))
            cursor.execute("SELECT pg_has_role(current_user, %s, 'MEMBER')", [role])
            if cursor.fetchone() == (False,):
                cursor.execute(sql.SQL("GRANT {role} TO CURRENT_USER").format(**names))
            cursor.execute(sql.SQL(_GRANT).format(**names))
    except Error as error:
        raise RolesError(f"{NO_ROLE.format(role=role, user=user)} PostgreSQL says: {error}") from error


def after_migrating(**_: Any) -> None:
    """New tables are open to pages unless they stand in `BEHIND_THE_WALL`; going back before them, there is nothing."""
    if settings.DATABASE_WEB_ROLE and _is_migrated():
        try:
            set_roles()
        except RolesError as error:
            raise CommandError(str(error)) from None


def _is_migrated() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regproc(%s) IS NOT NULL", [ONLY_WAY])
        return bool(cursor.fetchone()[0])
