"""`python -m tests.benchmarks.prepare FILE`: fills a new site and tells what each page must hold."""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import django


def main(told: Path) -> None:
    django.setup()
    from django.core.management import call_command

    from demo import sample_journal

    say("Database, style sheets, scripts and fonts …")
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    say("Sample journal …")
    sample_journal.load()
    told.write_text(json.dumps([page | count(page) for page in pages()]))


def say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


def pages() -> list[dict[str, Any]]:
    """`{name, path, headers, must, must_not, aim, status}` for each page; `must` is what only the right answer holds.

    `aim` is the share of the bare view's requests a second that issue 9 asks for; None where it asks for none.
    """
    from django.db.models.functions import Length

    from journal.models import FullText, Issue
    from tests.benchmarks.report import FILE, OF_NGINX
    from tests.benchmarks.urls import BARE

    behind = json.loads((Path(__file__).parents[2] / "sample/sentinels.json").read_text())
    controlled = FullText.objects.filter(
        article__doi__in=behind, article__access_type="controlled", article__free_from=None
    )
    article = controlled.order_by(-Length("body")).select_related("article")[0].article
    secret = next(sentence for sentence in behind[article.doi] if sentence in article.full_text.body)
    issue = Issue.objects.published().first()
    place = article.get_absolute_url()
    unkept = {"Cookie": "any=1"}  # of visitors with a cookie no page is kept
    known = {"If-None-Match": etag(place)}
    reader = subscriber(article.journal)
    closed = 'id="get-access-title"'
    rows: list[tuple[str, str, dict[str, str], str, str, float | None, int]] = [
        ("bare view", "/bare/", {}, BARE, "", None, 200),
        ("article, visitor, kept", place, {}, closed, secret, 1.5, 200),
        ("article, visitor, packed", place, {"Accept-Encoding": "br"}, known["If-None-Match"], secret, 1.5, 200),
        ("article, visitor, unchanged", place, known, known["If-None-Match"], secret, 0.33, 304),
        ("article, visitor, made anew", place, unkept, closed, secret, 0.25, 200),
        ("article, subscriber", place, {"Cookie": reader}, secret, closed, 0.25, 200),
        ("article, subscriber, made anew", place, {"Cookie": f"{reader}; any=1"}, secret, closed, None, 200),
        ("home, kept", "/", {}, 'class="home-issue"', "", None, 200),
        ("home, made anew", "/", unkept, 'class="home-issue"', "", None, 200),
        ("issue, made anew", issue.get_absolute_url(), unkept, 'class="article-list"', "", None, 200),
        ("search", "/search/?q=trial", {}, 'class="article-list"', "", None, 200),
        (FILE, "/plain/page.html", {}, closed, secret, None, 200),
        (OF_NGINX, place, {}, closed, secret, None, 200),
    ]
    names = ("name", "path", "headers", "must", "must_not", "aim", "status")
    return [dict(zip(names, row, strict=True)) | {"of_nginx": row[0] in (FILE, OF_NGINX)} for row in rows]


def etag(path: str) -> str:
    from django.test import Client

    return Client(headers={"host": "127.0.0.1"}).get(path).headers["ETag"]


def subscriber(journal: Any) -> str:
    """The cookies of a reader with a subscription in force, as signing in would have set them."""
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone
    from django.utils.crypto import get_random_string

    from tests.make import make_right, make_user

    reader = make_user("bench@example.org", name="Subscriber")
    make_right(reader, journal, "subscription", ends_at=timezone.now() + timedelta(days=300))
    client = Client()
    client.force_login(reader)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={get_random_string(32)}"


def count(page: dict[str, Any]) -> dict[str, int]:
    """How many statements the page takes, once what each process keeps (the frame) is there."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    if page["of_nginx"]:
        return {"statements": 0}
    client = Client(headers={"host": "127.0.0.1", **page["headers"]})
    client.get(page["path"])
    with CaptureQueriesContext(connection) as statements:
        answer = client.get(page["path"])
    if answer.status_code != page["status"]:
        sys.exit(f"{page['name']} ({page['path']}) answered {answer.status_code}.")
    kept = page["name"].endswith(("kept", "packed", "unchanged"))
    before_django = 1 if kept else 2 if page["name"].endswith("subscriber") else None  # and their questions
    return {"statements": before_django or len(statements)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
