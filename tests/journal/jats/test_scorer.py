"""The judge itself: what it must notice, shown on a page that is spoilt in each way."""

from collections.abc import Callable

import pytest

from tests.journal.jats import source
from tests.journal.jats.build import DATE, DOI, TITLE, make_xml
from tests.journal.jats.letters import normal
from tests.journal.jats.matching import match
from tests.journal.jats.scorer import score
from tests.journal.jats.soundness import examine, faults

BODY = (
    "<sec><title>Methods</title><p>The herons were counted at dawn, by two people.</p>"
    "<p>They were counted again at dusk.</p></sec>"
)
PAGE = (
    '<main><h1>A title</h1><h2>Methods</h2><p id="a-1">The herons were counted at dawn, by two people.</p>'
    '<p>They were counted again at dusk. <a href="#a-1">1</a> <img src="/f.webp" alt="Herons"></p></main>'
)


def judged(page: str) -> list[str]:
    article = source.article_of(make_xml(BODY))
    letters = source.all_letters(article)
    found = match(source.pieces(article), examine(page).letters, letters)
    return [piece.text for piece in found.missing] + [f"twice {text}" for text in found.repeated] + faults(page)


def test_a_good_page_has_no_complaints() -> None:
    assert judged(PAGE) == []
    assert score(make_xml(BODY)).complaints() == []


@pytest.mark.parametrize(
    "spoil, complaint",
    [
        (lambda page: page.replace("They were counted again at dusk.", ""), "Theywerecountedagainatdusk."),
        (lambda page: page.replace("<h2>Methods</h2>", ""), "Methods"),
        (lambda page: page.replace("at dawn", "at noon"), "Theheronswerecountedatdawn,bytwopeople."),
        (
            lambda page: page.replace("</main>", "<p>The herons were counted at dawn, by two people.</p></main>"),
            "twice Theheronswerecountedatdawn,bytwopeople.",
        ),
        (lambda page: page.replace("#a-1", "#a-2"), "dangling link: a-2"),
        (lambda page: page.replace("<h2>", '<h2 id="a-1">'), "duplicate id: a-1"),
        (lambda page: page.replace("h1>", "h2>"), "h1: 0 of them"),
        (lambda page: page.replace("h2>", "h3>"), "heading jump: h1 to h3"),
        (lambda page: page.replace("Herons", ""), "image without words: /f.webp"),
        (lambda page: page.replace("/f.webp", "https://x.example/f.webp"), "unsafe: remote src=https://x.example/f.webp"),
        (lambda page: page.replace("<h2>", "<h2 onclick='x()'>"), "unsafe: onclick on <h2>"),
        (lambda page: page.replace("#a-1", "java&#10;script:x()"), "unsafe: href=java\nscript:x()"),
        (lambda page: page.replace("</p></main>", "<svg><script>x()</script></svg></p></main>"), "unsafe: <script>"),
        (lambda page: page.replace("<h2>", '<h2 style="position:fixed">'), "unsafe: style on <h2>"),
    ],
)  # fmt: skip
def test_each_fault_is_noticed(spoil: Callable[[str], str], complaint: str) -> None:
    assert complaint in judged(spoil(PAGE))


def test_a_table_that_lost_its_header_cells_is_noticed() -> None:
    table = "<table-wrap><table><thead><tr><th>Bird</th></tr></thead><tbody><tr><td>Heron</td></tr></tbody></table></table-wrap>"
    found = score(make_xml(table))
    assert (found.tables, found.tables_with_headers, found.reader.tables_with_headers) == (1, 1, 1)


def test_letter_and_accent_are_the_same_apart_and_in_one() -> None:
    assert match([source.Piece("body", normal("H")), source.Piece("body", normal("\u0302"))], normal("Ĥ")).missing == []


def test_an_author_or_affiliation_that_is_lost_is_noticed_whatever_stands_between_them() -> None:
    meta = (
        DOI + TITLE + '<contrib-group><aff id="A1">University of Bern; </aff><aff>Basel,</aff></contrib-group>' + DATE
    )
    found = source.pieces(source.article_of(make_xml("<p>x</p>", meta=meta)))
    assert [piece.text for piece in match(found, "Atitlex,Universityof;Basel").missing] == ["UniversityofBern"]
