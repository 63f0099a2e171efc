"""Whoever fetches full texts by the hundred is asked what for, and reads on; a campus is never shut out."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail as outbox
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from journal.models import Article
from subscriptions import downloads, mail, tasks
from subscriptions.counter import recording
from subscriptions.models import DownloadQuestion, Fetched, UsageEvent
from tests.admin.said import text_of
from tests.conftest import signed_in
from tests.make import (
    SECRET_SENTENCE,
    make_article,
    make_institution,
    make_issue,
    make_journal,
    make_right,
    make_user,
)

CAMPUS = {"REMOTE_ADDR": "192.0.2.7"}
BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
LIMIT = 3


@pytest.fixture(autouse=True)
def watch(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[downloads.Watch]:
    """Three texts are many, and this process has seen nobody. The hour does not end in the middle of a test."""
    settings.ASK_AFTER_TEXTS = LIMIT
    now = timezone.now().replace(minute=10)
    monkeypatch.setattr(downloads, "timezone", SimpleNamespace(now=lambda: now))
    monkeypatch.setattr(downloads, "watch", downloads.Watch())
    recording.buffer.waiting.clear()
    yield downloads.watch
    recording.buffer.waiting.clear()


@pytest.fixture
def articles(db: None) -> list[str]:
    issue = make_issue()
    return [make_article(issue=issue).get_absolute_url() for _ in range(5 * LIMIT)]


def read(client: Client, places: list[str], **how: Any) -> list[int]:
    how = {"headers": BROWSER} | how
    statuses = [client.get(place, **how).status_code for place in places]
    recording.buffer.flush()
    return statuses


def test_a_subscriber_who_fetches_many_is_asked_answers_and_reads_on(articles: list[str], alice: User) -> None:
    reader, free = signed_in(alice), make_article(access_type="open").get_absolute_url()
    assert set(read(reader, [articles[0]] * 5 + [free] * 5 + articles[:2])) == {200}
    assert DownloadQuestion.objects.count() == 0, "the same article again, and what everybody may read, do not count"
    read(reader, articles[2:3])
    question = DownloadQuestion.objects.get()
    assert (question.user, question.texts, question.hours, question.is_shared) == (alice, LIMIT, 24, False)
    asked = reader.get(articles[3])
    assert asked.status_code == 429
    assert "A question before you read on" in asked.content.decode()
    assert SECRET_SENTENCE not in asked.content.decode()
    assert "no-store" in asked["Cache-Control"]
    assert read(reader, [free, "/", "/my-access/", articles[3]]) == [200, 200, 200, 429]
    assert read(signed_in(make_user()), articles[3:4]) == [200], "nobody else is asked"
    again = reader.post("/read-on/", {"next": articles[3]})
    assert again.status_code == 429
    assert "Choose what comes nearest." in again.content.decode()
    answered = reader.post("/read-on/", {"next": articles[3], "purpose": "review"})
    assert answered["Location"] == articles[3]
    assert SECRET_SENTENCE in reader.get(articles[3]).content.decode()
    question.refresh_from_db()
    assert question.answered_at is not None
    assert question.purpose == "review"
    assert read(reader, articles[4:5]) == [200]
    assert DownloadQuestion.objects.count() == 1
    assert read(reader, articles[6:8]) == [200, 200]
    assert DownloadQuestion.objects.open().count() == 1, "after as many again the question comes again"
    assert UsageEvent.objects.filter(is_request=True, access_type="Controlled").exists()


def test_the_answer_leads_nowhere_else_and_whoever_was_not_asked_changes_nothing(alice: User) -> None:
    for next_, leads in (("https://evil.example/", "/"), ("//evil.example", "/"), ("/about/", "/about/"), ("", "/")):
        answer = signed_in(alice).post("/read-on/", {"next": next_, "purpose": "review"})
        assert (answer.status_code, answer["Location"]) == (302, leads)
    assert signed_in(alice).get("/read-on/").status_code == 405
    assert DownloadQuestion.objects.count() == 0


def test_a_campus_is_asked_generously_and_each_reader_apart_and_nobody_is_shut_out(
    articles: list[str], article: Article
) -> None:
    make_right(make_institution(), article.journal, "institution")
    shared = LIMIT * downloads.SHARED
    assert set(read(Client(**CAMPUS), articles[: shared - 1])) == {200}
    assert not DownloadQuestion.objects.exists()
    read(Client(**CAMPUS), articles[shared - 1 : shared])
    question = DownloadQuestion.objects.get()
    assert (question.is_shared, question.hours, question.user) == (True, 1, None)
    somebody, at_another_machine = Client(**CAMPUS), Client(REMOTE_ADDR="192.0.2.8")
    assert read(at_another_machine, articles[:1]) == [200]
    assert read(somebody, articles[:1]) == [429]
    assert "we cannot tell its readers apart" in somebody.get(articles[0], headers=BROWSER).content.decode()
    somebody.post("/read-on/", {"next": articles[0], "purpose": "reading"}, headers=BROWSER)
    assert read(somebody, articles[:1]) == [200]
    question.refresh_from_db()
    assert (question.answers, question.answered_at) == (1, None), "the next one there is asked, too"
    assert read(Client(**CAMPUS), [articles[1], "/", make_article(access_type="open").get_absolute_url()]) == [
        429,
        200,
        200,
    ]
    account = make_user("carol@example.org")
    carol = Client(**CAMPUS)
    carol.force_login(account)
    assert read(carol, articles[:1]) == [200], "who has signed in is counted apart"


def test_programs_prefetching_pieces_and_made_up_sessions_count_as_well(articles: list[str], article: Article) -> None:
    """What COUNTER leaves out, and what somebody would try who knows how it is counted."""
    make_right(make_institution(), article.journal, "institution")
    places = iter(articles)
    for number in range(downloads.SHARED):
        read(Client(**CAMPUS), [next(places)], headers={"user-agent": "python-requests/2.32"})
        read(Client(**CAMPUS), [next(places)], headers={**BROWSER, "sec-purpose": "prefetch"})
        made_up = Client(**CAMPUS)
        made_up.cookies["session"] = f"made-up-{number}"
        read(made_up, [articles[0], next(places)])
    assert DownloadQuestion.objects.get().is_shared
    assert read(Client(**CAMPUS), articles[:1], headers={"user-agent": "Wget/1.21"}) == [429]


def test_another_process_learns_whom_to_ask_and_that_there_was_an_answer(
    articles: list[str], alice: User, watch: downloads.Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(signed_in(alice), articles[:LIMIT])
    other = downloads.Watch()
    other.note([])
    assert other.asked == watch.asked != set()
    DownloadQuestion.objects.update(answered_at=timezone.now())
    assert read(signed_in(alice), articles[:1]) == [200], "the table is asked before anybody is bothered"
    assert watch.asked == set()


def test_a_count_that_fails_hinders_nobody_and_zero_turns_it_off(
    articles: list[str], alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise DatabaseError("away")

    with monkeypatch.context() as patched:
        patched.setattr(downloads.Watch, "note", away)
        assert set(read(signed_in(alice), articles[:LIMIT])) == {200}
    assert UsageEvent.objects.count() == LIMIT
    settings.ASK_AFTER_TEXTS = 0
    assert set(read(signed_in(alice), articles)) == {200}
    assert not Fetched.objects.exists()


def test_little_is_kept_and_not_for_long(articles: list[str], alice: User, dan: User, settings: Any) -> None:
    settings.ASK_AFTER_TEXTS = 100
    read(signed_in(alice), articles[:4])
    assert not Fetched.objects.exists(), "of a few texts nothing is written down"
    read(signed_in(alice), articles[4:6])
    row = Fetched.objects.get()
    assert (row.texts, len(row.reader)) == (6, 32)
    assert str(alice.pk) != row.reader
    DownloadQuestion.objects.create(reader="x", user=dan, texts=1, hours=24, open_until=timezone.now())
    Fetched.objects.update(hour=timezone.now() - 2 * downloads.KEPT)
    DownloadQuestion.objects.update(asked_at=timezone.now() - 2 * downloads.KEPT_QUESTIONS)
    tasks.forget_old_jobs(0)
    assert (Fetched.objects.count(), DownloadQuestion.objects.count()) == (0, 0)


@pytest.mark.ignore_template_errors
def test_staff_see_it_in_three_places_and_tell_the_library_without_a_name(articles: list[str], alice: User) -> None:
    library = make_institution(contact_email="library@example.org")
    make_right(library, make_journal(), "institution")
    reader = Client(**CAMPUS)
    reader.force_login(alice)
    read(reader, articles[:LIMIT])
    question = DownloadQuestion.objects.get()
    assert question.institution == library
    sam = signed_in(make_user("sam@example.org", groups=["Support"], is_staff=True))
    assert "1 reader asked about many downloads" in text_of(sam.get("/admin/"))
    said = text_of(sam.get(f"/admin/desk/people/{alice.pk}/"))
    assert "Asked about downloads" in said
    assert f"{LIMIT} in 24 hours" in said
    decide = f"/admin/subscriptions/downloadquestion/{question.pk}/decide/"
    assert "There is no answer yet." in text_of(sam.get(decide))
    sam.post(decide, {"action": "tell", "note": "by phone as well"})
    question.refresh_from_db()
    assert question.told_at == question.settled_at
    assert question.settled_by.email == "sam@example.org"
    mail.send_unsent()
    (letter,) = outbox.outbox
    assert letter.to == ["library@example.org"]
    assert f"full texts of {LIMIT} articles" in letter.body
    assert not any(word in letter.body for word in (alice.email, "Alice", "192.0.2.7"))
    assert "asked about many downloads" not in text_of(sam.get("/admin/")).partition("What is looked at")[0]
