"""`manage.py rerender`: make stored pages again from the stored XML, after the renderer or the templates changed."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from tqdm import tqdm

from journal import pages, worker
from journal.jats import JatsError
from journal.jats.render import VERSION
from journal.models import Article
from journal.typesetting import job


class Command(BaseCommand):
    help = "Render articles again from their stored XML. Access, issues and addresses stay as they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dois", nargs="*", metavar="DOI", help="only these articles (default: all)")
        parser.add_argument("--outdated", action="store_true", help="only those rendered by an earlier version")

    def handle(self, *_args: Any, **options: Any) -> None:
        articles = Article.objects.filter(version__gt=0)
        if options["dois"]:
            articles = articles.filter(doi_key__in=[doi.lower() for doi in options["dois"]])
        failed = 0
        for pk in tqdm(
            list(articles.order_by("pk").values_list("pk", flat=True)), unit="article", disable=None, file=sys.stderr
        ):
            failed += not self._rerender(pk, outdated_only=options["outdated"])
        if failed:
            self.stderr.write(f"{failed} could not be rendered; they stay as they were.")
            sys.exit(1)

    def _rerender(self, pk: int, *, outdated_only: bool) -> bool:
        try:
            with transaction.atomic():
                article = Article.objects.select_for_update(of=("self",)).select_related("journal", "issue").get(pk=pk)
                source = article.sources.first()
                if source is None or (outdated_only and source.renderer == str(VERSION)):
                    return True
                pages.prepare(article)
                job.request(article)
                source.renderer = str(VERSION)
                source.save(update_fields=["renderer"])
        except (JatsError, worker.WorkerError) as error:
            self.stderr.write(f"{article}: {error}")
            return False
        return True
