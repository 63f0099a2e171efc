"""A PostgreSQL server apart from the site's: for drills that restart it, and for trying a backup.

From the same wheel, with its data and its socket in a folder of its own. Started and stopped by whoever made it.
"""

import subprocess
from pathlib import Path
from urllib.parse import quote

from config.embedded_postgres.server import (
    DATABASE,
    SUPERUSER,
    EmbeddedServer,
    as_server_user,
    binaries,
    give_to_server,
)


class ServerApartError(Exception):
    """It could not be started or stopped; the message is PostgreSQL's."""


class ServerApart:
    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedServer(folder)
        self.folder = folder

    @property
    def url(self) -> str:
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self._server.socket_folder))}"

    def make(self) -> None:
        """The data folder, and the server's own settings in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._server.prepare_data()
        socket = self._server.socket_folder
        socket.mkdir(mode=0o700, parents=True, exist_ok=True)
        give_to_server(socket)
        with (self._server.data / "postgresql.conf").open("a") as settings:
            settings.write(f"listen_addresses = ''\nunix_socket_directories = '{socket}'\nmax_connections = 100\n")

    def start(self) -> None:
        self._control("start", "-l", str(self._server.data / "server.log"))

    def stop(self, how: str = "fast") -> None:
        """`fast` ends every connection and writes everything down, `immediate` is a crash."""
        self._control("stop", "-m", how)

    def make_database(self, name: str = DATABASE) -> None:
        socket = str(self._server.socket_folder)
        self._run(str(binaries() / "createdb"), "-h", socket, "-U", SUPERUSER, name)

    def _control(self, *words: str) -> None:
        self._run(str(binaries() / "pg_ctl"), *words, "-D", str(self._server.data), "-w", "-t", "60", "-s")

    @staticmethod
    def _run(*command: str) -> None:
        # Its output goes nowhere: the server inherits it, and would keep a pipe open for as long as it lives.
        nowhere = subprocess.DEVNULL
        done = subprocess.run(
            [*as_server_user(), *command], stdin=nowhere, stdout=nowhere, stderr=nowhere, check=False, cwd="/"
        )
        if done.returncode:
            raise ServerApartError(f"{Path(command[0]).name} {' '.join(command[1:3])} ended with {done.returncode}.")
