"""The license line: on every page, inside what is visible, whatever the page's boxes, turns and content are."""

from collections.abc import Callable
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Name, Pdf
from PIL import Image, ImageChops

from journal.pdf import Mark, PdfError
from journal.pdf.stamp import stamp, visible
from tests.journal.corpus import CORPUS
from tests.journal.pdfs import changed, make_pdf, page_texts

LINE = "Licensed to Łukasz Żółć · November 22, 2026 · Order 7KQ4-9ACM"
PAGES = ["First", "Second", "Third"]


def on_each(change: Callable[[pikepdf.Page], object]) -> Callable[[Pdf], object]:
    return lambda document: [change(page) for page in document.pages]


def inherit(document: Pdf) -> None:
    """Resources, box and turn from the parent, as small PDFs have them."""
    parent = document.Root.Pages
    parent.Resources, parent.Rotate, parent.CropBox = document.pages[0].Resources, 90, Array([20, 30, 500, 700])
    for page in document.pages:
        del page.obj[Name.Resources]


CASES: dict[str, Callable[[Pdf], object]] = {
    "plain": lambda document: None,
    "cropped": on_each(lambda page: page.obj.update({"/CropBox": Array([34, 34, 561, 808])})),
    "cropped beyond the media box": on_each(lambda page: page.obj.update({"/CropBox": Array([-50, 100, 900, 900])})),
    "corners the other way round": on_each(lambda page: page.obj.update({"/MediaBox": Array([595, 842, 0, 0])})),
    "origin elsewhere": on_each(lambda page: page.obj.update({"/MediaBox": Array([-300, -400, 295, 442])})),
    "turned right": on_each(lambda page: page.obj.update({"/Rotate": 90, "/CropBox": Array([10, 60, 500, 800])})),
    "upside down": on_each(lambda page: page.obj.update({"/Rotate": 180, "/CropBox": Array([10, 60, 500, 800])})),
    "turned left": on_each(lambda page: page.obj.update({"/Rotate": -90, "/CropBox": Array([10, 60, 500, 800])})),
    "in larger units": on_each(lambda page: page.obj.update({"/UserUnit": 2, "/Rotate": 90})),
    "narrow": on_each(lambda page: page.obj.update({"/CropBox": Array([100, 100, 220, 300])})),
    "inherited": inherit,
    "states left open": on_each(lambda page: page.contents_add(b" q q 0.2 0 0 0.2 300 300 cm")),
    "states closed too often": on_each(lambda page: page.contents_add(b"Q Q Q 0.2 0 0 0.2 300 300 cm 1 0 0 rg ")),
}


def stamped(data: bytes, folder: Path, line: str = LINE) -> bytes:
    (folder / "source.pdf").write_bytes(data)
    stamp(str(folder / "source.pdf"), str(folder / "copy.pdf"), [line])
    assert (folder / "source.pdf").read_bytes() == data
    return (folder / "copy.pdf").read_bytes()


def pictures(data: bytes) -> list[Image.Image]:
    with pypdfium2.PdfDocument(data) as document:
        return [page.render(scale=2).to_pil().convert("L") for page in document]


@pytest.mark.parametrize("case", CASES)
def test_the_line_is_at_the_foot_of_every_visible_page_and_nothing_else_changes(case: str, tmp_path: Path) -> None:
    before = changed(make_pdf(PAGES), CASES[case])
    after = stamped(before, tmp_path)
    assert all(LINE in text for text in page_texts(after))
    for plain, marked in zip(pictures(before), pictures(after), strict=True):
        left, top, right, bottom = ImageChops.difference(plain, marked).getbbox() or (0, 0, 0, 0)
        unit = 2 if case == "in larger units" else 1
        assert right - left > 100
        assert top >= plain.height - 40, "above the foot"
        assert left >= 20
        assert right <= plain.width - 20
        assert plain.height - 26 / unit <= bottom <= plain.height - 12 / unit
        assert abs((left + right) - plain.width) <= 4, "not centered"


@pytest.mark.parametrize("case", ["cropped", "turned right", "turned left", "in larger units", "narrow", "inherited"])
def test_a_mark_is_at_the_head_and_across_every_visible_page(case: str, tmp_path: Path) -> None:
    before = changed(make_pdf([""]), CASES[case])
    (tmp_path / "source.pdf").write_bytes(before)
    mark = Mark("Retracted June 3, 2026, notice: https://doi.org/10.5555/notice", "Retracted", "RETRACTED")
    stamp(str(tmp_path / "source.pdf"), str(tmp_path / "copy.pdf"), [], mark)
    made = (tmp_path / "copy.pdf").read_bytes()
    assert all(words in page_texts(made)[0] for words in (mark.line, mark.across))
    plain, marked = pictures(before)[0], pictures(made)[0]
    left, top, right, bottom = ImageChops.difference(plain, marked).getbbox() or (0, 0, 0, 0)
    assert 12 / 2 <= top <= 26, "not at the head"
    assert bottom <= plain.height - 40, "no license line, so nothing at the foot"
    assert min(left, plain.width - right) >= 20
    middle = marked.crop((plain.width // 3, plain.height // 3, 2 * plain.width // 3, 2 * plain.height // 3))
    assert (middle.getextrema()[0], plain.getextrema()[0]) != (255, 255), "nothing across the page"
    with Pdf.open(tmp_path / "copy.pdf") as document, document.open_metadata() as metadata:
        assert metadata["dc:title"] == str(document.docinfo.Title) == mark.line
        assert "dc:rights" not in metadata


def test_where_crop_box_and_page_do_not_meet_the_page_is_what_is_visible() -> None:
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(300, 400))
        document.pages[0].obj.CropBox = Array([2000, 2000, 3000, 3000])
        box = visible(document.pages[0])
    assert (box.llx, box.lly, box.urx, box.ury) == (0, 0, 300, 400)


def test_a_password_that_opens_without_asking_is_no_hindrance(tmp_path: Path) -> None:
    locked = pikepdf.Encryption(owner="the publisher's", user="")
    made = stamped(changed(make_pdf(PAGES), lambda document: None, encryption=locked), tmp_path)
    assert all(LINE in text for text in page_texts(made))


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\nrubbish",
        changed(make_pdf(PAGES), lambda document: None, encryption=pikepdf.Encryption(owner="a", user="b")),
    ],
)
def test_what_cannot_be_stamped_says_why(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(PdfError):
        stamped(data, tmp_path)


def test_the_same_reader_gets_the_same_bytes(tmp_path: Path) -> None:
    assert stamped(make_pdf(PAGES), tmp_path) == stamped(make_pdf(PAGES), tmp_path)


def test_a_tagged_pdf_stays_tagged_and_the_line_is_not_read_aloud(tmp_path: Path) -> None:
    source = (Path(__file__).parents[2] / "sample/articles/quay-trial/article.pdf").read_bytes()
    (tmp_path / "made.pdf").write_bytes(stamped(source, tmp_path))
    with Pdf.open(tmp_path / "made.pdf") as document:
        assert document.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in document.Root
        for page in document.pages:
            drawn = [str(one.operator) for one in pikepdf.parse_content_stream(page)][-6:]
            assert drawn == ["BDC", "q", "cm", "Do", "Q", "EMC"]
        assert LINE in str(document.open_metadata()["dc:rights"])


def test_of_two_lines_the_first_is_taken_whose_letters_there_are(tmp_path: Path) -> None:
    (tmp_path / "source.pdf").write_bytes(make_pdf(["One"]))
    stamp(str(tmp_path / "source.pdf"), str(tmp_path / "copy.pdf"), ["For \U0001f9ff \u0eab", "For a@example.org"])
    assert "For a@example.org" in page_texts((tmp_path / "copy.pdf").read_bytes())[0]


@pytest.mark.skipif(not (CORPUS / "pdf").is_dir(), reason="the corpus of real articles is not here")
def test_publishers_pdfs_carry_the_line_on_every_page(tmp_path: Path) -> None:
    for path in sorted((CORPUS / "pdf").glob("*.pdf")):
        assert all("Order 7KQ4-9ACM" in text for text in page_texts(stamped(path.read_bytes(), tmp_path))), path.name
