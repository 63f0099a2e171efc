"""What people do on the site becomes events: what counts, what does not, and that nothing of it ever fails a page."""

from typing import Any

import pytest
from django.conf import settings as site
from django.db import DatabaseError, connection, transaction
from django.test import Client

from journal import filing
from journal.filing import NewFile
from journal.models import Article, ArticleFile
from subscriptions.counter import recording
from subscriptions.models import UsageCount, UsageEvent, UsageMonth
from tests.conftest import signed_in
from tests.journal.pdfs import make_pdf
from tests.make import make_article, make_institution, make_issue, make_right, make_user
from tests.subscriptions.counter.conftest import BROWSER, CAMPUS, Clock, browser, counted


def with_pdf(article: Article) -> Article:
    filing.add(article, [NewFile(ArticleFile.Kind.PDF, "article.pdf", make_pdf(["Herons."]), "application/pdf")])
    return article


def seen() -> list[tuple[str, bool, bool, str]]:
    """What was written: (page, investigation, request, denied), in order."""
    recording.buffer.flush()
    found = UsageEvent.objects.order_by("at", "pk")
    return [(event.page, event.is_investigation, event.is_request, event.denied) for event in found]


def test_what_counts_and_as_what(article: Article, clock: Clock) -> None:
    """The abstract is an investigation and a denial, the full text a request; what nobody asked for is nothing."""
    place = article.get_absolute_url()
    stranger, robot = browser(), browser(agent="Mozilla/5.0 (compatible; Googlebot/2.1)")
    open_one = with_pdf(make_article(access_type="open"))
    for client, path, extra in [
        (stranger, place, {}),
        (stranger, f"{place}article.pdf", {}),
        (stranger, f"{place}cite/", {}),
        (stranger, f"{place}citation.ris", {}),
        (stranger, open_one.get_absolute_url(), {}),
        (stranger, f"{open_one.get_absolute_url()}article.pdf", {"range": "bytes=0-99"}),
        (stranger, f"{open_one.get_absolute_url()}article.pdf", {"range": "bytes=100-"}),  # not the beginning
        (stranger, "/search/?q=herons", {}),
        (stranger, "/search/?q=herons&page=2", {}),  # the same results
        (stranger, "/search/", {}),
        (stranger, "/", {}),
        (stranger, f"{place}nothing/", {}),
        (stranger, place, {"accept": "application/x-bibtex"}),  # a program's metadata
        (stranger, place, {"sec-purpose": "prefetch;prerender"}),
        (robot, place, {}),
        (browser(agent="python-requests/2.32"), place, {}),
        (browser(agent=""), place, {}),
    ]:
        clock.forward(60)
        client.get(path, headers=extra)
    stranger.head(place)
    assert seen() == [
        ("article", True, False, "No_License"),
        ("cite", True, False, ""),
        ("citation/ris", True, False, ""),
        ("article", True, True, ""),
        ("pdf", True, True, ""),
        ("search", False, False, ""),
    ]
    with_pdf(article)
    stranger.get(f"{place}article.pdf")
    assert seen()[-1] == ("pdf", False, False, "No_License")
    assert {event.access_type for event in UsageEvent.objects.filter(article=open_one)} == {"Open"}
    assert {event.access_type for event in UsageEvent.objects.filter(article=article)} == {"Controlled"}


def test_a_right_that_waits_or_settles_is_no_denial(article: Article, clock: Clock) -> None:
    renter = make_user()
    make_right(renter, article, "rental")
    client = signed_in(renter)
    client.get(article.get_absolute_url(), headers={"user-agent": BROWSER})
    make_article(has_full_text=False)
    assert seen() == [("article", True, False, "")]


def test_an_article_without_full_text_is_requested_as_its_pdf_only(db: None, clock: Clock) -> None:
    only_pdf = with_pdf(make_article(access_type="open", has_full_text=False, issue=make_issue(year=1999)))
    browser().get(only_pdf.get_absolute_url())
    clock.forward(1)
    browser().get(f"{only_pdf.get_absolute_url()}article.pdf")
    assert seen() == [("article", True, False, ""), ("pdf", True, True, "")]
    assert set(UsageEvent.objects.values_list("yop", flat=True)) == {1999}


def test_usage_is_given_to_the_institutions_a_reader_comes_from(article: Article, clock: Clock) -> None:
    """Also where the page asked for no decision, and where no license of theirs opened it."""
    first, second = make_institution(), make_institution("192.0.2.0/28", name="Institute within")
    for path in (article.get_absolute_url(), f"{article.get_absolute_url()}cite/"):
        for address in (CAMPUS, "198.51.100.4"):
            browser(address).get(path)
            clock.forward(1)
    seen()
    places = [set(event.institutions) for event in UsageEvent.objects.order_by("at")]
    assert places == [{first.pk, second.pk}, set(), {first.pk, second.pk}, set()]


def test_nobody_is_named_in_the_table(article: Article, clock: Clock) -> None:
    alice = make_user("alice@example.org")
    client = signed_in(alice)
    for more in ("", " two"):  # from two browsers
        client.get(article.get_absolute_url(), REMOTE_ADDR=CAMPUS, headers={"user-agent": BROWSER + more})
        clock.forward(1)
    browser(CAMPUS).get(article.get_absolute_url())
    seen()
    with connection.cursor() as cursor:
        cursor.execute("SELECT e::text FROM subscriptions_usageevent e ORDER BY id")
        rows = [row for (row,) in cursor.fetchall()]
    assert not any(told in row for row in rows for told in (CAMPUS, "Firefox", "alice", site.SESSION_COOKIE_NAME))
    readers = list(UsageEvent.objects.order_by("at").values_list("reader", flat=True))
    assert readers[0] == readers[1] != readers[2]


def test_fifty_denials_are_fifty_and_double_clicks_are_one(article: Article, clock: Clock) -> None:
    """The audit's tests (appendix E) with the standard's own moments."""
    campus = make_institution()
    reader = browser(CAMPUS)
    for _ in range(50):
        reader.get(article.get_absolute_url())
        clock.forward(31)
    clock.forward(3600)
    for pause in (29, 35, 0):  # 10:01:00 and 10:01:29 are one action, with 10:02:04 two
        reader.get(f"{article.get_absolute_url()}cite/")
        clock.forward(pause)
    counted()
    counts = {row.metric: row.count for row in UsageCount.objects.filter(institution=campus)}
    assert counts["No_License"] == 50
    assert counts["Total_Item_Investigations"] == 52
    world = {row.metric: row.count for row in UsageCount.objects.filter(institution=None)}
    assert world == counts


# --- nothing of it may fail or slow a page ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [
        "ALTER TABLE subscriptions_usageevent RENAME TO gone",
        "SET LOCAL transaction_read_only = on",
    ],
)
def test_pages_are_served_while_usage_cannot_be_written_and_it_is_written_later(
    article: Article, clock: Clock, trouble: str
) -> None:
    place = article.get_absolute_url()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(trouble)
        assert browser().get(place).status_code == 200
        with pytest.raises(DatabaseError):
            recording.buffer.flush()
        assert len(recording.buffer.waiting) == 1
        assert browser().get(place).status_code == 200
        transaction.set_rollback(True)
    assert len(seen()) == 2


def test_a_full_buffer_drops_what_comes_and_the_report_knows(
    article: Article, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = recording.Buffer(capacity=1)
    monkeypatch.setattr(recording, "buffer", small)
    for _ in range(3):
        assert browser().get(article.get_absolute_url()).status_code == 200
    assert (len(small.waiting), small.lost) == (1, 2)
    small.flush()
    assert sum(UsageMonth.objects.values_list("lost", flat=True)) == 2
    assert small.lost == 0


def test_a_fault_of_ours_costs_a_count_and_not_the_page(
    article: Article, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording.buffer, "add", None)
    assert browser().get(article.get_absolute_url()).status_code == 200
    assert recording.buffer.lost == 1


def test_one_event_that_the_database_can_never_take_holds_up_no_other(article: Article, clock: Clock) -> None:
    for agent in ("Mozilla/5.0 (one) Gecko", "Mozilla/5.0 (two) Gecko", "Mozilla/5.0 (three) Gecko"):
        browser(agent=agent).get(article.get_absolute_url())
    waiting = list(recording.buffer.waiting)
    recording.buffer.waiting[1] = waiting[1]._replace(page="a\0b")
    assert len(seen()) == 2
    assert sum(UsageMonth.objects.values_list("lost", flat=True)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_thread_writes_by_itself_and_a_process_that_ends_writes_the_rest(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = make_article()
    own = recording.Buffer()
    monkeypatch.setattr(recording, "buffer", own)
    settings.USAGE_IN_BACKGROUND = True
    assert Client(headers={"user-agent": BROWSER}).get(article.get_absolute_url()).status_code == 200
    own._end()
    assert UsageEvent.objects.get().article_id == article.pk
    assert not own.waiting
