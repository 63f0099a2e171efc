"""Jobs of the desk (procrastinate). Each may run twice or not at all without harm."""

from procrastinate.contrib.django import app

from desk import viewing_as


@app.task(name="desk.end_viewing")
def end_viewing(entry: int) -> None:
    """A quarter of an hour after a look began: its end is in the log, also where the browser was just closed."""
    viewing_as.end(entry, viewing_as.BY_ITSELF)
