"""The process that owns the embedded server: starts it, waits until nobody uses it any more, stops it.

Run as `python -m config.embedded_postgres.keeper FOLDER` by the first command that needs the database. It lives in a
session of its own, so Ctrl-C in a terminal reaches the commands and not the database under them.
"""

import fcntl
import signal
import subprocess
import sys
import threading
from pathlib import Path

from config.embedded_postgres.server import EmbeddedServer, as_server_user, binaries, give_to_server

STOP_SECONDS = 30


def main(folder: Path) -> int:
    server = EmbeddedServer(folder)
    socket_folder = server.socket_folder
    socket_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket_folder.chmod(0o700)
    give_to_server(socket_folder)
    postgres = _start(server, socket_folder)
    threading.Thread(target=_leave_when_unused, args=(server, postgres), daemon=True).start()
    return postgres.wait()


def _start(server: EmbeddedServer, socket_folder: Path) -> "subprocess.Popen[bytes]":
    settings = [
        "-c",
        "listen_addresses=",
        "-c",
        f"unix_socket_directories={socket_folder}",
        "-c",
        "max_connections=150",
    ]
    # The working folder is / because a private folder above the checkout could not be entered by another user.
    with server.log.open("ab") as log:
        command = [*as_server_user(), str(binaries() / "postgres"), "-D", str(server.data), *settings]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")


def _leave_when_unused(server: EmbeddedServer, postgres: "subprocess.Popen[bytes]") -> None:
    """Wait for the exclusive lock, which comes when the last user's shared lock is gone; then stop the server.

    The lock is kept until the server is down, so a newcomer waits and starts a fresh one.
    """
    with server.users_lock.open("ab") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        postgres.send_signal(signal.SIGINT)  # "fast" shutdown: rolls back, writes a checkpoint
        try:
            postgres.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            postgres.send_signal(signal.SIGQUIT)
            postgres.wait()


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    sys.exit(main(Path(sys.argv[1])))
