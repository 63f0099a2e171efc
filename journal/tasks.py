"""Jobs of the journal (procrastinate, in the same PostgreSQL). Every one may run twice or not at all without harm: the
truth is in the tables, and the sweep looks at those."""

from procrastinate.contrib.django import app

from journal import batches, filing, shelf
from journal.search import terms, upkeep
from journal.typesetting import job

#: After everything else: a reader's payment does not wait for an editor's upload.
LATER = -10


@app.periodic(cron="17 * * * *")
@app.task(name="journal.forget_old_copies", queueing_lock="journal.forget_old_copies")
def forget_old_copies(timestamp: int) -> None:
    """Each hour: readers' copies of PDFs, and slides, that nobody has asked for within the last one."""
    shelf.forget_old()


@app.task(name="journal.import_waiting", priority=LATER)
def import_waiting() -> None:
    if batches.work():
        import_waiting.defer()


@app.periodic(cron="* * * * *")
@app.task(name="journal.sweep_imports", queueing_lock="journal.sweep_imports", priority=LATER)
def sweep_imports(timestamp: int) -> None:
    """Each minute: uploads whose import was interrupted, or whose job found no worker."""
    import_waiting()


@app.periodic(cron="23 3 * * *")
@app.task(name="journal.sweep_files", queueing_lock="journal.sweep_files", priority=LATER)
def sweep_files(timestamp: int) -> None:
    """Each night: files that no article and no stored version names, uploads that no import waits for, old reports."""
    filing.sweep()
    batches.forget_lost_uploads()
    batches.forget_old()


@app.task(name=job.TASK)
def typeset(article_id: int) -> None:
    """The PDF of an article whose publisher supplies none."""
    job.make(article_id)


@app.periodic(cron="* * * * *")
@app.task(name="journal.catch_up", queueing_lock="journal.catch_up", lock="journal.catch_up", priority=LATER)
def catch_up(timestamp: int) -> None:
    """Each minute: search terms and the full-text index learn what has changed."""
    upkeep.catch_up()


@app.periodic(cron="41 2 * * *")
@app.task(name="journal.learn_terms", queueing_lock="journal.learn_terms", priority=LATER)
def learn_terms(timestamp: int) -> None:
    """Each night: suggestions and spellings are counted anew."""
    terms.learn_all()
