"""Hostile clients and the production server with the whole site behind it: the right answer, a quiet log, no growth."""

import contextlib
import json
import os
import re
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
from django.db import connection

from config.backup.programs import place
from demo.processes import Child, free_port, wait_until_it_answers
from tests.emptying import empty_the_tables
from tests.make import SECRET_SENTENCE, make_article, make_issue

ROOT = Path(__file__).parent.parent
HOST = b"Host: 127.0.0.1\r\n"
END = b"Connection: close\r\n\r\n"
TYPED = b"Content-Type: application/x-www-form-urlencoded\r\n"
MULTIPART = b"Content-Type: multipart/form-data; boundary=b\r\n"
FORGED = b'{"level": "ERROR", "message": "forged"}'

pytestmark = pytest.mark.django_db  # else there is no database of tests, and this one would be somebody's own


@dataclass
class Server:
    child: Child
    port: int
    article: str

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """(status, whole answer). A server that closes in the middle has said enough."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as wire:
            answer = b""
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                wire.sendall(request)  # it may have answered and hung up before it had all
            with contextlib.suppress(ConnectionResetError):
                while piece := wire.recv(65536):
                    answer += piece
        found = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
        return (int(found[1]) if found else 0), answer

    def get(self, path: str, headers: bytes = b"") -> tuple[int, bytes]:
        return self.ask(f"GET {path} HTTP/1.1\r\n".encode() + HOST + headers + END)

    def post(self, path: str, body: bytes, headers: bytes = TYPED, length: int | None = None) -> tuple[int, bytes]:
        size = f"Content-Length: {len(body) if length is None else length}\r\n".encode()
        return self.ask(f"POST {path} HTTP/1.1\r\n".encode() + HOST + headers + size + END + body)

    def log(self) -> list[str]:
        return self.child.log.read_text(errors="replace").splitlines()

    def memory(self) -> int:
        """Bytes of the worker that it shares with nobody."""
        (worker,) = psutil.Process(self.child.process.pid).children()
        return int(worker.memory_full_info().uss)


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """On the tests' own database, with one article in it: one worker with two threads, so that two can stop it."""
    port, folder = free_port(8660), tmp_path_factory.mktemp("site")
    (folder / "static").mkdir()
    with django_db_blocker.unblock():
        conninfo, _ = place()
        article = make_article(issue=make_issue()).get_absolute_url()
        connection.close()
    told = dict(re.findall(r"(\w+)=(\S+)", conninfo))
    name = told.pop("dbname")
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in told.items())
    own = {
        "DJANGO_SETTINGS_MODULE": "tests.site_settings", "ENV_FILE": os.devnull, "SECRET_KEY": "k" * 60,
        "DATABASE_URL": f"postgresql:///{name}?{query}", "DATABASE_POOL": "1", "VAR_DIR": str(folder),
        "SITE_URL": f"http://127.0.0.1:{port}", "LOG_FORMAT": "json", "WEB_WORKERS": "1", "WEB_THREADS": "2",
        "WEB_CLIENT_SECONDS": "1",
    }  # fmt: skip
    command = [
        sys.executable, "-m", "gunicorn", "config.wsgi", "--chdir", str(ROOT),
        "--config", str(ROOT / "config/gunicorn.py"), "--bind", f"127.0.0.1:{port}",
    ]  # fmt: skip
    child = Child("web server", command, {"PATH": os.environ["PATH"], **own}, folder / "log")
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/", child)
        made = Server(child, port, article)
        yield made
        assert faults_in(made.log()) == [], "what all tests of this file have left in the log"
    finally:
        child.stop()
        with django_db_blocker.unblock():
            empty_the_tables()


def faults_in(log: list[str]) -> list[dict[str, Any]]:
    """Lines that somebody else wrote, tracebacks, and errors: a refused request is none."""
    lines = [json.loads(line) for line in log]
    return [
        line
        for line in lines
        if line["message"] == "forged"
        or "exception" in line
        or "Traceback" in line["message"]
        or line["level"] in ("ERROR", "CRITICAL")
    ]


def test_hosts_that_are_not_ours_are_refused_and_repeated_nowhere(server: Server) -> None:
    for line in (
        b"Host: evil.example\r\n",
        b"Host: 127.0.0.1@evil.example\r\n",
        b"Host: evil.example:80:80\r\n",
    ):
        for path in (b"/", b"/accounts/password/reset/", b"http://evil.example/"):
            status, answer = server.ask(b"GET " + path + b" HTTP/1.1\r\n" + line + END)
            assert status == 400, (line, path, answer[:200])
            assert b"evil.example" not in answer
    for line in (
        b"X-Forwarded-Host: evil.example\r\n",
        b"X-Original-URL: /admin/\r\n",
        b"X-HTTP-Method-Override: DELETE\r\n",
    ):
        status, answer = server.get("/", line)
        assert (status, b"evil.example" in answer) == (200, False)


def test_floods_of_headers_and_broken_cookies(server: Server) -> None:
    cookies = (
        b"session=" + b"a" * 8000, b"\xff\xfe=\x01", b"session=%00; csrf=%00", b"=;=;;;,,,", b"session",
        b"; ".join([b"session=a"] * 500),
        b"__Host-session=a; session=b", b'session="a\\"; x=\\"b"', b"csrf=<script>alert(1)</script>",
    )  # fmt: skip
    for cookie in cookies:
        for path in ("/", server.article, "/my-access/"):
            status, answer = server.get(path, b"Cookie: " + cookie + b"\r\n")
            assert status in ((200, 302) if cookie.isascii() else (400,)), (cookie[:40], path, answer[:200])
            assert SECRET_SENTENCE.encode() not in answer
    assert server.get("/", b"".join(b"X-%d: a\r\n" % n for n in range(120)))[0] == 431
    assert server.get("/", b"Cookie: " + b"a" * 9000 + b"\r\n")[0] == 431
    assert server.get("/", b"".join(b"X-%d: %s\r\n" % (n, b"a" * 8000) for n in range(90)))[0] == 200
    assert server.get("/" + "a" * 5000)[0] == 414


def test_bodies_that_are_too_large_too_many_or_none(server: Server) -> None:
    parts = b"".join(b'--b\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nx\r\n' % n for n in range(1200))
    files = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="f%d"; filename="a"\r\n\r\nx\r\n' % n for n in range(1100)
    )
    for path in ("/accounts/login/", "/purchases/find/", "/alerts/"):
        assert server.post(path, b"a=" + b"x" * 3_000_000)[0] == 413
        assert server.post(path, b"", length=10_000_000_000)[0] == 413, "it is not waited for"
        assert server.post(path, b"&".join(b"f%d=x" % n for n in range(1200)))[0] == 400
        assert server.post(path, parts + b"--b--\r\n", MULTIPART)[0] == 400
        assert server.post(path, files + b"--b--\r\n", MULTIPART)[0] == 400
        for broken in (
            b"--b\r\n\r\n",
            b"",
            b"--c--",
            b'--b\r\nContent-Disposition: form-data; name="\x00"\r\n\r\n\x00\r\n--b--',
        ):
            assert server.post(path, broken, MULTIPART)[0] in (400, 403)
    assert server.post("/stripe/webhook/", b"{" * 3_000_000, b"Content-Type: application/json\r\n")[0] in (400, 413)
    assert (
        server.post("/stripe/webhook/", b"{}", b"Content-Type: application/json\r\nContent-Encoding: gzip\r\n")[0]
        == 400
    )
    assert server.ask(b"POST /accounts/login/ HTTP/1.1\r\n" + HOST + b"Expect: 200-maybe\r\n" + END)[0] in (
        400,
        403,
        417,
    )


def test_clients_that_stop_in_the_middle_hold_nobody_up(server: Server) -> None:
    """More of them than there are threads: in the request line, in a header, in the body."""
    begun = (
        b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: b",
        b"POST /accounts/login/ HTTP/1.1\r\n" + HOST + TYPED + b"Content-Length: 90\r\n\r\na=",
        b"POST /stripe/webhook/ HTTP/1.1\r\n" + HOST + b"Content-Length: 90\r\n\r\n{",
    )  # fmt: skip
    waiting = []
    try:
        for part in begun:
            wire = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            wire.sendall(part)
            waiting.append(wire)
        assert server.get(server.article)[0] == 200
    finally:
        for wire in waiting:
            wire.close()
    assert server.get("/")[0] == 200


def test_memory_does_not_grow_with_what_is_refused(server: Server) -> None:
    large, long_line = b"a=" + b"x" * 2_400_000, b"X-A: " + b"a" * 8000 + b"\r\n"

    def least_in(floods: int) -> int:
        """Of several looks: at one of them the server may not have put away what it has just refused, up to 12 MB."""
        seen = []
        for _ in range(floods):
            server.post("/accounts/login/", large)
            server.post("/accounts/login/", large * 2)
            server.get(f"/nothing/{'a' * 3000}/", long_line * 20)
            seen.append(server.memory())
        return min(seen)

    before = least_in(8)
    least_in(16)
    grown = least_in(8) - before
    assert grown < 6 << 20, "less than two of the forms that were sent (config/allocator.py)"


def test_nobody_writes_lines_of_their_own_into_the_log(server: Server) -> None:
    before = len(server.log())
    for path in ("/%0d%0a" + quote(FORGED), "/search/?q=%0d%0a" + quote(FORGED), "/%E2%80%A8x"):
        assert server.get(path)[0] in (200, 404)
    server.get(
        "/nothing/",
        b"User-Agent: a\x0b" + FORGED + b"\r\nReferer: " + FORGED + b"\r\nX-Request-ID: " + FORGED + b"\r\n",
    )
    server.post("/stripe/webhook/", b"\r\n" + FORGED, b"Content-Type: application/json\r\n")
    server.ask(b"G\x0bET / HTTP/1.1\r\n" + HOST + END)
    assert len(server.log()) > before, "refusals are told"
    assert faults_in(server.log()) == []
