"""Eight readers who ask page after page while something happens, and know the right answer from a wrong one."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

READERS = 8
PATIENCE = 30  # seconds, as browsers and proxies have


@dataclass
class Crowd:
    """What the readers have met. `failed` says each time what came instead of the page."""

    total: int = 0
    longest: float = 0
    failed: list[str] = field(default_factory=list)
    again: int = 0  # kept-alive connections that were closed before a byte of the answer: every client asks again
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, seconds: float, trouble: str) -> None:
        with self.lock:
            self.total += 1
            self.longest = max(self.longest, seconds)
            if trouble:
                self.failed.append(trouble)

    def answers(self, number: int) -> None:
        """Wait until so many further answers have come."""
        wanted = self.total + number
        deadline = time.monotonic() + 60
        while self.total < wanted and time.monotonic() < deadline:
            time.sleep(0.02)


@contextmanager
def reading(port: int, pages: list[dict[str, str]]) -> Iterator[Crowd]:
    """Half of the readers keep their connection, half take a new one for each page."""
    crowd = Crowd()
    threads = [
        threading.Thread(target=_read, args=(crowd, port, pages, number), daemon=True) for number in range(READERS)
    ]
    for thread in threads:
        thread.start()
    crowd.answers(30)
    try:
        yield crowd
    finally:
        crowd.over.set()
        for thread in threads:
            thread.join(PATIENCE)


def _read(crowd: Crowd, port: int, pages: list[dict[str, str]], number: int) -> None:
    keeps, at, connection = number % 2 == 0, number, None
    while not crowd.over.is_set():
        page, at = pages[at % len(pages)], at + 1
        began = time.monotonic()
        is_fresh = connection is None
        connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            trouble = ask(connection, page)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            connection.close()
            connection = None
            if not is_fresh:
                crowd.again += 1
                at -= 1
                continue
            trouble = type(error).__name__
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            connection, trouble = None, type(error).__name__
        crowd.note(time.monotonic() - began, trouble and f"{page['path']}: {trouble}")
        if connection and (trouble or not keeps):
            connection.close()
            connection = None


def ask(connection: http.client.HTTPConnection, page: dict[str, str]) -> str:
    """Empty when the answer is right, else what was wrong with it."""
    connection.request("GET", page["path"], headers={"Cookie": page["cookie"]} if page["cookie"] else {})
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    if answer.status != 200:
        return str(answer.status)
    return "" if page["must"] in text else "200 without what it must hold"
