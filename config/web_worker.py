"""gunicorn's worker with threads, fairer and in fewer steps (docs/decisions/0068-worker.md).

Three things differ from `gthread`: a process that has more connections than another lets that one take the next; a
thread that has answered looks for the next request of the same connection before it hands it back; and head and body
of an answer are sent together.
"""

import mmap
import select
import time
from typing import Any

from gunicorn.http import wsgi
from gunicorn.workers import gthread

GIVES_WAY = 5  # times, a millisecond each: then whoever comes is taken, also by the one with the most
A_MOMENT = 0.001
STAYS_MS = 2
SENT_TOGETHER = 256 * 1024
PLACES = 64  # of processes, those of a reload beside the old ones; more than that share them


class Connections:
    """How many each process has, in memory that all of them share: a number at each place, one more than it has."""

    def __init__(self) -> None:
        self._at = memoryview(mmap.mmap(-1, PLACES * 4)).cast("I")

    def tell(self, place: int, number: int) -> None:
        self._at[place % PLACES] = number + 1

    def forget(self, place: int) -> None:
        """The process is gone."""
        self._at[place % PLACES] = 0

    def has_fewer(self, than: int) -> bool:
        """Whether any other process has fewer."""
        return any(0 < told <= than for told in self._at)


connections = Connections()


class Answer(wsgi.Response):  # type: ignore[misc]  # gunicorn is not typed
    """Head and body of a known length in one piece: one call of the kernel, and one packet to wake up for."""

    headers_sent: bool

    def write(self, arg: bytes) -> None:
        alone = self.headers_sent or self.chunked or self._omits_body or not isinstance(arg, bytes)
        if alone or self.response_length != len(arg) or len(arg) > SENT_TOGETHER:
            super().write(arg)
            return
        head = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers), "\r\n"]
        self.headers_sent = True
        self.sent = len(arg)
        self.sock.sendall("".join(head).encode("latin-1") + arg)


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """`place` is given by config/gunicorn.py before the process is made."""

    place = 0

    def init_process(self) -> None:
        wsgi.Response = Answer
        super().init_process()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        if self.alive:
            connections.tell(self.place, self.nr_conns)
        else:
            connections.forget(self.place)  # it takes no more
        super().wait_for_and_dispatch_events(timeout)

    def accept(self, listener: Any) -> None:
        """All processes are woken. Those with more than another wait a moment, in which that one takes it."""
        for _ in range(GIVES_WAY):
            if not connections.has_fewer(self.nr_conns):
                break
            time.sleep(A_MOMENT)
            if not _is_waiting(listener):
                return  # it was taken
        super().accept(listener)
        connections.tell(self.place, self.nr_conns)

    def handle(self, conn: Any) -> Any:
        again = super().handle(conn)
        while again is True and self._stays(conn):
            again = super().handle(conn)
        return again

    def _stays(self, conn: Any) -> bool:
        """Whether the next request is here, or comes at once, while nobody else waits for a thread."""
        if not self.alive or conn.is_http2 or not self.tpool._work_queue.empty():
            return False
        if conn.parser.unreader.buf.getvalue():
            return True  # it came with the last one
        return _is_waiting(conn.sock, STAYS_MS) and self.alive


def _is_waiting(what: Any, milliseconds: int = 0) -> bool:
    """Whether there is something to read, or somebody to take."""
    waiting = select.poll()
    waiting.register(what, select.POLLIN)
    return bool(waiting.poll(milliseconds))
