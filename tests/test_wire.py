"""What the production server itself refuses, byte by byte, with the settings of config/gunicorn.py."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.processes import Child, free_port

ROOT = Path(__file__).parent.parent
POST, GET = b"POST / HTTP/1.1\r\nHost: x\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n"
REQUESTS = {
    "an honest one": (GET + b"\r\n", 200),
    "two kinds of length": (POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", 400),
    "a length that is none": (POST + b"Content-Length: +4\r\n\r\nabcd", 400),
    "an unknown coding": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "a space before the colon": (GET + b"X-A : b\r\n\r\n", 400),
    "a folded header": (GET + b"X-A: b\r\n c\r\n\r\n", 400),
    "a NUL in a header": (GET + b"X-A: b\x00c\r\n\r\n", 400),
    "a hundred and one headers": (GET + b"".join(b"X-%d: a\r\n" % n for n in range(101)) + b"\r\n", 431),
    "a long header": (GET + b"X-A: " + b"a" * 9000 + b"\r\n\r\n", 431),
    "a long address": (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "no HTTP at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
}


def application(environ, start_response):
    """Tells which header the server passed on for a client's address."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"forwarded for {environ.get('HTTP_X_FORWARDED_FOR', 'nobody')}".encode()]


@pytest.fixture(scope="module")
def port(tmp_path_factory) -> Iterator[int]:
    number = free_port(8610)
    command = [
        sys.executable, "-m", "gunicorn", "tests.test_wire:application", "--chdir", str(ROOT),
        "--config", str(ROOT / "config/gunicorn.py"), "--workers", "1", "--bind", f"127.0.0.1:{number}",
    ]  # fmt: skip
    server = Child("web server", command, dict(os.environ), tmp_path_factory.mktemp("log"))
    while server.is_running:
        try:
            if ask(number, GET + b"Connection: close\r\n\r\n"):
                break
        except OSError:
            pass
    yield number
    server.stop()


def ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer and (piece := wire.recv(65536)):
            answer += piece
        return answer + (wire.recv(65536) if b"forwarded" not in answer and b"200 OK" in answer else b"")


@pytest.mark.parametrize("name", REQUESTS)
def test_what_two_servers_could_read_in_two_ways_is_refused(port: int, name: str) -> None:
    request, status = REQUESTS[name]
    answer = ask(port, request)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200]
    assert b"Traceback" not in answer


def test_a_header_with_an_underscore_is_not_taken_for_the_one_with_a_hyphen(port: int) -> None:
    assert b"forwarded for nobody" in ask(port, GET + b"X_Forwarded_For: 192.0.2.7\r\nConnection: close\r\n\r\n")


def test_clients_that_say_nothing_keep_nobody_waiting(port: int) -> None:
    """More of them than there are threads."""
    silent = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(8)]
    try:
        assert b"200 OK" in ask(port, GET + b"Connection: close\r\n\r\n")
    finally:
        for wire in silent:
            wire.close()
