"""Imports in the background: an upload becomes a batch of items, a job imports them one after the other.

The table is the queue; a job is only a hint to look at it. An item's result is written in the transaction of its
article, so an interruption at any moment neither loses nor repeats anything.
"""

import errno
import logging
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.files.base import File
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.models import User
from journal.importing import ImportRecord, import_source
from journal.locks import only_one
from journal.models import Article, ImportBatch, ImportItem, import_inbox
from journal.stored import path_of, remove_old

log = logging.getLogger(__name__)
MOST_ATTEMPTS = 3
#: A job gives way to others (a reader's payment, say) after so many seconds, and is queued again.
SECONDS = 20.0
#: The disk takes no more: nobody's file is at fault, so that is no attempt.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
#: How long the report of an import is kept.
KEEP = timedelta(days=90)


def start(by: User | None, uploads: Iterable["File[Any]"]) -> ImportBatch:
    """Keep the uploaded files and queue their import. A file that Django put on the disk is moved, not copied."""
    with transaction.atomic():
        batch = ImportBatch.objects.create(by=by)
        for upload in uploads:
            name = (upload.name or "unnamed")[-255:]
            item = ImportItem(batch=batch, name=name, size=upload.size)
            item.file.save(f"{batch.pk}/{uuid4().hex}{Path(name).suffix.lower()[:10]}", upload, save=True)
        _ask_for_work()
    return batch


def forget_lost_uploads(age: timedelta = timedelta(days=1)) -> int:
    """Remove uploads that no item waits for: their storing broke off, or their item was deleted. How many."""
    return remove_old(import_inbox(), lambda: set(open_items().values_list("file", flat=True)), age)


def forget_old(age: timedelta = KEEP) -> int:
    """Remove the reports of imports that ended long ago; how many. What was imported stays, with its versions."""
    ended = ImportBatch.objects.filter(created_at__lt=timezone.now() - age).exclude(items__status__in=ImportItem.OPEN)
    return ended.delete()[1].get(ImportBatch._meta.label, 0)


def _ask_for_work() -> None:
    from journal.tasks import import_waiting  # noqa: PLC0415  (the job calls `work`)

    import_waiting.defer()


def work() -> bool:
    """Import what waits, oldest first, for about SECONDS. Whether more waits. One process does it at a time."""
    until = time.monotonic() + SECONDS
    with only_one("imports") as mine:
        while mine and (item := open_items().select_related("batch__by").first()):
            if not _import(item):
                return False  # the sweep looks again in a minute
            if time.monotonic() > until:
                return bool(open_items().exists())
    return False


def open_items() -> Any:
    """What is still to be imported. Nobody else works while we do, so one being worked on was interrupted."""
    return ImportItem.objects.filter(status__in=ImportItem.OPEN)


def _import(item: ImportItem) -> bool:
    """Whether there is any use in going on with the next one."""
    if item.attempts >= MOST_ATTEMPTS:
        _give_up(item)
        return True
    item.status, item.attempts = ImportItem.Status.WORKING, item.attempts + 1
    item.save(update_fields=["status", "attempts"])
    try:
        import_source(path_of(item.file.storage, item.file.name), item.name, lambda record: _settle(item, record))
    except DatabaseError:
        raise  # the job fails, and the sweep finds the item when the database is back
    except Exception as error:
        log.exception("Import item %s failed.", item.pk)
        return _put_back(item, error)
    return True


def _put_back(item: ImportItem, error: Exception) -> bool:
    """It waits for another attempt; False when none can succeed until somebody has made room."""
    has_room = not (isinstance(error, OSError) and error.errno in NO_ROOM)
    item.status, item.attempts = ImportItem.Status.WAITING, item.attempts if has_room else item.attempts - 1
    no_room = "The disk takes no more files. Nothing was changed; the import goes on by itself when there is room."
    item.errors = [f"{type(error).__name__}: {error}" if has_room else no_room]
    item.save(update_fields=["status", "attempts", "errors"])
    return has_room


def _settle(item: ImportItem, record: ImportRecord) -> None:
    """What became of the file, and in the admin's log who did it; in the transaction of the article's rows."""
    item.status, item.doi, item.article_id = record.status, record.doi[:255], record.article_id
    item.errors, item.warnings = record.errors, record.warnings
    if record.article_id and record.status != "unchanged" and item.batch.by:
        article = Article.objects.filter(pk=record.article_id)
        said = f"Imported from {item.name}: {record.status}."
        LogEntry.objects.log_actions(item.batch.by.pk, article, CHANGE, said, single_object=True)
    _finish(item)


def _give_up(item: ImportItem) -> None:
    last = " ".join(item.errors) or "Each time, the program was ended before it was done."
    item.status = ImportItem.Status.REJECTED
    item.errors = [f"It could not be imported in {MOST_ATTEMPTS} attempts; nothing was changed. {last}"]
    _finish(item)


def _finish(item: ImportItem) -> None:
    """The upload is not needed any more: what was imported is kept with the article's version."""
    file, storage = item.file.name, item.file.storage
    item.file, item.finished_at = "", timezone.now()
    item.save()
    if file:
        transaction.on_commit(lambda: storage.delete(file))
