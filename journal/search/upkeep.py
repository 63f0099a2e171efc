"""Keeping what is worked out of the articles up to date: search terms in the database, the full-text index on the disk.

Both remember how far they have come and go on from there, so any of these may be interrupted, run twice or be late.
The database's part is done once for the site; each machine that answers searches has an index of its own.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from journal.locks import only_one
from journal.models import Article
from journal.search import database, fulltext, terms
from journal.topic_models import ArticleTopic, TopicPath, Upkeep

log = logging.getLogger(__name__)

BATCH = 200
DAY_SECONDS = 86_400
#: An article may be saved long before its transaction is done; what is as young as this is looked at again.
OVERLAP = timedelta(minutes=2)
LONG_AGO = datetime(1970, 1, 1, tzinfo=timezone.get_default_timezone())
Learn = Callable[[list[Article]], None]
#: What is worked out of each changed article for the database. Other subjects of the journal add theirs.
IN_DATABASE: list[Learn] = [terms.learn]


@dataclass(frozen=True, slots=True)
class Mark:
    """Changes up to `at` are in, and what the calendar brought up to `day`."""

    at: datetime
    day: date

    @classmethod
    def beginning(cls) -> "Mark":
        return cls(LONG_AGO, LONG_AGO.date())


def changed(since: Mark, today: date) -> "QuerySet[Article]":
    """Saved since then, or brought onto the site, or made free, by a day that has come."""
    came = Q(published_online__gt=since.day, published_online__lte=today)
    came |= Q(free_from__gt=since.day, free_from__lte=today)
    return Article.objects.filter(Q(updated_at__gte=since.at - OVERLAP) | came)


def in_batches(articles: "QuerySet[Article]") -> Iterator[list[Article]]:
    """By the row's number, without holding a cursor open."""
    last = 0
    while batch := list(articles.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield batch
        last = batch[-1].pk


def catch_up() -> None:
    """Both parts. What is interrupted begins again at its last mark, and doing a part twice changes nothing."""
    _database_catches_up()
    _index_catches_up()


def _database_catches_up() -> None:
    with only_one("upkeep") as mine:
        if not mine:
            return
        row = Upkeep.objects.filter(name="articles").first()
        mark, now, today = Mark(row.at, row.day) if row else Mark.beginning(), timezone.now(), timezone.localdate()
        waiting = changed(mark, today).filter(status=Article.Status.PUBLISHED, published_online__lte=today)
        for batch in in_batches(waiting.defer("search", "problems")):
            with transaction.atomic():
                for learn in IN_DATABASE:
                    learn(batch)
        Upkeep.objects.update_or_create(name="articles", defaults={"at": now, "day": today})


def _index_catches_up() -> None:
    try:
        path = fulltext.current()
    except fulltext.Unusable:
        rebuild_index()
        return
    mark, now, today = _mark_of(path), timezone.now(), timezone.localdate()
    waiting = changed(mark, today)
    if not waiting.exists():
        return
    try:
        writer = fulltext.writer_of(path)
    except fulltext.Unusable as error:
        if "Lock" in str(error):
            return  # somebody else is writing; the next minute looks again
        log.warning("The full-text index is damaged and is built anew: %s", error)
        rebuild_index()
        return
    for batch in in_batches(_with_texts(waiting)):
        for article in _with_topics(batch):
            fulltext.put(writer, article)
    writer.commit()
    writer.wait_merging_threads()
    _remember(path, Mark(now, today))


def rebuild_index(progress: Callable[[int], None] = lambda done: None) -> int:
    """A new index of everything on the site, put in the old one's place when it is whole. How many articles."""
    home = fulltext.folder()
    path = home / f"v{fulltext.SCHEMA_VERSION}-{uuid4().hex[:12]}"
    now, today, done = timezone.now(), timezone.localdate(), 0
    try:
        writer = fulltext.writer_of(path, new=True)
        for batch in in_batches(_with_texts(Article.objects.published(today))):
            for article in _with_topics(batch):
                fulltext.put(writer, article, known=False)
            done += len(batch)
            progress(done)
        writer.commit()
        writer.wait_merging_threads()
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    _remember(path, Mark(now, today))
    pointer = home / f".current-{path.name}"
    pointer.write_text(path.name, encoding="ascii")
    pointer.replace(home / "current")
    _forget_others(home, path)
    return done


def refresh_entries(progress: Callable[[int], None] = lambda done: None) -> int:
    """The database's own search column of every article, as this version writes it."""
    done = 0
    for batch in in_batches(Article.objects.defer("search")):
        database.refresh(batch)
        done += len(batch)
        progress(done)
    return done


def _forget_others(home: Path, path: Path) -> None:
    """Earlier indexes. One without a mark is being built, unless it is a day old."""
    for other in home.glob("v*-*"):
        is_old = time.time() - other.stat().st_mtime > DAY_SECONDS
        if other != path and ((other / "mark.json").exists() or is_old):
            shutil.rmtree(other, ignore_errors=True)  # a search under way keeps its open files


def _with_texts(articles: "QuerySet[Article]") -> "QuerySet[Article]":
    rows = ArticleTopic.objects.order_by()
    related = articles.select_related("full_text", "record").defer("search", "problems", "title_html", "record__front")
    return related.prefetch_related(Prefetch("topic_rows", rows, to_attr="own_topics"))


def _with_topics(batch: list[Article]) -> list[Article]:
    """Each article's topics and those above them, as slugs."""
    rows = [row for article in batch for row in article.own_topics]  # type: ignore[attr-defined]
    above: dict[int, list[str]] = {}
    paths = TopicPath.objects.filter(below__in={row.topic_id for row in rows}).values_list("below", "above__slug")
    for below, slug in paths if rows else ():
        above.setdefault(below, []).append(slug)
    for article in batch:
        own = {row.topic_id for row in article.own_topics}  # type: ignore[attr-defined]
        article.topic_slugs = sorted({slug for topic in own for slug in above.get(topic, [])})  # type: ignore[attr-defined]
    return batch


def _mark_of(path: Path) -> Mark:
    try:
        said = json.loads((path / "mark.json").read_text())
        return Mark(datetime.fromisoformat(said["at"]), date.fromisoformat(said["day"]))
    except (OSError, ValueError, KeyError):
        return Mark.beginning()


def _remember(path: Path, mark: Mark) -> None:
    new = path / "mark.json.new"
    new.write_text(json.dumps({"at": mark.at.isoformat(), "day": mark.day.isoformat()}))
    new.replace(path / "mark.json")
