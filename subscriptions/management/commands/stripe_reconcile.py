"""manage.py stripe_reconcile: compare with Stripe by hand. The worker does the same every ten minutes."""

import sys
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from subscriptions import gateway, reconcile


class Command(BaseCommand):
    help = (
        "Compare orders, subscriptions, refunds and disputes with Stripe and mend what differs."
        " Exit code 0: all agreed; 1: something was found (see Findings in the admin); 2: Stripe did not answer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", help="a moment (2026-11-22T10:00) or a number of hours back; at most 30 days")

    def handle(self, *args: Any, **options: Any) -> None:
        if not gateway.is_open():
            raise CommandError("STRIPE_SECRET_KEY is not set: there is no Stripe to compare with.")
        run = reconcile.reconcile(_moment(options["since"]))
        if run.error:
            raise CommandError(run.error, returncode=2)
        since = timezone.localtime(run.since)
        self.stdout.write(f"Since {since:%Y-%m-%d %H:%M}: {run.looked_at} read, {run.events_missed} events missed.")
        findings = list(run.findings.all())
        for finding in findings:
            self.stdout.write(f"{finding} {finding.remedy}")
        if findings:
            sys.exit(1)
        self.stdout.write("All agreed.")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    if text.replace(".", "", 1).isdigit():
        return timezone.now() - timedelta(hours=float(text))
    found = parse_datetime(text)
    if found is None:
        raise CommandError(f"“{text}” is neither a number of hours nor a moment like 2026-11-22T10:00.")
    return found if timezone.is_aware(found) else timezone.make_aware(found)
