"""manage.py demo: from an empty database to a running journal, on one terminal. Ctrl-C stops everything."""

import os
import secrets
import signal
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connection

from demo import sample_cme, sample_journal, subscriber
from demo.processes import Child, DemoError, free_port, wait_until_it_answers
from journal.models import Article

WEB_PORT, STRIPE_PORT = 8000, 8100


class Command(BaseCommand):
    help = "Run the demonstration: database, sample journal, local Stripe, worker and web server. Ctrl-C stops it."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.children: list[Child] = []
        self.var = Path(settings.VAR_DIR)
        self.began = time.monotonic()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            self._set_up()
            self._watch()
        except KeyboardInterrupt:
            self.stdout.write("\nStopping …")
        except DemoError as error:
            raise CommandError(str(error)) from None
        finally:
            for child in reversed(self.children):
                child.stop()
            connection.close()

    def _set_up(self) -> None:
        self._step("Database (embedded PostgreSQL under var/postgres)" if not settings.DATABASE_URL else "Database")
        call_command("migrate", verbosity=0)
        self._step("Style sheets, scripts and fonts")
        self._static_files()
        self.environment = self._environment()
        self._step("Local Stripe")
        self._start_stripe()
        self._step("Sample journal")
        self._sample()
        self._step("Background worker and web server")
        self._start_worker()
        self._start_web()
        self._tell()

    def _step(self, words: str) -> None:
        self.stdout.write(f"{time.monotonic() - self.began:5.1f} s  {words} …")

    # --- each step ---------------------------------------------------------------------------------------------------

    def _static_files(self) -> None:
        """Only when something changed since last time: compressing takes longer than everything else."""
        sources = [path.stat().st_mtime for path in (settings.BASE_DIR / "static").rglob("*") if path.is_file()]
        stamp = self.var / "static.stamp"
        if not stamp.exists() or stamp.stat().st_mtime < max(sources) or not Path(settings.STATIC_ROOT).exists():
            call_command("collectstatic", verbosity=0, interactive=False, clear=True)
            stamp.touch()

    def _environment(self) -> dict[str, str]:
        """What the processes are started with, also kept in var/demo.env so that other commands see the same site."""
        self.port = self._port(WEB_PORT, "web server")
        own = {
            "DEMO": "1", "DATABASE_POOL": "1", "SITE_URL": f"http://127.0.0.1:{self.port}",
            "ALLOWED_HOSTS": "localhost", "SECRET_KEY": self._kept_secret(),
            "CME_REGISTER": str(sample_cme.REGISTER),
        }  # fmt: skip
        self.uses_local_stripe = not settings.STRIPE_SECRET_KEY or settings.STRIPE_SECRET_KEY.startswith("sk_test_sim_")
        if self.uses_local_stripe:
            stripe = f"http://127.0.0.1:{self._port(STRIPE_PORT, 'local Stripe')}"
            own |= {
                "STRIPE_SECRET_KEY": "sk_test_sim_demo", "STRIPE_WEBHOOK_SECRETS": "whsec_demo",
                "STRIPE_API_BASE": stripe, "STRIPE_CONSOLE_URL": f"{stripe}/_sim/",
            }  # fmt: skip
        for name, value in own.items():
            if name.startswith("STRIPE") or name == "SITE_URL":
                setattr(settings, name, value.split() if name == "STRIPE_WEBHOOK_SECRETS" else value)
        lines = [f"{name}={value}" for name, value in own.items() if name != "DATABASE_POOL"]
        (self.var / "demo.env").write_text("\n".join(["# Written by make demo at each start.", *lines]) + "\n")
        return {**os.environ, **own}

    def _port(self, wanted: int, what: str) -> int:
        port = free_port(wanted)
        if port != wanted:
            self.stdout.write(f"         Port {wanted} is in use; the {what} takes {port}.")
        return port

    def _kept_secret(self) -> str:
        file = self.var / "secret"
        if not file.exists():
            self.var.mkdir(parents=True, exist_ok=True)
            file.write_text(secrets.token_urlsafe(50))
            file.chmod(0o600)
        return file.read_text()

    def _child(self, name: str, *command: str) -> Child:
        child = Child(name, [sys.executable, *command], self.environment, self.var / "log")
        self.children.append(child)
        return child

    def _start_stripe(self) -> None:
        if not self.uses_local_stripe:
            self.stdout.write("         STRIPE_SECRET_KEY is yours: the demo talks to Stripe itself.")
            return
        base = self.environment["STRIPE_API_BASE"]
        child = self._child(
            "local Stripe", "-m", "stripe_simulator", "--port", base.rpartition(":")[2],
            "--state", str(self.var / "stripe.sqlite3"), "--secret", "whsec_demo", "--public-url", base,
            "--business", "First Page",
            "--webhook", f"http://127.0.0.1:{self.port}/stripe/webhook/",
        )  # fmt: skip
        wait_until_it_answers(f"{base}/_sim/", child)

    def _sample(self) -> None:
        if not Article.objects.exists():
            call_command("load_sample", stdout=self.stdout, stderr=self.stderr)
        else:  # kept from an earlier demo, perhaps of an earlier version
            call_command("rerender", outdated=True, stdout=self.stdout, stderr=self.stderr)
        if self.uses_local_stripe:
            subscriber.subscribe("subscriber@example.org")

    def _start_worker(self) -> None:
        self._child("worker", "manage.py", "procrastinate", "worker", "--concurrency", "2")
        self._child("sweep", "manage.py", "sweep_jobs", "--every", "30")

    def _start_web(self) -> None:
        child = self._child(
            "web server", "-m", "gunicorn", "config.wsgi", "--config", "config/gunicorn.py",
            "--bind", f"127.0.0.1:{self.port}",
        )  # fmt: skip
        wait_until_it_answers(f"http://127.0.0.1:{self.port}/robots.txt", child)

    # --- running -----------------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        site = settings.SITE_URL
        lines = [
            f"\n  {self.style.SUCCESS('First Page is running:')} {site}/   ({time.monotonic() - self.began:.0f} s)\n"
        ]
        for person in sample_journal.people():
            where = f"{site}/admin/" if person["role"] in sample_journal.ROLES else f"{site}/accounts/login/"
            lines.append(f"  {person['role']:<11}{person['email']:<25}{where}")
        lines.append(f"\n  Everybody's password is {sample_journal.PASSWORD}; or sign in by a mailed code.")
        lines.append(f"  Mail is kept here: {site}/demo/mail/")
        if self.uses_local_stripe:
            lines.append(
                f"  Pay with 4242 4242 4242 4242, any later date, any CVC. Local Stripe: {settings.STRIPE_CONSOLE_URL}"
            )
        lines.append("  Ctrl-C stops everything; make demo-reset starts over.\n")
        self.stdout.write("\n".join(lines))
        self.stdout.flush()

    def _watch(self) -> None:
        while True:
            for child in self.children:
                if not child.is_running:
                    raise DemoError(f"The {child.name} stopped. Its log ({child.log}) ends:\n{child.log_tail()}")
            time.sleep(0.5)
