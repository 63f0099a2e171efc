"""The picture of the first page, and that it is of nothing else."""

import io

import pytest
from PIL import Image

from journal.pdf import PdfError
from journal.pictures import PictureError, encode
from journal.preview import first_page
from tests.journal.pdfs import make_pdf


def test_it_is_drawn_in_three_widths_with_the_shape_of_the_page() -> None:
    found = first_page(make_pdf(["One", "Two"]))
    assert [picture.width for picture in found.pictures] == [480, 960, 1600]
    assert all(abs(picture.height / picture.width - 842 / 595) < 0.01 for picture in found.pictures)
    assert (found.pages, found.cropped) == (2, False)


def test_its_text_is_that_of_page_one_only() -> None:
    assert first_page(make_pdf(["Visible words", "Hidden words"])).text.strip() == "Visible words"


def test_of_a_single_page_a_third_is_drawn_at_most() -> None:
    found = first_page(make_pdf(["Alone"]))
    assert found.cropped
    assert all(picture.height / picture.width < 842 / 595 / 3 + 0.01 for picture in found.pictures)


def test_a_landscape_page_stays_landscape() -> None:
    found = first_page(make_pdf(["Wide", "x"], width=842, height=595))
    assert found.pictures[0].height < found.pictures[0].width


def test_an_endless_page_is_cut_below() -> None:
    found = first_page(make_pdf(["Long", "x"], width=100, height=14000))
    assert found.pictures[-1].height == 2 * found.pictures[-1].width


@pytest.mark.parametrize(
    "data, said", [(b"<html>", "not a PDF"), (b"%PDF-1.7\nrubbish", "damaged"), (make_pdf([]), "It")]
)
def test_what_is_no_pdf_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(PdfError, match=said):
        first_page(data)


def picture(mode: str, size: tuple[int, int] = (900, 300), form: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, size).save(stream, form, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    "mode, form",
    [("1", "PNG"), ("L", "PNG"), ("P", "GIF"), ("RGBA", "PNG"), ("CMYK", "TIFF"), ("I;16", "TIFF"), ("F", "TIFF")],
)
def test_pictures_of_every_kind_become_webp(mode: str, form: str) -> None:
    small, large = encode(picture(mode, form=form))
    assert (small.width, small.height, large.width) == (800, 267, 900)
    assert small.data[8:12] == b"WEBP"


def test_a_small_picture_is_not_blown_up() -> None:
    assert [(p.width, p.height) for p in encode(picture("RGB", (300, 100)))] == [(300, 100)]


def test_nothing_but_the_pixels_is_kept() -> None:
    exif = Image.Exif()
    exif[0x010E] = "the patient's name"
    for encoded in encode(picture("RGB", form="JPEG", exif=exif)):
        assert b"patient" not in encoded.data


def test_a_picture_on_its_side_is_set_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert encode(picture("RGB", (300, 100), "JPEG", exif=exif))[0].width == 100


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        picture("RGB")[:60],
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF",
    ],
)
def test_what_cannot_be_decoded_is_refused(data: bytes) -> None:
    with pytest.raises(PictureError):
        encode(data)


def test_a_bomb_of_pixels_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(PictureError, match="80 million"):
        encode(picture("1", (20000, 5000)))


def test_the_text_of_a_single_page_is_that_of_its_top() -> None:
    low = make_pdf(["Low down"]).replace(b"50 762 Td", b"50 100 Td")
    assert first_page(low).text.strip() == ""


def test_of_a_single_page_in_columns_less_is_shown() -> None:
    lines = "".join(
        f"BT /F1 9 Tf {x} {y} Td (words of a text in two columns) Tj ET " for x in (40, 320) for y in range(60, 740, 12)
    )
    page = make_pdf([f") Tj ET {lines} BT ("])
    found = first_page(page)
    shown, whole = len(found.text.split()), 7 * len(lines.split("BT ")) - 7
    assert shown <= 0.16 * whole
