"""A small load generator: one thread, keep-alive connections, each asking again as soon as it was answered.

Its own cost (about 20 microseconds a request) falls on every case alike. Every answer is looked at: status and text.
"""

import selectors
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

BLOCK = 1 << 18
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


class WrongAnswerError(Exception):
    """The server did not answer what the page must hold: a figure would mean nothing."""


@dataclass(frozen=True)
class Asked:
    """What is sent, and how the right answer is known."""

    request: bytes
    must: bytes
    must_not: bytes
    status: int = 200

    def check(self, answer: bytes | memoryview) -> None:
        text = bytes(answer)
        if not text.startswith(b"HTTP/1.1 %d " % self.status):
            raise WrongAnswerError(f"answered {text[:60]!r} …")
        if self.must not in text:
            raise WrongAnswerError(f"the answer lacks {self.must[:60]!r}")
        if self.must_not and self.must_not in text:
            raise WrongAnswerError(f"the answer holds {self.must_not[:60]!r}")


@dataclass
class Sample:
    """One run. `milliseconds` holds the time of each answer, sorted; `size` is one answer in bytes, with its head."""

    seconds: float = 0
    size: int = 0
    milliseconds: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds

    def percentile(self, percent: float) -> float:
        return self.milliseconds[min(int(len(self.milliseconds) * percent / 100), len(self.milliseconds) - 1)]


def request_for(host: str, path: str, headers: Mapping[str, str] | None = None) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "User-Agent: firstpage-bench", "Accept: text/html"]
    return "\r\n".join([*lines, *(f"{name}: {said}" for name, said in (headers or {}).items()), "", ""]).encode()


def run(address: tuple[str, int], asked: Asked, connections: int, seconds: float) -> Sample:
    """Ask for `seconds`. Raises `WrongAnswerError`, or `OSError` when the server cannot be reached."""
    sample = Sample()
    with selectors.DefaultSelector() as selector:
        clients = [_Client(address, asked, selector) for _ in range(connections)]
        began = time.perf_counter()
        while time.perf_counter() < began + seconds:
            for key, _ in selector.select(1):
                if size := key.data.receive(sample.milliseconds):
                    sample.size = size
        sample.seconds = time.perf_counter() - began
        for client in clients:
            client.socket.close()
    sample.milliseconds.sort()
    if not sample.milliseconds:
        raise WrongAnswerError(f"no answer within {seconds:g} seconds")
    return sample


class _Client:
    """One keep-alive connection. A worker that has served its share closes it between two answers: then a new one."""

    def __init__(self, address: tuple[str, int], asked: Asked, selector: selectors.BaseSelector) -> None:
        self.address, self.asked, self.selector = address, asked, selector
        self.block = memoryview(bytearray(BLOCK))
        self._connect()

    def _connect(self) -> None:
        self.socket = socket.create_connection(self.address, timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(self.socket, selectors.EVENT_READ, self)
        self._ask()

    def _ask(self) -> None:
        self.filled = self.wanted = 0
        self.asked_at = time.perf_counter()
        self.socket.sendall(self.asked.request)

    def receive(self, milliseconds: list[float]) -> int:
        """Take what has come; the size of the answer once it is whole, else 0."""
        try:
            received = self.socket.recv_into(self.block[self.filled :])
        except ConnectionResetError:
            received = 0
        if not received:
            self._reconnect()
            return 0
        self.filled += received
        if not self.wanted:
            self.wanted = _length(bytes(self.block[: min(self.filled, 8192)]))
        if not self.wanted or self.filled < self.wanted:
            return 0
        milliseconds.append((time.perf_counter() - self.asked_at) * 1000)
        self.asked.check(self.block[: self.filled])
        size = self.filled
        self._ask()
        return size

    def _reconnect(self) -> None:
        if self.filled:
            raise WrongAnswerError("the connection closed in the middle of an answer")
        self.selector.unregister(self.socket)
        self.socket.close()
        self._connect()


def _length(start: bytes) -> int:
    """Bytes of the whole answer, or 0 while its head has not come in full."""
    end = start.find(HEAD_END)
    if end < 0:
        return 0
    head = start[:end].lower()
    at = head.find(LENGTH)
    if head.startswith(b"http/1.1 304 "):  # has none, whatever it says of the length
        return end + len(HEAD_END)
    if at < 0:
        raise WrongAnswerError("the answer does not say how long it is")
    return end + len(HEAD_END) + int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0])
