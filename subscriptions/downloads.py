"""Systematic downloading: noticed by those who record usage, and asked about (docs/decisions/0056).

Each process counts in its memory whose full texts were given by right; who reaches a handful gets a row an hour
(`Fetched`), by a keyed digest. Above ASK_AFTER_TEXTS a question is put down, and every process knows within seconds
whom to ask (subscriptions/download_views.py). All of it happens in the thread that writes usage: a page of somebody
whom nobody asks pays a look at an empty set.

Readers with an account or a session are counted by it, over a day. Others by their address alone, over an hour and
generously, because a campus may stand behind it; who answers there gets a session and is counted apart.
"""

import hmac
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.http.response import HttpResponseBase
from django.utils import timezone

from journal.access import Access
from subscriptions.models import DownloadQuestion, Fetched
from subscriptions.reader import RequestReader

log = logging.getLogger(__name__)

DAY, HOUR = 24, 1
SHARED = 4  # times as many, for an address that may be a campus's
MOST_READERS = 20_000  # in the memory of a process
ASKED_EVERY = 5.0  # seconds between looks for questions of other processes
KEPT = timedelta(days=2)
KEPT_QUESTIONS = timedelta(days=365)
GIVEN = frozenset({200, 206})
OF_ADDRESS = "address|"

_ADD = """
INSERT INTO subscriptions_fetched (reader, hour, texts) SELECT reader, %s, texts FROM unnest(%s::text[], %s::int[])
    AS t(reader, texts)
ON CONFLICT (reader, hour) DO UPDATE SET texts = subscriptions_fetched.texts + EXCLUDED.texts
"""
_SUMS = """
SELECT reader, sum(texts) FILTER (WHERE hour = %(hour)s), sum(texts) FROM subscriptions_fetched
WHERE reader = ANY(%(readers)s) AND hour > %(hour)s - interval '1 day'
    AND NOT EXISTS (SELECT FROM subscriptions_downloadquestion q WHERE q.reader = subscriptions_fetched.reader
        AND q.answered_at IS NULL AND q.open_until > %(now)s)
GROUP BY reader
"""


@dataclass(frozen=True, slots=True)
class Text:
    """A full text that was given by right: to whom (`mark_of`), and where they come from."""

    mark: str
    doi: str
    user_id: int | None
    institutions: tuple[int, ...]


def mark_of(reader: RequestReader) -> str:
    return mark(reader.user.pk if reader.user else None, reader.session_key or "", reader.ip or "")


def mark(user_id: int | None, session: str, ip: str) -> str:
    """Who it is: the account, else the session that is really there, else the address. Never leaves the process."""
    if user_id is not None:
        return f"user|{user_id}"
    return f"session|{session}" if session else f"{OF_ADDRESS}{ip}"


def may_be_asked(who: str) -> bool:
    """Whether this process knows of a question to them; nothing is worked out while there is none to anybody."""
    return bool(watch.asked) and keyed(who) in watch.asked


def keyed(mark: str) -> str:
    key = f"downloads|{settings.SECRET_KEY}".encode()
    return hmac.digest(key, mark.encode(errors="replace"), "sha256").hex()[:32]


def is_given(view: str, response: HttpResponseBase, access: Access | None) -> bool:
    """Whether this answer hands out a full text that not everybody may read. Any piece of a file counts."""
    if access is None or access.is_public or response.status_code not in GIVEN:
        return False
    return access.allows_pdf if view == "pdf" else view == "article" and access.granted


@dataclass
class Watch:
    """What this process has seen this hour, and whom it asks."""

    hour: datetime | None = None
    texts: dict[str, set[str]] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    looked_at: float = -ASKED_EVERY

    def note(self, given: Iterable[Text]) -> None:
        """Count, tell the others, ask. Called where usage is written, never by a page."""
        limit = settings.ASK_AFTER_TEXTS
        if not limit:
            self.asked = set()
            return
        now = timezone.now()
        hour = now.replace(minute=0, second=0, microsecond=0)
        if hour != self.hour or len(self.texts) > MOST_READERS:
            self.hour, self.texts, self.told = hour, {}, {}
        grown: dict[str, Text] = {}
        for text in given:
            reader = keyed(text.mark)
            texts = self.texts.setdefault(reader, set())
            texts.add(text.doi)
            if len(texts) - self.told.get(reader, 0) >= max(1, min(5, limit // 20)):
                grown[reader] = text
        if grown:
            self._tell(grown, hour, now)
        if time.monotonic() - self.looked_at > ASKED_EVERY:
            self.look()

    def look(self) -> None:
        self.looked_at = time.monotonic()
        self.asked = set(DownloadQuestion.objects.open().values_list("reader", flat=True))

    def _tell(self, grown: dict[str, Text], hour: datetime, now: datetime) -> None:
        readers = sorted(grown)  # in one order, so that two processes never wait for each other
        new = [len(self.texts[reader]) - self.told.get(reader, 0) for reader in readers]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_ADD, [hour, readers, new])
            cursor.execute(_SUMS, {"hour": hour, "readers": readers, "now": now})
            sums = cursor.fetchall()
        self.told.update({reader: len(self.texts[reader]) for reader in readers})
        for reader, this_hour, whole_day in sums:
            self._judge(reader, grown[reader], this_hour or 0, whole_day)

    def _judge(self, reader: str, text: Text, this_hour: int, whole_day: int) -> None:
        is_shared = text.mark.startswith(OF_ADDRESS)
        count, hours, most = (this_hour, HOUR, SHARED) if is_shared else (whole_day, DAY, 1)
        if count < settings.ASK_AFTER_TEXTS * most:
            return
        institution = text.institutions[0] if text.institutions else None
        DownloadQuestion.objects.create(
            reader=reader, user_id=text.user_id, institution_id=institution, is_shared=is_shared, texts=count,
            hours=hours, open_until=timezone.now() + timedelta(hours=hours),
        )  # fmt: skip
        self.asked.add(reader)
        log.warning("Somebody fetched the full text of %d articles in %d hours and is asked about it.", count, hours)


watch = Watch()


def note(given: Iterable[Text]) -> None:
    """As `Watch.note`; what goes wrong is said and hinders nobody."""
    try:
        watch.note(given)
    except Exception:
        log.exception("Downloads were not counted")


def answer(question: DownloadQuestion, purpose: str) -> None:
    """The reader said what it is for: their count begins anew. Behind a shared address it stays open for the others."""
    question.purpose, question.answers = purpose, question.answers + 1
    if not question.is_shared:
        question.answered_at = timezone.now()
        Fetched.objects.filter(reader=question.reader).delete()
        watch.asked.discard(question.reader)
    question.save(update_fields=["purpose", "answers", "answered_at"])


def advice(question: DownloadQuestion) -> list[str]:
    """What staff can do beyond looking: for the person, never against an institution's network."""
    if question.purpose == DownloadQuestion.Purpose.MINING:
        return ["Offer a license for text and data mining, and the files in one piece."]
    if question.user_id:
        return ["If it is a program or a stolen account: the person's page puts the account on hold."]
    return ["Its library can find out who it was. The network stays open: do not take it out of the license."]


def forget_old() -> None:
    """Each night: counts of the day before yesterday, questions of a year ago."""
    now = timezone.now()
    Fetched.objects.filter(hour__lt=now - KEPT).delete()
    DownloadQuestion.objects.filter(asked_at__lt=now - KEPT_QUESTIONS).delete()
