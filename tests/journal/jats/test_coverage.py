"""Every element that real articles use has its entry in a table, or its place in the function of its parent."""

import pytest

from journal.jats import read
from journal.jats.render import render
from journal.jats.render.rendering import BLOCKS, INLINES, SILENT
from tests.journal.jats.build import make_xml


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: The elements of 1,111 articles by frequency, then the rarer ones that still matter.
USED = _set("""
td surname given-names name xref italic p named-content year pub-id ref label source article-title volume fpage
person-group tr tp:taxon-name-part sup lpage title bold sec tp:taxon-name element-citation mixed-citation mml:mi sub
string-name mml:mo th mml:mrow contrib issue ext-link etal caption kwd mml:math inline-formula graphic break list-item
aff fn month mml:mn fig publisher-name mml:msub day comment article-id col institution publisher-loc journal-id subject
hr pub-date subj-group table-wrap tp:treatment-sec email date table tbody mml:mtext addr-line citation thead kwd-group
def styled-content issn object-id def-item term country list role oasis:entry contrib-group collab table-wrap-foot
title-group body abstract contrib-id elocation-id permissions article-categories license license-p front journal-meta
article-meta article journal-title publisher mml:msup back ref-list journal-title-group uri abbrev
supplementary-material copyright-statement history author-notes media corresp copyright-year inline-graphic ack
alternatives institution-id tp:taxon-treatment tp:nomenclature
sub-article related-article boxed-text tex-math floats-group app disp-quote fig-group table-wrap-group trans-abstract
trans-title bio statement preformat code oasis:table alt-text attrib on-behalf-of inline-supplementary-material product
speech chem-struct conference strike overline underline sc article-version disp-formula nlm-citation
""")
#: Read by the function of the element around them; alone in running text they would be unknown, and reported.
BY_PARENT = _set(
    """
    ref contrib aff pub-date subj-group oasis:entry contrib-group title-group abstract article-categories journal-meta
    article-meta article journal-title publisher journal-title-group history sub-article trans-abstract conference
    article-version mml:mi mml:mo mml:mrow mml:mn mml:msub mml:mtext mml:msup
    """
)


def test_every_used_element_has_an_entry_or_is_read_by_the_one_around_it() -> None:
    assert USED - {*INLINES, *BLOCKS, *SILENT} == BY_PARENT


@pytest.mark.parametrize("name", sorted(name for name in USED - {"break"} if name not in SILENT and ":" not in name))
def test_a_word_in_any_element_anywhere_is_shown_and_what_is_strange_there_is_reported(name: str) -> None:
    body = f"<sec><title>Birds</title><p>Before <{name}>heron</{name}> after.</p></sec>"
    doc = render(read(make_xml(body)).article)
    known = name in INLINES or name in BLOCKS
    assert known or "unknown-element" in {warning.code for warning in doc.warnings}
    if name not in ("tex-math", "alternatives"):  # a converted formula; one of several
        assert "heron" in doc.plain_text


def test_an_unknown_element_shows_its_content_and_says_so_once() -> None:
    doc = render(read(make_xml("<p>A <nest><italic>wet</italic> one</nest> and <nest>another</nest>.</p>")).article)
    assert doc.body_html.endswith("<p>A <i>wet</i> one and another.</p></section>")
    assert [str(warning) for warning in doc.warnings] == [
        "line 1: <nest> has no rendering of its own; its content is shown plainly."
    ]
