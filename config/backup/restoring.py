"""Brings a backup back, elsewhere: into an empty database and an empty folder. Nothing is ever written over."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from psycopg import OperationalError, connect
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from config.backup.programs import BackupError, run
from config.backup.writing import DUMP, FILES, FORMAT, MANIFEST, digest


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a backup whose every file is what it says. Raises `BackupError`."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BackupError(f"{folder} is no whole backup: its {MANIFEST} cannot be read ({error}).") from error
    if manifest.get("format") != FORMAT:
        raise BackupError(f"{folder} was written by another version (format {manifest.get('format')}).")
    expected = {DUMP: manifest["dump"]} | {f"{FILES}/{name}": told for name, told in manifest["files"].items()}
    for name, told in expected.items():
        _check(folder / name, name, told)
    return manifest


def _check(path: Path, name: str, told: dict[str, Any]) -> None:
    try:
        is_same = path.stat().st_size == told["size"] and digest(path) == told["sha256"]
    except OSError as error:
        raise BackupError(f"{name} is missing from the backup ({error.strerror}). Take an earlier one.") from error
    if not is_same:
        raise BackupError(f"{name} is not what was written: it is cut off or damaged. Take an earlier backup.")


def database(folder: Path, url: str, jobs: int = 2) -> None:
    """Into the database of `url`, which must be there and empty."""
    try:
        with connect(url, connect_timeout=10) as there:
            row = there.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    except OperationalError as error:
        raise BackupError(f"The database to restore into cannot be reached: {str(error).strip()}") from None
    if row and row[0]:
        raise BackupError(
            f"The database to restore into has {row[0]} tables. Give it an empty one; nothing was changed."
        )
    words = ["--no-owner", "--no-privileges", "--exit-on-error", f"--jobs={jobs}", f"--dbname={_without_password(url)}"]
    run("pg_restore", *words, str(folder / DUMP), environment=_with_password(url), doing="Restoring the database")


def files(folder: Path, var: Path) -> int:
    """Into the folders a site has under its VAR_DIR; how many."""
    done = 0
    for source in sorted((folder / FILES).rglob("*")):
        to = var / source.relative_to(folder / FILES)
        if source.is_dir():
            continue
        if to.exists():
            raise BackupError(f"{to} is there already. Give an empty folder.")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, to)
        done += 1
    return done


def look(url: str, var: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """What a site on the restored data finds: in a process of its own, with the restored places as its settings."""
    told = var / "expected.json"
    told.write_text(json.dumps(manifest["tables"]))
    environment = {
        **os.environ, "DATABASE_URL": url, "DATABASE_URL_FILE": "", "VAR_DIR": str(var), "DATABASE_POOL": "0",
        "LOG_FORMAT": "json", "SITE_URL": settings.SITE_URL, "SECRET_KEY": settings.SECRET_KEY, "SECRET_KEY_FILE": "",
        "DJANGO_SETTINGS_MODULE": "config.backup.settings",
    }  # fmt: skip
    command = [sys.executable, "-m", "config.backup.looking", str(told)]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"The restored site does not open: {done.stderr.strip()[-800:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _without_password(url: str) -> str:
    return make_conninfo("", **{name: value for name, value in conninfo_to_dict(url).items() if name != "password"})


def _with_password(url: str) -> dict[str, str]:
    password = conninfo_to_dict(url).get("password")
    return {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
