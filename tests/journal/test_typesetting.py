"""The PDF the site makes when the publisher supplies none: what it says, how it is tagged, when it comes and goes."""

import io
import re
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pikepdf
import pytest
from django.test import Client
from lxml import html as lxml_html

from accounts.models import User
from journal import publishing
from journal.importing import import_source
from journal.jats.survey import render_source, survey
from journal.models import Article
from journal.pdf import PdfError
from journal.typesetting import job, mathematics
from journal.typesetting.typeset import Facts, typeset
from tests.conftest import signed_in
from tests.journal.jats.build import make_xml
from tests.journal.pdfs import make_pdf, page_texts
from tests.journal.test_importing import make_png
from tests.journal.test_packages import make_zip
from tests.make import make_right, sample_folder
from tests.subscriptions.selling import work

FACTS = Facts(
    journal="Journal of Tests", accent="#1f4e79", issue_line="Volume 4, Number 2, 2026",
    citation="J Tests. 2026;4(2):1",
    made=job.MADE, foot=job.FOOT, made_on=date(2026, 3, 1), facts=(("DOI", "10.5555/x"),),
)  # fmt: skip
FIGURE = (
    '<fig id="f1"><label>Figure 1</label><caption><p>A red field.</p></caption><alt-text>All red</alt-text>'
    '<graphic xlink:href="red.png"/></fig>'
)
MATH = "<mml:math><mml:mfrac><mml:mi>a</mml:mi><mml:mn>2</mml:mn></mml:mfrac></mml:math>"
TABLE = (
    '<table-wrap id="t1"><label>Table 1</label><caption><p>Numbers</p></caption><table><thead><tr><th>Name'
    '<xref ref-type="fig" rid="f1">1</xref></th><th>Count</th></tr></thead><tbody>'
    + "".join(f"<tr><td>Row {row}</td><td>{row}</td></tr>" for row in range(90))
    + "</tbody></table></table-wrap>"
)
WHOLE = make_xml(
    f'<sec><title>Methods</title><p>See <xref ref-type="fig" rid="f1">Figure 1</xref>, <xref rid="gone">nowhere</xref>'
    f' and #sys.inputs [evil] $x$ \\ *bold*.</p>{FIGURE}{TABLE}<disp-formula id="e1">{MATH}'
    "<label>(1)</label></disp-formula></sec>",
    '<ref-list><ref id="r1"><label>1</label><mixed-citation>The only reference.</mixed-citation></ref></ref-list>',
)


def made_of(xml: bytes, pictures: dict[str, str] | None = None, facts: Facts = FACTS) -> bytes:
    return typeset(xml, pictures or {}, facts).data


def tags_of(document: pikepdf.Pdf) -> list[tuple[str, pikepdf.Object]]:
    """Every element of the structure tree, in order."""
    found: list[tuple[str, pikepdf.Object]] = []

    def walk(node: pikepdf.Object) -> None:
        if isinstance(node, pikepdf.Array):
            for one in node:  # type: ignore[attr-defined]
                walk(one)
        elif isinstance(node, pikepdf.Dictionary):
            if "/S" in node:
                found.append((str(node.S)[1:], node))
            if "/K" in node:
                walk(node.K)

    walk(document.Root.StructTreeRoot.K)
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    red = tmp_path_factory.mktemp("pictures") / "red.webp"
    red.write_bytes(make_png())
    graphic = survey(WHOLE).graphics[0]
    return made_of(WHOLE, {graphic: str(red)}, replace(FACTS, notices=("This article was retracted.",)))


def test_it_is_tagged_for_those_who_cannot_see_it(whole: bytes) -> None:
    with pikepdf.open(io.BytesIO(whole)) as document:
        root, tags = document.Root, tags_of(document)
        said = {name: [str(tag.get("/Alt", "")) for kind, tag in tags if kind == name] for name, _ in tags}
        assert root.MarkInfo.Marked
        assert str(root.Lang).startswith("en")
        assert root.ViewerPreferences.DisplayDocTitle
        with document.open_metadata() as metadata:
            assert "A title" in metadata["dc:title"]
            assert metadata["pdfuaid:part"] == "1"
    assert "All red" in " ".join(said["Figure"])
    assert said["Formula"] == ["(a)/(2)"]
    assert {"Table", "TH", "TD", "L", "LI", "Link", "H1", "P", "Caption"} <= set(said)
    assert all(words for kind in ("Figure", "Formula") for words in said[kind]), "each has words in its place"


def test_nothing_on_its_pages_is_neither_tagged_nor_an_artifact_and_headings_go_down_step_by_step(whole: bytes) -> None:
    """What veraPDF would check and can be checked here: it is a Java program that no registry of ours has."""
    with pikepdf.open(io.BytesIO(whole)) as document:
        for page in document.pages:
            assert page.obj.Tabs == "/S", "links are reached in the order of the text"
            assert "/StructParents" in page.obj
            depth = 0
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) in ("BDC", "BMC"):
                    marked = str(operands[0]) == "/Artifact" or "/MCID" in operands[1]
                    depth += 1
                    assert marked or depth > 1
                elif str(operator) == "EMC":
                    depth -= 1
                elif str(operator) in ("Tj", "TJ", "Do", "S", "f", "f*", "B"):
                    assert depth > 0, f"{operator} outside of what is marked"
        levels = [int(kind[1]) for kind, _ in tags_of(document) if re.fullmatch(r"H\d", kind)]
        headers = [tag for kind, tag in tags_of(document) if kind == "TH"]
        scopes = {str(one["/Scope"]) for tag in headers for one in tag.A if "/Scope" in one}
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    assert scopes <= {"/Column", "/Row", "/Both"}
    assert scopes


def test_its_words_are_the_articles_and_none_is_read_as_code(whole: bytes) -> None:
    pages = page_texts(whole)
    said = " ".join(" ".join(pages).split())
    for words in (
        "See Figure 1, nowhere and #sys.inputs [evil] $x$ \\ *bold*.", "Figure 1. A red field.", "Table 1.", "Row 89",
        "The only reference.", "This article was retracted.", "J Tests. 2026;4(2):1",
    ):  # fmt: skip
        assert words in said
    assert all(job.FOOT in page for page in pages)
    assert job.MADE in " ".join(pages[0].split())
    assert sum("Count" in page for page in pages) > 1, "the table's head is repeated"


@pytest.mark.parametrize("slug", ["quay-trial", "acute-vertigo", "patch-afib", "one-page-eeg"])
def test_nothing_of_a_sample_article_is_lost(slug: str) -> None:
    """Every word of the text on the page is in the PDF, too."""
    folder = sample_folder() / "articles" / slug
    xml = (folder / "article.xml").read_bytes()
    pictures = {graphic: str(folder / f"{graphic}.png") for graphic in survey(xml).graphics}
    shown = lxml_html.fromstring(f"<div>{render_source(xml, {}, {}).body_html}</div>")
    for hidden in [
        *shown.iter("math"),
        *shown.xpath("//*[contains(@class,'backlinks') or contains(@class,'missing')]"),
    ]:
        hidden.drop_tree()
    letters = re.compile(r"[^\W_]{4,}")
    said = re.sub(r"[\W_]", "", " ".join(page_texts(made_of(xml, pictures))))
    lost = {word for word in letters.findall(" ".join(shown.itertext())) if word not in said}
    assert not lost


def test_the_same_article_gives_the_same_bytes() -> None:
    assert made_of(WHOLE) == made_of(WHOLE)


def test_letters_without_a_font_are_named_and_a_full_width_sign_is_not_one_of_them() -> None:
    with pytest.raises(PdfError, match=r"No font on the server has .*U\+10FFF0"):
        made_of(make_xml("<p>\U0010fff0</p>"))
    assert "Sarda · Garg" in page_texts(made_of(make_xml("<p>Sarda \u30fb Garg</p>")))[0]


@pytest.mark.parametrize(
    ("mathml", "said"),
    [
        ("<mrow><mi>x</mi><mo>=</mo><mn>2</mn></mrow>", "x = 2"),
        ("<msqrt><mi>x</mi><mo>+</mo><mn>1</mn></msqrt>", "square root of (x + 1)"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", "root 3 of (x)"),
        ("<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "x_(i)^(2)"),
        ("<munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover>", "∑ _(i)^(n)"),
        ("<mtable><mtr><mtd><mn>1</mn></mtd><mtd/></mtr><mtr><mtd><mn>3</mn></mtd></mtr></mtable>", "1, ; 3,"),
        ("<mmultiscripts><mi>C</mi><mprescripts/><mn>6</mn><mn>14</mn></mmultiscripts>", "C_(6)^(14)"),
        ("<mover accent='true'><mi>x</mi><mo>¯</mo></mover>", "x\u0304"),
        ("<mfrac><mi>a</mi></mfrac>", "(a)/()"),
        ("<mo>(</mo><mi>a</mi>", "(a"),
        ("<mrow><mo>(</mo><mi>a</mi><msup><mo>)</mo><mn>2</mn></msup></mrow>", "(a)^(2)"),
        ("", "formula"),
    ],
)
def test_a_formula_is_told_in_words_and_set_whatever_is_missing(mathml: str, said: str) -> None:
    math = lxml_html.fromstring(f"<math>{mathml}</math>")
    assert mathematics.formula(math)[1] == said
    assert made_of(
        make_xml(
            f"<p><inline-formula><math xmlns='http://www.w3.org/1998/Math/MathML'>{mathml}</math></inline-formula></p>"
        )
    )


@pytest.mark.parametrize(
    "cells",
    [
        "<tr><td rowspan='9'>a</td><td>b</td></tr><tr><td colspan='7'>c</td></tr>",
        "<tr><td colspan='100000'>a</td></tr><tr><td>b</td><td>c</td></tr>",
        "<tr><td rowspan='2'>a</td><td rowspan='0'>b</td></tr><tr/><tr><td>c</td></tr>",
        "<tr></tr>",
    ],
)
def test_a_table_with_impossible_spans_is_set_all_the_same(cells: str) -> None:
    xml = make_xml(f"<p>Before</p><table-wrap><table><tbody>{cells}</tbody></table></table-wrap><p>After</p>")
    said = " ".join(page_texts(made_of(xml)))
    assert all(words in said for words in ("Before", "After", *re.findall(r">(\w)<", cells)))


def test_a_table_nobody_would_print_is_refused_at_once() -> None:
    cells = "<tr>" + "<td>1</td>" * 100 + "</tr>"
    with pytest.raises(PdfError, match="40,000 cells"):
        made_of(make_xml(f"<table-wrap><table><tbody>{cells * 400}</tbody></table></table-wrap>"))


# --- the job ---------------------------------------------------------------------------------------------------------


def publish(name: str = "x.zip", **files: bytes) -> Article:
    record = import_source(make_zip({"x.xml": WHOLE, "red.png": make_png(), **files}), name)
    assert record.article_id, record.errors
    article = Article.objects.get(pk=record.article_id)
    if article.status != Article.Status.PUBLISHED:
        publishing.publish(article)
    return article


def kinds(article: Article) -> list[str]:
    return sorted(article.files.filter(kind__in=["pdf", "typeset"]).values_list("kind", flat=True))


@pytest.mark.django_db(transaction=True)
def test_it_is_made_after_the_import_again_with_each_version_and_gives_way_to_the_publishers(
    dan: User, visitor: Client
) -> None:
    article = publish()
    assert kinds(article) == []
    work()
    article.refresh_from_db()
    assert (kinds(article), article.has_pdf, article.pdf_pages > 1) == (["typeset"], True, True)
    assert article.files.filter(kind="preview").count() == 3
    assert "preview-link" in visitor.get(article.get_absolute_url()).content.decode()
    first = article.files.get(kind="typeset").sha256

    make_right(dan, article)
    answer = signed_in(dan).get(f"{article.get_absolute_url()}article.pdf", follow=True)
    assert "Licensed to Dan" in page_texts(b"".join(answer.streaming_content))[0]
    assert visitor.get(f"{article.get_absolute_url()}article.pdf").status_code == 403

    publish(**{"x.xml": WHOLE.replace(b"Methods", b"Ways")})
    work()
    assert kinds(article) == ["typeset"]
    assert article.files.get(kind="typeset").sha256 != first

    publish(**{"x.pdf": make_pdf(["A title", "Second"])})
    work()
    assert kinds(article) == ["pdf"]


@pytest.mark.django_db
def test_when_it_cannot_be_made_the_editor_reads_why_and_the_article_stays(settings: Any) -> None:
    record = import_source(make_zip({"x.xml": make_xml("<p>\U0010fff0</p>")}), "x.zip")
    article = Article.objects.get(pk=record.article_id)
    for _ in range(2):
        assert job.make(article.pk) is False
    remarks = [warning for warning in article.sources.get().warnings if warning.startswith(job.NOT_MADE)]
    assert len(remarks) == 1
    assert "U+10FFF0" in remarks[0]
    assert not article.has_pdf


@pytest.mark.django_db
def test_a_version_that_came_meanwhile_is_not_given_the_pdf_of_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    record = import_source(make_zip({"x.xml": WHOLE}), "x.zip")
    article = Article.objects.get(pk=record.article_id)
    facts = job._facts

    def another_version(*arguments: Any) -> Facts:
        Article.objects.filter(pk=article.pk).update(version=2)
        return facts(*arguments)

    monkeypatch.setattr(job, "_facts", another_version)
    assert job.make(article.pk) is False
    assert kinds(article) == []


@pytest.mark.django_db
def test_a_site_may_do_without_and_nothing_is_queued_twice(settings: Any) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    queued = ProcrastinateJob.objects.filter(task_name=job.TASK)
    settings.MAKE_PDFS = False
    record = import_source(make_zip({"x.xml": WHOLE}), "x.zip")
    assert not queued.exists()
    settings.MAKE_PDFS = True
    article = Article.objects.get(pk=record.article_id)
    job.request(article)
    job.request(article)
    assert queued.count() == 1
