"""`python -m tests.attack.prepare FILE`: fills a new site and tells where it may be attacked."""

import json
import sys
from pathlib import Path
from urllib.parse import urlencode

import django


def main(told: Path) -> None:
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    from demo import sample_cme, sample_journal
    from journal.models import Article, Issue
    from subscriptions.counter import credentials
    from tests.make import make_institution, make_right, make_user

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    sample_journal.load()
    sample_cme.load()
    call_command("rebuild_search", verbosity=0)
    article = Article.objects.filter(access_type="controlled", has_pdf=True)[0]
    issue = Issue.objects.published()[0]
    reader = make_user("attacked@example.org", name="Reader")
    make_right(reader, article.journal, "subscription")
    library = make_institution()
    key, access = credentials.new_key(library), credentials.of(library)
    known = {"customer_id": access.customer_id, "requestor_id": access.requestor_id, "api_key": key}
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(reader)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    place = article.get_absolute_url()
    # A star marks where sqlmap puts its own words; of the others it tries each parameter.
    sql = [
        "/search/?q=trial&year=2026&type=research-article&access=open&sort=newest&page=1",
        "/search/suggestions/?q=tri", "/authors/?letter=a&page=1", "/online-first/?page=1",
        "/openurl?rft_id=info:doi/10.5555/x&issn=1234-5679&volume=4&issue=1&spage=1",
        "/oai/?verb=ListRecords&metadataPrefix=oai_dc&set=online-first&from=2020-01-01",
        "/oai/?verb=GetRecord&metadataPrefix=oai_dc&identifier=oai:x:1",
        f"/sushi/r51/reports/tr?{urlencode(known)}&begin_date=2026-01&end_date=2026-02&yop=2020-2026&access_type=Open",
        f"{place[:-1]}*/", f"{place}citation.ris*", f"{place}files/data*", f"{place}figures/f1*",
        f"{issue.get_absolute_url()[:-1]}*/", "/topics/birds*/", "/cme/verify/?number=A-1",
    ]  # fmt: skip
    crawl = [
        "/",
        place,
        "/search/?q=trial",
        "/accounts/login/",
        "/subscribe/",
        "/cme/",
        "/purchases/find/",
        "/oai/?verb=Identify",
    ]
    mine = [
        "/my-access/",
        "/account/profile/",
        "/saved/",
        f"{place}share/",
        f"{place}permissions/",
        "/redeem/",
        "/membership/",
    ]
    told.write_text(json.dumps([{"sql": sql, "crawl": crawl, "mine": mine, "cookie": cookie, "known": known}]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
