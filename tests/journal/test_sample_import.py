"""The sample journal goes through the real import, and what stands behind its wall stays there."""

import json
from typing import Any

import pytest
from django.conf import settings

from demo import sample_journal
from journal import worker
from journal.models import Article, FullText, PublicPage

pytestmark = pytest.mark.django_db
SENTINELS: Any = json.loads((settings.BASE_DIR / "sample" / "sentinels.json").read_text(encoding="utf-8"))


def sentences(found: Any) -> list[str]:
    """All sentences of a length worth looking for, wherever they stand in the list."""
    if isinstance(found, str):
        return [found] if len(found.split()) > 4 else []
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else []
    return [sentence for part in inner for sentence in sentences(part)]


def test_every_sample_article_comes_in_whole_and_nothing_leaks() -> None:
    records = sample_journal.load()
    assert {record.status for record in records} == {"imported"}
    assert [warning for record in records for warning in record.warnings if "not supplied" in warning] == []
    secret = sentences(SENTINELS)
    assert len(secret) >= 10
    closed = " ".join(FullText.objects.values_list("plain_text", flat=True))
    assert [sentence for sentence in secret if sentence in closed]
    for page in PublicPage.objects.select_related("article"):
        public = "".join([page.head, page.header, page.abstract, page.references, page.information, page.notices])
        public += f"{page.article.abstract} {page.article.search}"
        assert [sentence for sentence in secret if sentence in public] == [], page.article
    for article in Article.objects.all():
        assert article.status == Article.Status.PUBLISHED
        assert article.issue is None or article.issue.volume in article.public_page.header


def test_no_picture_of_a_first_page_shows_a_sentinel() -> None:
    secret = sentences(SENTINELS)
    for folder in sample_journal.article_folders():
        found = worker.call("first_page", (folder / "article.pdf").read_bytes())
        shown = " ".join(found.text.split())
        assert not [sentence for sentence in secret if sentence in shown], folder.name
