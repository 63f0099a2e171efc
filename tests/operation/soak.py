"""`make soak`: hostile and honest requests mixed, for minutes, at the production server; does its memory grow?

Ends with 1 when an honest request fails, a hostile one gets a 5xx, the log holds an error, or the memory that a process
shares with nobody has not come to a level: a straight line through the looks of the second half of the time may rise
by GROWTH at most (`--minutes 10`, `--pace 60` a second). In the first half caches fill (32 MB of kept pages a process).
"""

import argparse
import contextlib
import itertools
import json
import random
import re
import socket
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.benchmarks.site import Site, running_site

GROWTH = 0.02
HOST, END = b"Host: 127.0.0.1\r\n", b"Connection: close\r\n\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
PARTS = b"Content-Type: multipart/form-data; boundary=b\r\n"
EVERY = 5  # seconds between two looks at the memory
Request = bytes | Callable[[], bytes]


def get(path: str, headers: bytes = b"") -> bytes:
    return f"GET {path} HTTP/1.1\r\n".encode() + HOST + headers + END


def headers(named: dict[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in named.items()).encode()


def post(path: str, body: bytes, headers: bytes = FORM, length: int | None = None) -> bytes:
    size = f"Content-Length: {len(body) if length is None else length}\r\n".encode()
    return f"POST {path} HTTP/1.1\r\n".encode() + HOST + headers + size + END + body


def hostile(article: str) -> list[bytes]:
    """Requests that are too large, broken, forged or endless."""
    upload = b'--b\r\nContent-Disposition: form-data; name="f"; filename="../../%s"\r\n\r\n' + b"x" * 2_000_000
    return [
        b"GET / HTTP/1.1\r\nHost: evil.example\r\n" + END,
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example:80:80\r\n" + END,
        get("/", b"".join(b"X-%d: a\r\n" % n for n in range(120))),
        get("/", b"".join(b"X-%d: %s\r\n" % (n, b"a" * 8000) for n in range(90))),
        get("/", b"Cookie: " + b"a" * 9000 + b"\r\n"), get("/" + "a" * 5000),
        get(article, b"Cookie: session=" + b"a" * 8000 + b"\r\n"),
        get(article, b"Cookie: " + b"; ".join(b"session=%d" % n for n in range(400)) + b"\r\n"),
        get("/my-access/", b"Cookie: \xff\xfe=\x01; session=%00\r\n"),
        get(f"/nothing/{'b' * 3000}/", b"X-A: " + b"a" * 8000 + b"\r\n"), get("/%00/%ff/../../etc/passwd"),
        get("/search/?q=" + "(" * 3000), get("/search/?q=" + "%F0%9F%98%80" * 300), get("/search/?page=" + "9" * 400),
        get("/openurl?" + "&".join(f"k{n}=v" for n in range(600))), get("/oai/?verb=ListRecords&resumptionToken=%27x"),
        get(f"{article}figures/..%2f..%2fetc%2fpasswd"), get(article, b"Range: bytes=0-0,1-1,2-2\r\n" * 20),
        post("/accounts/login/", b"login=" + b"x" * 3_000_000), post("/accounts/login/", b"a=b", length=10**10),
        post("/accounts/login/", b"&".join(b"f%d=x" % n for n in range(1500))),
        post("/purchases/find/", b"email=%00&" + b"x=" * 900), post("/alerts/", upload + b"\r\n--b--\r\n", PARTS),
        post("/alerts/", b"--b\r\n\r\n", PARTS), post("/stripe/webhook/", b"{" * 3_000_000, b"Content-Type: a/b\r\n"),
        post("/stripe/webhook/", b'{"id": "evt_1"}', b"Stripe-Signature: t=1,v1=00\r\n"),
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"TRACE / HTTP/1.1\r\n" + HOST + END, b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET / HT",
        b"POST /alerts/ HTTP/1.1\r\n",
    ]  # fmt: skip


def never_twice(article: str) -> list[Request]:
    """Requests of which each is another, for whatever might be kept for each that it has not met."""
    numbers = itertools.count(1)

    def of(make: Callable[[int], bytes]) -> Request:
        return lambda: make(next(numbers))

    return [
        of(lambda n: get(f"/nothing/{n}/{'c' * 400}/")), of(lambda n: get(f"/?page={n}&x={n}")),
        of(lambda n: get(f"/doi/10.5555/none.{n}/")), of(lambda n: get(f"/search/?q=heron{n}+{'d' * (n % 90)}x{n}")),
        of(lambda n: get(article, f"User-Agent: Mozilla/5.0 {n} {'e' * 7000}\r\n".encode())),
        of(lambda n: get(article, f"Accept: text/html, a/b{n}, {'f' * (n % 3000)}/g\r\n".encode())),
        of(lambda n: get(article, f"Accept-Encoding: gzip, x{n}{'g' * (n % 3000)}\r\n".encode())),
        of(lambda n: get(article, f"Accept-Language: de-x{n}, en;q=0.{n % 10}\r\n".encode())),
        of(lambda n: get(article, f"Cookie: session={n:032d}; csrf={n:032d}\r\n".encode())),
        of(lambda n: get(article, f"X-Forwarded-For: 2001:db8::{n % 65000:x}\r\nX-Request-ID: {n:020d}\r\n".encode())),
        of(lambda n: f"GET / HTTP/1.1\r\nHost: h{n}.example\r\n".encode() + END),
        of(lambda n: post("/accounts/login/", f"login=a{n}@b.example&password={n}".encode())),
        of(lambda n: post(f"/alerts/?x={n}", f"f{n}={'h' * (n % 2_000_000)}".encode())),
    ]  # fmt: skip


@dataclass
class Seen:
    honest: Counter[int] = field(default_factory=Counter)
    hostile: Counter[int] = field(default_factory=Counter)
    memory: dict[int, list[int]] = field(default_factory=dict)  # process: bytes, look by look
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, kind: Counter[int], status: int) -> None:
        with self.lock:
            kind[status] += 1


def ask(port: int, request: bytes, linger: float = 0) -> int:
    """The status; 0 where the server hung up without a word. With `linger` the client stops in the middle."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            wire.sendall(request)
        if linger:
            time.sleep(linger)
            return 0
        with contextlib.suppress(ConnectionResetError):
            while piece := wire.recv(65536):
                answer = answer or piece
    found = re.match(rb"HTTP/1\.[01] (\d{3}) ", answer)
    return int(found[1]) if found else 0


def client(site: Site, requests: list[Request], seen: Counter[int], told: Seen, ends: float, pause: float) -> None:
    dice = random.Random(str(requests[0]))
    while time.monotonic() < ends:
        chosen = dice.choice(requests)
        request = chosen if isinstance(chosen, bytes) else chosen()
        whole = b"\r\n\r\n" in request
        told.count(seen, ask(site.port, request, 0 if whole else dice.uniform(0.2, 3)))
        time.sleep(pause * dice.uniform(0.5, 1.5))


def look(site: Site, told: Seen) -> None:
    for process in psutil.Process(site.server_pid).children():
        with contextlib.suppress(psutil.Error):
            told.memory.setdefault(process.pid, []).append(process.memory_full_info().uss)


def quarters(looks: list[int]) -> list[float]:
    """The mean of each quarter of the time, in MB."""
    quarter = max(1, len(looks) // 4)
    return [round(statistics.mean(looks[n * quarter : (n + 1) * quarter]) / 2**20, 1) for n in range(4)]


def rise(looks: list[int]) -> float:
    """By what part of itself the memory rises in the second half, as a straight line through all its looks tells."""
    half = looks[len(looks) // 2 :]
    return statistics.linear_regression(range(len(half)), half).slope * len(half) / statistics.mean(half)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--pace", type=float, default=60)
    asked = parser.parse_args()
    told = Seen()
    with running_site(WEB_WORKERS="2", WEB_CLIENT_SECONDS="2") as site:
        article = site.place("article")
        pages = [page for page in site.pages if not page["of_nginx"] and "bare" not in page["name"]]
        good: list[Request] = [get(page["path"], headers(page["headers"])) for page in pages] + [
            get("/search/?q=heron"), get(f"{article}citation.ris"), get("/feed/"), get("/oai/?verb=Identify"),
            get("/sitemap.xml"), get("/accounts/login/"), get("/issues/"), get("/cme/"), get(f"{article}cite/"),
        ]  # fmt: skip
        bad = [*hostile(article), *never_twice(article)]
        ends = time.monotonic() + 60 * asked.minutes
        pause = 4 / asked.pace
        clients = [
            threading.Thread(target=client, args=(site, requests, seen, told, ends, pause))
            for requests, seen in ((good, told.honest), (bad, told.hostile)) * 2
        ]
        for one in clients:
            one.start()
        while any(one.is_alive() for one in clients):
            look(site, told)
            time.sleep(EVERY)
        return report(told, errors(site.folder / "log"))


def errors(folder: Path) -> list[str]:
    lines = [line for file in folder.glob("*.log") for line in file.read_text(errors="replace").splitlines()]
    return [
        line for line in lines if '"level": "ERROR"' in line or '"level": "CRITICAL"' in line or "Traceback" in line
    ]


def report(told: Seen, found: list[str]) -> int:
    memory = {pid: quarters(looks) for pid, looks in told.memory.items() if len(looks) >= 8}
    rises = {pid: round(rise(told.memory[pid]), 4) for pid in memory}
    what = {"honest": dict(told.honest), "hostile": dict(told.hostile), "memory": memory, "rise": rises}
    what["errors"] = found[:5]
    sys.stdout.write(json.dumps(what, indent=2) + "\n")
    wrong = [status for status in told.honest if status not in (200, 302, 304)]
    wrong += [status for status in told.hostile if status >= 500 and status != 501]  # 501: a coding nobody knows
    return int(bool(wrong or found) or not rises or max(rises.values()) > GROWTH)


if __name__ == "__main__":
    sys.exit(main())
