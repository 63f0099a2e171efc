"""The drills on a running site, each with its rule. `short()` has those of tests/operation/test_drills.py."""

import http.client
import json
import os
import shutil
import signal
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psycopg

from demo.processes import free_port
from tests.operation import nginx
from tests.operation.drills.readers import READERS, Crowd, reading
from tests.operation.drills.stage import Stage

SLOW_STRIPE, BUYERS, LONGEST_READ = 30.0, 10, 5.0
REPORT_SECONDS, LONGEST_BEHIND_MIGRATION = 20, 3.5  # what a migration may hold up (2 s), and those who queued meanwhile
REPORT = "SELECT count(*), pg_sleep(%s) FROM journal_article"
MOST_GROWTH = 0.02


@dataclass(frozen=True)
class Outcome:
    fault: str
    failed: int
    total: int
    longest: float | None
    rule: str
    passed: bool
    remarks: tuple[str, ...] = ()


def _none_failed(fault: str, crowd: Crowd, rule: str = "0 failed reads") -> Outcome:
    told = tuple(sorted(set(crowd.failed))[:5])
    return Outcome(fault, len(crowd.failed), crowd.total, crowd.longest, rule, not crowd.failed, told)


def database_restarted(stage: Stage, how: str = "fast", times: int = 2) -> Outcome:
    with reading(stage.port, stage.pages) as crowd:
        for _ in range(times):
            stage.restart_database(how)
            crowd.answers(100)
    return _none_failed(f"PostgreSQL restarted ({how}, {times} times)", crowd)


def database_crashed(stage: Stage) -> Outcome:
    return database_restarted(stage, "immediate")


def database_away_for_long(stage: Stage, seconds: float = 40) -> Outcome:
    """Readers see the plain page with a reference; when the server is back, so are the pages, within two seconds."""
    stage.database.stop()
    time.sleep(seconds)
    page, answers = stage.pages[1], []
    status, text = get(stage, page["path"])
    plain = status == 503 and "We will be back in a moment" in text
    alive, _ = get(stage, "/health/live")
    ready, _ = get(stage, "/health/ready")
    stage.database.start()
    began = time.monotonic()
    while time.monotonic() < began + 20 and 200 not in answers:
        answers.append(get(stage, page["path"])[0])
    back = time.monotonic() - began
    passed = plain and alive == 200 and ready == 503 and answers[-1] == 200 and back < 2
    rule = "plain 503 page, alive, not ready; pages within 2 s of its return"
    return Outcome(f"PostgreSQL away for {seconds:.0f} s", answers.count(503), len(answers), back, rule, passed)


def deployed(stage: Stage, migrate: bool = True) -> Outcome:
    """migrate, reload, and once more, while readers read."""
    with reading(stage.port, stage.pages) as crowd:
        for _ in range(2):
            before = set(stage.workers())
            if migrate:
                stage.manage("migrate", "--verbosity", "0")
            stage.reload()
            wait_for(
                lambda before=before: len(set(stage.workers()) - before) >= 2 and not before & set(stage.workers())
            )
            crowd.answers(100)
    return _none_failed("deploy: migrate and reload, twice", crowd, "0 failed requests")


def migrated_behind_report(stage: Stage) -> Outcome:
    """A report reads the articles for seconds; the next version's migration wants their table for itself."""
    with psycopg.connect(stage.database.url, autocommit=True) as there, reading(stage.port, stage.pages) as crowd:
        report = threading.Thread(target=there.execute, args=(REPORT, [REPORT_SECONDS]))
        report.start()
        wait_for(lambda: _is_read(stage))
        done = stage.manage("migrate", "humanize", next_version=True)
        was_over = not report.is_alive()
        report.join()
        crowd.answers(100)
    with psycopg.connect(stage.database.url) as there:
        there.execute("SELECT of_next_version FROM journal_article")  # or it would have failed here
    tries = done.stderr.count("waits for a table")
    passed = not crowd.failed and crowd.longest < LONGEST_BEHIND_MIGRATION and tries >= 1 and was_over
    rule = f"0 failed reads, none over {LONGEST_BEHIND_MIGRATION} s; it came in the end ({tries} in vain before)"
    return Outcome(
        f"migration behind a report of {REPORT_SECONDS} s", len(crowd.failed), crowd.total, crowd.longest, rule, passed,
        tuple(sorted(set(crowd.failed))[:5]),
    )  # fmt: skip


def _is_read(stage: Stage) -> bool:
    with psycopg.connect(stage.database.url) as there:
        found = there.execute(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(%' AND wait_event = 'PgSleep'"
        )
        return found.fetchone() is not None


def worker_killed(stage: Stage) -> Outcome:
    with reading(stage.port, stage.pages) as crowd:
        for _ in range(3):
            crowd.answers(60)
            os.kill(stage.workers()[0], signal.SIGKILL)
            wait_for(lambda: len(stage.workers()) >= 2)
        crowd.answers(100)
    most = 3 * READERS
    told = tuple(sorted(set(crowd.failed))[:5])
    return Outcome(
        "kill -9 of a web process, 3 times", len(crowd.failed), crowd.total, crowd.longest,
        f"no more than what it had in hand (≤ {most})", len(crowd.failed) <= most, told,
    )  # fmt: skip


def worker_killed_behind_nginx(stage: Stage) -> Outcome:
    """As it is run: what the killed process had in hand is asked of the next (deploy/nginx/site.conf)."""
    fault, rule = "kill -9 of a web process behind nginx, 3 times", "0 failed reads"
    if nginx.find() is None:
        return Outcome(fault, 0, 0, None, "needs nginx, or FIRSTPAGE_NGINX", passed=True)
    port = free_port(stage.port + 1)
    with nginx.before(stage.folder, port, stage.port), reading(port, stage.pages) as crowd:
        for _ in range(3):
            crowd.answers(60)
            os.kill(stage.workers()[0], signal.SIGKILL)
            wait_for(lambda: len(stage.workers()) >= 2)
        crowd.answers(100)
    return _none_failed(fault, crowd, rule)


def soaked(stage: Stage, seconds: float = 60) -> Outcome:
    """A minute under load, after ten seconds of it: what the processes hold does not grow (a slope in MB a minute)."""
    sizes: list[tuple[float, float]] = []
    with reading(stage.port, stage.pages) as crowd:
        time.sleep(10)
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            sizes.append((time.monotonic() - began, sum(resident_mb(pid) for pid in stage.workers())))
            time.sleep(1)
    slope = statistics.linear_regression(*zip(*sizes, strict=True)).slope * 60
    share = slope / sizes[0][1]
    rule = f"0 failed; under 2 % more memory a minute (it was {share:+.1%}, {slope:+.2f} MB of {sizes[0][1]:.0f})"
    passed = not crowd.failed and share < MOST_GROWTH
    return Outcome(f"{seconds:.0f} s under load", len(crowd.failed), crowd.total, crowd.longest, rule, passed)


def resident_mb(pid: int) -> float:
    """What a process has for itself (the rest is shared with its siblings)."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in told.splitlines() if line.startswith("Private_")) / 1024


def search_index_deleted(stage: Stage) -> Outcome:
    with reading(stage.port, stage.pages) as crowd:
        crowd.answers(60)
        shutil.rmtree(stage.folder / "var/search")
        crowd.answers(100)
    return _none_failed("search index deleted", crowd, "0 failed reads: PostgreSQL answers")


def stripe_slow(stage: Stage) -> Outcome:
    """Ten buyers press at once while Stripe takes half a minute for each answer; afterwards each buys."""
    told: list[tuple[int, str]] = []
    fault = {"kind": "slow", "phase": "before_execution", "seconds": SLOW_STRIPE, "times": 100}
    stage.stripe.control("fault", endpoint="POST /v1/customers", **fault)
    buyers = [threading.Thread(target=lambda: told.append(press(stage)), daemon=True) for _ in range(BUYERS)]
    with reading(stage.port, stage.pages) as crowd:
        for buyer in buyers:
            buyer.start()
        crowd.answers(300)
        stage.stripe.control("config", faults=[])
        for buyer in buyers:
            buyer.join(120)
    # What Stripe is still at work on, it refuses to begin again; then the buyer presses once more.
    wait_for(lambda: press(stage)[0] == 303, seconds=90)
    sessions = stage.stripe.control("objects", kind="checkout.session")["data"]
    charges = stage.stripe.control("objects", kind="charge")["data"]
    kind = all(status in (303, 503) for status, _ in told) and len(told) == BUYERS
    open_pages = [one for one in sessions if one["status"] == "open"]
    quick = crowd.longest < LONGEST_READ
    passed = not crowd.failed and quick and kind and len(open_pages) == 1 and not charges
    rule = f"0 failed reads, none over {LONGEST_READ:.0f} s; buyers get a page; one payment page, nothing charged"
    return Outcome("Stripe takes 30 s", len(crowd.failed), crowd.total, crowd.longest, rule, passed,
                   () if passed else (str(told)[:200], f"{len(open_pages)} open pages"))  # fmt: skip


def stripe_down(stage: Stage) -> Outcome:
    stage.stripe.control("config", faults=[])
    for kind in ("503", "reset"):
        stage.stripe.control("fault", endpoint="*", kind=kind, phase="before_execution", times=50)
    with reading(stage.port, stage.pages) as crowd:
        status, _text = press(stage, stage.told["order"]["article"] + 1)
        crowd.answers(100)
    stage.stripe.control("config", faults=[])
    passed = not crowd.failed and status in (303, 503)
    rule = "0 failed reads; the buyer is told that nothing was charged"
    return Outcome("Stripe down", len(crowd.failed), crowd.total, crowd.longest, rule, passed, (f"{status}",))


def press(stage: Stage, article: int | None = None) -> tuple[int, str]:
    """The buyer orders; 303 leads to the payment page."""
    order = stage.told["order"]
    form = {"article": article or order["article"], "consent": "on", "csrfmiddlewaretoken": stage.told["token"]}
    headers = {"Cookie": order["cookie"], "Content-Type": "application/x-www-form-urlencoded"}
    connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=90)
    try:
        connection.request("POST", order["path"], urlencode(form), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except OSError as error:
        return 0, type(error).__name__
    finally:
        connection.close()


def get(stage: Stage, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def counted(stage: Stage) -> dict[str, float]:
    """The site's own numbers: every sample of /metrics by name and labels."""
    _, text = get(stage, "/metrics", Authorization="Bearer drill")
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def health(stage: Stage) -> dict[str, object]:
    found: dict[str, object] = json.loads(get(stage, "/health/ready")[1])
    return found


def wait_for(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError("It did not come about in a minute.")
        time.sleep(0.05)


ALL: tuple[Callable[[Stage], Outcome], ...] = (
    database_restarted, database_crashed, deployed, migrated_behind_report, soaked, worker_killed,
    worker_killed_behind_nginx,
    search_index_deleted, stripe_slow, stripe_down,
    database_away_for_long,
)  # fmt: skip
