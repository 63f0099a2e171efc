"""`python -m tests.observatory.prepare FILE`: fills a new site and tells a page of each class."""

import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import django


def main(told: Path) -> None:
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    from demo import sample_journal
    from journal.models import Article, Issue
    from tests.make import make_right, make_user

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    sample_journal.load()

    def signed_in(**fields: bool) -> tuple[Client, str]:
        user = make_user(**fields)
        make_right(user, Article.objects.all()[0].journal, "subscription")
        client = Client(headers={"host": urlsplit(settings.SITE_URL).netloc})
        client.force_login(user)
        return client, f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"

    (browser, reader), (_, staff) = signed_in(), signed_in(is_staff=True, is_superuser=True)
    article = Article.objects.filter(access_type="controlled", has_pdf=True)[0]
    place, issue = article.get_absolute_url(), Issue.objects.published()[0].get_absolute_url()
    pdf = browser.get(f"{place}article.pdf", secure=True).headers["Location"]  # of this reader, for minutes
    rows = [
        ("home", "/", ""), ("issue", issue, ""), ("article", place, ""), ("article, subscriber", place, reader),
        ("figures, subscriber", f"{place}figures/", reader), ("PDF, subscriber", pdf, reader),
        ("PDF, refused (403)", f"{place}article.pdf", ""), ("search", "/search/?q=trial", ""),
        ("sign in", "/accounts/login/", ""), ("register", "/accounts/signup/", ""),
        ("my access", "/my-access/", reader),
        ("checkout", "/subscribe/", reader), ("CME", "/cme/", ""), ("feed", "/feed/", ""), ("admin", "/admin/", staff),
        ("admin, list", "/admin/journal/article/", staff),
        ("admin, form", f"/admin/journal/article/{article.pk}/change/", staff),
        ("search as JSON", "/search/?q=trial&format=json", ""), ("OAI", "/oai/?verb=Identify", ""),
        ("citation (RIS)", f"{place}citation.ris", ""),
        ("style sheet", "/brand.css", ""), ("not found (404)", "/nothing/", ""),
        ("bad request (400)", "/openurl?" + "a=&" * 1001, ""),
        ("SUSHI (400)", "/sushi/r51/reports/tr", ""),
    ]  # fmt: skip
    told.write_text(json.dumps([dict(zip(("name", "path", "cookie"), row, strict=True)) for row in rows]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
