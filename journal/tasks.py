"""Jobs of the journal (procrastinate, in the same PostgreSQL). Every one may run twice or not at all without harm."""

from procrastinate.contrib.django import app

from journal.pdf import delivery


@app.periodic(cron="17 * * * *")
@app.task(name="journal.forget_old_copies", queueing_lock="journal.forget_old_copies")
def forget_old_copies(timestamp: int) -> None:
    """Each hour: readers' copies of PDFs that nobody has asked for within the last one."""
    delivery.forget_old_copies()
