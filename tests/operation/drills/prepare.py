"""`python -m tests.operation.drills.prepare FILE`: fills the stage's database, and tells what each page must hold."""

import json
import sys
from datetime import timedelta
from pathlib import Path

import django

ARTICLES = 6


def main(told: Path) -> None:
    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from journal.search.upkeep import rebuild_index, refresh_entries
    from tests.make import SECRET_SENTENCE, make_article, make_issue, make_journal, make_offer, make_right, make_user

    call_command("migrate", verbosity=0)
    issue = make_issue()
    articles = [make_article(issue=issue, title=f"Herons, part {number}") for number in range(ARTICLES)]
    subscriber, stranger = make_user("drill@example.org", name="Drill"), make_user("buyer@example.org", name="Buyer")
    make_right(subscriber, make_journal(), "subscription", ends_at=timezone.now() + timedelta(days=30))
    offer = make_offer("purchase")
    refresh_entries()
    rebuild_index()
    place, title = articles[0].get_absolute_url(), articles[0].title
    visitor = [
        {"path": "/", "cookie": "", "must": "Journal of Tests"},
        {"path": place, "cookie": "", "must": title},
        {"path": "/search/?q=herons", "cookie": "", "must": title},
    ]
    readers = [
        {"path": place, "cookie": cookie_of(subscriber), "must": SECRET_SENTENCE},
        {"path": "/my-access/", "cookie": cookie_of(subscriber), "must": "My access"},
    ]
    order = {"path": f"/offers/{offer.pk}/order/", "article": articles[1].pk, "cookie": cookie_of(stranger)}
    told.write_text(json.dumps({"pages": visitor + readers, "order": order, "token": TOKEN}))


TOKEN = "d" * 32


def cookie_of(user: object) -> str:
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={TOKEN}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
