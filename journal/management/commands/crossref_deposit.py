"""`manage.py crossref_deposit`: write deposits for Crossref as files, hand them in, ask what became of them."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from journal.crossref import Deposit, deposit_of
from journal.crossref.sending import NotSentError, outcome, send
from journal.models import Article, ArticleQuerySet, Issue


class Command(BaseCommand):
    help = (
        "Write Crossref deposits: one file for each issue chosen, one for articles without an issue or chosen by DOI."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dois", nargs="*", metavar="DOI", help="these articles, in one file")
        parser.add_argument("--issue", metavar="VOLUME(NUMBER)", help="the articles of an issue, as 4(1)")
        parser.add_argument("--all", action="store_true", help="every published article")
        parser.add_argument("--since", type=date.fromisoformat, metavar="YYYY-MM-DD", help="only what changed since")
        parser.add_argument("--output", type=Path, help="folder for the files (default: crossref/ under VAR_DIR)")
        parser.add_argument("--send", action="store_true", help="hand them in at CROSSREF_URL")
        parser.add_argument("--result", metavar="FILE", help="ask what became of a file handed in before")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["result"]:
            return self._report(Path(options["result"]).name)
        deposits = list(_deposits(self._chosen(options)))
        if not deposits:
            raise CommandError("No published article is among these; nothing was written.")
        folder = options["output"] or settings.VAR_DIR / "crossref"
        folder.mkdir(parents=True, exist_ok=True)
        failed = [deposit for deposit in deposits if not self._file(deposit, folder, is_sent=options["send"])]
        if failed:
            sys.exit(1)
        return None

    def _chosen(self, options: dict[str, Any]) -> ArticleQuerySet:
        if not (options["dois"] or options["issue"] or options["all"] or options["since"]):
            raise CommandError("Say which articles: DOIs, --issue 4(1), --since a day, or --all.")
        articles = Article.objects.published().select_related("journal", "issue", "record").defer("search")
        if options["dois"]:
            articles = articles.filter(doi_key__in=[doi.lower() for doi in options["dois"]])
            missing = {doi.lower() for doi in options["dois"]} - set(articles.values_list("doi_key", flat=True))
            if missing:
                raise CommandError(f"Not published here: {', '.join(sorted(missing))}. Nothing was written.")
        if options["issue"]:
            articles = articles.filter(issue=_issue(options["issue"]))
        return articles.filter(updated_at__date__gte=options["since"]) if options["since"] else articles

    def _file(self, deposit: Deposit, folder: Path, *, is_sent: bool) -> bool:
        (folder / deposit.name).write_bytes(deposit.xml)
        self.stdout.write(f"{folder / deposit.name}: {len(deposit.dois)} articles")
        for note in deposit.notes:
            self.stderr.write(f"  {note}")
        if not is_sent:
            return True
        try:
            send(deposit)
        except NotSentError as error:
            self.stderr.write(f"  not sent: {error}")
            return False
        self.stdout.write(
            f"  taken into Crossref's queue; ask later: manage.py crossref_deposit --result {deposit.name}"
        )
        return True

    def _report(self, name: str) -> None:
        try:
            found = outcome(name)
        except NotSentError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{name}: {found.state}")
        for doi, status, message in found.records:
            self.stdout.write(f"  {doi}: {status}. {message}")
        if found.failed or found.state == "unknown_submission":
            sys.exit(1)


def _issue(text: str) -> Issue:
    volume, _, number = text.strip().rstrip(")").partition("(")
    found = Issue.objects.filter(volume=volume.strip(), number=number.strip()).first()
    if found is None:
        raise CommandError(f"There is no issue {text}. Write volume and number as 4(1).")
    return found


def _deposits(articles: ArticleQuerySet) -> Iterator[Deposit]:
    """One deposit for each issue, one for what has none, each loaded on its own."""
    for pk in articles.order_by("issue").values_list("issue", flat=True).distinct():
        listed = list(articles.filter(issue=pk))
        issue = listed[0].issue
        yield deposit_of(listed, f"{issue.volume}-{issue.number}" if issue else "online-first")
