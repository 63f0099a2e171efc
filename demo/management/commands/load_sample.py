"""manage.py load_sample: the sample journal into the database. May run again; nothing is doubled."""

from typing import Any

from django.core.management.base import BaseCommand

from demo import sample_cme, sample_journal


class Command(BaseCommand):
    help = "Load the sample journal (articles, issues, prices, people). May run again; nothing is doubled."

    def handle(self, *args: Any, **options: Any) -> None:
        records = sample_journal.load(self._progress)
        for record in records:
            if record.status in ("draft", "rejected"):
                self.stderr.write(f"{record.source}: {record.status}: {'; '.join(str(e) for e in record.errors)}")
        for sentence in sample_cme.load():
            self.stderr.write(f"CME: {sentence}")
        self.stdout.write(f"{len(records)} articles looked at.")

    def _progress(self, step: str, done: int, of: int) -> None:
        if self.stdout.isatty():
            self.stdout.write(f"\r      {done} of {of} {step}", ending="")
            self.stdout.flush()
