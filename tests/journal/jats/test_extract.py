"""The free first words of an article without an abstract."""

from tests.journal.jats.build import doc_of

SENTENCE = "The pressure of the fluid rose for ten minutes and fell again afterwards. "
REST = "<p>" + "Behind the wall there is much more to read here. " * 60 + "</p>"
REFS = '<ref-list><ref id="B1"><mixed-citation>W</mixed-citation></ref></ref-list>'


def extract_of(body: str) -> str:
    doc = doc_of(body, REFS)
    return doc.extract.html if doc.extract else ""


def test_it_ends_at_a_sentence_near_two_hundred_words() -> None:
    doc = doc_of(f"<p>{SENTENCE * 40}</p>{REST}")
    assert doc.extract is not None
    assert 160 <= len(doc.extract.text.split()) <= 240
    assert doc.extract.text.endswith("afterwards.")


def test_it_never_gives_away_more_than_two_fifths_of_a_short_letter() -> None:
    doc = doc_of(f"<p>{SENTENCE * 8}</p>")
    assert doc.extract is not None
    assert len(doc.extract.text.split()) <= 0.5 * len(doc.plain_text.split())


def test_a_text_of_one_sentence_has_no_extract() -> None:
    assert doc_of("<p>One sentence only, and nothing else.</p>").extract is None


def test_an_article_without_text_has_no_extract() -> None:
    assert doc_of("").extract is None


def test_its_citations_lead_to_the_free_reference_list_and_carry_no_ids() -> None:
    html = extract_of(f'<p>Known<xref ref-type="bibr" rid="B1">1</xref> since long. {SENTENCE}</p>{REST}')
    assert '<a class="cite" href="#a-B1">1</a>' in html
    assert "id=" not in html


def test_links_into_the_closed_text_are_plain_words() -> None:
    html = extract_of(f'<p>See <xref ref-type="fig" rid="f1">Figure 1</xref> here. {SENTENCE}</p><fig id="f1"/>{REST}')
    assert "See Figure 1 here." in html
    assert "<a" not in html


def test_it_stops_before_a_block_in_the_paragraph() -> None:
    html = extract_of(f"<p>{SENTENCE}<list><list-item><p>secret item</p></list-item></list> Later words.</p>{REST}")
    assert "secret" not in html
    assert "Later" not in html


def test_boxes_and_captions_are_no_first_paragraph() -> None:
    html = extract_of(f"<boxed-text><p>Box. {SENTENCE}</p></boxed-text><p>First. {SENTENCE}</p>{REST}")
    assert html.startswith("<p>First.")


def test_an_abbreviation_is_no_end_of_a_sentence() -> None:
    html = extract_of(f"<p>We follow Smith et al. In this we are alone, e.g. Dr. Who. {REST[3:-4]}</p>")
    assert "alone, e.g. Dr. Who." in html
