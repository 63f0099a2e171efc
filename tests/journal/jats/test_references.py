"""The reference list: printed as given, or put together in AMA style."""

import pytest

from journal.jats import ArticleDoc
from tests.journal.jats.build import doc_of


def references(*refs: str) -> ArticleDoc:
    return doc_of("<p>x</p>", f"<ref-list>{''.join(refs)}</ref-list>")


def only(ref: str) -> str:
    return references(f'<ref id="B1">{ref}</ref>').references[0].text


NAMES = (
    '<person-group person-group-type="author"><name><surname>Smith</surname><given-names>JA</given-names></name>'
    "<name><surname>Jones</surname><given-names>B</given-names></name><etal/></person-group>"
)


def test_a_journal_article_in_parts_is_put_together_in_ama_order() -> None:
    parts = (
        f"<element-citation publication-type='journal'>{NAMES}<article-title>On <italic>X</italic></article-title><source>J Y</source>"
        "<year>2015</year><volume>72</volume><issue>9</issue><fpage>977</fpage><lpage>979</lpage>"
        '<pub-id pub-id-type="doi">10.1234/abc</pub-id></element-citation>'
    )
    assert only(parts) == "Smith JA, Jones B, et al. On X. J Y. 2015;72(9):977-979. doi:10.1234/abc"


def test_a_book_in_parts_names_place_and_publisher() -> None:
    parts = (
        f"<element-citation publication-type='book'>{NAMES}<source>The Book</source><edition>2</edition><publisher-loc>Bern</publisher-loc>"
        "<publisher-name>Haus</publisher-name><year>2010</year></element-citation>"
    )
    assert only(parts) == "Smith JA, Jones B, et al. The Book. 2nd ed. Bern: Haus; 2010."


def test_a_part_without_a_place_in_the_order_is_not_lost() -> None:
    parts = "<element-citation><source>S</source><year>2010</year><comment>in Welsh</comment><patent>US1</patent></element-citation>"
    assert only(parts) == "S. 2010. in Welsh. US1."


def test_a_printed_citation_is_printed_as_given() -> None:
    given = "<mixed-citation><name><surname>Smith</surname><given-names>JA</given-names></name>: On X, <source>J Y</source> 72 (2015).</mixed-citation>"
    assert only(given) == "Smith JA: On X, J Y 72 (2015)."


@pytest.mark.parametrize("name", ["citation", "nlm-citation"])
def test_a_citation_of_nlm_2_is_put_together_or_printed_as_given(name: str) -> None:
    tagged = (
        f'<{name} citation-type="journal">{NAMES}<article-title>On X</article-title><source>J Y</source><year>2005</year><volume>7</volume>'
        f"<fpage>9</fpage><lpage>12</lpage></{name}>"
    )
    assert only(tagged) == "Smith JA, Jones B, et al. On X. J Y. 2005;7:9-12."
    printed = f"<{name}><person-group><name><surname>Smith</surname><given-names>J</given-names></name></person-group>: On X, <source>J Y</source> 7 (2005).</{name}>"
    assert only(printed) == "Smith J: On X, J Y 7 (2005)."


def test_a_printed_citation_with_a_tagged_twin_is_shown_once() -> None:
    assert (
        only("<mixed-citation>Smith, X.</mixed-citation><element-citation><source>X</source></element-citation>")
        == "Smith, X."
    )


def test_identifiers_become_links_whose_kind_is_said_once() -> None:
    given = '<mixed-citation>X. doi: <pub-id pub-id-type="doi">10.1234/a</pub-id>. <pub-id pub-id-type="pmid">123</pub-id></mixed-citation>'
    doc = references(f'<ref id="B1">{given}</ref>')
    assert doc.references[0].text == "X. doi: 10.1234/a. PMID: 123"
    assert 'href="https://doi.org/10.1234/a"' in doc.references_html
    assert 'href="https://pubmed.ncbi.nlm.nih.gov/123/"' in doc.references_html
    assert (doc.references[0].doi, doc.references[0].pmid) == ("10.1234/a", "123")


def test_a_doi_only_written_in_the_text_gets_a_link_beside_it() -> None:
    doc = references('<ref id="B1"><mixed-citation>X. doi:10.1234/abc.</mixed-citation></ref>')
    assert (
        '<span class="ref-links"><a href="https://doi.org/10.1234/abc" rel="nofollow noopener">DOI</a></span>'
        in doc.references_html
    )


def test_the_parts_that_exports_need_are_kept() -> None:
    parts = f"<element-citation>{NAMES}<article-title>T</article-title><source>S</source><year>2001</year></element-citation>"
    reference = references(f'<ref id="B1"><label>1</label>{parts}</ref>').references[0]
    assert (reference.title, reference.source, reference.year, reference.label) == ("T", "S", "2001", "1")
    assert reference.authors == ("Smith JA", "Jones B")


def test_stray_text_in_an_entry_is_text_and_never_markup() -> None:
    doc = references('<ref id="B1">&lt;img src=x onerror=y&gt;<mixed-citation>X.</mixed-citation></ref>')
    assert "<img" not in doc.references_html
    assert "&lt;img src=x onerror=y&gt; X." in doc.references_html


EDITORS = (
    '<person-group person-group-type="editor"><name><surname>Otte</surname><given-names>D</given-names></name>'
    "<name><surname>Endler</surname><given-names>JA</given-names></name></person-group>"
)
ONE_EDITOR = '<person-group person-group-type="editor"><name><surname>Otte</surname><given-names>D</given-names></name></person-group>'
PLACE = "<year>1989</year><publisher-name>Sinauer</publisher-name><publisher-loc>Sunderland, MA</publisher-loc>"
IN_PARTS = {
    "a chapter with editors": (
        f"{NAMES}<chapter-title>Two rules</chapter-title>{EDITORS}<source>Speciation</source>{PLACE}<fpage>1</fpage>",
        "Smith JA, Jones B, et al. Two rules. In: Otte D, Endler JA, eds. Speciation. Sunderland, MA: Sinauer; 1989:1.",
    ),
    "a chapter without editors": (
        "<chapter-title>Herons</chapter-title><source>Birds</source><year>2001</year>",
        "Herons. In: Birds. 2001.",
    ),
    "a book of one editor": (
        f"{ONE_EDITOR}<source>Birds</source><edition>3</edition><publisher-name>Haus</publisher-name><year>2001</year>",
        "Otte D, ed. Birds. 3rd ed. Haus; 2001.",
    ),
    "an eleventh edition": ("<source>Birds</source><edition>11</edition>", "Birds. 11th ed."),
    "an edition in words": ("<source>Birds</source><edition>rev. ed.</edition>", "Birds. rev. ed."),
    "an article with a number instead of pages": (
        "<article-title>X</article-title><source>J</source><year>2015</year><volume>7</volume><elocation-id>e45</elocation-id>",
        "X. J. 2015;7:e45.",
    ),
    "a page range": (
        "<source>J</source><year>2015</year><volume>7</volume><page-range>1-3, 9</page-range>",
        "J. 2015;7:1-3, 9.",
    ),
    "one page given twice": ("<source>J</source><year>2015</year><fpage>9</fpage><lpage>9</lpage>", "J. 2015:9."),
    "a supplement": (
        "<source>J</source><year>2015</year><volume>7</volume><supplement>suppl 1</supplement><fpage>S9</fpage>",
        "J. 2015;7 suppl 1:S9.",
    ),
    "a group author": (
        "<collab>STOP Group</collab><article-title>X</article-title><source>J</source>",
        "STOP Group. X. J.",
    ),
    "a title that asks": (
        "<article-title>Why herons?</article-title><source>J</source><year>2015</year>",
        "Why herons? J. 2015.",
    ),
    "a web page": (
        '<source>Herons</source><uri>https://example.org/h</uri><date-in-citation content-type="access-date">May 1, 2020</date-in-citation>',
        "Herons. Accessed May 1, 2020. https://example.org/h",
    ),
    "a data set": (
        "<data-title>Counts</data-title><source>Dryad</source><year>2015</year><version>2</version>",
        "Counts. Dryad. 2015. 2.",
    ),
    "a conference": (
        "<article-title>X</article-title><conf-name>BIRDS</conf-name><conf-loc>Bern</conf-loc><conf-date>May 2</conf-date><year>2015</year>",
        "X. BIRDS, Bern, May 2. 2015.",
    ),
    "a date in parts": ("<source>Paper</source><year>2015</year><month>May</month><day>2</day>", "Paper. 2015 May 2."),
    "a PubMed id": ('<source>J</source><year>2015</year><pub-id pub-id-type="pmid">123</pub-id>', "J. 2015. PMID: 123"),
}


@pytest.mark.parametrize("parts, printed", IN_PARTS.values(), ids=list(IN_PARTS))
def test_each_kind_of_work_in_parts_is_put_together_in_ama_style(parts: str, printed: str) -> None:
    assert only(f"<element-citation>{parts}</element-citation>") == printed


def test_a_reference_leads_back_to_each_of_its_mentions_for_readers_of_the_text_only() -> None:
    body = '<p>See <xref ref-type="bibr" rid="B1">1</xref> and again <xref ref-type="bibr" rid="B1">1</xref>.</p>'
    doc = doc_of(
        body, '<ref-list><ref id="B1"><label>1</label><mixed-citation>Smith, X.</mixed-citation></ref></ref-list>'
    )
    assert doc.references_html.count('class="backlink"') == 2
    assert 'aria-label="Back to mention 2"' in doc.references_html
    assert "backlink" not in doc.public_references_html
    assert doc.references[0].text == "Smith, X."
