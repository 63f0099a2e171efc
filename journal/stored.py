"""Stored files where programs need a path: as they lie on the disk, or fetched from elsewhere (S3) for an hour."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from django.core.files.storage import FileSystemStorage, Storage
from django.utils import timezone

from journal import shelf


def path_of(storage: Storage, named: str | None) -> Path:
    """Where the file can be read on this machine. Raises FileNotFoundError, also later for one on the disk."""
    name = named or ""
    if isinstance(storage, FileSystemStorage):
        return Path(storage.path(name))

    def fetch(path: Path) -> None:
        with storage.open(name, "rb") as stored, path.open("wb") as file:
            shutil.copyfileobj(stored, file, 1 << 20)

    return shelf.kept(["stored", name], PurePosixPath(name).suffix, fetch)


def names(storage: Storage, folder: str = "") -> Iterator[str]:
    """Everything that is stored."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{file}".lstrip("/") for file in files)
    for inner in folders:
        yield from names(storage, f"{folder}/{inner}".lstrip("/"))


def remove_old(storage: Storage, named: Callable[[], set[str]], age: timedelta) -> int:
    """Remove what no row names and is at least so old; how many. `named` is asked afterwards: rows come after files."""
    there = list(names(storage))
    known = named() if there else set()
    before = timezone.now() - age
    old = [name for name in there if name not in known and _is_older(storage, name, before)]
    for name in old:
        storage.delete(name)
    return len(old)


def _is_older(storage: Storage, name: str, moment: datetime) -> bool:
    try:
        return storage.get_modified_time(name) <= moment
    except FileNotFoundError:  # somebody was quicker
        return False
