"""`manage.py rebuild_search`: everything that searching reads, anew from the database."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from journal.search import terms, upkeep


class Command(BaseCommand):
    help = (
        "Rebuild the search: the database's entries, the terms that are suggested, and this machine's full-text index."
        " Readers search the old ones meanwhile."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--index-only", action="store_true", help="Only this machine's full-text index (for further web machines)."
        )
        parser.add_argument(
            "--changes", action="store_true", help="Only what has changed since the last time (for a timer)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        begun = time.monotonic()
        if options["changes"]:
            upkeep.catch_up()
            self.stdout.write("The index has learned what has changed.")
            return
        if not options["index_only"]:
            entries = upkeep.refresh_entries()
            found = terms.learn_all()
            self.stdout.write(f"Entries of {entries} articles, {found} terms.")
        articles = upkeep.rebuild_index()
        self.stdout.write(f"Full text of {articles} articles indexed in {time.monotonic() - begun:.1f} s.")
