"""`manage.py import_articles PATH...`: files, packages and folders of them, with a report a program can read."""

import json
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from journal.importing import STATUSES, import_source

SUFFIXES = (".xml", ".nxml", ".zip", ".tar", ".tgz", ".tar.gz")


class Command(BaseCommand):
    help = "Import JATS articles: XML files, zip or tar.gz packages, folders. Running it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "paths", nargs="+", type=Path, metavar="PATH", help="a file, a package, or a folder of them"
        )
        parser.add_argument(
            "--report", type=Path, metavar="FILE", help="write one JSON record a line for each input here"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        inputs = list(dict.fromkeys(found for path in options["paths"] for found in inputs_of(path)))
        if not inputs:
            raise CommandError("There is nothing to import: no XML file or package was found.")
        counted: Counter[str] = Counter()
        report = options["report"].open("w", encoding="utf-8") if options["report"] else None
        try:
            for path in tqdm(inputs, unit="article", disable=None, file=sys.stderr):
                record = import_source(path, path.name).as_data() | {"source": str(path)}
                counted[str(record["status"])] += 1
                line = json.dumps(record, ensure_ascii=False)
                print(line, file=report or self.stdout, flush=True)
        finally:
            if report:
                report.close()
        self.stderr.write(", ".join(f"{counted[status]} {status}" for status in STATUSES if counted[status]))
        if counted["rejected"]:
            sys.exit(1)


def inputs_of(path: Path) -> Iterator[Path]:
    """A file or package itself; of a folder, all that can be one. A folder of one article is a package."""
    if not path.exists():
        raise CommandError(f"{path} does not exist.")
    if not path.is_dir():
        yield path
        return
    articles = [child for child in path.iterdir() if child.name.lower().endswith((".xml", ".nxml"))]
    others = [child for child in path.iterdir() if child.is_file() and child not in articles]
    if len(articles) == 1 and others and not any(child.name.lower().endswith(SUFFIXES) for child in others):
        yield path
        return
    for child in sorted(path.iterdir()):
        if child.is_dir() or child.name.lower().endswith(SUFFIXES):
            yield from inputs_of(child)
