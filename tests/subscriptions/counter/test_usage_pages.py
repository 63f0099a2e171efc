"""Usage on the library's page and in the admin: numbers, turnaways, reports to download, the key that is shown once."""

import re
from typing import Any

import pytest
from django.test import Client

from journal.models import Article
from subscriptions.counter import credentials, months
from subscriptions.models import Institution, LibraryManager, SushiAccess, UsageMonth
from tests.conftest import signed_in
from tests.make import make_article, make_institution, make_issue, make_journal, make_user
from tests.subscriptions.counter import checker
from tests.subscriptions.counter.conftest import CAMPUS, Clock, browser, counted


def table(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    return checker.read_table(answer.content)[1]


def text_of(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


@pytest.fixture
def turnaway(db: None, clock: Clock) -> Article:
    """One article, asked for on the campus and elsewhere without a license."""
    make_institution(name="=Heron University")
    article = make_article(title="Behind the wall", issue=make_issue())
    for address in (CAMPUS, "198.51.100.4"):
        browser(address).get(article.get_absolute_url())
    counted()
    return article


def test_a_librarian_sees_usage_and_turnaways_and_downloads_reports(turnaway: Article, clock: Clock) -> None:
    institution, laura = Institution.objects.get(), make_user("laura@example.org")
    place = f"/library/{institution.pk}/usage/"
    client = signed_in(laura)
    assert client.get(place).status_code == client.get(f"{place}report.tsv").status_code == 404
    assert client.post(f"{place}key/").status_code == 404
    LibraryManager.objects.create(institution=institution, user=laura)
    words = text_of(client.get(place))
    assert f"{clock.month:%B %Y} 0 0 1 1" in words
    assert "Behind the wall 1 time" in words
    dates = {"begin_date": clock.name, "end_date": clock.name}
    rows = table(client.get(f"{place}report.tsv", {"report": "tr_j2", "yop": "", **dates}))
    assert checker.numbers(rows) == {("No_License",): 1}
    chosen = {"attributes_to_show": ["YOP", "Authors"], "metric_type": ["No_License"], "report": "ir", **dates}
    rows = table(client.get(f"{place}report.tsv", {**chosen, "exclude_monthly_details": "True"}))
    assert checker.numbers(rows, "Item", "YOP") == {("Behind the wall", "2026", "No_License"): 1}
    assert client.get(f"{place}report.tsv", {"report": "dr", **dates}).status_code == 404
    wrong = client.get(f"{place}report.tsv", {"report": "tr", "begin_date": clock.name, "end_date": "2020-01"})
    assert (wrong.status_code, "end_date lies before begin_date" in text_of(wrong)) == (400, True)


def test_the_key_is_shown_once_and_a_new_one_ends_the_old(turnaway: Article) -> None:
    institution, laura = Institution.objects.get(), make_user("laura@example.org")
    LibraryManager.objects.create(institution=institution, user=laura)
    client, place = signed_in(laura), f"/library/{institution.pk}/usage/"
    assert "none yet" in text_of(client.get(place))
    shown = re.search(r"Your new API key: (\S+)", text_of(client.post(f"{place}key/")))
    assert shown
    access = SushiAccess.objects.get()
    assert access.fits(shown[1])
    assert shown[1] not in text_of(client.get(place)) + access.key_digest
    signs = {"customer_id": access.customer_id, "requestor_id": access.requestor_id, "api_key": shown[1]}
    assert Client().get("/sushi/r51/members", signs).status_code == 200
    client.post(f"{place}key/")
    assert Client().get("/sushi/r51/members", signs).status_code == 401
    assert credentials.of(institution).holdings_token != access.holdings_token


def test_before_anything_was_counted_the_page_says_when(db: None) -> None:
    make_journal()
    institution, staff = make_institution(), make_user(is_staff=True, is_superuser=True)
    words = text_of(signed_in(staff).get(f"/library/{institution.pk}/usage/"))
    assert "Nothing has been counted yet." in words
    assert "COUNTER reports" not in words


def test_staff_see_usage_by_month_and_institution_and_take_it_along(turnaway: Article, clock: Clock) -> None:
    bea = signed_in(make_user(groups=["Business"], is_staff=True))
    edith = signed_in(make_user(groups=["Editor"], is_staff=True))
    place = "/admin/subscriptions/usagemonth/"
    UsageMonth.objects.filter(pk=clock.month).update(lost=3)
    assert f"{clock.month:%B %Y} 0 2 2 in reports" in text_of(bea.get(place))
    words = text_of(bea.get(f"{place}{clock.month}/change/"))
    assert "The World 0 0 2 2 =Heron University 0 0 1 1" in words
    assert "3 uses could not be recorded" in words
    lines = bea.get(f"{place}usage.csv").content.decode("utf-8-sig").splitlines()
    assert lines[1:] == [f"{clock.name},The World,0,0,2,2,0", f"{clock.name},'=Heron University,0,0,1,1,0"]
    rows = table(bea.get(f"{place}{clock.month}/reports/", {"report": "tr_j2"}))
    assert checker.numbers(rows) == {("No_License",): 2}
    running = months.after(clock.month)
    assert "ready the night after" in text_of(bea.get(f"{place}{running}/change/"))
    assert bea.get(f"{place}{running}/reports/", {"report": "tr_j2"}).status_code == 404
    for path in ("", "usage.csv", f"{clock.month}/change/", f"{clock.month}/reports/?report=tr"):
        assert edith.get(f"{place}{path}").status_code == 403
