"""Pictures of an article: found however they are named, encoded anew, and the original kept."""

import io

import pytest
from PIL import Image

from journal.importing import import_source
from journal.jats.links import stem
from journal.jats.markup import slug
from journal.models import ArticleFile, FullText
from tests.journal.jats.build import make_xml
from tests.journal.test_importing import BODY, FIGURE, make_png
from tests.journal.test_packages import make_zip

pytestmark = pytest.mark.django_db


def test_pictures_are_encoded_anew_and_the_original_is_kept() -> None:
    picture = make_png(2000, 1000)
    import_source(make_zip({"x.xml": make_xml(BODY + FIGURE), "curves.png": picture}), "x.zip")
    files = {file.name: file for file in ArticleFile.objects.all()}
    assert set(files) == {"curves-800.webp", "curves-1600.webp", "curves.png"}
    assert (files["curves-800.webp"].kind, files["curves.png"].kind) == ("figure", "original")
    assert files["curves.png"].file.read() == picture
    body = FullText.objects.get().body
    assert 'src="/doi/10.5555/sample.1/figures/curves-800.webp"' in body
    assert "curves-1600.webp 1600w" in body


@pytest.mark.parametrize("broken", [b"\x89PNG\r\n\x1a\nbroken", b"\xff\xd8\xff\xe0 broken", b"GIF89a"])
def test_a_broken_picture_is_left_out_and_said(broken: bytes) -> None:
    record = import_source(make_zip({"x.xml": make_xml(BODY + FIGURE), "curves.png": broken}), "x.zip")
    assert record.status == "imported"
    assert any("curves.png: the picture was left out" in warning for warning in record.warnings)
    assert "[Picture not supplied]" in FullText.objects.get().body


def test_a_picture_of_too_many_pixels_is_left_out() -> None:
    stream = io.BytesIO()
    Image.new("1", (20000, 5000)).save(stream, "PNG")
    record = import_source(make_zip({"x.xml": make_xml(BODY + FIGURE), "curves.png": stream.getvalue()}), "x.zip")
    assert any("80 million are the most" in warning for warning in record.warnings)


def test_graphics_whose_names_look_alike_in_an_address_keep_their_own_pictures() -> None:
    body = BODY + "".join(f'<fig><graphic xlink:href="{name}"/></fig>' for name in ("fig a", "fig-a"))
    files = {"x.xml": make_xml(body), "fig a.png": make_png(300, 10), "fig-a.png": make_png(500, 10)}
    import_source(make_zip(files), "x.zip")
    body = FullText.objects.get().body
    assert "fig-a-300.webp" in body
    assert "fig-a-copy-2-500.webp" in body


def test_of_a_picture_and_its_thumbnail_the_picture_is_shown() -> None:
    gif = io.BytesIO()
    Image.new("P", (100, 50)).save(gif, "GIF")
    files = {"x.nxml": make_xml(BODY + FIGURE), "curves.gif": gif.getvalue(), "curves.png": make_png()}
    import_source(make_zip(files), "x.zip")
    assert "curves-1000.webp 1000w" in FullText.objects.get().body


def test_a_drawing_is_kept_for_download_and_its_lack_on_the_page_is_said() -> None:
    package = make_zip({"x.xml": make_xml(BODY + FIGURE), "curves.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n"})
    record = import_source(package, "x.zip")
    assert [(file.kind, file.name) for file in ArticleFile.objects.all()] == [("original", "curves.eps")]
    assert any(warning.startswith("curves.eps: this kind of picture is not shown") for warning in record.warnings)


@pytest.mark.parametrize(
    ("href", "file"),
    [
        ("curves", "PMC1/curves.jpg"),  # 59 % of real graphics have no extension
        ("curves.tif", "curves.png"),
        ("Curves.TIFF", "CURVES.png"),
        ("https://publisher.example/figs/curves.png?size=large", "curves.png"),  # never fetched, found by its name
        ("images/curves.eps", "paper-curves.png"),
        ("0034-8910-curves", "curves.png"),
        ("file:///etc/curves.png", "curves.png"),
        ("..\\..\\curves.gif", "figures/curves.gif"),
    ],
)
def test_a_graphic_finds_its_picture_however_it_is_named(href: str, file: str) -> None:
    figure = f'<fig id="f1"><graphic xlink:href="{href}"/></fig>'
    record = import_source(make_zip({"x.xml": make_xml(BODY + figure), file: make_png(300, 20)}), "x.zip")
    assert not any("picture" in warning for warning in record.warnings)
    assert f'src="/doi/10.5555/sample.1/figures/{slug(stem(href))}-300.webp"' in FullText.objects.get().body


@pytest.mark.parametrize("href", ["curve", "curves2", "https://publisher.example/curves/", "", "..", "other"])
def test_a_graphic_is_not_given_another_s_picture(href: str) -> None:
    figure = f'<fig id="f1"><graphic xlink:href="{href}"/></fig>'
    import_source(make_zip({"x.xml": make_xml(BODY + figure), "curves.png": make_png(300, 20)}), "x.zip")
    assert "[Picture not supplied]" in FullText.objects.get().body
    assert "publisher.example" not in FullText.objects.get().body
