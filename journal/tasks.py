"""Jobs of the journal (procrastinate, in the same PostgreSQL). Every one may run twice or not at all without harm: the
truth is in the tables, and the sweep looks at those."""

from procrastinate.contrib.django import app

from journal import alerts, batches, browsing, elsewhere, filing, publishing, shelf
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


@app.periodic(cron="*/10 * * * *")
@app.task(name="journal.announce_due", queueing_lock="journal.announce_due")
def announce_due(timestamp: int) -> None:
    """Every ten minutes: articles get the banners of notices whose day has come."""
    publishing.announce_due()


@app.task(name=job.TASK)
def typeset(article_id: int) -> None:
    """The PDF of an article whose publisher supplies none."""
    job.make(article_id)


@app.periodic(cron="* * * * *")
@app.task(name="journal.catch_up", queueing_lock="journal.catch_up", lock="journal.catch_up", priority=LATER)
def catch_up(timestamp: int) -> None:
    """Each minute: search terms and the full-text index learn what has changed."""
    upkeep.catch_up()


@app.task(name="journal.learn_topics", queueing_lock="journal.learn_topics", priority=LATER)
def learn_topics() -> None:
    """After an editor has changed a topic's keywords."""
    browsing.learn_topics_of_all()


@app.periodic(cron="41 2 * * *")
@app.task(name="journal.learn_terms", queueing_lock="journal.learn_terms", priority=LATER)
def learn_terms(timestamp: int) -> None:
    """Each night: suggestions and spellings are counted anew."""
    terms.learn_all()


@app.periodic(cron="7 1 * * *")
@app.task(name="journal.look_up_citations", queueing_lock="journal.look_up_citations", priority=LATER)
def look_up_citations(timestamp: int) -> None:
    """Each night: who cites the articles, by OpenAlex."""
    elsewhere.look_up_citations()


@app.periodic(cron="37 1 * * *")
@app.task(name="journal.look_up_similar", queueing_lock="journal.look_up_similar", priority=LATER)
def look_up_similar(timestamp: int) -> None:
    """Each night: what PubMed finds similar."""
    elsewhere.look_up_similar()


@app.task(name="journal.send_alert")
def send_alert(mail_id: int) -> None:
    alerts.send(mail_id)


@app.periodic(cron="5 6 * * *")
@app.task(name="journal.gather_alerts", queueing_lock="journal.gather_alerts", priority=LATER)
def gather_alerts(timestamp: int) -> None:
    """Each morning: the digests of the day. And what need not be kept any longer."""
    alerts.gather()
    alerts.forget()
    send_waiting_alerts(timestamp)


@app.periodic(cron="*/10 * * * *")
@app.task(name="journal.send_waiting_alerts", queueing_lock="journal.send_waiting_alerts", priority=LATER)
def send_waiting_alerts(timestamp: int) -> None:
    """Every ten minutes: digests that the mail server did not take, or whose job found no worker."""
    for mail in alerts.waiting():
        send_alert.defer(mail_id=mail)
