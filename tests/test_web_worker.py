"""The worker of config/web_worker.py beside gunicorn's own: the same bytes, shared evenly, nobody forgotten."""

import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn import util
from gunicorn.config import Config
from gunicorn.http import message, wsgi
from gunicorn.http.errors import InvalidResponseHeader

from config.web_worker import (
    MOST_KNOWN,
    PLACES,
    SENT_TOGETHER,
    Answer,
    Connections,
    _once_a_second,
    _once_for_each_address,
)
from demo.processes import Child, free_port, wait_until_it_answers

ROOT = Path(__file__).parent.parent
WORKERS, EACH = 3, 4


class Wire:
    """`takes`: of head and body sent together, no more than so many bytes at first."""

    def __init__(self, takes: int | None = None) -> None:
        self.sent: list[bytes] = []
        self.takes = takes

    def sendall(self, data: bytes) -> None:
        self.sent.append(data)

    def sendmsg(self, pieces: tuple[bytes, ...]) -> int:
        taken = b"".join(pieces)[: self.takes]
        self.sent.append(taken)
        return len(taken)


def say(
    kind: type, method: str, status: str, headers: list[tuple[str, str]], pieces: list[bytes], takes: int | None = None
) -> list[bytes]:
    request = SimpleNamespace(method=method, version=(1, 1), should_close=lambda: False)
    wire = Wire(takes)
    answer = kind(request, wire, Config())
    answer.start_response(status, headers)
    for piece in pieces:
        answer.write(piece)
    answer.close()
    return wire.sent


@pytest.mark.parametrize(
    ("method", "status", "length", "pieces", "packets"),
    [
        ("GET", "200 OK", 5, [b"heron"], 1),
        ("GET", "200 OK", 5, [b"her", b"on"], 3),
        ("GET", "200 OK", 5, [b"herons, many"], 2),
        ("GET", "200 OK", 9, [b"heron"], 2),
        ("GET", "200 OK", None, [b"heron", b""], 3),
        ("GET", "200 OK", 0, [b""], 1),
        ("GET", "200 OK", SENT_TOGETHER + 1, [b"x" * (SENT_TOGETHER + 1)], 2),
        ("HEAD", "200 OK", 5, [b"heron"], 1),
        ("GET", "304 Not Modified", None, [b""], 1),
        ("GET", "204 No Content", None, [], 1),
    ],
)
def test_the_bytes_are_gunicorns_in_fewer_pieces(
    method: str, status: str, length: int | None, pieces: list[bytes], packets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gunicorn.util.http_date", lambda: "Sun, 29 Nov 2026 12:00:00 GMT")
    headers = [("Content-Type", "text/html")] + ([("Content-Length", str(length))] if length is not None else [])
    ours = say(Answer, method, status, headers, pieces)
    assert b"".join(ours) == b"".join(say(wsgi.Response, method, status, headers, pieces))
    assert len(ours) == packets


@pytest.mark.parametrize("takes", [0, 1, 40, 150, 10_000])
def test_a_full_wire_takes_the_rest_later(takes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gunicorn.util.http_date", lambda: "Sun, 29 Nov 2026 12:00:00 GMT")
    told = ([("Content-Length", "5000")], [b"heron" * 1000])
    sent = say(Answer, "GET", "200 OK", *told, takes=takes)
    assert b"".join(sent) == b"".join(say(wsgi.Response, "GET", "200 OK", *told))
    assert len(sent) == (1 if takes == 10_000 else 2)


def test_a_header_is_looked_at_once_and_what_gunicorn_refuses_is_refused_each_time() -> None:
    headers = [("Content-Type", "text/html"), ("X-Page", "of herons "), ("Connection", "close"), ("Set-Cookie", "a=1"),
               ("Content-Length", "0")]  # fmt: skip
    Answer._known.clear()
    first, second = (say(Answer, "GET", "200 OK", headers, [b""]) for _ in range(2))
    assert first == second == say(wsgi.Response, "GET", "200 OK", headers, [b""])
    assert Answer._known == {("Content-Type", "text/html")}, "what came out as it went in, and can be said again"
    for _ in range(2):
        with pytest.raises(InvalidResponseHeader):
            say(Answer, "GET", "200 OK", [("X-Page", "herons\r\nSet-Cookie: a=1")], [b""])
    for number in range(MOST_KNOWN + 1):
        say(Answer, "GET", "200 OK", [("ETag", str(number))], [b""])
    assert len(Answer._known) <= MOST_KNOWN


def test_what_cannot_change_is_worked_out_once_and_comes_out_the_same() -> None:
    cfg, asked = Config(), []
    once = _once_for_each_address(lambda *told: asked.append(told) or message._ip_in_allow_list(*told))
    ours, everybody = ["127.0.0.1"], ["*"]
    for _ in range(2):
        for address, expected in {"127.0.0.1": True, "192.0.2.1": False, "no address": False}.items():
            assert once(address, ours, cfg.forwarded_allow_networks()) is expected
            assert once(address, everybody, []) is True, "the answer about one list is not another's"
    assert len(asked) == 6
    date = _once_a_second(util.http_date)
    assert [date(0.2), date(0.9), date(1.0)] == [util.http_date(0), util.http_date(0), util.http_date(1)]
    assert date() in (util.http_date(), util.http_date(time.time() - 1))


def test_who_has_more_than_another_gives_way_and_nobody_waits_for_the_dead() -> None:
    connections = Connections()
    connections.tell(0, 0)
    assert not connections.has_fewer(0), "alone"
    connections.tell(1, 2)
    assert connections.has_fewer(2)
    assert not connections.has_fewer(0)
    connections.forget(0)
    assert not connections.has_fewer(2)
    connections.tell(PLACES + 1, 0)  # more processes than places: two share one
    assert connections.has_fewer(1)


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    said = f"{os.getpid()} {environ['PATH_INFO']}\n".encode()
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [said]


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    port = free_port(8690)
    command = [
        sys.executable, "-m", "gunicorn", "tests.test_web_worker:application", "--chdir", str(ROOT),
        "--config", str(ROOT / "config/gunicorn.py"), "--bind", f"127.0.0.1:{port}",
    ]  # fmt: skip
    own = {"WEB_WORKERS": str(WORKERS), "WEB_THREADS": "2", "ENV_FILE": os.devnull}
    server = Child("web server", command, {**os.environ, **own}, tmp_path / "log")
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/", server)
        begun, deadline = set(), time.monotonic() + 60
        while len(begun) < WORKERS and time.monotonic() < deadline:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
                begun.add(ask(wire, "/")[0].split()[0])
        yield port
    finally:
        server.stop()


def ask(wire: socket.socket, *paths: str) -> list[str]:
    wire.sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths))
    told = b""
    while told.count(b" /") < len(paths):
        told += wire.recv(65536)
    return [line for line in told.decode().splitlines() if line and line[0].isdigit()]


def test_connections_are_shared_evenly_and_each_is_answered_again_and_again(port: int) -> None:
    """More connections in each process than threads, all of them kept open; two questions in one packet, too."""
    wires = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(WORKERS * EACH)]
    by_process: Counter[str] = Counter()
    for number, wire in enumerate(wires):
        (said,) = ask(wire, f"/{number}")
        by_process[said.split()[0]] += 1
    assert len(by_process) == WORKERS
    assert min(by_process.values()) >= EACH // 2, "the kernel alone gives most of them to one"
    for turn in range(3):
        for number, wire in enumerate(wires):
            assert [said.split()[1] for said in ask(wire, f"/{turn}/{number}")] == [f"/{turn}/{number}"]
    assert [said.split()[1] for said in ask(wires[0], "/a", "/b", "/c")] == ["/a", "/b", "/c"]
    for wire in wires:
        wire.close()
