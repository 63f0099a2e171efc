"""The drills of `make chaos` that a change breaks most easily, in short: PostgreSQL restarted and a deploy, under load.

The figures are this machine's; the rule is not: no reader's page fails. They take the machine for themselves, so they
run by `DRILLS=1 pytest tests/operation/test_drills.py` and not beside `make test`'s browsers; `make chaos` has all.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from config.backup.programs import place, program
from tests.operation.drills import live
from tests.operation.drills.stage import Stage, raised

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not os.environ.get("DRILLS"), reason="DRILLS=1 runs the drills; make chaos has them in full."),
]


@pytest.fixture(scope="module")
def stage(
    django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """The tests' own database is migrated already: a dump of it saves half a minute."""
    dump: Path = tmp_path_factory.mktemp("dump") / "migrated.dump"
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        conninfo, environment = place()
        connection.close()
    subprocess.run([program("pg_dump"), "-Fc", "-f", str(dump), "-d", conninfo], env=environment, check=True)
    with raised(dump) as made:
        yield made


def test_no_page_fails_while_postgresql_is_restarted_and_while_it_crashes(stage: Stage) -> None:
    for how in ("fast", "immediate"):
        outcome = live.database_restarted(stage, how, times=1)
        assert outcome.passed, outcome
        assert outcome.total > 20


def test_no_request_fails_in_a_deploy_and_what_was_counted_stays_counted(stage: Stage) -> None:
    before = live.counted(stage)
    outcome = live.deployed(stage, migrate=False)  # there is nothing to migrate
    assert outcome.passed, outcome
    after = live.counted(stage)
    pages = [name for name in after if name.startswith("firstpage_requests_total{")]
    assert sum(after[name] - before.get(name, 0) for name in pages) >= outcome.total
    assert all(after[name] >= before[name] for name in before if name.startswith("firstpage_requests_total"))
    assert live.health(stage)["ready"] is True
    assert stage.web
    written = stage.web.log.read_text().splitlines()
    lines = [json.loads(line) for line in written if line.startswith("{")]
    assert {"gunicorn.error"} <= {line["logger"] for line in lines}
    assert not [line for line in lines if line["logger"] == "gunicorn.access"]
    assert os.getpid() not in stage.workers()
