"""What stands behind the sample journal's wall is on no picture of a first page (the rest: tests/leaks)."""

import json
from typing import Any

from django.conf import settings

from demo import sample_journal
from journal import worker

SENTINELS: Any = json.loads((settings.BASE_DIR / "sample" / "sentinels.json").read_text(encoding="utf-8"))


def sentences(found: Any) -> list[str]:
    """All sentences of a length worth looking for, wherever they stand in the list."""
    if isinstance(found, str):
        return [found] if len(found.split()) > 4 else []
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else []
    return [sentence for part in inner for sentence in sentences(part)]


def test_no_picture_of_a_first_page_shows_a_sentinel() -> None:
    secret = sentences(SENTINELS)
    for folder in sample_journal.article_folders():
        found = worker.call("first_page", (folder / "article.pdf").read_bytes())
        shown = " ".join(found.text.split())
        assert not [sentence for sentence in secret if sentence in shown], folder.name
