"""`python -m config.backup.looking EXPECTED`: run on restored data by the drill. Prints what it finds as JSON.

Tables are compared, pages opened as a visitor and as a reader with a right, and every file that a row names looked up.
"""

import io
import json
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import django


def main(expected: Path) -> None:
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection, transaction

    from config.backup import fingerprint
    from config.postgres.roles import pages_only

    with transaction.atomic():
        found = fingerprint.tables()
    told: dict[str, Any] = {"differences": fingerprint.differences(json.loads(expected.read_text()), found)}
    told["missing_files"] = _missing_files()
    visits = list(_visits())
    if settings.DATABASE_WEB_ROLE:  # roles are the server's, not the database's: no dump has them
        call_command("database_roles", stdout=io.StringIO())
        pages_only()
        connection.close()
    told["pages"] = [_open(*visit) for visit in visits]
    sys.stdout.write(json.dumps(told) + "\n")


def _visits() -> Iterator[tuple[str, str, str, Any]]:
    """(who, path, what the page must show, the reader)"""
    from django.utils import timezone

    from journal.models import Article
    from subscriptions.models import Entitlement

    newest = Article.objects.published().order_by("-published_online", "-pk").first()
    yield from (("visitor", path, "", None) for path in ("/", "/issues/", "/search/?q=a"))
    if newest is not None:
        yield "visitor", newest.get_absolute_url(), newest.title, None
    rights = Entitlement.objects.in_force(timezone.now()).exclude(kind__in=["rental", "gift"])
    rights = rights.filter(article__in=Article.objects.published(), article__full_text__isnull=False)
    right = rights.filter(user__isnull=False).select_related("user", "article__full_text").first()
    if right is not None and right.article is not None:
        start = right.article.full_text.body[:200].partition("&")[0]
        yield "reader", right.article.get_absolute_url(), start, right.user


def _open(who: str, path: str, must: str, reader: Any) -> list[Any]:
    """[who, path, status, whether it shows what it must]. Nothing stays in the database of what this does."""
    from django.conf import settings
    from django.db import transaction
    from django.test import Client

    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["*"], False
    client = Client(raise_request_exception=False)
    with transaction.atomic():
        if reader is not None:
            client.force_login(reader)
        answer = client.get(path, follow=True, secure=settings.HTTPS)
        transaction.set_rollback(True)
    return [who, path, answer.status_code, answer.status_code == 200 and must in _text(answer)]


def _text(answer: Any) -> str:
    return unescape(answer.content.decode(errors="replace"))


def _missing_files() -> int:
    from django.core.files.storage import FileSystemStorage

    from journal.models import ArticleFile, private_files

    storage = private_files()
    if not isinstance(storage, FileSystemStorage):
        return 0
    named = ArticleFile.objects.values_list("file", flat=True).iterator()
    return sum(not storage.exists(name) for name in named)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
