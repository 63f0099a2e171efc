"""The KBART file: what of the journal is online, for everybody and for one institution."""

from datetime import date, timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from journal.models import Issue
from subscriptions.counter import credentials
from tests.make import make_article, make_institution, make_issue, make_journal, make_right

COLUMNS = [
    "publication_title", "print_identifier", "online_identifier", "date_first_issue_online", "num_first_vol_online",
    "num_first_issue_online", "date_last_issue_online", "num_last_vol_online", "num_last_issue_online", "title_url",
    "first_author", "title_id", "embargo_info", "coverage_depth", "notes", "publisher_name", "publication_type",
    "date_monograph_published_print", "date_monograph_published_online", "monograph_volume", "monograph_edition",
    "first_editor", "parent_publication_title_id", "preceding_publication_title_id", "access_type",
]  # fmt: skip


def rows(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    lines = [line.split("\t") for line in answer.content.decode("utf-8").split("\r\n")]
    assert lines.pop() == [""]
    assert lines[0] == COLUMNS
    return [dict(zip(COLUMNS, line, strict=True)) for line in lines[1:]]


def covered(row: dict[str, str]) -> tuple[str, ...]:
    names = ["date_first_issue_online", "num_first_vol_online", "date_last_issue_online", "embargo_info", "access_type"]
    return tuple(row[name] for name in names)


def shelf() -> list[Issue]:
    """Two years, a gap of two years, and the present."""
    make_journal(title="Journal\tof Tests", issn_print="1234-567X")
    days = [date(2019, 1, 1), date(2019, 12, 1), date(2022, 1, 1), date(2022, 12, 1)]
    return [make_issue(volume=str(day.year - 2000), published_on=day, year=day.year) for day in days]


def test_everybodys_file_names_what_is_sold_with_its_gaps(db: None) -> None:
    issues = shelf()
    make_article(issue=issues[0])
    answer = Client().get("/kbart/")
    found = rows(answer)
    assert [covered(row) for row in found] == [
        ("2019-01-01", "19", "2019-12-01", "", "P"),
        ("2022-01-01", "22", "", "", "P"),  # to the present
    ]
    assert found[0]["publication_title"] == "Journal of Tests"
    assert (found[0]["print_identifier"], found[0]["online_identifier"]) == ("1234-567X", "9999-9994")
    assert (found[0]["publication_type"], found[0]["coverage_depth"]) == ("serial", "fulltext")
    today = timezone.localdate()
    assert f'filename="TestPress_Global_JournalOfTests_{today:%Y-%m-%d}.txt"' in answer["Content-Disposition"]


def test_a_moving_wall_is_an_embargo_and_an_open_journal_is_free(db: None) -> None:
    issues = shelf()
    article = make_article(issue=issues[0], published_online=date(2022, 1, 31), free_from=date(2023, 1, 31))
    late = make_article(published_online=timezone.localdate(), free_from=timezone.localdate() + timedelta(days=360))
    assert [covered(row)[3:] for row in rows(Client().get("/kbart/"))] == [
        ("", "P"), ("", "P"), ("P12M", "F"), ("P12M", "F"),
    ]  # fmt: skip
    late.free_from = None  # one article that never becomes free: there is no wall
    late.save()
    assert {covered(row)[3:] for row in rows(Client().get("/kbart/"))} == {("", "P")}
    type(article).objects.update(access_type="open", free_from=None)
    assert {covered(row)[3:] for row in rows(Client().get("/kbart/"))} == {("", "F")}


def test_an_institution_sees_what_its_licenses_cover(db: None) -> None:
    issues = shelf()
    make_article(issue=issues[0])
    university = make_institution(name="Heron University")
    make_right(university, issues[0].journal, covers_from=date(2019, 6, 1), covers_until=date(2022, 6, 30))
    make_right(university, issues[0])
    ended = make_right(university, issues[3])
    ended.ends_at = timezone.now()
    ended.save()
    address = f"/kbart/{credentials.of(university).holdings_token}/"
    answer = Client().get(address)
    assert [covered(row) for row in rows(answer)] == [
        ("2019-01-01", "19", "2019-12-01", "", "P"),
        ("2022-01-01", "22", "2022-01-01", "", "P"),
    ]
    assert "HeronUniversity" in answer["Content-Disposition"]
    credentials.new_key(university)
    assert Client().get(address).status_code == 404
    assert rows(Client().get(f"/kbart/{credentials.of(make_institution(name='Without')).holdings_token}/")) == []


def test_before_the_first_issue_there_is_only_the_first_line(db: None) -> None:
    assert Client().get("/kbart/").status_code == 404
    make_journal()
    assert rows(Client().get("/kbart/")) == []
