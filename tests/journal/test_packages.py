"""Packages are read without harm, and refused with the name of the file that is to blame."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from journal.packages import Package, PackageError, read
from tests.journal.corpus import HOSTILE, PACKAGES, needs_corpus

ARTICLE = b"<?xml version='1.0'?><article><front/><body><p>x</p></body></article>"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
PDF = b"%PDF-1.7\n%%EOF"


def make_zip(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def make_tar(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return stream.getvalue()


def test_a_plain_zip_is_told_apart_by_content() -> None:
    package = read(
        make_zip({"a/paper.xml": ARTICLE, "a/paper.pdf": PDF, "a/f1.png": PNG, "a/data.csv": b"1,2"}), "paper.zip"
    )
    assert (package.xml_name, package.pdf, list(package.images), list(package.others)) == (
        "a/paper.xml",
        PDF,
        ["a/f1.png"],
        ["a/data.csv"],
    )


def test_a_pmc_package_is_a_tar_file() -> None:
    package = read(make_tar({"PMC1/x.nxml": ARTICLE, "PMC1/x.pdf": PDF}))
    assert (package.xml_name, package.pdf_name) == ("PMC1/x.nxml", "PMC1/x.pdf")


def test_a_folder_is_read_like_a_package(tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_bytes(ARTICLE)
    (tmp_path / "f1.png").write_bytes(PNG)
    (tmp_path / "escape").symlink_to("/etc/hostname")
    package = read(tmp_path)
    assert (package.xml_name, list(package.images), package.others) == ("x.xml", ["f1.png"], {})


def test_a_lone_xml_file_is_a_package_of_one() -> None:
    assert read(ARTICLE, "x.xml") == Package(ARTICLE, "x.xml")


def test_the_article_is_found_by_its_root_and_not_by_its_name() -> None:
    package = read(make_zip({"article.xml": b"<html/>", "content.txt": ARTICLE}))
    assert package.xml_name == "content.txt"


def test_of_two_articles_the_manifest_names_one() -> None:
    manifest = (
        b'<manifest xmlns="http://x"><item item-type="article-metadata"><instance href="b.xml"/></item></manifest>'
    )
    assert read(make_zip({"a.xml": ARTICLE, "b.xml": ARTICLE, "manifest.xml": manifest})).xml_name == "b.xml"


def test_of_two_pdfs_the_one_named_like_the_xml_is_the_articles() -> None:
    assert read(make_zip({"x.xml": ARTICLE, "s1.pdf": PDF, "x.pdf": PDF})).pdf_name == "x.pdf"
    assert read(make_zip({"x.xml": ARTICLE, "s1.pdf": PDF, "s2.pdf": PDF})).warnings


def test_a_broken_article_is_handed_on_so_that_its_own_error_is_told() -> None:
    assert read(make_zip({"x.xml": b"\x00broken", "f.png": PNG})).xml_name == "x.xml"


def test_a_pdf_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(PackageError) as refusal:
        read(make_zip({"x.xml": ARTICLE, "x.pdf": b"<html>not found</html>"}))
    assert refusal.value.member == "x.pdf"
    assert refusal.value.remedy


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "C:\\x", "a\\..\\y", "a/../../b"])
def test_a_name_that_leads_out_is_refused_and_said(name: str) -> None:
    for data in (make_zip({"x.xml": ARTICLE, name: b"x"}), make_tar({"x.xml": ARTICLE, name: b"x"})):
        package = read(data)
        assert package.others == {}
        assert "refused" in package.warnings[0]


def test_links_in_a_tar_file_are_refused() -> None:
    package = read(make_tar({"x.xml": ARTICLE}, {"passwd": "/etc/passwd"}))
    assert package.others == {}
    assert "link" in package.warnings[0]


def test_links_in_a_zip_file_are_refused() -> None:
    stream = io.BytesIO(make_zip({"x.xml": ARTICLE}))
    with zipfile.ZipFile(stream, "a") as archive:
        info = zipfile.ZipInfo("passwd")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    assert "not a plain file" in read(stream.getvalue()).warnings[0]


def test_names_that_differ_only_in_case_do_not_overwrite_each_other() -> None:
    package = read(make_zip({"x.xml": ARTICLE, "F.png": PNG, "f.PNG": PNG + b"x"}))
    assert package.images == {"F.png": PNG}


def test_a_bomb_whose_header_lies_is_stopped_while_it_inflates() -> None:
    honest = make_zip({"x.xml": ARTICLE, "b.bin": b"\0" * (30 << 20)})
    size = (30 << 20).to_bytes(4, "little")
    with pytest.raises(PackageError):
        read(honest.replace(size, (1000).to_bytes(4, "little")))


def test_a_tar_bomb_is_stopped_while_it_inflates() -> None:
    with pytest.raises(PackageError, match="unpacks to more"):
        read(make_tar({"a.bin": b"\0" * (300 << 20), "x.xml": ARTICLE}))


def test_an_encrypted_member_is_refused() -> None:
    data = bytearray(make_zip({"x.xml": ARTICLE}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    with pytest.raises(PackageError, match="encrypted"):
        read(bytes(data))


@pytest.mark.parametrize("cut", [10, 60, -30])
def test_a_damaged_archive_is_refused(cut: int) -> None:
    for data in (make_zip({"x.xml": ARTICLE, "y": b"y" * 500}), make_tar({"x.xml": ARTICLE, "y": b"y" * 500})):
        with pytest.raises(PackageError):
            read(data[:cut])


def test_a_package_without_an_article_is_refused() -> None:
    with pytest.raises(PackageError, match="no JATS article"):
        read(make_zip({"readme.txt": b"hello"}))


@needs_corpus
@pytest.mark.parametrize("path", sorted(PACKAGES.glob("*.zip")), ids=lambda path: path.stem)
def test_each_real_package_gives_its_article(path: Path) -> None:
    package = read(path)
    assert package.article_xml
    assert package.images


@needs_corpus
@pytest.mark.parametrize(
    "name, said",
    [
        ("zip-bomb", "unpacks to more"),
        ("zip-many", "2000 files"),
        ("zip-nested", "no JATS"),
        ("zip-two-xml", "2 articles"),
    ],
)
def test_each_hostile_package_is_refused(name: str, said: str) -> None:
    with pytest.raises(PackageError, match=said):
        read(HOSTILE / f"{name}.zip")


@needs_corpus
def test_members_that_slip_out_are_left_behind() -> None:
    package = read(HOSTILE / "zip-slip.zip")
    assert len(package.warnings) == 4
    assert package.others == {}


def test_what_lies_beside_an_xml_file_under_its_name_belongs_to_it(tmp_path: Path) -> None:
    """SciELO: the articles of an issue in one folder, each with its PDF and pictures beside it."""
    for name, data in {"a.xml": ARTICLE, "a.pdf": PDF, "a-g01.png": PNG, "ab.xml": ARTICLE, "ab.pdf": PDF}.items():
        (tmp_path / name).write_bytes(data)
    package = read(tmp_path / "a.xml")
    assert (package.pdf_name, list(package.images), package.others) == ("a.pdf", ["a-g01.png"], {})
    assert read(tmp_path / "ab.xml").pdf_name == "ab.pdf"


def test_the_pdf_that_a_meca_manifest_names_is_the_article_s() -> None:
    manifest = (
        b'<manifest xmlns="http://manuscriptexchange.org"><item item-type="article"><instance href="content/ms.xml"/>'
        b'<instance href="content/printed.pdf"/></item></manifest>'
    )
    files = {"manifest.xml": manifest, "content/ms.xml": ARTICLE, "content/printed.pdf": PDF, "content/s1.pdf": PDF}
    assert read(make_zip(files)).pdf_name == "content/printed.pdf"


def test_an_unusual_packing_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.xml", ARTICLE)
    with pytest.raises(PackageError, match="unusual way"):
        read(stream.getvalue())
