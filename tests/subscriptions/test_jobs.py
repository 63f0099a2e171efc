"""The queue itself: what is done goes after days, what failed after weeks, what waits never."""

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from subscriptions import jobs

_JOB = "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status) VALUES ('q', %s, '{}', %s) RETURNING id"
_EVENT = "INSERT INTO procrastinate_events (job_id, type, at) VALUES (%s, 'succeeded', now() - %s * interval '1 hour')"


@pytest.mark.django_db(transaction=True)
def test_jobs_are_forgotten_when_nobody_looks_into_them_any_more() -> None:
    kept, gone = {("succeeded", 71), ("failed", 719), ("todo", 10_000)}, {("succeeded", 73), ("failed", 721)}
    with connection.cursor() as cursor:
        for status, hours in kept | gone:
            cursor.execute(_JOB, [str(hours), status])
            cursor.execute(_EVENT, [cursor.fetchone()[0], hours])
        cursor.execute("DELETE FROM procrastinate_events WHERE at > now() - interval '1 hour'")
    jobs.forget_old()
    assert {(job.status, int(job.task_name)) for job in ProcrastinateJob.objects.all()} == kept
