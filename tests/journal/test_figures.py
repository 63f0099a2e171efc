"""Figures and tables apart from the text: who gets them, what is in them, what other programs make of them."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from PIL import Image
from pptx import Presentation

from accounts.models import User
from journal import figures, slides
from journal.models import Article, ArticleFile, FullText
from tests.conftest import signed_in
from tests.make import make_article, make_issue, make_right

pytestmark = pytest.mark.django_db
CREDIT = "Reprinted with permission from The Quay Archive."


def figure_html(doi: str, n: int, credit: str = "") -> str:
    place = f"/doi/{doi}/figures"
    return (
        f'<figure class="fig" id="a-F{n}"><p><a class="zoom" href="{place}/f{n}-1600.webp">'
        f'<img src="{place}/f{n}-800.webp" alt="A quay &amp; a ship"></a></p>'
        f'<figcaption><span class="label">Figure {n}</span> <span class="caption-title">Ships &lt;waiting&gt;</span>'
        f'<p>Seen <img class="inline-image" src="{place}/x.webp" alt=""> from the quay.</p>{credit}'
        "</figcaption></figure>"
    )


TABLE = """<figure class="table-wrap" id="a-T1"><figcaption id="a-T1-caption"><span class="label">Table 1</span>
<span class="caption-title">Tides</span></figcaption><div class="table-scroll"><table>
<thead><tr><th rowspan="2">Tide</th><th colspan="2">Height, m</th></tr><tr><th>Kit</th><th>Usual</th></tr></thead>
<tbody><tr><th>Low<a class="note-mark" href="#n"><sup>a</sup></a></th><td>-0.5</td><td>=HYPERLINK("x")</td></tr>
<tr><th>High, spring</th><td>+1.2 %</td><td>@cmd</td></tr></tbody></table></div></figure>"""


@pytest.fixture
def shown(article: Article) -> Article:
    """An article with two figures (of the second only the words are there) and a table."""
    doi = article.doi or ""
    credit = f'<div class="credit"><p>{CREDIT}</p></div>'
    body = figure_html(doi, 1, credit) + figure_html(doi, 2) + TABLE
    FullText.objects.filter(article=article).update(body=body)
    for width in (800, 1600):
        store(article, f"f1-{width}.webp", width)
    Article.objects.filter(pk=article.pk).update(
        issue=make_issue(), first_page="1", authors=[{"surname": "Okafor", "given": "Ngozi"}]
    )
    return article


def store(article: Article, name: str, width: int) -> None:
    out = io.BytesIO()
    Image.new("RGB", (width, width // 2), "white").save(out, "WEBP")
    file = ArticleFile(
        article=article, kind="figure", name=name, content_type="image/webp", size=out.tell(), sha256="0" * 64,
        width=width, height=width // 2,
    )  # fmt: skip
    file.file.save(name, ContentFile(out.getvalue()))


def opened(answer: Any) -> io.BytesIO:
    return io.BytesIO(b"".join(answer.streaming_content))


def titles_of(answer: Any) -> list[str]:
    return [slide.shapes.title.text_frame.text for slide in Presentation(opened(answer)).slides]


ADDRESSES = ("figures/", "slides.pptx", "slides/a-F1.pptx", "tables/a-T1.csv")


@pytest.mark.parametrize("address", ADDRESSES)
def test_figures_slides_and_data_go_to_those_who_may_see_the_figure(
    shown: Article, dan: User, alice: User, address: str
) -> None:
    place = f"{shown.get_absolute_url()}{address}"
    for client in (Client(), signed_in(dan)):
        refused = client.get(place)
        assert refused.status_code == 403
        assert "Ships" not in refused.content.decode()
    answer = signed_in(alice).get(place, follow=True)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    now = timezone.now()
    make_right(dan, shown, "rental", opened_at=now, ends_at=now + timedelta(days=1))
    assert signed_in(dan).get(place, follow=True).status_code == 200, "a renter sees the figure, so its slide as well"


def test_what_is_not_there_is_said_to_be_not_there(shown: Article, alice: User) -> None:
    reader, place = signed_in(alice), shown.get_absolute_url()
    for address in ("slides/a-F9.pptx", "slides/a-T1.pptx", "slides/a-F2.pptx", "tables/a-F1.csv", "tables/a-T9.csv"):
        assert reader.get(f"{place}{address}", follow=True).status_code == 404
    bare = make_article()
    assert reader.get(f"{bare.get_absolute_url()}figures/").status_code == 404
    assert reader.get(f"{bare.get_absolute_url()}slides.pptx", follow=True).status_code == 404


def test_a_slide_opens_and_holds_picture_name_citation_and_credit(shown: Article, alice: User) -> None:
    answer = signed_in(alice).get(f"{shown.get_absolute_url()}slides/a-F1.pptx", follow=True)
    assert answer["Content-Disposition"].endswith('-a-F1.pptx"')
    [slide] = Presentation(opened(answer)).slides
    assert slide.shapes.title
    assert slide.shapes.title.text_frame.text == "Figure 1. Ships <waiting>"
    [picture] = [shape for shape in slide.shapes if shape.shape_type == 13]
    assert picture.image.content_type == "image/png"
    assert picture.image.size == (1600, 800)
    assert picture._element.nvPicPr.cNvPr.get("descr") == "A quay & a ship"
    words = [p for shape in slide.shapes if shape.has_text_frame for p in shape.text_frame.paragraphs]
    assert any(p.text.startswith("Okafor N. On waiting herons. J Tests. 2026;4") for p in words)
    assert any(run.hyperlink.address == f"https://doi.org/{shown.doi}" for p in words for run in p.runs)
    assert words[-1].text == CREDIT
    assert slide.notes_slide.notes_text_frame
    assert slide.notes_slide.notes_text_frame.text == f"Figure 1. Ships <waiting>\nSeen from the quay.\n{CREDIT}"


def test_a_figure_without_a_credit_of_its_own_names_the_license_or_whom_to_ask(shown: Article) -> None:
    shown.refresh_from_db()
    first, second, _ = figures.shown(shown)
    assert slides.credit(first, shown) == CREDIT
    assert slides.credit(second, shown) == "From Journal of Tests. For use beyond teaching, ask Test Press."
    shown.license_url = "https://creativecommons.org/licenses/by/4.0/"
    assert shown.license_url in slides.credit(second, shown)


def test_every_figure_that_has_a_picture_is_in_the_deck(shown: Article, alice: User) -> None:
    store(shown, "f2-1600.webp", 1600)
    place = f"{shown.get_absolute_url()}slides.pptx"
    assert titles_of(signed_in(alice).get(place, follow=True)) == [
        "Figure 1. Ships <waiting>",
        "Figure 2. Ships <waiting>",
    ]


def test_a_deck_is_made_once_for_all_who_may_have_it_and_anew_when_anything_in_it_changes(
    shown: Article, alice: User, dan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"{shown.get_absolute_url()}slides.pptx"
    first = signed_in(alice).get(place, follow=True)
    whole = b"".join(first.streaming_content)
    with monkeypatch.context() as patched:
        patched.setattr(slides, "deck", lambda *_: pytest.fail("made again"))
        again = signed_in(alice).get(place, follow=True)
        assert b"".join(again.streaming_content) == whole
        assert "no-store" in again["Cache-Control"], "and nobody else keeps it"
        assert signed_in(dan).get(place, follow=True).status_code == 403
    FullText.objects.filter(article=shown).update(body=figure_html(shown.doi or "", 1).replace("Ships", "Boats"))
    changed = signed_in(alice).get(place, follow=True)
    assert changed["ETag"] != first["ETag"]
    assert titles_of(changed) == ["Figure 1. Boats <waiting>"]


def test_hostile_words_make_no_broken_slide(shown: Article, alice: User) -> None:
    nasty = '\x01\x0b]]>&amp;&lt;p:sp&gt; "q" \u202e עברית ' + "word " * 400
    body = figure_html(shown.doi or "", 1).replace("Ships &lt;waiting&gt;", nasty)
    FullText.objects.filter(article=shown).update(body=body)
    answer = signed_in(alice).get(f"{shown.get_absolute_url()}slides.pptx", follow=True)
    [slide] = Presentation(opened(answer)).slides
    assert "<p:sp>" in slide.shapes.title.text_frame.text
    assert len(slide.shapes.title.text_frame.text) < 250, "a slide's name has an end"
    assert slide.notes_slide.notes_text_frame.text.count("word") == 400


def test_a_table_is_data_with_columns_in_line_and_no_formulas(shown: Article, alice: User) -> None:
    answer = signed_in(alice).get(f"{shown.get_absolute_url()}tables/a-T1.csv", follow=True)
    assert answer.content.startswith("\ufeff".encode())
    assert list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))) == [
        ["Tide", "Height, m", ""],
        ["", "Kit", "Usual"],
        ["Low", "-0.5", """'=HYPERLINK("x")"""],
        ["High, spring", "+1.2 %", "'@cmd"],
    ]


def test_a_table_made_to_burst_is_refused(shown: Article, alice: User) -> None:
    row = "<tr>" + '<td colspan="100" rowspan="1000">x</td>' * 300 + "</tr>"
    body = f'<figure class="table-wrap" id="a-T1"><table>{row * 200}</table></figure>'
    FullText.objects.filter(article=shown).update(body=body)
    assert signed_in(alice).get(f"{shown.get_absolute_url()}tables/a-T1.csv", follow=True).status_code == 404


def test_the_page_of_figures_names_what_can_be_had(shown: Article, alice: User) -> None:
    page = signed_in(alice).get(f"{shown.get_absolute_url()}figures/").content.decode()
    assert "Ships &lt;waiting&gt;" in page
    assert CREDIT in page
    for address in ("figures/f1-1600.webp", "slides/a-F1.pptx", "slides.pptx", "tables/a-T1.csv", "#a-T1"):
        assert f'"{shown.get_absolute_url()}{address}"' in page
    assert "slides/a-F2.pptx" not in page, "its picture is not there"


def test_figures_of_the_sample_article_are_found_as_they_stand_in_the_text(transactional_db: None) -> None:
    from demo.sample_journal import article_folders
    from journal.importing import import_source

    folder: Path = next(folder for folder in article_folders() if folder.name == "quay-trial")
    article = Article.objects.get(pk=import_source(folder).article_id)
    found = figures.shown(article)
    assert [one.label for one in found] == ["Table 1", "Figure 1", "Table 2", "Figure 2", "Table 3", "Figure 3"]
    assert [one.is_table for one in found] == [True, False] * 3
    assert len(slides.pictures(article, found)) == 3
