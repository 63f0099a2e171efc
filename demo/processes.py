"""The demo's processes: started one after the other, watched, stopped in reverse order."""

import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

STOP_SECONDS = 10


class DemoError(Exception):
    """Something the person at the terminal should read, in a sentence."""


class Child:
    """One process in a session of its own, so that Ctrl-C reaches only the demo, which stops it in good order."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log_folder: Path) -> None:
        log_folder.mkdir(parents=True, exist_ok=True)
        self.name, self.log = name, log_folder / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def log_tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        if not self.is_running:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port(wanted: int) -> int:
    """`wanted`, or the next one nobody listens on."""
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise DemoError(f"No port between {wanted} and {wanted + 49} is free on 127.0.0.1.")


def wait_until_it_answers(url: str, child: Child, seconds: float = 60) -> None:
    """Any HTTP answer will do. Raises DemoError with the end of the log when the process dies or stays silent."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not child.is_running:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310  (our own address)
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise DemoError(f"The {child.name} did not start. Its log ({child.log}) ends:\n{child.log_tail()}")
