"""Jobs (procrastinate, in the same PostgreSQL). Every one may run twice or not at all without harm: the truth is in
the tables, and the sweep looks at those."""

from procrastinate.contrib.django import app

from subscriptions import (
    downloads,
    jobs,
    mail,
    orders,
    price_changes,
    public_changes,
    purging,
    reconcile,
    reminders,
    sync,
    trainees,
)
from subscriptions.counter import most_read, processing


@app.task(name="subscriptions.sync_target")
def sync_target(kind: str, key: str) -> None:
    sync.run(kind, key)


@app.task(name="subscriptions.send_mail")
def send_mail(message_id: int) -> None:
    mail.send(message_id)


@app.periodic(cron="* * * * *")
@app.task(name="subscriptions.sweep", queueing_lock="subscriptions.sweep")
def sweep(timestamp: int) -> None:
    """Each minute: checkouts whose time is over, targets whose hint found no worker, mail that did not go out."""
    orders.hint_overdue()
    sync.run_due(500, seconds=50)
    mail.send_unsent()


@app.periodic(cron="*/10 * * * *")
@app.task(name="subscriptions.reconcile", queueing_lock="subscriptions.reconcile")
def compare_with_stripe(timestamp: int) -> None:
    """Every ten minutes: what Stripe knows and no webhook told."""
    reconcile.reconcile()


@app.periodic(cron="17 * * * *")
@app.task(name="subscriptions.remind", queueing_lock="subscriptions.remind")
def remind(timestamp: int) -> None:
    """Each hour: notices of new prices, renewals and ends whose window has opened and which were not sent yet."""
    price_changes.look_after()
    reminders.send_due()


@app.periodic(cron="20 4 * * *")
@app.task(name="subscriptions.look_after_trainees", queueing_lock="subscriptions.look_after_trainees")
def look_after_trainees(timestamp: int) -> None:
    """Each night: proofs of training that run out or have run out, documents that need not be kept."""
    trainees.look_after()


@app.periodic(cron="27 * * * *")
@app.task(name="subscriptions.forget_public_changes", queueing_lock="subscriptions.forget_public_changes")
def forget_public_changes(timestamp: int) -> None:
    """Each hour: the marks of changes that no kept page is older than."""
    public_changes.forget_old()


@app.periodic(cron="* * * * *")
@app.task(name=purging.TASK, queueing_lock=purging.TASK)
def purge(timestamp: int) -> None:
    """Each minute, and when something was saved: the cache in front is told which pages are stale."""
    purging.purge()


@app.periodic(cron="50 3 * * *")
@app.task(name="subscriptions.forget_old_jobs", queueing_lock="subscriptions.forget_old_jobs")
def forget_old_jobs(timestamp: int) -> None:
    """Each night: the rows of jobs that were done days ago, and who fetched how much the day before yesterday."""
    jobs.forget_old()
    downloads.forget_old()


@app.periodic(cron="40 3 * * *")
@app.task(name="subscriptions.count_usage", queueing_lock="subscriptions.count_usage")
def count_usage(timestamp: int) -> None:
    """Each night: usage becomes monthly counts, months that are over are closed, old events are deleted."""
    processing.process()
    most_read.put_down()
