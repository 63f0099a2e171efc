"""Damaged articles are refused with words or rendered soundly and safely; nothing raises, nothing takes long."""

import random
import time

import pytest

import journal.jats.render as renderer
from journal.jats import ArticleDoc, JatsError, read
from journal.jats.markup import to_text
from journal.jats.render import render
from tests.journal.corpus import ARTICLES, needs_corpus
from tests.journal.jats import page, scorer, soundness
from tests.journal.jats.mutants import mutant, poison_links, poison_text

pytestmark = needs_corpus
SMALL = [path for path in ARTICLES if path.stat().st_size < 100_000]
MUTANTS, A_TEST = 1000, 100


@pytest.mark.parametrize("first", range(0, MUTANTS, A_TEST))
def test_a_hundred_mutants_are_refused_or_rendered_soundly(first: int) -> None:
    found: list[str] = []
    texts = lost = 0
    for number in range(first, first + A_TEST):
        what, data = mutant(number, SMALL)
        started = time.process_time()
        try:
            article = read(data).article
        except JatsError:
            continue
        doc = render(article)
        assert time.process_time() - started < 5, what
        reader = soundness.examine(page.of_a_reader(doc))
        faults = [*reader.faults.items(), *soundness.examine(page.of_a_visitor(doc)).faults.items()]
        found += [f"{what}: {kind} {said[:3]}" for kind, said in faults]
        found += [f"{what}: a page without {lacking}, and no error" for lacking in lacks(doc)]
        kept = scorer.lost(read(data).article.iterfind("body"), reader.letters)
        texts, lost = texts + sum(kept.letters.values()), lost + sum(kept.lost.values())
    assert found == []
    assert lost <= texts * 0.0005, f"{lost} of {texts} letters lost"


def lacks(doc: ArticleDoc) -> list[str]:
    """What is missing from an article's metadata and not among its errors."""
    needed = {"no-doi": doc.metadata.doi, "no-title": doc.metadata.title_text, "no-date": doc.metadata.dates.published}
    said = {error.code for error in doc.errors}
    return [code for code, there in needed.items() if not there and code not in said]


def test_the_renderer_is_safe_without_its_second_net(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer, "clean", lambda fragment: fragment)
    monkeypatch.setattr(renderer, "clean_and_read", lambda fragment: (fragment, to_text(fragment)))
    for number, path in enumerate(ARTICLES):
        article, seed = read(path.read_bytes()).article, random.Random(number)
        poison_links(article, seed)
        poison_text(article, seed)
        doc = render(article)
        for shown in (page.of_a_reader(doc), page.of_a_visitor(doc)):
            assert soundness.examine(shown)["unsafe"] == [], path.stem
