"""gunicorn's worker with threads, fairer and in fewer steps (docs/decisions/0068-worker.md).

Four things differ from `gthread`: a process that has more connections than another lets that one take the next; a
thread that has answered looks for the next request of the same connection before it hands it back; head and body
of an answer are sent together; and what is the same for every request is worked out once (`make_quicker`).
"""

import errno
import mmap
import select
import socket
import struct
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from gunicorn import util
from gunicorn.http import message, wsgi
from gunicorn.http.body import LengthReader
from gunicorn.workers import gthread

GIVES_WAY = 5  # times, a millisecond each: then whoever comes is taken, also by the one with the most
A_MOMENT = 0.001
TIMEVAL = struct.Struct("ll")
MOMENT_TO_STAY = TIMEVAL.pack(0, 2_000)  # microseconds
NOTHING_CAME = frozenset({errno.EAGAIN, errno.EWOULDBLOCK})
MOST_AT_ONCE = 8192  # as gunicorn's parser reads
SENT_TOGETHER = 256 * 1024
PLACES = 64  # of processes, those of a reload beside the old ones; more than that share them
MOST_KNOWN, LONGEST_KNOWN = 1000, 1000
OF_ONE_ANSWER = frozenset({"x-request-id", "content-length", "set-cookie"})


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
    """Head and body of a known length in one piece: one call of the kernel, and one packet to wake up for.

    A header that gunicorn has looked at and taken as it is goes with the next answer without being looked at again.
    """

    headers_sent: bool
    headers: list[tuple[str, str]]
    _known: set[tuple[str, str]] = set()  # one for all answers

    def process_headers(self, headers: list[tuple[str, str]]) -> None:
        for header in headers:
            if header in self._known:
                self.headers.append(header)
                continue
            number = len(self.headers)
            super().process_headers([header])
            is_usual = len(header[1]) <= LONGEST_KNOWN and header[0].lower() not in OF_ONE_ANSWER
            if is_usual and self.headers[number:] == [header]:
                if len(self._known) >= MOST_KNOWN:
                    self._known.clear()
                self._known.add(header)

    def write(self, arg: bytes) -> None:
        alone = self.headers_sent or self.chunked or self._omits_body or not isinstance(arg, bytes)
        if alone or self.response_length != len(arg) or len(arg) > SENT_TOGETHER:
            super().write(arg)
            return
        head = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers), "\r\n"]
        self.headers_sent = True
        self.sent = len(arg)
        told = "".join(head).encode("latin-1")
        if self.cfg.is_ssl:  # has no such call
            self.sock.sendall(told + arg)
            return
        sent = self.sock.sendmsg((told, arg)) - len(told)  # mostly all of it; never put together in memory
        if sent < len(arg):
            self.sock.sendall(arg[sent:] if sent >= 0 else told[sent:] + arg)


def make_quicker(cfg: Any) -> None:
    """What gunicorn works out at every request and what cannot change while the process runs: half of its own part.

    Settings are attributes instead of being looked for, the date is written once a second, a peer's address is compared
    with `forwarded_allow_ips` once, and where errors are written to is found once.
    """
    vars(cfg).update((name, setting.get()) for name, setting in cfg.settings.items() if name not in dir(type(cfg)))
    around = wsgi.base_environ(cfg)
    wsgi.base_environ = lambda _: around.copy()
    wsgi.Response, gthread.TConn = Answer, Connection
    message._ip_in_allow_list = _once_for_each_address(message._ip_in_allow_list)
    util.http_date = _once_a_second(util.http_date)


def _once_for_each_address(is_in: Callable[[str, Any, Any], bool]) -> Callable[[str, Any, Any], bool]:
    kept: dict[tuple[str, int], bool] = {}

    def is_known_in(address: str, allowed: Any, networks: Any) -> bool:
        key = (address, id(allowed))  # the lists are settings, and stay
        found = kept.get(key)
        if found is None:
            if len(kept) >= MOST_KNOWN:
                kept.clear()
            found = kept[key] = is_in(address, allowed, networks)
        return found

    return is_known_in


def _once_a_second(written: Callable[[float], str]) -> Callable[..., str]:
    of_a_second = lru_cache(maxsize=4)(written)
    return lambda moment=None: of_a_second(int(time.time() if moment is None else moment))


class Wire(socket.socket):
    """A connection's socket, which goes to the kernel to be told to block only where it does not.

    Each such call gives other threads the interpreter, and waits to have it back.
    """

    __slots__ = ()

    def setblocking(self, flag: bool) -> None:
        if flag != self.getblocking():
            super().setblocking(flag)


class Connection(gthread.TConn):  # type: ignore[misc]
    """`patience` is what the kernel was told of reading (config/gunicorn.py), as it writes it."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        sock.__class__ = Wire
        self.patience = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, TIMEVAL.size)
        super().__init__(cfg, sock, client, server)


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """`place` is given by config/gunicorn.py before the process is made."""

    place = 0

    def init_process(self) -> None:
        make_quicker(self.cfg)
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
        """Whether the next request is here, or comes at once, while nobody else waits for a thread.

        Waiting and reading are one call of the kernel: what came is laid where the parser looks first.
        """
        if not self.alive or conn.is_http2 or self.cfg.is_ssl or not self.tpool._work_queue.empty():
            return False
        if conn.parser.unreader.buf.getvalue():
            return True  # it came with the last one
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, MOMENT_TO_STAY)
        try:
            came = conn.sock.recv(MOST_AT_ONCE)
        except OSError as error:
            return error.errno not in NOTHING_CAME  # what else went wrong goes wrong there again, and is told
        finally:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, conn.patience)
        conn.parser.unreader.unread(came)
        return True

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Most requests have no body, so nothing of it is left, and the wire need not be asked."""
        body = conn.parser.mesg.body
        is_read = isinstance(body.reader, LengthReader) and not body.reader.length and not body.failed
        if keepalive and is_read:
            return True
        return bool(super()._keepalive_after(conn, keepalive))


def _is_waiting(listener: Any) -> bool:
    """Whether there is somebody to take."""
    waiting = select.poll()
    waiting.register(listener, select.POLLIN)
    return bool(waiting.poll(0))
