"""`manage.py import_articles PATH...`: files, packages and folders of them, with a report a program can read."""

import gc
import json
import os
import sys
import threading
from argparse import ArgumentParser
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections
from tqdm import tqdm

from journal.importing import STATUSES, ImportRecord, import_source
from journal.packages import ARCHIVES

XML = (".xml", ".nxml")
SUFFIXES = (*XML, ".zip", ".tar", ".tgz", ".tar.gz")


class Command(BaseCommand):
    help = (
        "Import JATS articles: XML files, zip or tar.gz packages, folders. It may be stopped at any moment (Ctrl-C) and"
        " run again: what is in is not imported twice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "paths", nargs="+", type=Path, metavar="PATH", help="a file, a package, or a folder of them"
        )
        parser.add_argument(
            "--report", type=Path, metavar="FILE", help="write one JSON record a line for each input here"
        )
        parser.add_argument(
            "--jobs", type=int, default=min(4, os.cpu_count() or 1), metavar="N", help="imports at a time (processors)"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        inputs = list(dict.fromkeys(found for path in options["paths"] for found in inputs_of(path)))
        if not inputs:
            raise CommandError("There is nothing to import: no XML file or package was found.")
        counted: Counter[str] = Counter()
        report = options["report"].open("w", encoding="utf-8") if options["report"] else None
        if not gc.get_freeze_count():  # all that is loaded: the collector took a sixth of the time to look at it
            gc.freeze()
        try:
            records = _imported(inputs, max(1, options["jobs"]))
            for path, record in tqdm(records, total=len(inputs), unit="article", disable=None, file=sys.stderr):
                counted[record.status] += 1
                line = json.dumps(record.as_data() | {"source": str(path)}, ensure_ascii=False)
                print(line, file=report or self.stdout, flush=True)
        except KeyboardInterrupt:
            raise CommandError(f"Stopped. {_said(counted)}; run the same command to go on.", returncode=130) from None
        except (DatabaseError, OSError) as error:
            raise CommandError(f"Stopped: {error} {_said(counted)}; run the same command to go on.") from error
        finally:
            if report:
                report.close()
        self.stderr.write(_said(counted))
        if counted["rejected"]:
            sys.exit(1)


def _said(counted: Counter[str]) -> str:
    return ", ".join(f"{counted[status]} {status}" for status in STATUSES if counted[status]) or "Nothing imported"


class _Turns:
    """Files are imported side by side; what may touch the same rows, in their order: of two versions the last stands.

    So each waits, before it stores, until all earlier ones have said what they have to do with, and until those that
    have to do with the same are done.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._concerned: dict[int, frozenset[str] | None] = {}  # number → DOIs; None as long as it is not known

    def enter(self, number: int) -> None:
        with self._changed:
            self._concerned[number] = None

    def take(self, number: int, path: Path) -> ImportRecord:
        try:
            return import_source(path, path.name, wait=lambda dois: self._wait(number, dois))
        finally:
            with self._changed:
                del self._concerned[number]
                self._changed.notify_all()

    def _wait(self, number: int, dois: frozenset[str]) -> None:
        with self._changed:
            self._concerned[number] = dois
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._may_store(number, dois))

    def _may_store(self, number: int, dois: frozenset[str]) -> bool:
        earlier = [other for place, other in self._concerned.items() if place < number]
        return not earlier or (bool(dois) and all(other and other.isdisjoint(dois) for other in earlier))


def _imported(inputs: list[Path], jobs: int) -> Iterator[tuple[Path, ImportRecord]]:
    """Records in the order of the inputs. Few are under way at a time, so that memory stays flat."""
    if jobs == 1 or len(inputs) == 1:
        yield from ((path, import_source(path, path.name)) for path in inputs)
        return
    turns = _Turns()
    threads = jobs + 2  # while one waits for the disk and one for an earlier article, the processors have work
    with ThreadPoolExecutor(threads, thread_name_prefix="import") as pool:
        under_way: deque[tuple[Path, Future[ImportRecord]]] = deque()
        try:
            for number, path in enumerate(inputs):
                turns.enter(number)
                under_way.append((path, pool.submit(turns.take, number, path)))
                if len(under_way) > 2 * threads:
                    first, future = under_way.popleft()
                    yield first, future.result()
            yield from ((path, future.result()) for path, future in under_way)
        finally:  # what has begun is finished, the rest is left for the next run
            for _path, future in under_way:
                future.cancel()
            _close_connections(pool, threads)


def _close_connections(pool: ThreadPoolExecutor, threads: int) -> None:
    """Each thread has its own to the database, and nobody else gives it back."""
    all_there = threading.Barrier(threads)  # so that no thread takes two of these

    def close() -> None:
        all_there.wait()
        connections.close_all()

    for _ in range(threads):
        pool.submit(close)


def inputs_of(path: Path) -> Iterator[Path]:
    """A file or package itself; of a folder, all that can be one. A folder of one article is a package."""
    if not path.exists():
        raise CommandError(f"{path} does not exist.")
    if not path.is_dir() or _is_package(path):
        yield path
        return
    for child in sorted(path.iterdir()):
        if child.is_dir() or child.name.lower().endswith(SUFFIXES):
            yield from inputs_of(child)


def _is_package(folder: Path) -> bool:
    """One article with its files, or an unpacked MECA package."""
    files = [child for child in folder.iterdir() if child.is_file()]
    articles = [child for child in files if child.name.lower().endswith(XML)]
    if any(child.name.lower() == "manifest.xml" for child in articles):
        return True
    return len(articles) == 1 < len(files) and not any(child.name.lower().endswith(ARCHIVES) for child in files)
