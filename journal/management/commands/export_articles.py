"""`manage.py export_articles FOLDER [DOI…]`: the stored packages as files, which import again to the same articles."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import F
from tqdm import tqdm

from journal import versions
from journal.models import ArticleSource


class Command(BaseCommand):
    help = "Write a zip for each article: its JATS as it came, with its PDF, pictures and supplements."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the files go; made if it is not there")
        parser.add_argument("dois", nargs="*", metavar="DOI", help="only these articles (default: all)")
        parser.add_argument("--all-versions", action="store_true", help="also the versions that were replaced")

    def handle(self, *_args: Any, **options: Any) -> None:
        sources = ArticleSource.objects.select_related("article").order_by("pk")
        if not options["all_versions"]:
            sources = sources.filter(version=F("article__version"))
        if options["dois"]:
            sources = sources.filter(article__doi_key__in=[doi.lower() for doi in options["dois"]])
        keys = list(sources.values_list("pk", flat=True))
        if not keys:
            raise CommandError("There is nothing to export: no such article was imported.")
        options["folder"].mkdir(parents=True, exist_ok=True)
        taken: set[str] = set()
        failed = sum(
            not self._export(sources.get(pk=pk), options["folder"], taken)
            for pk in tqdm(keys, unit="article", disable=None, file=sys.stderr)
        )
        self.stderr.write(f"{len(keys) - failed} exported to {options['folder']}.")
        if failed:
            sys.exit(1)

    def _export(self, source: ArticleSource, folder: Path, taken: set[str]) -> bool:
        """Whole or not at all: written under another name first. What cannot be read is said and does not stop."""
        name = versions.export_name(source)
        if name in taken:  # two DOIs that differ only in what a file name cannot hold
            name = f"{source.article_id}.{name}"
        taken.add(name)
        unfinished = folder / f".{name}.part"
        try:
            with unfinished.open("wb") as file:
                versions.write_package(source, file)
            unfinished.replace(folder / name)
        except FileNotFoundError as error:
            unfinished.unlink(missing_ok=True)
            self.stderr.write(f"{source.article}: a stored file is missing ({error.filename}); it was not exported.")
            return False
        return True
