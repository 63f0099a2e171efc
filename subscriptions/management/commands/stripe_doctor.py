"""manage.py stripe_doctor: is selling in order? Exit code 0 when all is well, else 1."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from subscriptions import doctor


class Command(BaseCommand):
    help = "Look at settings, keys, clocks, webhooks, prices, jobs and mail; say what is wrong and what to do."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        answers = list(doctor.examine())
        for answer in answers:
            mark = self.style.SUCCESS("well ") if answer.is_well else self.style.ERROR("WRONG")
            remedy = "" if answer.is_well else f"\n       → {answer.remedy}"
            self.stdout.write(f"{mark}  {answer.question}: {answer.said}{remedy}")
        if not all(answer.is_well for answer in answers):
            sys.exit(1)
