"""Jobs of the accounts (procrastinate, in the same PostgreSQL). Every one may run twice or not at all without harm."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from accounts import disturbance, incidents, notices, privacy, rate_limits

#: After 1, 4, 16, 64 … minutes, about a day in all.
AGAIN = RetryStrategy(max_attempts=6, exponential_wait=4, wait=60)


@app.task(name="accounts.send_notice", retry=AGAIN)
def send_notice(subject: str, text: str, html: str, to: str) -> None:
    notices.deliver(subject, text, html, to)


@app.periodic(cron="* * * * *")
@app.task(name="accounts.look_after_incidents", queueing_lock="accounts.look_after_incidents")
def look_after_incidents(timestamp: int) -> None:
    """Each minute: what could not be recorded while the database was away, and whether a disturbance is over."""
    incidents.catch_up()
    disturbance.end_if_over()


@app.periodic(cron="40 3 * * *")
@app.task(name="accounts.forget_old_tries", queueing_lock="accounts.forget_old_tries")
def forget_old_tries(timestamp: int) -> None:
    """Each night: counters of tries whose window is over."""
    rate_limits.forget_old()


@app.task(name="accounts.make_export")
def make_export(export_id: int) -> None:
    privacy.fulfil(export_id)


@app.periodic(cron="40 3 * * *")
@app.task(name="accounts.look_after_privacy", queueing_lock="accounts.look_after_privacy")
def look_after_privacy(timestamp: int) -> None:
    """Each night: accounts whose fourteen days are over are erased, copies older than a week deleted."""
    privacy.erase_due()
    privacy.forget_old_copies()
