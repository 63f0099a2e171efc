"""Writes a backup: one folder, there whole or not at all.

The counts are taken in the very snapshot that pg_dump reads, so a site in use can be compared exactly. Files are copied
after the dump: what a row names is there by then, and stays for a day after its last row is gone.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.db import connection, transaction
from django.utils import timezone

from config.backup import fingerprint
from config.backup.programs import BackupError, place, run

FORMAT = 1
DUMP, FILES, MANIFEST = "database.dump", "files", "manifest.json"
#: storage → its folder in the backup. What waits (imports) and what is made anew (search, copies) stays out.
KEPT = {"articles": "articles", "default": "media", "proofs": "proofs"}
PIECE = 1 << 20

Say = Callable[[str], None]


def write(target: Path, say: Say = lambda _: None, now: datetime | None = None) -> Path:
    """A new folder under `target`, named by the moment. Raises `BackupError`; then nothing is left behind."""
    name = f"firstpage-{(now or timezone.now()):%Y%m%d-%H%M%S}"
    unfinished, finished = target / f".{name}.part", target / name
    try:
        target.mkdir(parents=True, exist_ok=True)
        if finished.exists():
            raise BackupError(f"{finished} is there already. Nothing was changed.")
        unfinished.mkdir(mode=0o700)
        manifest = _fill(unfinished, target, say)
        _write_down(unfinished / MANIFEST, manifest)
        unfinished.rename(finished)
    except OSError as error:
        raise BackupError(f"The backup could not be written: {error.strerror or error}. Nothing was kept.") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return finished


def _fill(folder: Path, target: Path, say: Say) -> dict[str, Any]:
    say("Database …")
    began = timezone.now()
    found = _dump(folder / DUMP)
    say("Files …")
    files = dict(_files(folder / FILES, _latest(target)))
    return {
        "format": FORMAT, "at": began.isoformat(), "site": settings.SITE_URL, "tables": found,
        "dump": {"sha256": digest(folder / DUMP), "size": (folder / DUMP).stat().st_size}, "files": files,
    }  # fmt: skip


def _dump(to: Path) -> dict[str, Any]:
    """pg_dump in a snapshot of ours; returns what that snapshot holds."""
    conninfo, environment = place()
    with _snapshot() as snapshot:
        words = ["--format=custom", f"--snapshot={snapshot}", "--no-owner", f"--file={to}", f"--dbname={conninfo}"]
        run("pg_dump", *words, environment=environment, doing="Dumping the database")
        return fingerprint.tables()


@contextlib.contextmanager
def _snapshot() -> Iterator[str]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        (name,) = cursor.fetchone()
        yield name


def _files(to: Path, before: Path | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Copies every kept file; one that the last backup holds under the same name and size is linked to it."""
    for storage, name in KEPT.items():
        kept = storages[storage]
        if not isinstance(kept, FileSystemStorage):
            continue  # S3 keeps versions of its own (docs/running.md)
        root = Path(kept.location)
        for source in sorted(path for path in root.rglob("*") if path.is_file() and not path.name.startswith(".new-")):
            relative = f"{name}/{source.relative_to(root).as_posix()}"
            yield relative, _copy(source, to / relative, before / FILES / relative if before else None)


def _copy(source: Path, to: Path, known: Path | None) -> dict[str, Any]:
    to.parent.mkdir(parents=True, exist_ok=True)
    told = {"sha256": digest(source), "size": source.stat().st_size}
    if known and known.is_file() and known.stat().st_size == told["size"] and digest(known) == told["sha256"]:
        with contextlib.suppress(OSError):  # another disk, or one without links
            os.link(known, to)
            return told
    shutil.copy2(source, to)
    return told


def _latest(target: Path) -> Path | None:
    return max((path.parent for path in target.glob(f"firstpage-*/{MANIFEST}")), default=None)


def superfluous(target: Path, keep: int) -> Iterator[Path]:
    """Removes all but the newest `keep` backups, and tells which; 0 keeps all."""
    whole = sorted(path.parent for path in target.glob(f"firstpage-*/{MANIFEST}"))
    for old in whole[:-keep] if keep else ():
        shutil.rmtree(old)
        yield old


def _write_down(path: Path, manifest: dict[str, Any]) -> None:
    with path.open("w", encoding="utf-8") as file:
        json.dump(manifest, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())


def digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            found.update(piece)
    return found.hexdigest()
