"""The sample journal is what it says: whole, invented, marked, and closed where it must be closed.

Needs no Django and no database. Rebuilding needs typst, a development dependency.
"""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pypdfium2
import pytest
from lxml import etree
from PIL import Image

SAMPLE = Path(__file__).parents[2] / "sample"
JOURNAL = tomllib.loads((SAMPLE / "journal.toml").read_text(encoding="utf-8"))
SENTINELS: dict[str, list[str]] = json.loads((SAMPLE / "sentinels.json").read_text(encoding="utf-8"))
SLUGS = sorted(folder.name for folder in (SAMPLE / "articles").iterdir())
XLINK = "{http://www.w3.org/1999/xlink}href"
ALI = "{http://www.niso.org/schemas/ali/1.0/}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
STATEMENT = "Sample article: invented for demonstration; not medical advice"
REAL_DOIS = {
    "10.1001/jama.2013.281053",  # Declaration of Helsinki
    "10.1136/bmj.c332",  # CONSORT 2010
    "10.1016/S0140-6736(07)61602-X",  # STROBE
    "10.1136/bmj.h5527",  # STARD 2015
    "10.1136/bmj.n71",  # PRISMA 2020
    "10.7326/0003-4819-158-3-201302050-00583",  # SPIRIT 2013
    "10.1186/1752-1947-7-223",  # CARE
}
REAL_ADDRESSES = {
    "https://www.icmje.org/recommendations/",
    "https://publicationethics.org/",
    "https://jats.nlm.nih.gov/",
}


@cache
def article(slug: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring((SAMPLE / "articles" / slug / "article.xml").read_bytes(), parser)


@cache
def pdf_pages(slug: str) -> tuple[str, ...]:
    with pypdfium2.PdfDocument(SAMPLE / "articles" / slug / "article.pdf") as pdf:
        return tuple(page.get_textpage().get_text_range() for page in pdf)


def text_of(element: etree._Element | None) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())


def letters(text: str) -> str:
    """Letters and digits only: a PDF breaks lines and hyphenates words where it likes."""
    return "".join(char for char in text if char.isalnum()).lower()


def doi(slug: str) -> str:
    return str(article(slug).findtext("front/article-meta/article-id[@pub-id-type='doi']"))


def meta(slug: str, path: str) -> list[etree._Element]:
    return article(slug).findall(f"front/article-meta/{path}")


def is_open(slug: str) -> bool:
    return bool(meta(slug, f"permissions/{ALI}free_to_read"))


def body_words(slug: str) -> int:
    return len(text_of(article(slug).find("body")).split())


CONTROLLED = [slug for slug in SLUGS if not is_open(slug)]
each_article = pytest.mark.parametrize("slug", SLUGS)
each_controlled = pytest.mark.parametrize("slug", CONTROLLED)


# The journal


def test_the_journal_has_three_issues_with_covers_and_every_article_stands_in_one_place() -> None:
    issues = JOURNAL["issues"]
    assert [(issue["volume"], issue["number"], issue["year"]) for issue in issues] == [
        (4, 1, 2026),
        (4, 2, 2026),
        (4, 3, 2026),
    ]
    placed = [slug for issue in issues for section in issue["sections"] for slug in section["articles"]]
    assert sorted(placed + JOURNAL["online_first"]["articles"]) == SLUGS
    for issue in issues:
        with Image.open(SAMPLE / issue["cover"]) as cover:
            assert cover.width >= 800 and cover.height > cover.width
        assert len(issue["cover_alt"]) > 40


def test_the_offers_are_whole_numbers_of_cents() -> None:
    offers = {(offer["kind"], offer.get("interval")): offer["amount"] for offer in JOURNAL["offers"]}
    assert offers == {
        ("purchase", None): 3000,
        ("rental", None): 600,
        ("subscription", "month"): 900,
        ("subscription", "year"): 8900,
    }
    assert {offer["currency"] for offer in JOURNAL["offers"]} == {"USD"}


def test_nobody_real_can_be_written_to_or_telephoned() -> None:
    people = [person["email"] for person in JOURNAL["people"]] + [
        JOURNAL["service_center"]["email"],
        JOURNAL["journal"]["email"],
    ]
    emails = people + [email.text for slug in SLUGS for email in article(slug).iter("email")]
    assert len(emails) > 15 and all(str(email).endswith("@example.org") for email in emails)
    assert all(re.search(r"555-01\d\d$", phone["number"]) for phone in JOURNAL["service_center"]["telephones"])


def test_the_kinds_of_article_that_a_journal_needs_are_all_there() -> None:
    assert len(SLUGS) >= 15
    kinds = Counter(article(slug).get("article-type") for slug in SLUGS)
    assert kinds["research-article"] >= 5
    for kind in ("editorial", "review-article", "case-report", "letter", "correction", "retraction", "brief-report"):
        assert kinds[kind] == 1, kind
    structured = [
        slug for slug in SLUGS if article(slug).get("article-type") == "research-article" and meta(slug, "abstract/sec")
    ]
    assert len(structured) >= 4
    assert [slug for slug in SLUGS if not meta(slug, "issue")] == JOURNAL["online_first"]["articles"]
    assert [slug for slug in SLUGS if meta(slug, "elocation-id")] == ["lamplight-protocol"]
    assert [slug for slug in SLUGS if len(pdf_pages(slug)) == 1 and not is_open(slug)] == ["one-page-eeg"]
    crowd = [slug for slug in SLUGS if len(meta(slug, "contrib-group/contrib/name")) > 12]
    assert crowd == ["winter-migraine"] and meta("winter-migraine", "contrib-group/contrib/collab")
    assert {element.get(LANG) for slug in SLUGS for element in meta(slug, "trans-abstract")} == {"es", "fr"}
    assert meta("tapeworm-cord", "title-group/article-title/italic")


def test_the_editorial_has_a_subtitle_no_abstract_and_a_first_paragraph_long_enough_for_an_extract() -> None:
    assert meta("quay-editorial", "title-group/subtitle") and not meta("quay-editorial", "abstract")
    first = text_of(article("quay-editorial").find("body/p"))
    assert 120 <= len(first.split()) <= 220 and first.rstrip("0123456789").endswith(".")


def test_the_articles_use_what_a_renderer_must_know() -> None:
    every = [article(slug) for slug in SLUGS]
    for path in (
        ".//td[@rowspan]",
        ".//th[@colspan]",
        ".//table-wrap-foot/fn",
        ".//boxed-text",
        ".//back/fn-group/fn",
        ".//app",
        ".//supplementary-material",
        ".//funding-group",
        ".//fn[@fn-type='coi-statement']",
        ".//sec[@sec-type='data-availability']",
        ".//corresp",
        ".//inline-formula/{http://www.w3.org/1998/Math/MathML}math",
        ".//tex-math",
        ".//glossary",
        ".//contrib-id[@contrib-id-type='orcid']",
        ".//contrib[@equal-contrib='yes']",
        ".//abstract[@abstract-type='key-points']",
    ):
        assert any(root.find(path) is not None for root in every), path
    ranges = [
        sup for sup in article("acute-vertigo").iter("sup") if len(sup.findall("xref")) > 1 and "-" in text_of(sup)
    ]
    assert len(ranges) >= 5


def test_an_open_article_has_its_license_and_a_free_one_its_date() -> None:
    license_ref = article("ferry-rescue").findtext(f".//permissions/license/{ALI}license_ref")
    assert license_ref == "https://creativecommons.org/licenses/by/4.0/"
    assert [free.get("start_date") for free in meta("winter-migraine", f"permissions/{ALI}free_to_read")] == [
        "2026-09-10"
    ]
    for notice in ("quay-correction", "night-rounds-retraction"):
        assert is_open(notice)


@pytest.mark.parametrize(
    ("notice", "there", "about", "back"),
    [
        ("quay-correction", "corrected-article", "quay-trial", "correction-forward"),
        ("night-rounds-retraction", "retracted-article", "night-rounds", "retraction-forward"),
        ("quay-editorial", "commentary-article", "quay-trial", "commentary"),
        ("quay-letter", "commentary-article", "quay-trial", "letter"),
    ],
)
def test_related_articles_point_at_each_other(notice: str, there: str, about: str, back: str) -> None:
    assert [link.get(XLINK) for link in meta(notice, f"related-article[@related-article-type='{there}']")] == [
        doi(about)
    ]
    assert [link.get(XLINK) for link in meta(about, f"related-article[@related-article-type='{back}']")] == [
        doi(notice)
    ]


# Each article


@each_article
def test_an_article_is_whole(slug: str) -> None:
    root = article(slug)
    assert root.get("dtd-version") == "1.3" and root.get(LANG) == "en"
    assert doi(slug).startswith("10.5555/pellisund.2026.")
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert {rid for xref in root.iter("xref") for rid in xref.get("rid", "").split()} <= set(ids)
    assert all(text_of(fig.find("alt-text")) for fig in root.iter("fig"))
    assert meta(slug, "permissions/copyright-statement") and meta(slug, "self-uri")[0].get(XLINK) == "article.pdf"


@each_article
def test_every_figure_and_file_an_article_names_exists_and_nothing_else_lies_beside_it(slug: str) -> None:
    folder = SAMPLE / "articles" / slug
    root = article(slug)
    named = {str(element.get(XLINK)) for tag in ("graphic", "supplementary-material") for element in root.iter(tag)}
    assert {file.name for file in folder.iterdir()} == named | {"article.xml", "article.pdf"}
    for file in folder.glob("*.png"):
        with Image.open(file) as image:
            image.verify()
            assert image.width >= 1200


@each_article
def test_every_figure_table_and_reference_is_cited_in_the_text(slug: str) -> None:
    root = article(slug)
    cited = {rid for xref in root.iter("xref") for rid in xref.get("rid", "").split()}
    shown = {
        str(element.get("id")) for tag in ("fig", "table-wrap", "fn-group/fn") for element in root.findall(f".//{tag}")
    }
    assert shown <= cited
    for ref in root.iter("ref"):
        number = int(str(ref.get("id"))[1:])
        assert number in cited_numbers(slug), f"reference {number} is cited nowhere"


@cache
def cited_numbers(slug: str) -> frozenset[int]:
    """Numbers of the references cited, ranges opened."""
    numbers: set[int] = set()
    for sup in article(slug).iter("sup"):
        xrefs = sup.findall("xref[@ref-type='bibr']")
        for before, xref in zip([None, *xrefs], xrefs, strict=False):
            last = int(text_of(xref))
            first = int(text_of(before)) if before is not None and (before.tail or "") == "-" else last
            numbers |= set(range(first, last + 1))
    return frozenset(numbers)


@each_article
def test_counts_and_pages_agree_with_the_pdf(slug: str) -> None:
    root, pages = article(slug), len(pdf_pages(slug))
    counted = {element.tag: int(str(element.get("count"))) for element in meta(slug, "counts/*")}
    assert counted["page-count"] == pages
    assert counted["fig-count"] == len(root.findall(".//fig")) and counted["ref-count"] == len(root.findall(".//ref"))
    if meta(slug, "fpage"):
        first, last = int(meta(slug, "fpage")[0].text or 0), int(meta(slug, "lpage")[0].text or 0)
        assert last - first + 1 == pages


def test_the_pages_of_the_volume_run_on_without_a_gap() -> None:
    ranges = sorted(
        (int(meta(slug, "fpage")[0].text or 0), int(meta(slug, "lpage")[0].text or 0))
        for slug in SLUGS
        if meta(slug, "fpage")
    )
    assert ranges[0][0] == 1
    assert all(after[0] == before[1] + 1 for before, after in itertools.pairwise(ranges))


@each_article
def test_an_article_is_marked_as_a_sample_in_the_xml_and_on_every_page(slug: str) -> None:
    assert STATEMENT in text_of(article(slug).find("front/notes[@notes-type='sample']"))
    assert any(STATEMENT in text_of(note) for note in meta(slug, "author-notes/fn"))
    assert all(letters(STATEMENT) in letters(page) for page in pdf_pages(slug))


@each_article
def test_references_cite_this_journal_real_documents_or_say_that_they_are_invented(slug: str) -> None:
    own = {doi(other) for other in SLUGS}
    for ref in article(slug).iter("ref"):
        dois = {element.text for element in ref.iter("pub-id")}
        links = {element.get(XLINK) for element in ref.iter("ext-link")}
        assert dois <= own | REAL_DOIS and links <= REAL_ADDRESSES
        assert dois or links or text_of(ref[1]).startswith("Invented reference for layout: ")


def test_no_paragraph_is_used_twice() -> None:
    paragraphs = Counter(
        text_of(p) for slug in SLUGS for p in article(slug).iter("p") if not text_of(p).startswith(STATEMENT)
    )
    assert len(paragraphs) > 300
    assert [text for text, times in paragraphs.items() if times > 1 and len(text) > 70] == []


@pytest.mark.parametrize("slug", [slug for slug in SLUGS if article(slug).get("article-type") == "research-article"])
def test_a_research_article_is_long_enough_for_the_wall_to_mean_something(slug: str) -> None:
    least = 700 if slug == "night-rounds" else 1200 if is_open(slug) else 1500
    assert least <= body_words(slug) <= 3600


# What must stay behind the wall


def test_exactly_the_controlled_articles_have_sentinels_and_no_sentence_is_used_twice() -> None:
    assert set(SENTINELS) == {doi(slug) for slug in CONTROLLED}
    sentences = [sentence for found in SENTINELS.values() for sentence in found]
    assert len(sentences) == len(set(sentences))
    assert all(re.fullmatch(r"[A-Z][A-Za-z ,-]{40,}\.", sentence) for sentence in sentences)


@each_controlled
def test_sentinels_stand_in_a_caption_a_note_and_the_running_text_after_the_first_300_words(slug: str) -> None:
    root = article(slug)
    sentinels = SENTINELS[doi(slug)]
    whole = " ".join(etree.tostring(root, encoding="unicode", method="text").split())
    assert len(sentinels) >= 3 and all(whole.count(sentence) == 1 for sentence in sentinels)
    early = " ".join(text_of(root.find("body")).split()[:300])
    places = {
        "caption": [text_of(caption) for caption in root.iterfind(".//fig/caption")],
        "note": [text_of(note) for note in [*root.iterfind(".//table-wrap"), *root.iterfind(".//back/fn-group/fn")]],
        "text": [text_of(p) for p in root.iterfind("body//p") if p.getparent().tag in ("body", "sec")],
    }
    for place, texts in places.items():
        assert any(sentence in text for sentence in sentinels for text in texts), place
    before = early + text_of(root.find("front")) + text_of(root.find("back/ref-list"))
    assert not any(sentence in before for sentence in sentinels)


@each_controlled
def test_sentinels_are_in_the_pdf_but_never_on_its_first_page(slug: str) -> None:
    pages = [letters(page) for page in pdf_pages(slug)]
    closed = pages[1:] or pages
    for sentence in SENTINELS[doi(slug)]:
        assert any(letters(sentence) in page for page in closed), sentence
        assert len(pages) == 1 or letters(sentence) not in pages[0], sentence


def test_on_the_single_page_the_sentinels_stand_in_the_lower_half() -> None:
    with pypdfium2.PdfDocument(SAMPLE / "articles" / "one-page-eeg" / "article.pdf") as pdf:
        page = pdf[0]
        middle = page.get_height() / 2
        upper = page.get_textpage().get_text_bounded(bottom=middle)
        lower = page.get_textpage().get_text_bounded(top=middle)
    for sentence in SENTINELS[doi("one-page-eeg")]:
        assert letters(sentence) in letters(lower)
        assert letters(sentence)[:25] not in letters(upper)


def test_no_sentinel_stands_in_any_other_article_or_in_the_journal_file() -> None:
    for slug in SLUGS:
        others = [sentence for number, found in SENTINELS.items() if number != doi(slug) for sentence in found]
        whole = text_of(article(slug))
        assert not any(sentence in whole for sentence in others)
    assert not any(
        sentence in (SAMPLE / "journal.toml").read_text() for found in SENTINELS.values() for sentence in found
    )


# How it is made


def test_rebuilding_the_journal_gives_the_xml_that_is_committed() -> None:
    pytest.importorskip("typst", reason="rebuilding the sample needs typst (development dependency)")
    from sample.build import article as builder
    from sample.build.__main__ import settle
    from sample.build.figures import draw
    from sample.build.manuscript import read
    from sample.build.placement import read_journal, slugs

    journal = read_journal()
    manuscripts = {slug: read(slug) for slug in slugs(journal)}
    places = settle(journal, manuscripts, {slug: draw(slug) for slug in manuscripts})
    for slug, each in manuscripts.items():
        built = builder.serialize(builder.build(each, journal, places, len(pdf_pages(slug))))
        assert built == (SAMPLE / "articles" / slug / "article.xml").read_bytes(), slug
