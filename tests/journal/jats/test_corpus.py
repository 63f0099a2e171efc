"""Every real article of the corpus becomes a sound page with all its words."""

import time
from collections import Counter
from pathlib import Path

import pytest

from journal.jats import ArticleDoc, read
from journal.jats.render import render
from tests.journal.corpus import ARTICLES, needs_corpus
from tests.journal.jats import scorer

pytestmark = needs_corpus
PARTS = {
    "body": "body",
    "abstracts": "front/article-meta/abstract",
    "floats": "floats-group",
    "references": "back/ref-list",
    "back matter": "back/*",
    "affiliations": "front/article-meta//aff",
    "author notes": "front/article-meta/author-notes",
    "permissions": "front/article-meta/permissions",
    "keywords": "front/article-meta/kwd-group",
}


def rendered(path: Path) -> ArticleDoc:
    return render(read(path.read_bytes()).article)


@pytest.mark.parametrize("path", ARTICLES, ids=lambda path: path.stem)
def test_every_word_of_the_article_reaches_the_page(path: Path) -> None:
    source = read(path.read_bytes()).article
    page = scorer.page_text(rendered(path))
    for part, where in PARTS.items():
        letters = gone = 0
        missing: list[str] = []
        for el in source.iterfind(where):
            more, less, texts = scorer.lost(el, page)
            letters, gone, missing = letters + more, gone + less, missing + texts
        assert gone == 0, f"{part}: {1 - gone / letters:.4f} of the text; lost {missing[:5]}"


@pytest.mark.parametrize("path", ARTICLES, ids=lambda path: path.stem)
def test_long_texts_are_on_the_page_as_often_as_in_the_source(path: Path) -> None:
    source = read(path.read_bytes()).article
    page = scorer.page_text(rendered(path))
    whole = scorer.normal("".join(source.itertext()))
    counted = Counter(
        text for el in source.iterchildren("body", "back") for text in scorer.visible_texts(el) if len(text) > 60
    )
    repeated = [text for text, count in counted.items() if page.count(text) > max(count, whole.count(text))]
    assert not repeated


@pytest.mark.parametrize("path", ARTICLES, ids=lambda path: path.stem)
def test_the_page_is_sound_and_safe(path: Path) -> None:
    doc = rendered(path)
    assert scorer.faults(scorer.full_page(doc)) == []


@pytest.mark.parametrize("path", ARTICLES, ids=lambda path: path.stem)
def test_the_page_of_a_visitor_without_a_right_is_sound_and_safe(path: Path) -> None:
    doc = rendered(path)
    assert scorer.faults(scorer.public_page(doc)) == []


@pytest.mark.parametrize("path", ARTICLES, ids=lambda path: path.stem)
def test_the_metadata_an_article_cannot_do_without_is_found(path: Path) -> None:
    doc = rendered(path)
    assert not doc.errors, [str(error) for error in doc.errors]
    assert doc.metadata.doi.lower().startswith("10.")
    assert doc.metadata.title_text


def test_rendering_twice_gives_the_same(tmp_path: Path) -> None:
    for path in ARTICLES[::8]:
        assert rendered(path) == rendered(path)


def test_the_speed_over_the_corpus_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Measured, not asserted: the machine is shared. `make bench` holds it to its aim."""
    sources = [path.read_bytes() for path in ARTICLES]
    started = time.perf_counter()
    for source in sources:
        render(read(source).article)
    rate = len(sources) / (time.perf_counter() - started)
    with capsys.disabled():
        print(f"\n{rate:.0f} articles/s parsed and rendered")  # noqa: T201
