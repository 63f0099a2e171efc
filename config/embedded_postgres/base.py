"""The PostgreSQL engine, with the embedded server started at the first connection."""

from pathlib import Path
from typing import Any

from config.embedded_postgres.server import EmbeddedServer
from config.postgres import base

_servers: dict[str, EmbeddedServer] = {}


class DatabaseWrapper(base.DatabaseWrapper):
    """HOST in the settings names the server's folder; everything else is as with any server."""

    def place(self) -> dict[str, Any]:
        folder = self.settings_dict["EMBEDDED_FOLDER"]
        server = _servers.setdefault(folder, EmbeddedServer(Path(folder)))
        server.ensure_running()
        return {"host": str(server.socket_folder)}
