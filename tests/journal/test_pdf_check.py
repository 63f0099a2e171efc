"""PDFs that bring more than pages along: refused at import with a sentence, or remarked upon."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from journal import preview, worker
from journal.importing import import_source
from journal.models import Article
from journal.pdf import PdfError
from journal.pdf.check import check
from tests.journal.corpus import CORPUS
from tests.journal.jats.build import make_xml
from tests.journal.pdfs import changed, make_pdf
from tests.journal.test_packages import make_zip

PLAIN = make_pdf(["A title", "Second"])


def script() -> Dictionary:
    return Dictionary(Type=Name.Action, S=Name.JavaScript, JS="app.alert('hello')")


def attach(name: str) -> Callable[[Pdf], object]:
    return lambda document: document.attachments.__setitem__(name, b"content")


def on_page(**entries: object) -> Callable[[Pdf], object]:
    def change(document: Pdf) -> None:
        document.pages[0].obj.Annots = Array([document.make_indirect(Dictionary(Type=Name.Annot, **entries))])

    return change


REFUSED: dict[str, tuple[Callable[[Pdf], object], str]] = {
    "a script at opening": (lambda pdf: pdf.Root.__setitem__("/OpenAction", script()), "JavaScript"),
    "a script when a page is shown": (
        lambda pdf: pdf.pages[1].obj.__setitem__("/AA", Dictionary(O=script())),
        "JavaScript",
    ),
    "a script by name": (
        lambda pdf: pdf.Root.__setitem__("/Names", Dictionary(JavaScript=Dictionary(Names=Array(["x", script()])))),
        "JavaScript",
    ),
    "a script in a stream of its own": (
        lambda pdf: pdf.Root.__setitem__(
            "/OpenAction", pdf.make_indirect(Dictionary(S=Name.JavaScript, JS=Stream(pdf, b"app.alert(1)")))
        ),
        "JavaScript",
    ),
    "a script nothing leads to": (lambda pdf: pdf.Root.__setitem__("/X", pdf.make_indirect(script())), "JavaScript"),
    "a program": (
        on_page(Subtype=Name.Link, A=Dictionary(S=Name.Launch, F="/bin/sh"), Rect=Array([0, 0, 9, 9])),
        "other programs",
    ),
    "a form that sends": (
        on_page(Subtype=Name.Link, A=Dictionary(S=Name.SubmitForm, F="http://x.example")),
        "sends a form",
    ),
    "media": (on_page(Subtype=Name.RichMedia), "RichMedia"),
    "a form of a program": (
        lambda pdf: pdf.Root.__setitem__("/AcroForm", Dictionary(XFA=Stream(pdf, b"<xdp/>"))),
        "XFA",
    ),
    "an attached program": (attach("setup.exe"), "attached to it: setup.exe"),
    "an attached page": (attach("login.html"), "attached to it: login.html"),
    "a program pinned to a page": (
        on_page(Subtype=Name.FileAttachment, FS=Dictionary(Type=Name.Filespec, UF="a.scr", EF=Dictionary())),
        "attached to it: a.scr",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_acts_by_itself_is_refused_with_a_remedy(case: str) -> None:
    change, said = REFUSED[case]
    with pytest.raises(PdfError, match=said) as refusal:
        check(changed(PLAIN, change))
    assert refusal.value.remedy


def test_links_and_data_are_no_danger_and_data_is_remarked_upon() -> None:
    link = on_page(Subtype=Name.Link, A=Dictionary(S=Name.URI, URI="https://example.org"))
    assert check(changed(PLAIN, link)) == []
    (remark,) = check(changed(PLAIN, attach("formula.mml")))
    assert "formula.mml" in remark


def test_protection_and_signatures_are_remarked_upon() -> None:
    locked = changed(PLAIN, lambda pdf: None, encryption=pikepdf.Encryption(owner="x", user=""))
    assert "protected" in check(locked)[0]
    assert "signed" in check(changed(PLAIN, lambda pdf: pdf.Root.__setitem__("/X", Dictionary(Type=Name.Sig))))[0]


def test_too_many_pages_are_refused() -> None:
    with pikepdf.new() as document, pytest.raises(PdfError, match="3,001 pages"):
        for _ in range(3001):
            document.add_blank_page(page_size=(10, 10))
        stream = io.BytesIO()
        document.save(stream)
        check(stream.getvalue())


def bomb() -> bytes:
    """A page whose content inflates to a quarter of a gigabyte, in two steps."""
    packer, packed = zlib.compressobj(9), io.BytesIO()
    for _ in range(256):
        packed.write(packer.compress(b"q " * (1 << 19)))
    packed.write(packer.flush())
    content = zlib.compress(packed.getvalue(), 9)

    def change(document: Pdf) -> None:
        stream = Stream(document, content)
        stream.Filter = Array([Name.FlateDecode, Name.FlateDecode])
        stream.write(content, filter=stream.Filter)
        document.pages[1].obj.Contents = document.make_indirect(stream)

    return changed(PLAIN, change, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)


@pytest.mark.django_db
def test_a_bomb_is_refused_within_its_limits_and_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(worker.TASKS, "first_page", ("journal.preview", "first_page", 5, 1024))
    data = bomb()
    assert len(data) < 100_000
    record = import_source(make_zip({"x.xml": make_xml("<p>Text</p>"), "x.pdf": data}), "x.zip")
    assert record.status == "rejected"
    assert "The PDF cannot be used" in record.errors[0]
    assert not Article.objects.exists()


@pytest.mark.django_db
def test_an_import_says_what_is_wrong_with_the_pdf_and_what_to_do() -> None:
    data = changed(PLAIN, REFUSED["a script at opening"][0])
    record = import_source(make_zip({"x.xml": make_xml("<p>Text</p>"), "x.pdf": data}), "x.zip")
    assert record.errors == [
        "x.pdf: The PDF cannot be used. It runs JavaScript. Export the PDF again without forms and scripts."
    ]


@pytest.mark.skipif(not (CORPUS / "pdf").is_dir(), reason="the corpus of real articles is not here")
def test_publishers_pdfs_pass_and_none_of_their_first_pages_is_taken_for_anothers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preview, "WIDTHS", (480, 960))
    for path in sorted((CORPUS / "pdf").glob("*.pdf")):
        xml = (CORPUS / "xml" / path.with_suffix(".xml").name).read_bytes()
        found = preview.first_page(path.read_bytes(), xml)
        assert not [remark for remark in found.remarks if "another article" in remark], path.name
        assert sum(len(picture.data) for picture in found.pictures) < 200_000, path.name


def test_every_sample_pdf_passes() -> None:
    for path in (Path(__file__).parents[2] / "sample/articles").glob("*/article.pdf"):
        assert check(path.read_bytes()) == []
