"""Verse, conversations and chemical structures: rare, and each has a shape of its own."""

from tests.journal.jats.build import html_of


def test_a_poem_keeps_its_lines_its_stanzas_and_its_poet() -> None:
    poem = (
        "<verse-group><title>The Heron</title><verse-group><verse-line>It waits</verse-line><verse-line>and <italic>waits"
        "</italic></verse-line></verse-group><verse-line>alone</verse-line><attrib>A. Reed</attrib></verse-group>"
    )
    html = html_of(poem)
    assert html.count("<blockquote") == 2 and "The Heron" in html
    assert "<p>It waits</p><p>and <i>waits</i></p></blockquote>" in html.replace("\n", "").replace("em>", "i>")
    assert '<footer class="attribution">A. Reed</footer>' in html


def test_a_conversation_says_who_speaks() -> None:
    html = html_of(
        "<speech><speaker>Nurse</speaker><p>He fell.</p></speech><speech><speaker>Son</speaker><p>Twice.</p></speech>"
    )
    assert html.count('<div class="speech"') == 2
    assert '<b class="speaker">Nurse</b>' in html and html.index("Nurse") < html.index("He fell.") < html.index("Son")


def test_a_structure_has_its_label_and_a_picture_of_it_a_frame() -> None:
    html = html_of('<p>See <chem-struct id="c1"><label>(1)</label>C6H6</chem-struct> here.</p>')
    assert "(1)" in html and "C6H6" in html and html.index("See") < html.index("C6H6") < html.index("here.")
    framed = html_of(
        '<chem-struct-wrap id="s1"><label>Structure 1</label><caption><p>Benzene</p></caption>'
        '<alt-text>A ring of six</alt-text><graphic xlink:href="ring.png"/></chem-struct-wrap>'
    )
    assert "<figure" in framed and "Structure 1" in framed and "Benzene" in framed
