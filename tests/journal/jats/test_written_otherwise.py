"""Files, formulas and links as publishers write them beside the book: shown as what they are, not as broken addresses."""

import pytest

from journal.jats import read
from journal.jats.render import render
from journal.jats.survey import survey
from tests.journal.jats.build import codes, doc_of, html_of, make_xml

INLINE_FILE = '<inline-supplementary-material id="S1" xlink:href="data-supp001.pdf"/>'
SUPPLEMENT = f"<supplementary-material><label>Supplementary data</label><p>{INLINE_FILE}</p></supplementary-material>"


def test_a_file_named_in_the_line_is_fetched_from_the_package_and_never_from_a_host_of_its_name() -> None:
    seen = f'{SUPPLEMENT}<p>See <inline-media xlink:href="film.mp4">the film</inline-media>.</p>'
    assert survey(make_xml(seen)).files == ("data-supp001.pdf", "film.mp4")
    supplied = {"data-supp001.pdf": "/files/1", "film.mp4": "/files/2"}
    html = render(read(make_xml(seen)).article, {}, supplied).body_html
    assert '<a href="/files/1" download="">data-supp001.pdf</a>' in html
    assert '<a href="/files/2" download="">the film</a>' in html
    bare = doc_of(seen)
    assert "data-supp001.pdf" in bare.plain_text and "the film" in bare.plain_text and "<a" not in bare.body_html
    assert [str(warning) for warning in bare.warnings] == [
        f"The file {name} was not supplied; it is named without a link." for name in supplied
    ]


@pytest.mark.parametrize("name", ["table1.xlsx", "S1_File.docx", "movie.mov", "https://"])
def test_the_name_of_a_file_is_no_address(name: str) -> None:
    assert html_of(f'<p><ext-link xlink:href="{name}">see</ext-link></p>') == "<p>see</p>"


def test_a_host_without_its_scheme_is_an_address_whatever_its_pages_are_called() -> None:
    html = html_of('<p><ext-link xlink:href="example.org/table1.xlsx">see</ext-link></p>')
    assert 'href="https://example.org/table1.xlsx"' in html


def test_a_video_is_headed_by_its_label() -> None:
    html = html_of('<media id="m1" xlink:href="m.mp4"><label>Video 1</label><caption><p>A gait.</p></caption></media>')
    assert '<p><span class="label">Video 1</span></p><p>A gait.</p>' in html


def test_a_trial_s_own_scheme_leads_to_its_register() -> None:
    html = html_of('<p><ext-link xlink:href="ctgov:NCT01465204">trial</ext-link></p>')
    assert 'href="https://clinicaltrials.gov/study/NCT01465204"' in html


def test_a_formula_whose_namespace_was_forgotten_is_a_formula() -> None:
    math = "<math><mrow><mi>a</mi><mo>+</mo><mfenced><mi>b</mi></mfenced></mrow></math>"
    html = html_of(f"<p>So <inline-formula>{math}</inline-formula>.</p>")
    assert '<math display="inline"><mrow><mi>a</mi><mo>+</mo><mrow><mo' in html
    chosen = f'<alternatives><graphic xlink:href="x.gif"/>{math}</alternatives>'
    assert '<math display="block">' in html_of(f"<disp-formula>{chosen}</disp-formula>")
    assert "<mml:math" not in html


def test_something_else_that_is_called_math_shows_its_words() -> None:
    doc = doc_of("<p><inline-formula><math>a <b>bold</b> thing</math></inline-formula></p>")
    assert "a bold thing" in doc.plain_text
    assert "<math" not in doc.body_html
    assert "unknown-element" in codes(doc)


def test_words_beside_the_elements_of_a_formula_are_kept() -> None:
    html = html_of(
        '<p><inline-formula><mml:math><mml:mrow>if <mml:mi>a</mml:mi> or <b xmlns="http://www.w3.org/1999/xhtml">b</b>'
        "</mml:mrow></mml:math></inline-formula></p>"
    )
    assert "<mrow><mtext>if </mtext><mi>a</mi><mtext> or </mtext><mtext>b</mtext></mrow>" in html


def test_how_a_word_is_read_stands_above_it() -> None:
    html = html_of("<p>Of <ruby><rb>鷺</rb><rp>(</rp><rt>sagi</rt><rp>)</rp></ruby>.</p>")
    assert html == "<p>Of <ruby>鷺<rp>(</rp><rt>sagi</rt><rp>)</rp></ruby>.</p>"


def test_a_group_of_tables_has_its_caption_and_no_empty_line() -> None:
    one = "<table-wrap><label>A</label><table><tr><td>1</td></tr></table></table-wrap>"
    html = html_of(f"<table-wrap-group><label>Table 1</label><caption><p>Herons.</p></caption>{one}</table-wrap-group>")
    assert (
        '<div class="table-group" id="a-tables"><p><span class="label">Table 1</span> </p><p>Herons.</p><figure' in html
    )
