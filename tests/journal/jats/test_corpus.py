"""Every real article of the corpus becomes a sound and safe page with all its words, each once."""

from functools import lru_cache
from pathlib import Path

import pytest

from journal.jats import ArticleDoc, read
from journal.jats.render import render
from tests.journal.corpus import ARTICLES, needs_corpus
from tests.journal.jats import scorer

pytestmark = needs_corpus


@lru_cache(maxsize=4)
def rendered(path: Path) -> ArticleDoc:
    return render(read(path.read_bytes()).article)


@pytest.mark.parametrize("path", ARTICLES, ids=lambda path: path.stem)
def test_every_word_reaches_the_page_once_and_the_page_is_sound_and_safe(path: Path) -> None:
    assert scorer.score(path.read_bytes()).complaints() == []


@pytest.mark.parametrize("path", ARTICLES, ids=lambda path: path.stem)
def test_the_metadata_an_article_cannot_do_without_is_found(path: Path) -> None:
    doc = rendered(path)
    assert not doc.errors, [str(error) for error in doc.errors]
    assert doc.metadata.doi.lower().startswith("10.")
    assert doc.metadata.title_text


@pytest.mark.parametrize("path", ARTICLES, ids=lambda path: path.stem)
def test_no_element_of_the_corpus_is_unknown_but_taxpub(path: Path) -> None:
    unknown = [str(warning) for warning in rendered(path).warnings if warning.code == "unknown-element"]
    assert unknown == []


def test_rendering_twice_gives_the_same() -> None:
    for path in ARTICLES[::8]:
        assert render(read(path.read_bytes()).article) == rendered(path)
