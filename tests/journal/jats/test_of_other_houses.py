"""What 770 articles of other houses had that the corpus has not: each in its smallest form."""

import pytest

from journal.jats import ArticleDoc, JatsError, read
from journal.jats.render import render
from tests.journal.jats.build import DATE, DOI, TITLE, codes, doc_of, html_of, make_xml
from tests.journal.jats.scorer import score

DOCTYPE = b'<!DOCTYPE article PUBLIC "-//NLM//DTD JATS v1.1//EN" "JATS.dtd">'


def doc_with(more: str, body: str = "<p>x</p>", back: str = "") -> ArticleDoc:
    """An article with more in its metadata, of which nothing may be lost on the page."""
    xml = make_xml(body, back, meta=DOI + TITLE + more + DATE)
    assert score(xml).complaints() == []
    return render(read(xml).article)


def people(contribs: str, more: str = "") -> ArticleDoc:
    return doc_with(f"<contrib-group>{contribs}</contrib-group>{more}")


BELLE = "<collab>for the Belle Collaboration</collab>"
NAME = "<name><surname>Yang</surname><given-names>Jiahao</given-names></name>"


@pytest.mark.parametrize(
    "other, shown",
    [
        (
            '<name-alternatives><string-name xml:lang="zh">杨家豪</string-name></name-alternatives>',
            '<span lang="zh">杨家豪</span>',
        ),
        (
            '<name name-style="eastern"><surname>杨</surname><given-names>家豪</given-names></name>',
            "<span>杨家豪</span>",
        ),
        (
            "<name><surname>Ян</surname><given-names>Цзяхао</given-names></name>",
            "<span>Цзяхао Ян</span>",
        ),
    ],
)
def test_a_name_in_another_script_stands_beside_the_first(other: str, shown: str) -> None:
    doc = people(f'<contrib contrib-type="author">{NAME}{other}</contrib>')
    assert f"Jiahao Yang ({shown})" in doc.byline_html
    assert [author.name for author in doc.metadata.authors] == ["Jiahao Yang"]


def test_a_form_of_a_name_for_sorting_is_not_shown() -> None:
    form = '<name specific-use="index"><surname>Yang</surname><given-names>J</given-names></name>'
    doc = people(f'<contrib contrib-type="author"><name-alternatives>{NAME}{form}</name-alternatives></contrib>')
    assert doc.byline_html.count("Yang") == 1


@pytest.mark.parametrize("parts", [(NAME, BELLE), (BELLE, NAME)])
def test_a_person_who_wrote_for_a_group_is_still_named(parts: tuple[str, str]) -> None:
    doc = people(f'<contrib contrib-type="author">{"".join(parts)}</contrib>')
    assert "Jiahao Yang for the Belle Collaboration" in doc.byline_html
    assert [author.name for author in doc.metadata.authors] == ["Jiahao Yang"]


def test_a_collaboration_is_an_author() -> None:
    group = '<contrib contrib-type="collaboration"><collab-name>ALICE Collaboration</collab-name></contrib>'
    assert [author.name for author in people(group).metadata.authors] == ["ALICE Collaboration"]


def test_an_affiliation_whose_words_are_all_in_its_label_is_a_numbered_one() -> None:
    doc = people(
        f'<contrib contrib-type="author">{NAME}<xref ref-type="aff" rid="A1"/></contrib>',
        '<aff id="A1"><label>Massey University, Palmerston North, New Zealand</label></aff>'
        '<aff id="A2"><label>National Museum, Washington DC, United States</label></aff>',
    )
    assert '<sup class="aff-mark"><a href="#a-A1">1</a></sup>' in doc.byline_html
    assert '<span class="label">2</span> National Museum' in doc.affiliations_html


def test_abstracts_and_reference_lists_may_be_named_by_a_label() -> None:
    ref = '<ref id="B1"><mixed-citation>Smith, On herons.</mixed-citation></ref>'
    doc = doc_with(
        '<abstract><label>Резюме</label><p>One.</p></abstract><trans-abstract xml:lang="es"><label>Resumen</label>'
        "<p>Uno.</p><label>Resumo</label><p>Um.</p></trans-abstract>",
        back=f"<ref-list><title>References</title><ref-list><label>Cited within the data</label>{ref}</ref-list></ref-list>",
    )
    assert [abstract.title_text for abstract in doc.abstracts] == ["Резюме", "Resumen"]
    assert doc.abstracts[1].text == "Uno. Resumo Um."
    assert "Cited within the data" in doc.references_html
    assert doc.references_title == "References"


def test_links_and_notes_among_the_metadata_are_shown_and_data_of_nobody_reported() -> None:
    doc = doc_with(
        '<ext-link xlink:href="https://zbmath.org/1">Zbl 1</ext-link><open-access>YES</open-access>'
        '<fn-group><fn fn-type="con"><p>A. drew the herons.</p></fn></fn-group>'
    )
    assert '<dt>Links</dt><dd><a href="https://zbmath.org/1" rel="nofollow noopener">Zbl 1</a></dd>' in (
        doc.information_html
    )
    assert "A. drew the herons." in doc.information_html
    assert "YES" not in doc.information_html and "unknown-element" in codes(doc)


@pytest.mark.parametrize(
    "pages, shown",
    [
        ("<fpage>879</fpage><lpage>879</lpage>", "879"),
        ("<fpage>4691</fpage><lpage>4696</lpage><page-range>4691–6</page-range>", "4691–6"),
        ("<fpage>xiv</fpage><page-range>1–804</page-range>", "xiv, 1–804"),
    ],
)
def test_pages_are_said_once(pages: str, shown: str) -> None:
    ref = f'<ref id="B1"><element-citation><source>J</source><year>2001</year>{pages}</element-citation></ref>'
    assert score(make_xml("<p>x</p>", f"<ref-list>{ref}</ref-list>")).complaints() == []
    assert doc_of("<p>x</p>", f"<ref-list>{ref}</ref-list>").references[0].text == f"J. 2001:{shown}."


def test_the_address_of_a_supplement_that_its_caption_says_is_not_said_again() -> None:
    body = (
        '<supplementary-material xlink:href="https://doi.org/10.5334/s1"><caption><p>DOI: <uri>https://doi.org/10.5334/s1'
        "</uri></p></caption></supplementary-material>"
    )
    assert html_of(body).count(">https://doi.org/10.5334/s1<") == 1


@pytest.mark.parametrize("entity, character", [("cacute", "ć"), ("percnt", "%"), ("NotEqualTilde", "≂̸")])
def test_characters_are_known_by_the_names_of_the_isos_sets(entity: str, character: str) -> None:
    bare = make_xml(f"<p>Juri&{entity};!</p>")
    for data in (bare, DOCTYPE + bare):
        assert f"Juri{character}!" in render(read(data).article).plain_text


def test_markup_never_comes_of_an_entity() -> None:
    doc = render(read(DOCTYPE + make_xml("<p>&LT;script&gt; &nbsp;&lt;b&gt;</p>")).article)
    assert "<script" not in doc.body_html and "<b>" not in doc.body_html
    assert "<script>" in doc.plain_text


def test_a_prefix_that_is_declared_too_late_is_mended() -> None:
    late = '<article><body><p><graphic xlink:href="f1"/></p><p xmlns:xlink="http://www.w3.org/1999/xlink">Heron</p></body></article>'
    found = read(late.encode())
    assert [warning.code for warning in found.warnings] == ["repaired"]
    assert "Heron" in render(found.article).plain_text


def test_docbook_is_called_by_its_name() -> None:
    with pytest.raises(JatsError, match="This is DocBook"):
        read(b'<article xmlns="http://docbook.org/ns/docbook"><info/><para>x</para></article>')
