"""Jobs of the CME app. Every one may run twice or not at all without harm: the tables say what is due."""

import logging

from procrastinate.contrib.django import app

from cme import follow_up, matcher, reports

log = logging.getLogger(__name__)


@app.periodic(cron="37 * * * *")
@app.task(name="cme.look_after", queueing_lock="cme.look_after")
def look_after(timestamp: int) -> None:
    """Each hour: ask about commitments, remind of credit that waits, hand in reports, forget what need not be kept."""
    follow_up.ask_due()
    follow_up.remind_of_unclaimed()
    reports.forget()
    try:
        reports.hand_in_queued()
    except matcher.Unavailable as missing:
        log.info("Reports wait: %s", missing)
