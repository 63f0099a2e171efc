"""The journal's identity stands in every article's head, and its look on every page."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from journal import branding
from journal.models import Journal
from tests.admin.said import errors_of
from tests.make import make_journal

SENTENCE = "manage.py rerender"
LOOK = ("title", "abbreviation", "publisher", "issn_online", "accent", "accent_dark", "typeface")


def fields_of(journal: Journal) -> dict[str, Any]:
    return {name: getattr(journal, name) for name in LOOK}


def picture(size: tuple[int, int], kind: str = "PNG") -> SimpleUploadedFile:
    stream = io.BytesIO()
    Image.new("RGBA" if kind == "PNG" else "RGB", size, "#7a1f3d").save(stream, kind)
    return SimpleUploadedFile(f"logo.{kind.lower()}", stream.getvalue())


def test_an_editor_who_renames_the_journal_is_told_how_the_articles_learn_of_it(edith: Client) -> None:
    journal = make_journal()
    path = f"/admin/journal/journal/{journal.pk}/change/"
    fields = fields_of(journal)
    assert SENTENCE not in edith.post(path, fields | {"tagline": "New"}, follow=True).text
    assert SENTENCE in edith.post(path, fields | {"title": "Journal of Trials"}, follow=True).text
    journal.refresh_from_db()
    assert journal.title == "Journal of Trials"


def test_an_editor_changes_the_look_and_every_page_has_it_at_once(edith: Client, visitor: Client) -> None:
    journal = make_journal()
    path = f"/admin/journal/journal/{journal.pk}/change/"
    before = visitor.get("/about/").text
    look = {"accent": "#7a1f3d", "accent_dark": "#f0a8bf", "typeface": "book"}
    upload = {"logo": picture((1200, 300)), "logo_dark": picture((1200, 300), "JPEG")}
    assert edith.post(path, fields_of(journal) | look | upload).status_code == 302
    journal.refresh_from_db()
    page = visitor.get("/about/").text
    version = branding.version(journal)
    assert version not in before
    assert f"/brand.css?v={version}" in page
    style = visitor.get(f"/brand.css?v={version}")
    assert "--brand-accent:#7a1f3d;--brand-accent-dark:#f0a8bf;--serif:Charter" in style.text
    assert "max-age=31536000" in style["Cache-Control"]
    assert "max-age=60" in visitor.get("/brand.css")["Cache-Control"]  # an older page's may be another look
    assert f'src="/brand/logo.webp?v={version}" alt="{journal.title}" width="768" height="192"' in page
    assert "firstpage-serif.woff2" not in page
    for name in ("logo", "logo-dark"):
        sent = b"".join(visitor.get(f"/brand/{name}.webp?v={version}"))
        assert Image.open(io.BytesIO(sent)).format == "WEBP"
    assert visitor.get("/brand/anything.webp").status_code == 404


@pytest.mark.parametrize(
    ("field", "color", "nearest"),
    [("accent", "#8fc1ea", branding.LIGHT_GROUNDS), ("accent_dark", "#1f4e79", branding.DARK_GROUNDS)],
)
def test_a_color_that_links_could_not_be_read_in_is_refused_with_the_nearest_that_could(
    edith: Client, field: str, color: str, nearest: tuple[str, ...]
) -> None:
    journal = make_journal()
    path = f"/admin/journal/journal/{journal.pk}/change/"
    found = branding.nearest_readable(color, nearest)
    [sentence] = errors_of(edith.post(path, fields_of(journal) | {field: color}))[field]
    assert found in sentence
    assert "4.5 : 1" in sentence
    assert edith.post(path, fields_of(journal) | {field: found}).status_code == 302


def test_contrast_is_the_one_of_wcag() -> None:
    assert branding.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert branding.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert branding.nearest_readable("#767676", ["#ffffff"]) == "#767676"


@pytest.mark.parametrize(
    "file",
    [
        SimpleUploadedFile("logo.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        SimpleUploadedFile("logo.png", b"not a picture"),
        SimpleUploadedFile("logo.webp", b""),
    ],
    ids=lambda file: file.name,
)
def test_a_logo_that_is_no_picture_is_refused(edith: Client, file: SimpleUploadedFile) -> None:
    journal = make_journal()
    file.seek(0)
    errors = errors_of(edith.post(f"/admin/journal/journal/{journal.pk}/change/", fields_of(journal) | {"logo": file}))
    assert list(errors) == ["logo"]
    journal.refresh_from_db()
    assert not journal.logo


def test_an_editor_sees_every_component_in_the_journals_look_and_a_visitor_does_not(edith: Client) -> None:
    make_journal()
    assert "Every component in every state" in edith.get("/admin/desk/patterns/").text
    assert Client().get("/admin/desk/patterns/").status_code == 302
