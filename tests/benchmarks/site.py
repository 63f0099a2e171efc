"""A site of its own in a temporary folder: PostgreSQL, sample journal, static files, production web server."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.processes import Child, free_port, wait_until_it_answers

ROOT = Path(__file__).parents[2]
FIRST_PORT = 8400
STOP_SECONDS = 30


@dataclass(frozen=True)
class Site:
    """A running site: its address, its server's process id, its folder, and what `prepare` told about its pages."""

    host: str
    port: int
    server_pid: int
    folder: Path
    pages: list[dict[str, Any]]
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def place(self, kind: str) -> str:
        """The address of a page of this kind: home, issue, article, search."""
        return str(next(page["path"] for page in self.pages if page["name"].startswith(kind)))

    @property
    def database_pid(self) -> int:
        return int((self.folder / "postgres/data/postmaster.pid").read_text().split()[0])


@contextmanager
def running_site(prepare: str = "tests.benchmarks.prepare", **settings: str) -> Iterator[Site]:
    """Filled by the module `prepare`, with `settings` beside the site's own.

    All is stopped and removed at the end, also after Ctrl-C or SIGTERM.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="firstpage-bench-"))
    folder.chmod(0o755)  # the embedded server runs as another user when we are root
    try:
        port = free_port(FIRST_PORT)
        environment = site_environment(folder, port) | settings
        pages = _prepare(prepare, folder, environment)
        server = _start(folder, environment, port)
        try:
            yield Site("127.0.0.1", port, server.process.pid, folder, pages, environment)
        finally:
            server.stop()
    finally:
        remove(folder)


def site_environment(folder: Path, port: int) -> dict[str, str]:
    """A site in production, with sales open (nothing here talks to Stripe) and none of your own settings."""
    ours = ("DATABASE_", "STRIPE_", "EMAIL_", "DEMO", "DEBUG", "SITE_", "ALLOWED_HOSTS", "TRUSTED_", "PAGE_", "SHARED_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings", "ENV_FILE": os.devnull, "VAR_DIR": str(folder),
        "SITE_URL": f"http://127.0.0.1:{port}", "SECRET_KEY": secrets.token_urlsafe(50), "DATABASE_POOL": "1",
        "STRIPE_SECRET_KEY": "sk_test_sim_bench", "STRIPE_WEBHOOK_SECRETS": "whsec_bench",
        "STRIPE_API_BASE": "http://127.0.0.1:9",
    }  # fmt: skip


def _prepare(module: str, folder: Path, environment: dict[str, str]) -> list[dict[str, Any]]:
    """In a process of its own: this one then holds neither Django nor a connection while it measures."""
    told = folder / "pages.json"
    subprocess.run([sys.executable, "-m", module, str(told)], cwd=ROOT, env=environment, check=True)
    pages: list[dict[str, Any]] = json.loads(told.read_text())
    return pages


def _start(folder: Path, environment: dict[str, str], port: int) -> Child:
    command = [
        sys.executable, "-m", "gunicorn", "config.wsgi", "--chdir", str(ROOT),
        "--config", str(ROOT / "config/gunicorn.py"), "--bind", f"127.0.0.1:{port}",
    ]  # fmt: skip
    server = Child("web server", command, environment, folder / "log")
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/", server)  # a page that wakes the database, too
    except BaseException:
        server.stop()
        raise
    return server


@contextmanager
def folder_of(name: str, kept: str) -> Iterator[Path]:
    """A folder in var/ for a site, removed at the end; or the one named `kept`, which stays there for the next run."""
    (ROOT / "var").mkdir(exist_ok=True)
    folder = ROOT / "var" / kept if kept else Path(tempfile.mkdtemp(prefix=f"{name}-", dir=ROOT / "var"))
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)  # the embedded server runs as another user when we are root
    try:
        yield folder
    finally:
        if not kept:
            remove(folder)


def remove(folder: Path) -> None:
    """The embedded server stops when its last user is gone; its folder is removed after that."""
    deadline = time.monotonic() + STOP_SECONDS
    while (folder / "postgres/data/postmaster.pid").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    shutil.rmtree(folder, ignore_errors=True)
