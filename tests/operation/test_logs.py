"""Log lines: one JSON object each, with the request's name, and with nobody in them."""

import io
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from accounts.models import User
from config import logs
from journal.models import Article
from tests.conftest import signed_in
from tests.make import PASSWORD, make_journal, make_offer, make_user

ROOT = Path(__file__).parents[2]
NAME, EMAIL, ADDRESS, SIX = "Ottilie Wundersam", "ottilie@wundersam.example", "198.51.100.77", "2001:db8::77"


class Journal(io.StringIO):
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def log() -> Iterator[Journal]:
    """What the site writes, as it is configured in production."""
    kept = Journal()
    handler = logging.StreamHandler(kept)
    handler.addFilter(logs.Discreet())
    handler.setFormatter(logs.Json())
    named = [logging.getLogger(name) for name in ("", "django", "firstpage.requests")]
    before = [(one, one.level, one.handlers[:], one.propagate) for one in named]
    for one in named:
        one.handlers, one.propagate = ([handler] if one.name == "root" else []), True
        one.setLevel(logging.INFO)
    yield kept
    for one, level, handlers, propagate in before:
        one.handlers, one.propagate = handlers, propagate
        one.setLevel(level)


def test_a_reader_s_whole_visit_leaves_neither_name_nor_address_in_the_log(
    db: None, article: Article, log: Journal, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LOG_REQUESTS = True
    make_journal()
    reader, offer = make_user(EMAIL, name=NAME), make_offer()
    browser = Client(REMOTE_ADDR=ADDRESS, headers={"user-agent": NAME, "x-forwarded-for": SIX})
    browser.post("/accounts/login/", {"login": EMAIL, "password": "wrong"})
    browser.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    browser.get(article.get_absolute_url())
    browser.get("/search/", {"q": f"{NAME} {EMAIL}"})
    browser.get(f"/purchases/claim/{'tokenofsomebody' * 4}/")
    browser.post("/stripe/webhook/", data=f'{{"email": "{EMAIL}"}}', content_type="application/json")
    browser.post(f"/offers/{offer.pk}/order/", {"article": article.pk, "consent": "on"})  # Stripe is out of reach
    browser.raise_request_exception = False

    def broken(*_: Any, **__: Any) -> Any:
        raise DatabaseError(f"duplicate key\nDETAIL:  Key (email, name)=({EMAIL}, {NAME}) already exists.")

    monkeypatch.setattr("journal.views.marked", broken)
    assert browser.get("/").status_code == 500
    written = log.getvalue()
    assert "DETAIL: […]" in written
    assert "Traceback" in written
    for secret in (NAME, "Ottilie", EMAIL, "wundersam", ADDRESS, SIX, "tokenofsomebody", PASSWORD, f"user {reader.pk}"):
        assert secret not in written, secret
    assert all(line["request"] != "-" for line in log.lines())


def test_every_line_of_a_request_has_the_name_that_its_answer_has(
    article: Article, log: Journal, settings: Any
) -> None:
    settings.LOG_REQUESTS = True
    answer = Client().get(article.get_absolute_url())
    (line,) = log.lines()
    assert line["request"] == answer["X-Request-ID"]
    assert (line["view"], line["status"], line["method"]) == ("journal:article", 200, "GET")
    assert line["ms"] >= 0
    assert logs.request_id.get() == "-"


def test_without_the_setting_only_what_failed_is_written(
    article: Article, log: Journal, settings: Any, tmp_path: Any
) -> None:
    settings.VAR_DIR = tmp_path

    def refuse(*_: Any) -> Any:
        raise DatabaseError("no")

    Client().get(article.get_absolute_url())
    assert log.lines() == []
    with connection.execute_wrapper(refuse):
        Client(raise_request_exception=False).get(article.get_absolute_url())
    assert [line["status"] for line in log.lines() if line["logger"] == "firstpage.requests"] == [500]


def test_nobody_can_write_lines_of_their_own_into_the_log(db: None, log: Journal) -> None:
    make_journal()
    Client().get("/x%0a%7b%22level%22:%22forged%22%7d")
    Client(HTTP_HOST="evil\r\nforged: yes").get("/")
    assert all("\n" not in line["message"] for line in log.lines())
    assert not [line for line in log.lines() if line["level"] == "forged"]


def test_a_failed_job_is_told_by_its_number_without_its_letter(log: Journal) -> None:
    job = {
        "id": 12,
        "task_name": "accounts.send_notice",
        "call_string": f"send_notice(to='{EMAIL}', text='Dear {NAME}')",
    }
    logging.getLogger("procrastinate.worker").error(
        "Job %s ended", job["call_string"], extra={"action": "job_error", "job": job}
    )
    (line,) = log.lines()
    assert line["message"] == "job_error: accounts.send_notice [12]"
    assert EMAIL not in log.getvalue()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("mail to a.b+c@x.example.org failed", "mail to [e-mail] failed"),
        ("at 192.0.2.1, port 5432", "at [address], port 5432"),
        ("from 2001:db8:0:1::5 and ::1", "from [address] and [address]"),
        ("at 2026-11-29 12:34:56 version 3.11", "at 2026-11-29 12:34:56 version 3.11"),
        ("postgresql://me:secret@db/x", "postgresql://[…]@db/x"),
        ("10.5555/test.12 v1.2", "10.5555/test.12 v1.2"),
    ],
)
def test_what_is_taken_out(said: str, kept: str) -> None:
    assert logs.without_people(said) == kept


@pytest.mark.parametrize(("kind", "start"), [("json", "{"), ("text", "20")])
def test_both_forms_can_be_configured_without_django(kind: str, start: str) -> None:
    """As settings and the web server's master hand it to Python; `text` is for people."""
    program = (
        "import logging.config; from config import logs; logging.config.dictConfig(logs.config({!r}));"
        "logging.getLogger('tried').warning('hello %s', {!r}); logging.getLogger('django.server').info('up')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program.format(kind, EMAIL)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    hello, up = done.stderr.splitlines()
    assert hello.startswith(start)
    assert "hello [e-mail]" in hello
    assert "up" in up


def test_both_forms_say_the_moment_in_utc_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Machines whose clocks stand in different zones write lines that can be put in order."""
    record = logging.LogRecord("x", logging.INFO, "", 0, "said", None, None)
    record.created, record.request_id = 1_790_000_000.5, "-"
    for zone in ("America/New_York", "Asia/Tokyo"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert logs.Lines().format(record).startswith("2026-09-21T14:13:20.500+00:00 INFO")
        assert json.loads(logs.Json().format(record))["time"] == "2026-09-21T14:13:20.500+00:00"
    monkeypatch.undo()
    time.tzset()


def test_a_hostile_request_is_a_line_and_no_traceback(db: None, log: Journal) -> None:
    """Whoever asks for another host a thousand times must not fill the disk, nor wake anybody at night."""
    make_journal()
    client = Client(raise_request_exception=False)
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400
    assert client.post("/accounts/login/", {f"f{n}": "x" for n in range(1200)}).status_code == 400
    refused = [line for line in log.lines() if line["logger"].startswith("django.security.")]
    assert len(refused) == 2
    assert {line["level"] for line in refused} == {"WARNING"}
    assert not [line for line in log.lines() if "exception" in line]


def test_a_signed_in_reader_is_named_nowhere(alice: User, article: Article, log: Journal, settings: Any) -> None:
    settings.LOG_REQUESTS = True
    signed_in(alice).get(article.get_absolute_url())
    assert set(log.lines()[0]) == {
        "time", "level", "logger", "request", "process", "message", "view", "method", "status", "ms",
    }  # fmt: skip
