"""Which PostgreSQL: the one of DATABASE_URL, else the embedded server of this checkout."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from config.embedded_postgres.server import DATABASE, SUPERUSER

# No statement of a page may run or wait long. A prepared statement keeps its plan: left to choose, PostgreSQL planned
# the access decision at every page, which took seven times as long as its answer (docs/performance.md). Compiling
# plans pays for reports only.
WEB = {"statement_timeout": "15s", "lock_timeout": "5s", "plan_cache_mode": "force_generic_plan", "jit": "off"}


def database(url: str, embedded_folder: Path, pool: bool) -> dict[str, Any]:
    """Django's settings for the database.

    `pool` is for the web server: connections stay open, and no statement may run long.
    """
    settings = _from_url(url) if url else _embedded(embedded_folder)
    options = settings["OPTIONS"]
    options.setdefault("connect_timeout", 5)
    # Prepared at the second use: the access decision and the article page plan once for each connection.
    options.update(server_side_binding=True, prepare_threshold=1)
    if pool:
        options["pool"] = {"min_size": 1, "max_size": 8, "timeout": 10, "max_idle": 600}
        options.setdefault("options", " ".join(f"-c {name}={value}" for name, value in WEB.items()))
    return settings


def _from_url(url: str) -> dict[str, Any]:
    if not url.startswith(("postgresql://", "postgres://")):
        raise ImproperlyConfigured("DATABASE_URL must start with postgresql:// (First Page runs on PostgreSQL only).")
    try:
        parts: dict[str, Any] = dict(conninfo_to_dict(url))
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}") from None
    named = {
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
    }
    if not named["NAME"]:
        raise ImproperlyConfigured("DATABASE_URL names no database; it ends like …@host:5432/firstpage.")
    return {"ENGINE": "config.postgres", **named, "OPTIONS": parts}


def _embedded(folder: Path) -> dict[str, Any]:
    return {
        "ENGINE": "config.embedded_postgres",
        "EMBEDDED_FOLDER": str(folder),
        "NAME": DATABASE,
        "USER": SUPERUSER,
        "OPTIONS": {},
    }
