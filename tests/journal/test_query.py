"""Any text is a query: what it says is understood, and nothing it says can do harm."""
# ruff: noqa: E501  (a query reads best in one line)

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal.models import Article
from journal.search import database, fulltext, pasted, snippets, terms
from journal.search.filters import Filters, read
from journal.search.folding import fold, stem, words
from journal.search.query import LONGEST, MOST_WORDS, Clause, Query, parse

SIGNS = [
    '"',
    "-",
    "OR",
    "AND",
    "NOT",
    "author:",
    "title:",
    "text:",
    "(",
    ")",
    "*",
    "&",
    "|",
    "!",
    "<->",
    ":A",
    "\\",
    "'",
    ";--",
    "\x00",
    "%",
    "_",
]
HOSTILE = st.lists(
    st.one_of(st.sampled_from(SIGNS), st.text(max_size=12), st.sampled_from(["stroke", "sleep", "the"])), max_size=60
)
HOSTILE_TEXT = st.one_of(
    HOSTILE.map(" ".join), HOSTILE.map("".join), st.text(max_size=400), st.sampled_from(SIGNS).map(lambda s: s * 9999)
)


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("white matter", Query(((Clause(("white",)),), (Clause(("matter",)),)))),
        ('"white matter"', Query(((Clause(("white", "matter"), together=True),),))),
        ("stroke -hemorrhage", Query(((Clause(("stroke",)),),), (Clause(("hemorrhage",)),))),
        ("stroke NOT hemorrhage", Query(((Clause(("stroke",)),),), (Clause(("hemorrhage",)),))),
        ("stroke OR tia", Query(((Clause(("stroke",)), Clause(("tia",))),))),
        ("author:García", Query(((Clause(("garcia",), "author"),),))),
        ("double-blind", Query(((Clause(("double", "blind")),),))),
        ("the effect of sleep", Query(((Clause(("effect",)),), (Clause(("sleep",)),)))),
        ("to be or not to be", parse("to be or not to be")),
        ('"unfinished phrase', Query(((Clause(("unfinished", "phrase"), together=True),),))),
        ("p:0.05", Query(((Clause(("p", "0.05")),),))),
        ("- OR AND NOT : () \"", Query()),
    ],
)  # fmt: skip
def test_what_is_typed_is_understood(typed: str, understood: Query) -> None:
    assert parse(typed) == understood


def test_words_compare_without_accents_and_umlauts_are_found_in_both_spellings() -> None:
    assert fold("Ménière Łukasz SØREN Straße") == "meniere lukasz soren strasse"
    assert words("Παράλυση 脑卒中 инсульт") == ["παραλυση", "脑卒中", "инсульт"]
    article = Article(authors=[{"given": "Jörg", "surname": "Müller"}], byline="Jörg Müller")
    assert {"muller", "mueller", "jorg", "joerg"} <= set(database.names(article).split())


@given(HOSTILE_TEXT)
@settings(max_examples=150, deadline=None)
def test_every_text_becomes_a_query_of_bounded_size_whose_words_are_letters_and_digits(text: str) -> None:
    query = parse(text)
    clauses = [clause for group in query.groups for clause in group] + list(query.without)
    assert sum(len(clause.words) for clause in clauses) <= MOST_WORDS
    assert all(word and all(letter.isalnum() or letter in ".," for letter in word) for c in clauses for word in c.words)
    assert query.was_cut or len(text) <= LONGEST * 4
    assert parse(text) == query
    assert snippets.quoted(text[:500], snippets.wanted(query)) is None or "<mark>" in snippets.quoted(
        text[:500], snippets.wanted(query)
    )
    assert len(terms.near(text[:20])) <= terms.BEGINNING + 1
    fulltext._query(fulltext._schema(), query, Filters()) if query.groups else None


@given(st.lists(HOSTILE_TEXT, min_size=6, max_size=6))
@settings(max_examples=40, deadline=None)
def test_whatever_stands_in_the_address_is_a_condition_or_none(values: list[str]) -> None:
    names = ("year", "section", "kind", "topic", "access", "cme")
    filters = read(dict(zip(names, values, strict=True)))
    assert filters.year is None or 0 < filters.year < 2201
    assert "\x00" not in filters.kind + filters.topic


@pytest.mark.django_db
@given(st.lists(HOSTILE_TEXT, min_size=1, max_size=1), st.sampled_from(["relevance", "date"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_takes_every_query_and_every_pasted_text(texts: list[str], sort: str) -> None:
    query = parse(texts[0])
    if query.groups:
        assert database.find(query, read({"kind": texts[0], "topic": texts[0], "year": "2026"}), sort).count >= 0
    assert pasted.named_article(texts[0]) is None
    assert pasted.openurl({"rft.volume": texts[0], "rft.spage": texts[0], "rft_id": texts[0]}) == ""
    assert isinstance(terms.suggest(texts[0]), list)
    assert isinstance(terms.respelled(query), str)


@pytest.mark.parametrize(("one", "other", "letters"), [("stroke", "strok", 1), ("sleep", "slepe", 1), ("abc", "", 3), ("same", "same", 0)])  # fmt: skip
def test_the_distance_of_words_is_in_letters(one: str, other: str, letters: int) -> None:
    assert terms.distance(one, other) == letters == terms.distance(other, one)


def test_the_stemmer_is_the_one_of_the_database() -> None:
    words_asked = ("strokes", "hemorrhages", "sleeping", "studies")
    assert [stem(word) for word in words_asked] == ["stroke", "hemorrhag", "sleep", "studi"]
