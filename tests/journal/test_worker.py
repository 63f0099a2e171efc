"""The process that opens strangers' files: it is ended in time, and the next call finds a new one."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from journal import worker
from journal.jats import JatsError
from journal.worker import TASKS, Worker, WorkerError


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    for name in ("hang", "spin", "eat", "die", "well_behaved"):
        monkeypatch.setitem(TASKS, name, ("tests.journal.naughty", name, 1, 512))
    made = Worker()
    yield made
    made.stop()


@pytest.mark.parametrize("task", ["hang", "spin", "eat", "die"])
def test_a_task_that_misbehaves_is_ended_and_the_next_one_works(process: Worker, task: str) -> None:
    assert process.call("well_behaved", "before") == "BEFORE"
    started = time.monotonic()
    with pytest.raises(WorkerError):
        process.call(task)
    assert time.monotonic() - started < 5
    assert process.call("well_behaved", "after") == "AFTER"


def test_memory_is_named_as_the_reason(process: Worker) -> None:
    with pytest.raises(WorkerError, match="more than 512 MB of memory"):
        process.call("eat")


def test_an_error_comes_back_with_all_it_says(process: Worker) -> None:
    with pytest.raises(JatsError) as refusal:
        process.call("survey", b"<article>\n<front>")
    assert refusal.value.line == 2
    assert refusal.value.remedy


def test_threads_wait_for_each_other(process: Worker) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda n: process.call("well_behaved", f"w{n}"), range(40))) == [
            f"W{n}" for n in range(40)
        ]


def test_the_process_is_replaced_after_a_while(process: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MAX_CALLS", 2)
    process.call("well_behaved", "a")
    first = process._process
    process.call("well_behaved", "b")
    process.call("well_behaved", "c")
    assert process._process is not first
