"""`manage.py backup FOLDER`: database and files into a new folder under FOLDER, with a manifest to check them by."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from config.backup import writing
from config.backup.programs import BackupError


class Command(BaseCommand):
    help = "Back up the database and the files. The site may be in use. Try it out with restore_drill."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="where backups are kept; each becomes a folder of its own in it")
        parser.add_argument("--keep", type=int, default=0, metavar="N", help="remove all but the newest N afterwards")

    def handle(self, *_args: Any, **options: Any) -> None:
        began = time.monotonic()
        try:
            made = writing.write(options["folder"], self.stdout.write)
        except BackupError as error:
            raise CommandError(str(error)) from error
        except OperationalError as error:
            raise CommandError(f"The database cannot be reached: {str(error).strip()} Nothing was kept.") from error
        for old in writing.superfluous(options["folder"], options["keep"]):
            self.stdout.write(f"Removed {old.name}.")
        size = sum(path.stat().st_size for path in made.rglob("*") if path.is_file()) / 1e6
        self.stdout.write(f"{made} ({size:.1f} MB, {time.monotonic() - began:.1f} s)")
