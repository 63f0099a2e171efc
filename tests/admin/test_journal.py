"""The journal's identity stands in every article's head."""

from django.test import Client

from tests.make import make_journal

SENTENCE = "manage.py rerender"


def test_an_editor_who_renames_the_journal_is_told_how_the_articles_learn_of_it(edith: Client) -> None:
    journal = make_journal()
    path = f"/admin/journal/journal/{journal.pk}/change/"
    fields = {name: getattr(journal, name) for name in ("title", "abbreviation", "publisher", "issn_online")}
    fields |= {"accent": journal.accent, "accent_dark": journal.accent_dark}
    assert SENTENCE not in edith.post(path, fields | {"tagline": "New"}, follow=True).text
    assert SENTENCE in edith.post(path, fields | {"title": "Journal of Trials"}, follow=True).text
    journal.refresh_from_db()
    assert journal.title == "Journal of Trials"
