"""PostgreSQL's own programs: those of the embedded wheel, else the system's. And how they are told where to connect."""

import os
import shutil
import subprocess
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from psycopg.conninfo import make_conninfo

from config.embedded_postgres.server import binaries


class BackupError(Exception):
    """What went wrong, what was kept, and what to do, in a sentence or two."""


def program(name: str) -> str:
    try:
        own = binaries() / name
        if own.is_file():
            return str(own)
    except ImproperlyConfigured:
        pass
    found = shutil.which(name)
    if found is None:
        raise BackupError(f"{name} is missing. Install PostgreSQL's client programs (Debian: postgresql-client).")
    return found


def place() -> tuple[str, dict[str, str]]:
    """(where the site's database is, the environment with its password): a command line is seen by everybody."""
    told: dict[str, Any] = {
        name: value for name, value in connection.get_connection_params().items() if isinstance(value, str | int)
    }
    keep = ("host", "port", "dbname", "user", "sslmode", "sslrootcert", "sslcert", "sslkey", "service")
    password = str(told.get("password") or "")
    conninfo = make_conninfo(**{name: value for name, value in told.items() if name in keep})
    return conninfo, {**os.environ, **({"PGPASSWORD": password} if password else {})}


def run(name: str, *words: str, environment: dict[str, str], doing: str) -> None:
    done = subprocess.run(
        [program(name), *words], env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        said = next((line for line in reversed(done.stderr.strip().splitlines()) if "error" in line.lower()), "")
        raise BackupError(f"{doing} failed: {said or done.stderr.strip()[-500:] or f'{name} said nothing'}")
