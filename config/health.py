"""Is this process alive, and can it answer readers? For load balancers, containers and people.

Only what would make readers see errors takes a machine out: the database, and migrations that are missing. A disk
that takes no more and a worker that is late are said, and left to the alarms: readers can still read, and taking all
machines out at once would help nobody (docs/decisions/0040-watching.md).
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

LATE_SECONDS = 120  # a worker gives a sign of life every ten
WELL = "ok"
PLACES = ("default", "articles", "imports")
_SILENT = "SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers"
_migrated = False  # once nothing is missing, nothing can be: the code of a process does not change


def examine() -> tuple[bool, dict[str, Any]]:
    """(whether readers can be answered, what was found). It holds no name, address or path."""
    told: dict[str, Any] = {"storage": _storage()}
    try:
        told |= {"migrations": _migrations(), "database": WELL} | _worker()
    except Error:
        told |= {"database": "away", "migrations": "not known", "worker": "not known"}
    ready = told["database"] == WELL and told["migrations"] == WELL
    return ready, {"ready": ready, **dict(sorted(told.items()))}


def _migrations() -> str:
    global _migrated  # noqa: PLW0603  (one for the process)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return WELL if _migrated else "missing"


def _worker() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(_SILENT)
        (seconds,) = cursor.fetchone()
    if seconds is None:
        return {"worker": "none", "worker_seconds": None}
    return {"worker": WELL if seconds <= LATE_SECONDS else "late", "worker_seconds": round(float(seconds))}


def _storage() -> str:
    """Whether each folder takes a file. Storage elsewhere (S3) is not asked: that costs money and time."""
    local = [one for one in (storages[name] for name in PLACES) if isinstance(one, FileSystemStorage)]
    folders = {Path(settings.VAR_DIR), *(Path(one.location) for one in local)}
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(bytes(4096))
                file.flush()
                os.fsync(file.fileno())
    except OSError:
        return "not writable"
    return WELL
