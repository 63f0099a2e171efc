"""Jobs of the accounts (procrastinate, in the same PostgreSQL). Every one may run twice or not at all without harm."""

from procrastinate.contrib.django import app

from accounts import disturbance, incidents


@app.periodic(cron="* * * * *")
@app.task(name="accounts.look_after_incidents", queueing_lock="accounts.look_after_incidents")
def look_after_incidents(timestamp: int) -> None:
    """Each minute: what could not be recorded while the database was away, and whether a disturbance is over."""
    incidents.catch_up()
    disturbance.end_if_over()
