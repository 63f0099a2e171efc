"""The reference list: printed as given, or put together in AMA style."""

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
    assert only(parts) == "Smith JA, Jones B, et al. The Book. 2 ed. Bern: Haus; 2010."


def test_a_part_without_a_place_in_the_order_is_not_lost() -> None:
    parts = "<element-citation><source>S</source><year>2010</year><comment>in Welsh</comment><patent>US1</patent></element-citation>"
    assert only(parts) == "S. 2010. in Welsh. US1."


def test_a_printed_citation_is_printed_as_given() -> None:
    given = "<mixed-citation><name><surname>Smith</surname><given-names>JA</given-names></name>: On X, <source>J Y</source> 72 (2015).</mixed-citation>"
    assert only(given) == "Smith JA: On X, J Y 72 (2015)."


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
