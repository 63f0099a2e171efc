"""The picture of the first page, and that it is of nothing else."""

import io

import pytest
from PIL import Image

from journal import preview
from journal.pdf import PdfError
from journal.pictures import PictureError, encode
from journal.preview import FirstPage, first_page
from tests.journal.jats.build import make_xml
from tests.journal.pdfs import changed, make_pdf


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


# --- a page that two articles share ----------------------------------------------------------------------------------

OURS = [f"our own sentence number {n} speaks of herons and of water" for n in range(30)]
THEIRS = [f"their quite different line {n} sold apart tells about tractors" for n in range(30)]


def column(sentences: list[str], left: int, top: int) -> str:
    return "".join(f"BT /F1 8 Tf {left} {top - 14 * n} Td ({said}) Tj ET " for n, said in enumerate(sentences))


def page_of(*columns: str) -> str:
    return f") Tj ET {''.join(columns)} BT /F1 1 Tf 1 1 Td ("


def our_xml() -> bytes:
    return make_xml("".join(f"<p>{said}</p>" for said in OURS))


def words_seen(found: FirstPage) -> tuple[bool, bool]:
    """(ours, theirs) in what the preview says."""
    return "herons" in found.text, "tractors" in found.text


@pytest.mark.parametrize(
    ("columns", "hidden", "turn"),
    [
        ((column(THEIRS, 40, 800), column(OURS, 40, 360)), (0, 0, 1, 0.5), 0),
        ((column(OURS, 40, 800), column(THEIRS, 40, 360)), (0, 0.56, 1, 1), 90),
        ((column(THEIRS, 40, 800), column(OURS, 320, 800)), (0, 0, 0.5, 1), 180),
        ((column(OURS, 40, 800), column(THEIRS[:12], 40, 340), column(OURS, 320, 800)), (0, 0.62, 0.5, 1), 270),
    ],
)
def test_of_a_shared_page_the_other_articles_text_is_painted_over(
    columns: tuple[str, ...], hidden: tuple[float, float, float, float], turn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview, "WIDTHS", (480,))
    data = make_pdf([page_of(*columns), page_of(column(OURS, 40, 800), column(OURS, 320, 800))])
    plain = first_page(data).pictures[-1]
    turned = changed(data, lambda document: document.pages[0].rotate(turn, relative=False))
    found = first_page(turned, our_xml())
    assert words_seen(found) == (True, False)
    assert any("another article" in remark for remark in found.remarks)
    left, top, right, bottom = hidden
    shown = Image.open(io.BytesIO(found.pictures[-1].data)).convert("L").rotate(turn, expand=True)
    before = Image.open(io.BytesIO(plain.data)).convert("L")
    part = (shown.width * left, shown.height * top, shown.width * right, shown.height * bottom)
    box = tuple(round(value) for value in part)
    assert before.crop(box).getextrema()[0] < 100, "there was something to hide"
    assert shown.crop(box).getextrema()[0] > 200, "theirs is gone"
    assert shown.getextrema()[0] < 100, "ours is there"


def test_a_page_of_our_own_stays_whole_and_one_that_cannot_be_compared_too() -> None:
    own = make_pdf([page_of(column(OURS, 40, 800)), "x"])
    assert first_page(own, our_xml()).text == first_page(own).text
    other = make_pdf([page_of(column(THEIRS, 40, 800)), page_of(column(THEIRS, 40, 800))])
    assert words_seen(first_page(other, our_xml())) == (False, True)


def test_an_only_page_that_begins_low_shows_the_beginning_of_ours() -> None:
    data = make_pdf([page_of(column(THEIRS, 40, 800), column(OURS, 40, 360))])
    found = first_page(data, our_xml())
    assert found.cropped
    assert words_seen(found) == (True, False)
    shown = Image.open(io.BytesIO(found.pictures[0].data)).convert("L")
    assert shown.getextrema()[0] < 150


def test_two_pages_of_which_the_first_has_nearly_all_are_cut_like_one() -> None:
    data = make_pdf([page_of(column(OURS, 40, 800)), "The end."])
    found = first_page(data)
    assert found.cropped
    assert len(found.text.split()) < 0.3 * sum(len(said.split()) for said in OURS)
    assert not first_page(make_pdf([page_of(column(OURS, 40, 800))] * 2)).cropped


def test_a_color_that_only_one_word_has_is_kept() -> None:
    red = page_of(column(OURS, 40, 800), column(OURS, 320, 800), "0.8 0.3 0.1 rg BT /F1 20 Tf 40 815 Td (Red) Tj ET ")
    (small, *_) = first_page(make_pdf([red, "x" * 3000])).pictures
    shown = Image.open(io.BytesIO(small.data)).convert("RGB")
    assert any(abs(r - 204) + abs(g - 77) + abs(b - 26) < 12 for _, (r, g, b) in shown.getcolors(10**6))


def test_text_is_light_and_a_photograph_keeps_its_colors() -> None:
    text = first_page(make_pdf([page_of(column(OURS, 40, 800), column(OURS, 320, 800)), "x" * 3000]))
    assert b"VP8L" in text.pictures[1].data[:16]
    noise = Image.merge("RGB", [Image.effect_noise((300, 300), 90) for _ in range(3)])
    pixels = noise.tobytes().hex()
    image = f"q 500 0 0 700 40 40 cm BI /W 300 /H 300 /CS /RGB /BPC 8 /F /AHx ID {pixels}> EI Q"
    photo = first_page(make_pdf([page_of(image), "x"]))
    assert b"VP8 " in photo.pictures[1].data[:16]
