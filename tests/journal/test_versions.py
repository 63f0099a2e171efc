"""Stored versions: as packages they import again to the same article, and two of them can be compared."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from journal import versions, worker
from journal.importing import import_source
from journal.jats.compare import compare
from journal.models import Article, ArticleFile, ArticleSource, FullText, PublicPage, private_files
from tests.journal.corpus import PACKAGES, needs_corpus
from tests.journal.jats.build import DATE, DOI, TITLE, make_xml
from tests.journal.pdfs import make_pdf
from tests.journal.test_importing import BODY, FIGURE, make_png
from tests.journal.test_packages import make_tar, make_zip

pytestmark = pytest.mark.django_db
DRAWING = '<fig id="f2"><label>Figure 2</label><graphic xlink:href="plan.eps"/></fig>'
DATA = '<supplementary-material xlink:href="Data.csv"><label>S1</label></supplementary-material>'
FILES = {
    "PMC1/x.nxml": make_xml(BODY + FIGURE + DRAWING + DATA),
    "PMC1/x.pdf": make_pdf(["A title", "Second"]),
    "PMC1/curves.tif": make_png(),
    "PMC1/plan.eps": b"%!PS-Adobe-3.0",
    "PMC1/data.csv": b"1,2",
    "PMC1/permission letter.txt": b"yes",
}


def everything_of(article: Article) -> dict[str, Any]:
    """What a reader or an editor sees of an article, without the keys of its rows."""
    hidden = {"id", "created_at", "updated_at", "search", "journal_id", "version"}
    fields = {name: value for name, value in Article.objects.values().get(pk=article.pk).items() if name not in hidden}
    files = set(ArticleFile.objects.filter(article=article).values_list("kind", "name", "sha256", "width", "height"))
    page = PublicPage.objects.values("head", "header", "abstract", "references", "information").get(article=article)
    text = FullText.objects.values("body", "notes", "contents", "plain_text").get(article=article)
    return {**fields, "files": files, **page, **text}


def forget() -> None:
    Article.objects.all().delete()


def exported(folder: Path, *arguments: str) -> list[Path]:
    call_command("export_articles", str(folder), *arguments)
    return sorted(folder.iterdir())


@pytest.mark.parametrize("pack", [make_zip, make_tar])
def test_what_was_imported_is_exported_and_imports_again_to_the_same_article(pack: Any, tmp_path: Path) -> None:
    import_source(pack(FILES), "PMC1")
    before = everything_of(Article.objects.get())
    [file] = exported(tmp_path)
    assert file.name == "10-5555-sample-1.v1.zip"
    assert import_source(file, file.name).status == "unchanged"
    forget()
    assert import_source(file, file.name).status == "imported"
    assert everything_of(Article.objects.get()) == before
    with zipfile.ZipFile(file) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == FILES


@needs_corpus
@pytest.mark.parametrize("path", sorted(PACKAGES.glob("*.zip"))[1:], ids=lambda path: path.name)
def test_real_packages_make_the_round_trip(path: Path, tmp_path: Path) -> None:
    import_source(path, path.name)
    before = everything_of(Article.objects.get())
    [file] = exported(tmp_path)
    forget()
    import_source(file, file.name)
    assert everything_of(Article.objects.get()) == before


def test_a_text_that_shrinks_like_a_bomb_comes_back_too(tmp_path: Path) -> None:
    xml = make_xml(BODY + f"<p>{'a' * 3_000_000}</p>")
    (tmp_path / "long.xml").write_bytes(xml)
    import_source(tmp_path / "long.xml")
    [file] = exported(tmp_path / "out")
    assert import_source(file).status == "unchanged"


def test_all_versions_can_be_exported_and_a_single_article_asked_for(tmp_path: Path) -> None:
    for words in ("One.", "Two."):
        import_source(make_xml(f"<p>{words}</p>"), "a.xml")
    import_source(make_xml("<p>Other.</p>", meta=DOI.replace("sample.1", "sample.2") + TITLE + DATE), "b.xml")
    assert len(exported(tmp_path / "all", "--all-versions")) == 3
    [file] = exported(tmp_path / "one", "10.5555/SAMPLE.1")
    assert file.name == "10-5555-sample-1.v2.zip"
    with pytest.raises(CommandError, match="nothing to export"):
        exported(tmp_path / "none", "10.5555/nowhere")


def test_a_stored_file_that_is_missing_is_said_and_leaves_no_half_package(tmp_path: Path, capsys: Any) -> None:
    import_source(make_zip(FILES), "x.zip")
    private_files().delete(ArticleSource.objects.get().members[0]["file"])
    with pytest.raises(SystemExit):
        exported(tmp_path)
    assert "a stored file is missing" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_version_from_before_packages_were_kept_gives_what_is_there(tmp_path: Path) -> None:
    import_source(make_zip({"x.xml": make_xml(BODY + FIGURE), "curves.png": make_png()}), "x.zip")
    ArticleSource.objects.update(members=[], xml_name="")
    [file] = exported(tmp_path)
    forget()
    import_source(file)
    assert "curves-1000.webp" in FullText.objects.get().body


# --- what changed -----------------------------------------------------------------------------------------------------

REFERENCES = "<ref-list>{}</ref-list>"
REFERENCE = "<ref id='r{0}'><label>{0}</label><mixed-citation>{1}. J Test. 2020.</mixed-citation></ref>"


def changed(older: bytes, newer: bytes) -> dict[str, list[tuple[str, str]]]:
    """{part: [(kind, text with -[gone]- and +[new]+)]} of what changed."""
    marks = {"same": "{}", "gone": "-[{}]-", "new": "+[{}]+"}
    return {
        part.name: [
            (change.kind, change.label + "".join(marks[run.kind].format(run.text) for run in change.runs))
            for change in part.changes
            if change.kind not in ("same", "skipped")
        ]
        for part in compare(older, newer)
        if part.changes
    }


def test_a_word_that_was_corrected_is_shown_in_its_paragraph() -> None:
    older = make_xml("<p>Nothing here.</p><p>The dose was 5 mg a day.</p><p>The end.</p>")
    newer = make_xml("<p>Nothing here.</p><p>The dose was 50 mg a day.</p><p>The end.</p>")
    assert changed(older, newer) == {"Text": [("changed", "The dose was -[5]-+[50]+ mg a day.")]}


def test_paragraphs_table_rows_and_references_that_came_or_went_are_told_apart() -> None:
    table = "<table-wrap><table><tbody><tr><td>Age</td><td>{}</td></tr></tbody></table></table-wrap>"
    citations = [REFERENCE.format(1, "Heron A. On waiting"), REFERENCE.format(2, "Crane B. On standing")]
    older = make_xml("<p>One.</p>" + table.format("40"), back=REFERENCES.format(citations[0]))
    newer = make_xml(
        "<p>One.</p><p>Quite another.</p>" + table.format("41"), back=REFERENCES.format("".join(citations))
    )
    assert changed(older, newer) == {
        "Text": [("added", "+[Quite another.]+"), ("changed", "Age | -[40]-+[41]+")],
        "References": [("added", "+[2 Crane B. On standing. J Test. 2020.]+")],
    }


def test_metadata_are_compared_field_by_field_and_captions_apart_from_the_text() -> None:
    older = make_xml("<p>One.</p>" + FIGURE)
    newer = make_xml(
        "<p>One.</p>" + FIGURE.replace("Figure 1", "Figure 1A"),
        meta=DOI + TITLE.replace("A title", "A new title") + DATE,
    )
    found = changed(older, newer)
    assert found["Metadata"] == [("changed", "TitleA +[new ]+title")]
    assert found["Figures and tables"] == [("changed", "Figure -[1]-+[1A]+ [curves]")]
    assert "Text" not in found


def test_the_same_text_has_no_changes() -> None:
    assert changed(make_xml(BODY), make_xml(BODY)) == {}


def test_a_picture_that_was_replaced_is_a_change_though_its_name_is_the_same() -> None:
    for color in ("red", "blue"):
        import_source(make_zip({"x.xml": make_xml(BODY + FIGURE), "curves.png": make_png(color=color)}), "x.zip")
    newer, older = ArticleSource.objects.all()
    [change] = versions.file_changes(older, newer)
    assert (change.kind, change.name, change.is_picture) == ("changed", "curves.png", True)
    assert versions.picture(older, "curves.png").data != versions.picture(newer, "curves.png").data


def test_texts_that_take_too_long_to_compare_are_left_to_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    import_source(make_xml(BODY), "x.xml")
    import_source(make_xml(BODY + "<p>More.</p>"), "x.xml")
    newer, older = ArticleSource.objects.all()
    monkeypatch.setitem(worker.TASKS, "compare", ("tests.journal.naughty", "hang", 1, 512))
    with pytest.raises(worker.WorkerError):
        versions.changes(older, newer)


def test_the_zip_of_a_version_is_the_same_each_time() -> None:
    import_source(make_zip(FILES), "x.zip")
    streams = [io.BytesIO(), io.BytesIO()]
    for stream in streams:
        versions.write_package(ArticleSource.objects.get(), stream)
    assert streams[0].getvalue() == streams[1].getvalue()
