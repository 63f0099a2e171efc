"""Bad and hostile XML ends as the corpus says: refused with a remedy, or shown harmlessly."""

import socket
import time
from pathlib import Path

import pytest

from journal.jats import JatsError, read
from journal.jats.render import render
from tests.journal.corpus import HOSTILE, needs_corpus
from tests.journal.jats import page, soundness
from tests.journal.jats.build import make_xml

REFUSED = [
    "billion",
    "quadratic",
    "deep-1k",
    "attr-1M",
    "wrong-enc",
    "nul",
    "ctrl",
    "truncated",
    "empty",
    "html",
    "dup-attr",
]
ENTITIES = ["xxe-file", "ext-dtd", "http-dtd", "internal-ent", "named-nodtd"]
LINKS = ["dup-ids", "dangling-rid", "cyclic-related"]
SHOWN = [*ENTITIES, *LINKS, "utf16", "xinclude", "evil-xss", "no-doi", "no-title", "huge-table", "10000-authors"]


def hostile(name: str) -> bytes:
    return (HOSTILE / f"{name}.xml").read_bytes()


@needs_corpus
def test_each_hostile_file_has_an_expectation_here() -> None:
    assert {path.stem for path in HOSTILE.glob("*.xml")} == {*REFUSED, *SHOWN}


@needs_corpus
@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_within_a_second_of_computing_with_a_remedy(name: str) -> None:
    started = time.process_time()
    with pytest.raises(JatsError) as refusal:
        read(hostile(name))
    assert time.process_time() - started < 1
    assert refusal.value.remedy
    assert refusal.value.line is not None or name == "empty"


@needs_corpus
@pytest.mark.parametrize("name", SHOWN)
def test_it_is_shown_without_harm_within_five_seconds_of_computing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    started = time.process_time()
    doc = render(read(hostile(name)).article)
    assert time.process_time() - started < 5
    assert soundness.faults(page.of_a_reader(doc)) == []
    assert soundness.faults(page.of_a_visitor(doc)) == []


@needs_corpus
def test_no_file_of_the_machine_is_read_into_the_article() -> None:
    secret = Path("/etc/hostname").read_text().strip()
    for name in ("xxe-file", "xinclude", "ext-dtd"):
        shown = page.of_a_reader(render(read(hostile(name)).article))
        assert not secret or secret not in shown
        assert "root:" not in shown


@needs_corpus
def test_known_entities_become_characters_and_unknown_ones_are_named() -> None:
    parsed = read(hostile("ext-dtd"))
    assert "café" in render(parsed.article).plain_text
    assert [warning.code for warning in parsed.warnings] == ["entity-dropped"]
    assert "A\xa0Acme" in render(read(hostile("internal-ent")).article).plain_text
    assert "café" in render(read(hostile("named-nodtd")).article).plain_text


@needs_corpus
def test_no_construct_of_the_attack_survives_in_any_fragment() -> None:
    doc = render(read(hostile("evil-xss")).article)
    markup = " ".join(
        [doc.body_html, doc.references_html, doc.byline_html, doc.information_html, doc.metadata.title_html]
    )
    for forbidden in (
        "<script",
        "<img",
        "javascript:",
        "vbscript:",
        "data:",
        "position",
        "url(",
        "tracker.example",
        "../",
        "<iframe",
    ):
        assert forbidden not in markup.lower(), forbidden


@needs_corpus
def test_what_is_missing_keeps_the_article_a_draft() -> None:
    assert "no-doi" in {error.code for error in render(read(hostile("no-doi")).article).errors}
    assert "no-title" in {error.code for error in render(read(hostile("no-title")).article).errors}


@needs_corpus
def test_links_to_a_doubled_id_go_to_the_first() -> None:
    doc = render(read(hostile("dup-ids")).article)
    assert 'href="#a-s"' in doc.body_html
    assert "duplicate-id" in {warning.code for warning in doc.warnings}


@needs_corpus
def test_a_link_to_nothing_is_text() -> None:
    doc = render(read(hostile("dangling-rid")).article)
    assert "<a" not in doc.body_html
    assert "12" in doc.plain_text


@needs_corpus
def test_ten_thousand_authors_wait_in_a_disclosure() -> None:
    doc = render(read(hostile("10000-authors")).article)
    assert len(doc.metadata.authors) == 10_000
    assert "<summary>9,990 more authors</summary>" in doc.byline_html


def test_a_text_node_of_eleven_megabytes_is_refused() -> None:
    with pytest.raises(JatsError, match="Text node too long"):
        read(make_xml(f"<p>{'a' * (11 << 20)}</p>"))


def test_a_file_above_twenty_megabytes_is_refused_unread() -> None:
    with pytest.raises(JatsError, match="may have 20"):
        read(b"<article>" + b" " * (21 << 20))


@pytest.mark.parametrize(
    "opening, closing, depth",
    [
        ("<sec><title>t</title>", "</sec>", 240),
        ("<p>", "</p>", 240),
        ("<italic>", "</italic>", 240),
        ("<p><italic>", "</italic></p>", 120),
        ("<list><list-item>", "</list-item></list>", 120),
        ("<boxed-text><p>", "</p></boxed-text>", 120),
        ("<fig-group>", "</fig-group>", 240),
        ("<table><tr><td>", "</td></tr></table>", 80),
        ("<p><fn>", "</fn></p>", 120),
        ("<unheard-of>", "</unheard-of>", 240),
        ("<disp-quote>", "</disp-quote>", 240),
        ("<ref-list>", "</ref-list>", 240),
        ("<alternatives>", "</alternatives>", 240),
    ],
)
def test_the_deepest_nesting_the_parser_lets_in_is_rendered(opening: str, closing: str, depth: int) -> None:
    doc = render(read(make_xml(f"{opening * depth}deep down{closing * depth}")).article)
    assert "deep down" in doc.plain_text
    assert soundness.faults(page.of_a_reader(doc)) == []
