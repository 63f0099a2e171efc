"""What Prometheus is told. docs/running.md lists every name, and a test holds the list.

Counted in each process of the web server and added up over all of them when asked (prometheus_client's multi-process
way; config/gunicorn.py gives each worker its file). What waits is looked up in the database at that moment.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import Error, connection
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from config.postgres.base import LOGIN
from journal.access import Access

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = {"GET", "HEAD", "POST"}
disable_created_metrics()  # type: ignore[no-untyped-call]  # when each number was first counted: as many lines again
OURS = CollectorRegistry()
REQUESTS = Counter("firstpage_requests", "Answers", ["view", "method", "status"], registry=OURS)
SECONDS = Histogram("firstpage_request_seconds", "Time to answer", ["view"], buckets=BUCKETS, registry=OURS)
DECISIONS = Counter("firstpage_decisions", "Whether an article opens, and why", ["reason"], registry=OURS)
ASKED_AGAIN = Counter("firstpage_reads_asked_again", "Pages made twice: the connection was lost", registry=OURS)


@dataclass(frozen=True, slots=True)
class Look:
    """Something to look up: rows of (label's value, number), or one number where there is no label."""

    words: str
    statement: str
    label: str = ""


WAITING = {
    "firstpage_jobs": Look(
        "Jobs due, at work, or failed within 30 days",
        """SELECT status::text, count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing', 'failed')
           AND (status <> 'todo' OR scheduled_at IS NULL OR scheduled_at <= now()) GROUP BY 1""",
        "status",
    ),
    "firstpage_worker_silent_seconds": Look(
        "Time since the last sign of life of any job worker",
        "SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers HAVING count(*) > 0",
    ),
    "firstpage_webhooks_waiting": Look(
        "What Stripe hinted at and was not read again yet; given up: staff must look",
        """SELECT CASE WHEN dead THEN 'given up' ELSE 'waiting' END, count(*) FROM subscriptions_synctarget
           WHERE dirty > clean GROUP BY 1""",
        "state",
    ),
    "firstpage_mails_waiting": Look(
        "Letters not sent yet: about money, and alerts",
        """SELECT 'money', count(*) FROM subscriptions_outgoingmail WHERE sent_at IS NULL
           UNION ALL SELECT 'alerts', count(*) FROM journal_alertmail WHERE claimed_at IS NULL""",
        "about",
    ),
    "firstpage_imports": Look(
        "Uploads of the last 90 days by what became of them",
        "SELECT status, count(*) FROM journal_importitem GROUP BY 1",
        "status",
    ),
    "firstpage_articles": Look(
        "Articles by status", "SELECT status, count(*) FROM journal_article GROUP BY 1", "status"
    ),
}


class Waiting(Collector):
    """Asks the database; while it is away, only `firstpage_database_up` is told."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found: list[GaugeMetricFamily] = []
        try:
            for name in WAITING:
                found.append(_asked(name))  # noqa: PERF401  (what was found until then is told)
        except Error:
            yield GaugeMetricFamily("firstpage_database_up", "Whether the database answers", 0)
        else:
            yield GaugeMetricFamily("firstpage_database_up", "Whether the database answers", 1)
        yield from found


def _asked(name: str) -> GaugeMetricFamily:
    look = WAITING[name]
    family = GaugeMetricFamily(name, look.words, labels=[look.label] if look.label else [])
    with connection.in_role(LOGIN), connection.cursor() as cursor:  # type: ignore[attr-defined]  # our engine
        cursor.execute(look.statement)
        for *of, number in cursor.fetchall():
            family.add_metric([str(one) for one in of], float(number))
    return family


def exposition() -> bytes:
    """Everything, in Prometheus' text format."""
    counted, waiting = OURS, CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    waiting.register(Waiting())
    return generate_latest(counted) + generate_latest(waiting)


_children: dict[tuple[Any, ...], Any] = {}


def _child(metric: Any, *labels: str) -> Any:
    """As `metric.labels(…)`, without its lock at every page."""
    key = (metric, *labels)
    found = _children.get(key)
    if found is None:
        found = _children[key] = metric.labels(*labels)
    return found


def answered(view: str, method: str | None, status: int, seconds: float) -> None:
    _child(REQUESTS, view, method if method in METHODS else "other", str(status)).inc()
    _child(SECONDS, view).observe(seconds)


def decided(answers: Iterable[Access]) -> None:
    tally: dict[str, int] = {}
    for answer in answers:
        tally[answer.reason] = tally.get(answer.reason, 0) + 1
    for reason, number in tally.items():
        _child(DECISIONS, reason).inc(number)
