"""Rules that hold for any input: ids, links, split paragraphs, whole documents."""

import re
import string
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree, html

from journal.jats import read
from journal.jats.arrange import LIFT_THROUGH, lift_blocks
from journal.jats.links import orcid, safe_url, typed_url
from journal.jats.markup import slug, to_text
from journal.jats.render import render
from journal.jats.render.rendering import BLOCKS
from journal.jats.tree import name, raw_text
from tests.journal.jats import page
from tests.journal.jats.build import NAMESPACES, make_xml
from tests.journal.jats.letters import normal
from tests.journal.jats.soundness import faults

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=12)


@given(st.text())
def test_a_slug_is_fit_for_an_id_whatever_the_source_id(source: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{0,80}", slug(source))


@given(st.lists(st.text(string.ascii_letters + "_-.", min_size=1, max_size=3), max_size=12))
def test_ids_on_the_page_are_unique_and_prefixed_whatever_the_sources(ids: list[str]) -> None:
    body = "".join(f'<sec id="{source}"><title>t</title><p id="{source}">x</p></sec>' for source in ids)
    links = "".join(f'<p><xref ref-type="sec" rid="{source}">go</xref></p>' for source in ids)
    doc = render(read(make_xml(body + links)).article)
    assert faults(page.of_a_reader(doc)) == []


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_address_is_web_or_mail_or_nothing(raw: str) -> None:
    for url in (
        safe_url(raw),
        safe_url("javascript:" + raw),
        safe_url("https://example.org/" + raw),
        typed_url("doi", raw),
    ):
        assert url == "" or re.fullmatch(r"(?i)(https?://|mailto:)[^\s\"<>\\]+", url), url


@given(
    st.sampled_from(["javascript", "data", "vbscript", "file", "ftp", "blob"]), st.text(" \t\n\r\x0b", max_size=3), TEXT
)
def test_no_dangerous_scheme_gets_through(scheme: str, gap: str, rest: str) -> None:
    assert safe_url(f"{gap}{scheme}:{rest}") == ""
    assert safe_url(f"{scheme[0]}{gap}{scheme[1:]}:{rest}") == ""


@given(st.integers(0, 10**15 - 1))
def test_an_orcid_is_taken_only_with_its_own_check_digit(number: int) -> None:
    digits = f"{number:015d}"
    taken = [orcid(f"{digits[:4]}-{digits[4:8]}-{digits[8:12]}-{digits[12:]}{check}") for check in "0123456789X"]
    assert len([found for found in taken if found]) == 1


INLINE = st.deferred(lambda: st.lists(TEXT | st.tuples(st.sampled_from(["italic", "bold", "sup"]), MIXED), max_size=4))
MIXED = st.deferred(
    lambda: st.lists(
        TEXT | st.tuples(st.sampled_from(["italic", "bold", "list", "disp-quote", "p"]), MIXED), max_size=4
    )
)


def tree_of(tag: str, parts: list[object]) -> etree._Element:
    el = etree.Element(tag)
    for part in parts:
        if isinstance(part, tuple):
            child = tree_of(*part)
            if child.tag == "list":
                item = etree.Element("list-item")
                item.extend(list(child))
                item.text, child.text = child.text, None
                child.append(item)
            el.append(child)
        elif len(el):
            el[-1].tail = (el[-1].tail or "") + str(part)
        else:
            el.text = (el.text or "") + str(part)
    return el


@given(MIXED)
def test_lifting_blocks_keeps_every_letter_in_order_and_leaves_no_block_in_a_line(parts: list[object]) -> None:
    body = etree.Element("body")
    body.append(tree_of("p", parts))
    before = raw_text(body)
    lift_blocks(body, BLOCKS)
    assert raw_text(body) == before
    assert not [
        el
        for el in body.iter()
        if name(el) in BLOCKS and el.getparent() is not None and name(el.getparent()) in LIFT_THROUGH
    ]


def composed(text: str) -> str:
    """An accent that begins the paragraph behind a list joins the letter before it only once the space is gone."""
    return unicodedata.normalize("NFC", normal(text))


@given(MIXED)
@example(["E", ("list", []), "\u0300"])
def test_a_split_paragraph_is_html_as_the_browser_will_read_it(parts: list[object]) -> None:
    paragraph = etree.tostring(tree_of("p", parts), encoding="unicode")
    source = read(f"<article {NAMESPACES}><body>{paragraph}</body></article>".encode()).article
    words = composed(raw_text(source))
    doc = render(source)
    assert composed(html.fromstring(f"<div>{doc.body_html}</div>").text_content()) == words
    assert composed(to_text(doc.body_html)) == words
    assert faults(page.of_a_reader(doc)) == [] or not doc.metadata.title_html
