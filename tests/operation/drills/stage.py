"""A whole site in a folder of its own, every part of which may be stopped, killed or taken away."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg import connect

from config.embedded_postgres.apart import ServerApart
from demo.processes import Child, free_port, wait_until_it_answers
from stripe_simulator.process import LocalStripe

ROOT = Path(__file__).parents[3]
FIRST_PORT = 8500


@dataclass
class Stage:
    """A running site: its database server, its web server, its Stripe."""

    folder: Path
    database: ServerApart
    stripe: LocalStripe
    port: int
    environment: dict[str, str]
    told: dict[str, Any] = field(default_factory=dict)
    web: Child | None = None

    @property
    def pages(self) -> list[dict[str, str]]:
        return list(self.told["pages"])

    def manage(self, *words: str, next_version: bool = False) -> "subprocess.CompletedProcess[str]":
        """With `next_version` there is a migration more than what the site was made with."""
        environment = self.environment | ({"NEXT_VERSION": "1"} if next_version else {})
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)

    def start_web(self) -> None:
        command = [
            sys.executable, "-m", "gunicorn", "config.wsgi", "--chdir", str(ROOT),
            "--config", str(ROOT / "config/gunicorn.py"), "--bind", f"127.0.0.1:{self.port}",
        ]  # fmt: skip
        self.web = Child("web server", command, self.environment, self.folder / "log")
        wait_until_it_answers(f"http://127.0.0.1:{self.port}/", self.web)

    def reload(self) -> None:
        assert self.web
        self.web.process.send_signal(signal.SIGHUP)

    def workers(self) -> list[int]:
        """Process ids of the web server's workers."""
        assert self.web
        pid = self.web.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def restart_database(self, how: str) -> None:
        self.database.stop(how)
        self.database.start()


@contextmanager
def raised(dump: Path | None = None) -> Iterator[Stage]:
    """A stage from an empty folder; `dump` is a database that is migrated already. Everything ends with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="firstpage-drill-"))
    folder.chmod(0o755)  # the server runs as another user when we are root
    database, stripe = ServerApart(folder / "postgres"), LocalStripe(strict=True)
    stage = Stage(folder, database, stripe, free_port(FIRST_PORT), {})
    try:
        stage.environment = _environment(stage)
        database.make()
        database.start()
        database.make_database()
        if dump:
            _load(dump, database.url)
        told = folder / "told.json"
        command = [sys.executable, "-m", "tests.operation.drills.prepare", str(told)]
        subprocess.run(command, cwd=ROOT, env=stage.environment, check=True)
        stage.told = json.loads(told.read_text())
        with connect(database.url, autocommit=True) as there:
            there.execute("CHECKPOINT")  # a crash has minutes of changes to go through, not a whole database's making
        stage.start_web()
        yield stage
    finally:
        if stage.web:
            stage.web.stop()
        stripe.stop()
        with_pid = folder / "postgres/data/postmaster.pid"
        if with_pid.exists():
            database.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _load(dump: Path, url: str) -> None:
    from config.backup.programs import program

    subprocess.run([program("pg_restore"), "--no-owner", "--no-privileges", "--dbname", url, str(dump)], check=True)


def _environment(stage: Stage) -> dict[str, str]:
    """A site in production with none of your own settings."""
    ours = (
        "DATABASE_",
        "STRIPE_",
        "EMAIL_",
        "DEMO",
        "DEBUG",
        "SITE_",
        "ALLOWED_HOSTS",
        "TRUSTED_",
        "PROMETHEUS",
        "LOG_",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "tests.operation.drills.settings", "ENV_FILE": os.devnull,
        "VAR_DIR": str(stage.folder / "var"), "SITE_URL": f"http://127.0.0.1:{stage.port}",
        "SECRET_KEY": secrets.token_urlsafe(50), "DATABASE_URL": stage.database.url, "DATABASE_POOL": "1",
        "STRIPE_SECRET_KEY": stage.stripe.key, "STRIPE_WEBHOOK_SECRETS": stage.stripe.secret,
        "STRIPE_API_BASE": stage.stripe.url, "WEB_WORKERS": "2", "METRICS_TOKEN": "drill",
    }  # fmt: skip
