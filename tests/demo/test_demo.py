"""`make demo`'s command on a machine of its own: it runs, says who there is, stops clean, and keeps its data."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.processes import free_port

ROOT = Path(__file__).parents[2]


class Terminal:
    """The demo as somebody at a terminal has it."""

    def __init__(self, var: Path) -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": str(var), "ENV_FILE": os.devnull, "VAR_DIR": str(var)}
        environment |= {"DEMO": "1", "WEB_WORKERS": "1", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo"], cwd=ROOT, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.said = ""

    def until(self, words: str, seconds: float = 240) -> str:
        """Read on until `words` were said."""
        deadline = time.monotonic() + seconds
        assert self.process.stdout
        while words not in self.said:
            line = self.process.stdout.readline()
            assert line, f"It ended before it said “{words}”:\n{self.said}"
            assert time.monotonic() < deadline, self.said
            self.said += line
        return self.said

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        assert self.process.stdout
        self.process.stdout.close()
        return code


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[list[Terminal]]:
    started: list[Terminal] = []
    yield started
    for terminal in started:
        if terminal.process.poll() is None:
            terminal.stop()


def site_of(said: str) -> str:
    found = re.search(r"First Page is running:\S* (http://[\d.:]+)/", said)
    assert found, said
    return found[1]


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310  (our own address)
        return str(answer.read().decode())


def test_the_demo_runs_says_who_there_is_stops_clean_and_keeps_its_data(
    tmp_path: Path, terminals: list[Terminal]
) -> None:
    first = Terminal(tmp_path)
    terminals.append(first)
    said = first.until("Ctrl-C stops everything")
    for words in ("reader@example.org", "subscriber@example.org", "support@example.org", "editor@example.org"):
        assert words in said
    assert "4242 4242 4242 4242" in said
    site = site_of(said)
    assert "The Pellisund Journal of Neurology" in get(site)
    assert "subscriber@example.org" in get(f"{site}/demo/")
    assert first.stop() == 0
    database = tmp_path / "postgres/data/postmaster.pid"
    deadline = time.monotonic() + 60
    while database.exists() and time.monotonic() < deadline:  # its keeper shuts it down when nobody is left
        time.sleep(0.1)
    assert not database.exists()
    with pytest.raises(OSError):
        get(site)

    second = Terminal(tmp_path)
    terminals.append(second)
    said = second.until("Ctrl-C stops everything")
    assert "articles looked at" not in said
    assert "The Pellisund Journal of Neurology" in get(site_of(said))


def test_a_port_in_use_is_said_and_the_next_free_one_taken() -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        taken = somebody.getsockname()[1]
        assert free_port(taken) > taken
