"""Keeping what is worked out of the articles up to date: search terms in the database, the full-text index on the disk.

Both remember how far they have come and go on from there, so any of these may be interrupted, run twice or be late.
The database's part is done once for the site; each machine that answers searches has an index of its own.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from journal import browsing, happenings, related
from journal.changes import Mark, changed, in_batches
from journal.locks import only_one
from journal.models import Article
from journal.search import database, fulltext, terms
from journal.topic_models import ArticleTopic, TopicPath, Upkeep

log = logging.getLogger(__name__)

DAY_SECONDS = 86_400
Learn = Callable[[list[Article]], None]
#: Columns that may be as long as the article and hold nothing to search for.
_NOT_INDEXED = (
    "search", "problems", "title_html", "record__front",
    *(f"full_text__{name}" for name in ("notes", "references", "contents", "aside", "spoken")),
)  # fmt: skip
#: What is worked out of each changed article for the database. Topics come first: the index learns them, too.
BEFORE_THE_INDEX: tuple[Learn, ...] = (browsing.learn_topics, browsing.learn_authors, terms.learn)
AFTER_THE_INDEX: tuple[Learn, ...] = (related.learn_citations, related.learn_similar, happenings.note)


def catch_up() -> None:
    """All parts. What is interrupted begins again at its last mark, and doing a part twice changes nothing."""
    _database_catches_up("articles", BEFORE_THE_INDEX)
    _index_catches_up()
    _database_catches_up("related", AFTER_THE_INDEX)


def _database_catches_up(name: str, learners: tuple[Learn, ...]) -> None:
    with only_one(f"upkeep:{name}") as mine:
        if not mine:
            return
        row = Upkeep.objects.filter(name=name).first()
        mark, now, today = Mark(row.at, row.day) if row else Mark.beginning(), timezone.now(), timezone.localdate()
        waiting = changed(mark, today).filter(status=Article.Status.PUBLISHED, published_online__lte=today)
        for batch in in_batches(waiting.defer("search", "problems")):
            with transaction.atomic():
                for learn in learners:
                    learn(batch)
        Upkeep.objects.update_or_create(name=name, defaults={"at": now, "day": today})


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
    related = articles.select_related("full_text", "record").defer(*_NOT_INDEXED)
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
