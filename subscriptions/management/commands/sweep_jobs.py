"""manage.py sweep_jobs: from outside the queue, for a systemd timer: what a dead worker left behind is done."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections

from subscriptions import jobs, mail, orders, sync


class Command(BaseCommand):
    help = "Put jobs of dead workers back and do what is overdue. For a timer each minute; may run beside workers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=float, default=0, metavar="SECONDS", help="go on, once in so many seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        while True:
            try:
                self._sweep()
            except DatabaseError as error:
                if not options["every"]:
                    raise
                self.stderr.write(f"The database did not answer; tried again in a while: {error}")
            if not options["every"]:
                return
            time.sleep(options["every"])

    def _sweep(self) -> None:
        close_old_connections()
        rescued = jobs.rescue()
        orders.hint_overdue()
        read, sent = sync.run_due(), mail.send_unsent()
        if rescued or read or sent:
            self.stdout.write(f"{rescued} stalled jobs queued again, {read} read from Stripe, {sent} mails sent.")
