"""One sentence for each rule about an element."""

import re

import pytest

from journal.jats import Image
from tests.journal.jats.build import DATE, DOI, TITLE, codes, doc_of, html_of

REFS = (
    "<ref-list><title>References</title>"
    + "".join(f'<ref id="B{n}"><label>{n}.</label><mixed-citation>Work {n}</mixed-citation></ref>' for n in range(1, 7))
    + "</ref-list>"
)
PICTURE = {"f1": Image("/files/f1.webp", 480, 320, "/files/f1-large.webp")}
FIGURE = (
    '<fig id="f1"><label>Figure 1</label><caption><title>Two curves.</title><p>They differ.</p></caption>'
    '<graphic xlink:href="f1.tif"/></fig>'
)


# text and blocks


def test_a_paragraph_that_holds_a_list_is_split_around_it() -> None:
    html = html_of("<p>Before <list list-type='order'><list-item><p>one</p></list-item></list> after.</p>")
    assert html == "<p>Before</p><ol><li>one</li></ol><p>after.</p>"


def test_a_figure_inside_italics_closes_them_and_opens_them_again() -> None:
    html = html_of(f"<p>a <italic>b {FIGURE} c</italic> d</p>", images=PICTURE)
    assert html.startswith("<p>a <i>b </i></p><figure")
    assert html.endswith("</figure><p><i> c</i> d</p>")


def test_an_unknown_element_shows_its_words_and_is_reported() -> None:
    doc = doc_of("<p>a <hologram>b</hologram> c</p>")
    assert "a b c" in doc.plain_text
    assert "unknown-element" in codes(doc)


def test_unknown_blocks_keep_the_blocks_in_them() -> None:
    assert html_of("<hologram><p>a</p><p>b</p></hologram>") == "<p>a</p><p>b</p>"


def test_a_source_style_is_dropped_and_its_alignment_becomes_a_class() -> None:
    html = html_of(
        '<table-wrap><table><tr><td style="text-align:right;background:red">1</td></tr></table></table-wrap>'
    )
    assert '<td class="align-right">1</td>' in html
    assert "style" not in html


def test_small_capitals_and_other_faces_become_classes() -> None:
    assert html_of("<p><sc>abc</sc> <strike>x</strike></p>") == '<p><span class="sc">abc</span> <s>x</s></p>'


def test_a_list_with_marks_of_its_own_shows_them() -> None:
    html = html_of("<list list-type='order'><list-item><label>(i)</label><p>x</p></list-item></list>")
    assert html == '<ul class="labelled"><li><span class="list-label">(i)</span> x</li></ul>'


def test_a_roman_list_counts_in_roman() -> None:
    assert html_of("<list list-type='roman-lower'><list-item><p>x</p></list-item></list>").startswith('<ol type="i">')


def test_a_boxed_text_is_a_note_with_its_caption() -> None:
    html = html_of("<boxed-text id='b1'><caption><title>Key points</title></caption><p>x</p></boxed-text>")
    assert html.startswith('<div class="boxed-text" role="note" id="a-b1">')
    assert "Key points" in html


def test_a_quotation_names_its_source() -> None:
    html = html_of("<disp-quote><p>To be.</p><attrib>Hamlet</attrib></disp-quote>")
    assert html == '<blockquote class="quote"><p>To be.</p><footer class="attribution">Hamlet</footer></blockquote>'


def test_a_definition_list_pairs_terms_with_meanings() -> None:
    item = "<def-item><term>BMI</term><def><p>body mass index</p></def></def-item>"
    assert "<dt>BMI</dt><dd>body mass index</dd>" in html_of(f"<def-list>{item}</def-list>")


def test_a_paragraph_in_another_language_says_so_and_its_direction() -> None:
    assert html_of('<p xml:lang="he">שלום</p>') == '<p lang="he" dir="rtl">שלום</p>'


# sections


def test_headings_start_at_two_and_never_skip() -> None:
    html = html_of("<sec><title>A</title><sec><sec><title>B</title><p>x</p></sec></sec></sec>")
    assert "<h2>A</h2>" in html
    assert "<h3>B</h3>" in html


def test_the_contents_list_is_a_tree_without_citation_marks() -> None:
    body = '<sec id="s1"><title>A<sup><xref ref-type="bibr" rid="B1">1</xref></sup></title><sec id="s2"><title>B</title></sec></sec>'
    doc = doc_of(body, REFS)
    assert [(h.id, h.title_html) for h in doc.contents] == [("a-s1", "A")]
    assert [h.title_text for h in doc.contents[0].children] == ["B"]


def test_back_matter_follows_the_body_with_headings_of_its_own() -> None:
    doc = doc_of(
        "<p>x</p>", "<ack><p>Thanks.</p></ack><app-group><app><title>Appendix A</title><p>y</p></app></app-group>"
    )
    assert [(s.kind, s.title_text) for s in doc.sections] == [
        ("body", ""),
        ("ack", "Acknowledgments"),
        ("appendix", ""),
    ]
    assert "<h2>Appendix A</h2>" in doc.body_html


def test_a_sub_article_is_a_section_of_its_own_with_its_language() -> None:
    stub = "<front-stub><title-group><article-title>Reply</article-title></title-group></front-stub>"
    more = f'<sub-article id="r1" article-type="reply" xml:lang="pt">{stub}<body><sec><title>S</title><p>y</p></sec></body></sub-article>'
    doc = doc_of("<p>x</p>", more=more)
    assert doc.sections[-1].kind == "sub-article"
    assert '<section class="sub-article" id="a-r1" lang="pt">' in doc.body_html
    assert "<h3>S</h3>" in doc.body_html


# citations, notes, links


def test_a_citation_leads_to_its_reference_and_back() -> None:
    doc = doc_of('<p>x<xref ref-type="bibr" rid="B2">2</xref></p>', REFS)
    assert '<a class="cite" href="#a-B2" id="a-cite-1">2</a>' in doc.body_html
    assert 'href="#a-cite-1"' in doc.references_html
    assert 'href="#a-cite-1"' not in doc.public_references_html


def test_a_citation_of_several_works_names_them_all() -> None:
    html = html_of('<p><xref ref-type="bibr" rid="B1 B3">1,3</xref></p>', REFS)
    assert 'data-refs="a-B1 a-B3"' in html


def test_a_range_between_two_citations_is_opened() -> None:
    html = html_of('<p><xref ref-type="bibr" rid="B2">2</xref>–<xref ref-type="bibr" rid="B5">5</xref></p>', REFS)
    assert 'data-refs="a-B2 a-B3 a-B4 a-B5"' in html


def test_a_range_within_one_citation_is_opened() -> None:
    assert 'data-refs="a-B1 a-B2 a-B3"' in html_of('<p><xref ref-type="bibr" rid="B1">1–3</xref></p>', REFS)


def test_an_empty_citation_shows_the_label_of_its_reference() -> None:
    assert ">4</a>" in html_of('<p><xref ref-type="bibr" rid="B4"/></p>', REFS)


def test_a_note_written_in_the_line_moves_to_the_end_with_a_way_back() -> None:
    html = html_of("<p>x<fn id='n1'><label>a</label><p>A note.</p></fn> y</p>")
    assert '<a class="note-mark" href="#a-n1" id="a-n1-mark" role="doc-noteref">a</a>' in html
    assert '<span class="label">a</span> A note.' in html
    assert 'href="#a-n1-mark"' in html


def test_notes_of_the_back_matter_link_to_each_mention() -> None:
    body = '<p><xref ref-type="fn" rid="n1">*</xref> and <xref ref-type="fn" rid="n1">*</xref></p>'
    html = html_of(body, '<fn-group><fn id="n1"><label>*</label><p>Note.</p></fn></fn-group>')
    assert html.count('class="backlink"') == 2


def test_an_outward_link_is_marked_and_a_link_without_scheme_gets_one() -> None:
    html = html_of('<p><ext-link ext-link-type="uri" xlink:href="www.example.org/a">site</ext-link></p>')
    assert html == '<p><a href="https://www.example.org/a" rel="nofollow noopener">site</a></p>'


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "&#9;JaVaScRiPt:x", "data:text/html,x", "vbscript:x", "file:///etc/passwd"]
)
def test_a_link_of_a_dangerous_kind_is_text(href: str) -> None:
    assert html_of(f'<p><ext-link xlink:href="{href}">L</ext-link></p>') == "<p>L</p>"


def test_links_do_not_nest() -> None:
    html = html_of(
        '<p><xref ref-type="sec" rid="s9"><ext-link xlink:href="https://example.org/">x</ext-link></xref></p><sec id="s9"><title>T</title></sec>'
    )
    assert html.count("<a ") == 1


# figures and pictures


def test_a_figure_has_picture_label_caption_and_a_link_to_the_large_version() -> None:
    html = html_of(FIGURE, images=PICTURE)
    assert (
        '<figure class="fig" id="a-f1"><p><a class="zoom" href="/files/f1-large.webp"><img src="/files/f1.webp"' in html
    )
    assert 'width="480" height="320" alt="Figure 1 Two curves."' in html
    assert (
        '<span class="label">Figure 1</span> <span class="caption-title">Two curves.</span><p>They differ.</p>' in html
    )


def test_a_picture_that_was_not_supplied_leaves_a_visible_note_and_a_warning() -> None:
    doc = doc_of(FIGURE)
    assert "[Picture not supplied]" in doc.body_html
    assert "missing-picture" in codes(doc)


def test_the_alternative_text_of_the_source_is_used() -> None:
    html = html_of(FIGURE.replace("<graphic", "<alt-text>Two lines crossing</alt-text><graphic"), images=PICTURE)
    assert 'alt="Two lines crossing"' in html


def test_a_float_is_placed_behind_the_paragraph_that_first_mentions_it() -> None:
    body = (
        '<sec><title>A</title><p>One.</p><p>See <xref ref-type="fig" rid="f1">Figure 1</xref>.</p><p>Three.</p></sec>'
    )
    html = doc_of(body, more=f"<floats-group>{FIGURE}</floats-group>").body_html
    assert html.index("See") < html.index("<figure") < html.index("Three.")


def test_a_float_nobody_mentions_comes_at_the_end() -> None:
    html = doc_of("<p>One.</p>", more=f"<floats-group>{FIGURE}</floats-group>").body_html
    assert html.index("One.") < html.index("<figure")


def test_of_several_alternatives_one_is_shown() -> None:
    alternatives = '<alternatives><graphic xlink:href="t.gif"/><table><tr><td>cell</td></tr></table></alternatives>'
    html = html_of(f"<table-wrap>{alternatives}</table-wrap>")
    assert "cell" in html
    assert "not supplied" not in html


def test_the_credit_of_a_figure_is_shown() -> None:
    permitted = FIGURE.replace(
        "</fig>", "<permissions><copyright-statement>© Somebody else</copyright-statement></permissions></fig>"
    )
    assert "© Somebody else" in html_of(permitted, images=PICTURE)


# tables


def test_a_group_of_figures_has_its_caption_and_each_figure_its_own() -> None:
    panels = "".join(f'<fig id="F{n}"><label>{n}</label><caption><p>Panel {n}</p></caption></fig>' for n in "AB")
    html = html_of(f'<fig-group id="G"><label>Figure 1</label><caption><p>Herons</p></caption>{panels}</fig-group>')
    assert html.startswith(
        '<figure class="fig-group" id="a-G"><figcaption><span class="label">Figure 1</span> <p>Herons</p></figcaption>'
    )
    assert html.count('<figure class="fig" id="a-F') == 2 and html.endswith(
        "Panel B</p></figcaption></figure></figure>"
    )


def test_a_table_scrolls_in_a_region_named_by_its_caption() -> None:
    html = html_of(
        "<table-wrap id='t1'><label>Table 1</label><caption><p>Data</p></caption><table><tr><td>1</td></tr></table></table-wrap>"
    )
    assert '<figcaption id="a-t1-caption">' in html
    assert '<div class="table-scroll" tabindex="0" role="region" aria-labelledby="a-t1-caption">' in html


def test_words_in_a_table_head_are_header_cells() -> None:
    table = "<table><thead><tr><td/><td colspan='2'>Both</td></tr></thead><tbody><tr><th>Row</th><td>1</td><td>2</td></tr></tbody></table>"
    html = html_of(f"<table-wrap>{table}</table-wrap>")
    assert '<td></td><th scope="colgroup" colspan="2">Both</th>' in html
    assert '<th scope="row">Row</th>' in html


def test_spans_beyond_reason_are_clamped() -> None:
    html = html_of("<table-wrap><table><tr><td colspan='1000000000' rowspan='99999'>x</td></tr></table></table-wrap>")
    assert '<td colspan="100" rowspan="1000">x</td>' in html


def test_a_note_beneath_a_table_links_back_to_its_cell() -> None:
    table = '<table><tr><td>5<xref ref-type="table-fn" rid="tf1">a</xref></td></tr></table>'
    foot = '<table-wrap-foot><fn id="tf1"><label>a</label><p>Adjusted.</p></fn></table-wrap-foot>'
    html = html_of(f"<table-wrap id='t1'>{table}{foot}</table-wrap>")
    assert '<a class="note-mark" href="#a-tf1" id="a-cite-1" role="doc-noteref">a</a>' in html
    assert 'href="#a-cite-1"' in html


def test_a_cals_table_becomes_an_html_table_with_its_spans() -> None:
    specs = "".join(f'<oasis:colspec colname="c{n}" align="center"/>' for n in (1, 2, 3))
    head = '<oasis:thead><oasis:row><oasis:entry namest="c1" nameend="c2">Wide</oasis:entry><oasis:entry colname="c3">C</oasis:entry></oasis:row></oasis:thead>'
    body = '<oasis:tbody><oasis:row><oasis:entry morerows="1" colname="c1">Tall</oasis:entry></oasis:row></oasis:tbody>'
    html = html_of(
        f"<table-wrap><oasis:table><oasis:tgroup cols='3'>{specs}{head}{body}</oasis:tgroup></oasis:table></table-wrap>"
    )
    assert '<th scope="colgroup" colspan="2">Wide</th>' in html
    assert '<td rowspan="2" class="align-center">Tall</td>' in html


# formulas


def test_mathml_is_copied_by_allow_list() -> None:
    html = html_of(
        '<p><inline-formula><mml:math><mml:mi mathvariant="bold" href="javascript:x" onclick="y">x</mml:mi></mml:math></inline-formula></p>'
    )
    assert html == '<p><math display="inline"><mi>𝐱</mi></math></p>'


def test_fences_are_written_out() -> None:
    html = html_of(
        "<disp-formula><mml:math><mml:mfenced><mml:mi>a</mml:mi><mml:mi>b</mml:mi></mml:mfenced></mml:math></disp-formula>"
    )
    assert html.count("<mo") == 3
    assert "mfenced" not in html


def test_the_label_of_a_table_row_goes_to_its_end() -> None:
    row = "<mml:mlabeledtr><mml:mtd><mml:mtext>(1)</mml:mtext></mml:mtd><mml:mtd><mml:mi>a</mml:mi></mml:mtd></mml:mlabeledtr>"
    html = html_of(f"<disp-formula><mml:math><mml:mtable>{row}</mml:mtable></mml:math></disp-formula>")
    assert html.index("<mi>a</mi>") < html.index("(1)")
    assert "<mtr>" in html


def test_tex_with_a_preamble_becomes_mathml() -> None:
    tex = r"\documentclass{minimal}\usepackage{x}\begin{document}$$\frac{1}{2}$$\end{document}"
    html = html_of(f"<disp-formula><label>(2)</label><tex-math>{tex}</tex-math></disp-formula>")
    assert "<mfrac>" in html
    assert '<span class="formula-label">(2)</span>' in html


def test_tex_that_cannot_be_converted_is_shown_and_reported() -> None:
    doc = doc_of("<p><inline-formula><tex-math>\\begin{array</tex-math></inline-formula></p>")
    assert "tex" in codes(doc) or "<math" in doc.body_html


def test_a_formula_that_is_only_a_picture_is_a_picture() -> None:
    html = html_of('<p><inline-formula><inline-graphic xlink:href="f1.gif"/></inline-formula></p>', images=PICTURE)
    assert 'class="formula-image"' in html
    assert 'alt="Formula"' in html


def test_numbers_of_references_that_touch_a_word_are_raised_together() -> None:
    cite = '<xref ref-type="bibr" rid="B{0}">{0}</xref>'
    refs = "".join(
        f'<ref id="B{n}"><label>{n}</label><mixed-citation>Smith {n}.</mixed-citation></ref>' for n in range(1, 5)
    )
    one, two, three = (cite.format(n) for n in (1, 2, 3))
    html = html_of(
        f"<p>Effusions.{one} {two} Then{three}, and (see {one}), or [{two}], in<sup>{three}</sup>.</p>",
        f"<ref-list>{refs}</ref-list>",
    )
    bare = re.sub(r"<a [^>]*>|</a>", "", html)
    assert bare == "<p>Effusions.<sup>1 2</sup> Then<sup>3</sup>, and (see 1), or [2], in<sup>3</sup>.</p>"


def test_a_long_table_scrolls_by_itself_and_a_huge_one_waits_until_it_is_asked_for() -> None:
    def table(rows: int) -> str:
        return html_of("<table>" + ("<tr>" + "<td>1</td>" * 10 + "</tr>") * rows + "</table>")

    assert 'class="table-scroll"' in table(200)
    assert 'class="table-scroll table-long"' in table(201)
    assert "<summary>" not in table(2000)
    assert "<summary>Show the table of 2,001 rows</summary>" in table(2001)


def test_a_huge_table_comes_in_parts_that_are_a_table_all_the_same() -> None:
    head = "<thead><tr>" + "<th>Column</th>" * 100 + "</tr></thead>"
    rows = ("<tr><th>Row</th>" + "<td>1</td>" * 99 + "</tr>") * 250
    html = html_of(f"<table>{head}<tbody>{rows}</tbody></table>")
    assert (html.count("<tbody"), html.count("<tr"), html.count("<td"), html.count("<th ")) == (3, 251, 24750, 350)
    assert '<table role="table" class="table-parts"><thead role="rowgroup"><tr role="row">' in html
    assert '<th role="rowheader" scope="row">Row</th><td role="cell">1</td>' in html
    assert html.count("</tr></tbody>") == 3
    assert "table-parts-wide" in html_of(
        f"<table>{head}<tbody>{rows.replace('Row', 'A text of many words' * 2)}</tbody></table>"
    )
    spanned = html_of(f"<table>{head}<tbody>{rows}<tr><td colspan='2'>1</td></tr></tbody></table>")
    assert "table-parts" not in spanned
    assert spanned.count("<tbody") == 1


def test_a_part_that_stands_beside_body_and_back_is_not_lost() -> None:
    doc = doc_of(
        "<p>Text.</p>",
        more="<ack><p>Thanks.</p></ack><ref-list><ref><mixed-citation>Smith.</mixed-citation></ref></ref-list>",
    )
    assert "Thanks." in doc.plain_text
    assert "Smith." in doc.plain_text


def test_a_fenced_expression_with_an_operator_of_its_own_gets_no_commas() -> None:
    row = "<mml:mo>-</mml:mo><mml:mi>b</mml:mi><mml:mi>x</mml:mi>"
    html = html_of(f"<p><inline-formula><mml:math><mml:mfenced>{row}</mml:mfenced></mml:math></inline-formula></p>")
    assert "," not in html


def test_a_corner_of_a_head_that_holds_only_space_or_a_rule_is_no_header() -> None:
    head = "<thead><tr><th>&#160;<hr/></th><th><bold> </bold></th><th>Height<hr/></th></tr></thead>"
    html = html_of(
        f"<table-wrap><table>{head}<tbody><tr><td>a</td><td>b</td><td>c</td></tr></tbody></table></table-wrap>"
    )
    assert html.count("<th ") == 1
    assert '<th scope="col">Height' in html


def test_of_several_tables_under_one_caption_each_has_a_name_of_its_own() -> None:
    one = "<table><tbody><tr><td>a</td></tr></tbody></table>"
    html = html_of(f'<table-wrap id="t2"><label>Table 2</label><caption><p>Tides</p></caption>{one}{one}</table-wrap>')
    assert html.count('aria-labelledby="a-t2-caption"') == 1
    assert html.count('aria-label="Table 2, part 2"') == 1


def test_registered_trials_lead_to_their_registers() -> None:
    abstract = "<abstract><p>Registered: NCT01465204, ISRCTN15503522, UMIN000012345.</p></abstract>"
    information = doc_of("<p>Text.</p>", meta=DOI + TITLE + DATE + abstract).information_html
    assert 'href="https://clinicaltrials.gov/study/NCT01465204"' in information
    assert 'href="https://www.isrctn.com/ISRCTN15503522"' in information
    assert ", UMIN000012345<" in information
