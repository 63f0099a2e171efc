"""A cache in front is told which pages are stale (docs/decisions/0060-purging.md).

Pages for everybody carry keys: `site`, and `article-<id>` or `lists`. Triggers write the keys of what changes into
`stale_page` with the change itself; the job tells the cache and takes them away. If the cache does not answer, they
stay, and the next minute tells it again. Answers that depend on a right are private: no cache has them, none is told.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import requests
from django.conf import settings
from django.db import connection, transaction
from django.db.models.signals import post_delete, post_save
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from accounts.models import ServiceCenter
from journal.models import Article, Issue, Journal, PublicPage, Section
from journal.topic_models import Collection, Topic
from subscriptions.models import Offer

TASK = "subscriptions.purge"
SITE, LISTS = "site", "lists"
MOST_KEYS = 30  # Cloudflare takes that many at a time; with more, everything is stale
TIMEOUT_SECONDS = 10
FORGOTTEN = "1 hour"  # where nobody is to be told

log = logging.getLogger(__name__)


def keys_of(article: int | None) -> tuple[str, str]:
    """What a page for everybody carries: of one article, or one that lists articles."""
    return (SITE, LISTS if article is None else f"article-{article}")


def headers(keys: Sequence[str]) -> dict[str, str]:
    """Under the names that caches read: Fastly, Cloudflare, Varnish with its xkey."""
    return {"Surrogate-Key": " ".join(keys), "Cache-Tag": ",".join(keys), "xkey": " ".join(keys)}


def watch() -> None:
    """Whatever is saved one by one is told at once; what is written in another way within the minute."""
    for model in (Article, PublicPage, Journal, Issue, Section, Topic, Collection, ServiceCenter, Offer):
        post_save.connect(_hint, sender=model)
        post_delete.connect(_hint, sender=model)


def _hint(**_: Any) -> None:
    if settings.PURGE_URL:
        transaction.on_commit(_queue, robust=True)


def _queue() -> None:
    with suppress(AlreadyEnqueued), transaction.atomic():
        app.configure_task(TASK, queueing_lock=TASK).defer(timestamp=0)


def purge() -> int:
    """Tell the cache what is stale; how many keys. What it was not told of stays."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not settings.PURGE_URL:
            cursor.execute("DELETE FROM stale_page WHERE at < clock_timestamp() - %s::interval", [FORGOTTEN])
            return 0
        cursor.execute("DELETE FROM stale_page RETURNING key")
        stale = told_keys({key for (key,) in cursor.fetchall()})
        if stale and not _told(stale):
            transaction.set_rollback(True)
            return 0
    return len(stale)


def told_keys(changed: set[str]) -> list[str]:
    """An article stands in lists, too; `site` is everything."""
    if not changed:
        return []
    keys = changed | {LISTS}
    return [SITE] if SITE in keys or len(keys) > MOST_KEYS else sorted(keys)


def _told(keys: Sequence[str]) -> bool:
    method, more = STYLES[settings.PURGE_STYLE](keys)
    try:
        answer = requests.request(method, settings.PURGE_URL, timeout=TIMEOUT_SECONDS, allow_redirects=False, **more)
    except requests.RequestException as error:
        log.warning("The cache was not told of %s stale keys: %s", len(keys), type(error).__name__)
        return False
    if not answer.ok:
        log.warning("The cache was not told of %s stale keys: it answered %s", len(keys), answer.status_code)
    return answer.ok


def _fastly(keys: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """POST /service/<id>/purge (Fastly's API, “Purge multiple surrogate key tags”)."""
    return "POST", {"headers": {"Fastly-Key": settings.PURGE_TOKEN, "Surrogate-Key": " ".join(keys)}}


def _cloudflare(keys: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """POST /zones/<id>/purge_cache (Cloudflare's API, “Purge cached content by tag”)."""
    return "POST", {"headers": {"Authorization": f"Bearer {settings.PURGE_TOKEN}"}, "json": {"tags": list(keys)}}


def _varnish(keys: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """PURGE with the keys in a header, as the example of vmod_xkey has it; the token as one more header."""
    return "PURGE", {"headers": {"xkey": " ".join(keys), "X-Purge-Token": settings.PURGE_TOKEN}}


Style = Callable[[Sequence[str]], tuple[str, dict[str, Any]]]
STYLES: dict[str, Style] = {"fastly": _fastly, "cloudflare": _cloudflare, "varnish": _varnish}
