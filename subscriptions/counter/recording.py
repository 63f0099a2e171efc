"""Usage is recorded behind the readers' backs: a page only puts what it saw into a buffer of its process.

A thread writes the buffer in batches. When the database cannot take them, they wait; when the buffer is full, further
ones are dropped and their number is kept for the month's report (exception 3040). Nothing here ever fails a page.

What may be lost: a worker that is killed (-9) loses what it saw in the last `FLUSH_SECONDS`. On SIGTERM, at a reload
and after its share of requests a worker writes what it has before it ends.
"""

import atexit
import hmac
import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import DataError, connection, transaction
from django.utils import timezone

from journal.access import NOTICE_TYPES
from subscriptions import downloads
from subscriptions.counter.actions import Seen
from subscriptions.counter.robots import is_robot

FLUSH_SECONDS = 1.0
BATCH = 500
CAPACITY = 20_000
LONGEST_PAUSE = 60.0
WAIT_AT_EXIT = 5.0
COMPLAIN_EVERY = 300

log = logging.getLogger(__name__)

# The article's facts are read when the batch is written: a second later, by the rule of journal/access.py
# (public_reason). Whose decision was not asked is placed as the decision would (subscriptions/access.py). An article
# that has only a PDF has no full text to request at its own address.
#
# `kind` is what many have in common: of a batch from one busy page each thing is sent, and its article looked up, once.
_WRITE = """
WITH kind AS MATERIALIZED (
    SELECT k.*, a.id AS article_id, a.access_type, a.article_type, a.free_from, a.has_full_text, i.year
    FROM unnest(%(page)s::text[], %(doi)s::text[], %(ip)s::text[], %(user_id)s::bigint[], %(is_placed)s::boolean[],
            %(institutions)s::text[], %(is_investigation)s::boolean[], %(is_request)s::boolean[], %(denied)s::text[])
        WITH ORDINALITY
        AS k(page, doi, ip, user_id, is_placed, institutions, is_investigation, is_request, denied, number)
    LEFT JOIN journal_article a ON a.doi_key = k.doi LEFT JOIN journal_issue i ON i.id = a.issue_id
    WHERE a.id IS NOT NULL OR k.doi = ''
)
INSERT INTO subscriptions_usageevent
    (at, reader, page, article_id, institutions, access_type, access_method, yop, is_investigation, is_request, denied)
SELECT s.at, s.reader, k.page, k.article_id,
    CASE WHEN k.is_placed THEN k.institutions::bigint[] ELSE coalesce((
        SELECT array_agg(b.institution_id) FROM (
            SELECT r.institution_id FROM subscriptions_iprange r WHERE r.network >>= nullif(k.ip, '')::inet
            UNION SELECT m.institution_id FROM subscriptions_membership m
            WHERE m.user_id = k.user_id AND m.ended_at IS NULL AND (m.until IS NULL OR m.until > s.at)
        ) b), '{}') END,
    CASE WHEN k.article_id IS NULL THEN '' WHEN k.access_type = 'open' THEN 'Open'
        WHEN k.access_type = 'free_to_read' OR k.article_type = ANY(%(notices)s::text[])
            OR k.free_from <= (s.at AT TIME ZONE %(time_zone)s)::date THEN 'Free_To_Read'
        ELSE 'Controlled' END,
    'Regular', CASE WHEN k.article_id IS NULL THEN 1 ELSE coalesce(k.year, 9999) END,
    k.is_investigation, k.is_request AND (k.page <> 'article' OR k.has_full_text), k.denied
FROM unnest(%(at)s::timestamptz[], %(reader)s::text[], %(kind)s::int[]) AS s(at, reader, kind)
JOIN kind k ON k.number = s.kind
"""
_LOST = """
INSERT INTO subscriptions_usagemonth (month, lost) VALUES (%s, %s)
ON CONFLICT (month) DO UPDATE SET lost = subscriptions_usagemonth.lost + EXCLUDED.lost
"""


class Buffer:
    """What this process has seen and not written yet."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.waiting: deque[Seen] = deque()
        self.capacity = capacity
        self.lost = 0
        self._process = 0
        self._starting = threading.Lock()
        self._writing = threading.Lock()
        self._ending = threading.Event()
        self._complained = 0.0

    def add(self, seen: Seen) -> None:
        """Never waits, never fails."""
        if len(self.waiting) >= self.capacity:
            self.lost += 1
            return
        self.waiting.append(seen)
        if settings.USAGE_IN_BACKGROUND and self._process != os.getpid():
            self._start()

    def flush(self) -> int:
        """Write all that waits, in batches; how many. Raises what the database raises, and keeps what it refused."""
        with self._writing:
            written = 0
            while self.waiting:
                batch = [self.waiting.popleft() for _ in range(min(BATCH, len(self.waiting)))]
                try:
                    self._write(batch)
                except BaseException:
                    self.waiting.extendleft(reversed(batch))
                    raise
                written += len(batch)
                downloads.note(
                    downloads.Text(seen.given, seen.doi, seen.user_id, seen.institutions or ())
                    for seen in batch
                    if seen.given
                )
            if self.lost:
                self._tell_lost()
            return written

    def _write(self, batch: Sequence[Seen]) -> None:
        try:
            write(batch)
        except DataError:  # one that the database can never take must not hold up the others
            if len(batch) == 1:
                log.warning("A use of %s cannot be recorded and is dropped.", batch[0].page)
                self.lost += 1
                return
            middle = len(batch) // 2
            self._write(batch[:middle])
            self._write(batch[middle:])

    def _tell_lost(self) -> None:
        lost = self.lost
        with connection.cursor() as cursor:
            cursor.execute(_LOST, [timezone.localdate().replace(day=1), lost])
        self.lost -= lost

    # --- the thread -------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Once in each process: a web server forks, and threads do not come along."""
        with self._starting:
            if self._process == os.getpid():
                return
            if self._process:  # locks of the parent's may be held for good here
                self._writing = threading.Lock()
            self._process = os.getpid()
            self._ending = threading.Event()
            threading.Thread(target=self._run, name="usage", daemon=True).start()
            atexit.register(self._end)

    def _run(self) -> None:
        pause = FLUSH_SECONDS
        while not self._ending.wait(pause):
            pause = FLUSH_SECONDS if self.flush_quietly() else min(pause * 2, LONGEST_PAUSE)

    def flush_quietly(self) -> bool:
        """Write what waits; False when it has to wait on. The connection goes back to the pool."""
        try:
            self.flush()
        except Exception as error:
            self._complain(error)
            return False
        finally:
            connection.close()
        return True

    def _complain(self, error: Exception) -> None:
        now = timezone.now().timestamp()
        if now - self._complained > COMPLAIN_EVERY:
            self._complained = now
            log.warning("Usage cannot be recorded: %d wait, %d dropped. %s", len(self.waiting), self.lost, error)

    def _end(self) -> None:
        """The process ends in order: write what it has seen, unless the database makes it wait."""
        self._ending.set()
        if self._process != os.getpid():
            return
        last = threading.Thread(target=self.flush_quietly, name="usage, at the end", daemon=True)
        last.start()
        last.join(WAIT_AT_EXIT)


buffer = Buffer()


def write(batch: Sequence[Seen]) -> None:
    """One statement for the whole batch, robots left out. Who read becomes a digest, and addresses are forgotten."""
    people = [seen for seen in batch if seen.counts and not is_robot(seen.browser)]
    if not people:
        return
    numbers: dict[tuple[Any, ...], int] = {}
    kinds = [numbers.setdefault(_kind(seen), len(numbers) + 1) for seen in people]
    columns: dict[str, Any] = dict(zip(_KIND, map(list, zip(*numbers, strict=True)), strict=True))
    columns |= {
        "at": f"{{{','.join(seen.at.isoformat() for seen in people)}}}",
        "reader": f"{{{','.join(map(digest, people))}}}",  # hexadecimal
        "kind": f"{{{','.join(map(str, kinds))}}}",
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_WRITE, {**columns, "notices": sorted(NOTICE_TYPES), "time_zone": settings.TIME_ZONE})


_KIND = ("page", "doi", "ip", "user_id", "is_placed", "institutions", "is_investigation", "is_request", "denied")


def _kind(seen: Seen) -> tuple[Any, ...]:
    """What of it others may have in common. Where somebody comes from is asked only where the decision has not said."""
    is_placed = seen.institutions is not None
    return (
        seen.page, seen.doi, "" if is_placed else seen.ip, None if is_placed else seen.user_id, is_placed,
        f"{{{','.join(map(str, seen.institutions or ()))}}}", seen.is_investigation, seen.is_request, seen.denied,
    )  # fmt: skip


def digest(seen: Seen) -> str:
    """Who it was, in the order of section 7.2: the account, else the session, else address and browser.

    Keyed, so that the table alone tells nobody's address.
    """
    if seen.user_id is not None:
        who = f"user|{seen.user_id}"
    else:
        who = f"session|{seen.session}" if seen.session else f"{seen.ip}|{seen.browser}"
    key = f"usage|{settings.SECRET_KEY}".encode()
    return hmac.digest(key, who.encode(errors="replace"), "sha256").hex()[:32]
