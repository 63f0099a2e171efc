"""The queue itself: jobs whose worker died are put back, what has long been done is removed.

The first from outside the queue: a sweep that is itself a job can stall with the rest.
"""

import asyncio
from typing import Any

from procrastinate import exceptions, jobs
from procrastinate.contrib.django import app

SILENT_SECONDS = 30  # a worker sends a sign of life every ten
DONE_HOURS, FAILED_HOURS = 3 * 24, 30 * 24  # how long a job's row is kept for those who look into it


def rescue(silent_seconds: float = SILENT_SECONDS) -> int:
    """Queue again every job whose worker has been silent for so long; returns how many. Every job may run twice."""
    return asyncio.run(_rescue(silent_seconds))


async def _rescue(silent_seconds: float) -> int:
    with app.replace_connector(app.connector.get_worker_connector()) as outside:  # type: ignore[attr-defined]
        async with outside.open_async():
            stalled = list(await outside.job_manager.get_stalled_jobs(seconds_since_heartbeat=silent_seconds))
            for job in stalled:
                await _put_back(outside, job)
            await outside.job_manager.prune_stalled_workers(silent_seconds * 10)
            return len(stalled)


async def _put_back(outside: Any, job: jobs.Job) -> None:
    assert job.id is not None  # noqa: S101  (it came from the table)
    try:
        await outside.job_manager.retry_job(job)
    except (exceptions.AlreadyEnqueued, exceptions.ConnectorException):
        # Its next turn is queued already (a periodic one): the dead one is written off.
        await outside.job_manager.finish_job_by_id_async(job.id, status=jobs.Status.FAILED, delete_job=False)


def stalled(silent_seconds: float = SILENT_SECONDS) -> int:
    """How many jobs wait for a worker that is dead."""
    return asyncio.run(_stalled(silent_seconds))


async def _stalled(silent_seconds: float) -> int:
    with app.replace_connector(app.connector.get_worker_connector()) as outside:  # type: ignore[attr-defined]
        async with outside.open_async():
            return len(list(await outside.job_manager.get_stalled_jobs(seconds_since_heartbeat=silent_seconds)))


def forget_old() -> None:
    """Remove jobs that were done days ago, and those that failed weeks ago: three a minute make a table grow."""
    asyncio.run(_forget_old())


async def _forget_old() -> None:
    with app.replace_connector(app.connector.get_worker_connector()) as outside:  # type: ignore[attr-defined]
        async with outside.open_async():
            await outside.job_manager.delete_old_jobs(nb_hours=DONE_HOURS)
            await outside.job_manager.delete_old_jobs(
                nb_hours=FAILED_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
            )
