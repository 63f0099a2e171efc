"""What load balancers and Prometheus are told: the truth, in time, and nothing that is nobody's business."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import User
from config import health, metrics
from journal.models import Article
from subscriptions.models import OutgoingMail, SyncTarget
from tests.conftest import signed_in
from tests.make import make_journal

ROOT = Path(__file__).parents[2]
READY = "/health/ready"
#: A machine asks another by its number, over plain HTTP.
NUMBERED = {"HTTP_HOST": "10.1.2.3:8000"}


def refuse(*_: Any) -> Any:
    raise OperationalError('connection to server at "db.internal", port 5432 failed: password of user "firstpage"')


@pytest.fixture
def alive_worker(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '20 seconds')")


def test_a_process_says_that_it_is_alive_whatever_the_database_does(db: None) -> None:
    with connection.execute_wrapper(refuse):
        answer = Client().get("/health/live", **NUMBERED)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")


def test_ready_says_part_by_part_what_is_well(alive_worker: None, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().get(READY, **NUMBERED)
    told = answer.json()
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert 20 <= told.pop("worker_seconds") < 120
    assert told == {"ready": True, "database": "ok", "migrations": "ok", "storage": "ok", "worker": "ok"}


def test_without_a_database_it_is_not_ready_and_names_neither_host_nor_user(db: None) -> None:
    with connection.execute_wrapper(refuse):
        answer = Client().get(READY)
    assert answer.status_code == 503
    assert answer.json()["database"] == "away"
    assert b"firstpage" not in answer.content
    assert b"internal" not in answer.content


def test_a_missing_migration_takes_the_machine_out_until_it_is_applied(db: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(health, "_migrated", False)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'desk' OR app = 'cme'")
    assert Client().get(READY).json()["migrations"] == "missing"
    assert Client().get(READY).status_code == 503


def test_a_late_worker_and_a_full_disk_are_said_and_readers_still_come(
    alive_worker: None, settings: Any, tmp_path: Path
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '10 minutes'")
    (tmp_path / "var").write_text("a file where a folder should be")
    settings.VAR_DIR = tmp_path / "var"
    answer = Client().get(READY)
    told = answer.json()
    assert (answer.status_code, told["ready"], told["worker"], told["storage"]) == (200, True, "late", "not writable")


# --- metrics ---------------------------------------------------------------------------------------------------------


def told(**headers: str) -> dict[str, float]:
    answer = Client(headers=headers).get("/metrics", **NUMBERED)
    assert answer.status_code == 200, answer.content
    found = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}[{labels}]"] = sample.value
    return found


def test_metrics_need_the_token_and_do_not_exist_without_one(db: None, settings: Any) -> None:
    assert Client().get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "let-me-see"
    for said in ("", "Bearer ", "Bearer let-me", "let-me-se\xe9"):
        answer = Client(headers={"authorization": said} if said else {}).get("/metrics")
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert told(authorization="Bearer let-me-see")


def test_every_answer_and_every_decision_is_counted_and_what_waits_is_looked_up(
    alice: User, article: Article, settings: Any
) -> None:
    settings.METRICS_TOKEN = "t"
    before = told(authorization="Bearer t")
    assert signed_in(alice).get(article.get_absolute_url()).status_code == 200
    assert Client().get("/no/such/page/").status_code == 404
    OutgoingMail.objects.create(key="receipt:1", template="t", to="alice@example.org")
    SyncTarget.objects.create(kind="order", key="1", dirty=1)
    SyncTarget.objects.create(kind="order", key="2", dirty=1, dead=True)
    after = told(authorization="Bearer t")

    def grown(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert grown("firstpage_requests_total[method=GET,status=200,view=journal:article]") == 1
    assert grown("firstpage_request_seconds_count[view=journal:article]") == 1
    assert grown("firstpage_decisions_total[reason=subscription]") == 1
    assert sum(grown(name) for name in after if "status=404" in name) == 1
    assert after["firstpage_mails_waiting[about=money]"] == 1
    assert (
        after["firstpage_webhooks_waiting[state=waiting]"] == after["firstpage_webhooks_waiting[state=given up]"] == 1
    )
    assert after["firstpage_database_up[]"] == 1
    assert after["firstpage_articles[status=published]"] == 1
    assert "alice" not in str(after)


def test_metrics_are_told_while_the_database_is_away(db: None, settings: Any) -> None:
    settings.METRICS_TOKEN = "t"
    with connection.execute_wrapper(refuse):
        assert told(authorization="Bearer t")["firstpage_database_up[]"] == 0


def test_the_docs_name_every_metric_and_no_other(db: None) -> None:
    names = {metric.name for metric in metrics.OURS.collect()} | set(metrics.WAITING) | {"firstpage_database_up"}
    names = {f"{name}_total" if name in COUNTED else name for name in names}
    docs = (ROOT / "docs/running.md").read_text()
    assert set(re.findall(r"^\| `(firstpage_[a-z_]+)`", docs, re.MULTILINE)) == names


COUNTED = {"firstpage_requests", "firstpage_decisions", "firstpage_reads_asked_again"}


# --- a page that is made twice ---------------------------------------------------------------------------------------


class CutOff:
    """The connection is lost at the next statements that match, so many times; then all is well."""

    def __init__(self, times: int, word: str = "") -> None:
        self.left, self.word, self.met = times, word, 0

    def __call__(self, execute: Any, sql: str, *rest: Any) -> Any:
        if self.left and self.word in str(sql):
            self.left, self.met = self.left - 1, self.met + 1
            raise OperationalError("terminating connection due to administrator command")
        return execute(sql, *rest)


@pytest.mark.parametrize("word", ["", "django_session", "LEFT JOIN LATERAL", "journal_full_text_of"])
def test_a_subscriber_whose_page_loses_its_connection_anywhere_gets_the_page(
    alice: User, article: Article, word: str
) -> None:
    fault = CutOff(1, word)
    reader = signed_in(alice)
    with connection.execute_wrapper(fault):
        answer = reader.get(article.get_absolute_url())
    assert fault.met == 1
    assert answer.status_code == 200
    assert b"those who may read on" in answer.content
    assert answer["Cache-Control"] == "private, no-store"


def test_a_page_is_made_twice_and_not_three_times(article: Article, settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    fault = CutOff(100)
    with connection.execute_wrapper(fault):
        answer = Client().get(article.get_absolute_url())
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert b"E1-" in answer.content
    assert json.loads(next((tmp_path / "incidents").glob("*.json")).read_text())["stage"] == "E1"


def test_a_form_is_never_sent_twice(alice: User, settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    make_journal()
    fault = CutOff(1)
    with connection.execute_wrapper(fault):
        answer = Client().post("/accounts/login/", {"login": alice.email, "password": "x"})
    assert (answer.status_code, fault.met >= 1) == (503, True)


def test_a_statement_that_took_too_long_is_not_asked_again(article: Article, settings: Any, tmp_path: Path) -> None:
    from psycopg.errors import QueryCanceled

    settings.VAR_DIR = tmp_path
    asked: list[str] = []

    def slow(execute: Any, sql: str, *rest: Any) -> Any:
        if "journal_article" not in str(sql):
            return execute(sql, *rest)
        asked.append(sql)
        raise OperationalError("canceling statement due to statement timeout") from QueryCanceled()

    with connection.execute_wrapper(slow):
        assert Client().get(article.get_absolute_url()).status_code == 503
    assert len(asked) == 1
