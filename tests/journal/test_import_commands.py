"""The commands: a report a program can read, an exit code, and pages made again."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from journal.management.commands.import_articles import _Turns
from journal.models import Article, ArticleSource, FullText, PublicPage
from tests.journal.jats.build import DATE, TITLE, make_xml
from tests.journal.test_importing import BODY, FIGURE, make_png
from tests.journal.test_packages import make_zip

pytestmark = pytest.mark.django_db


def run(*paths: Path, report: Path) -> tuple[int, list[dict[str, object]]]:
    code = 0
    try:
        call_command("import_articles", *map(str, paths), f"--report={report}", "--jobs=1")
    except SystemExit as end:
        code = int(end.code or 0)
    return code, [json.loads(line) for line in report.read_text().splitlines()]


def test_each_input_has_one_line_and_a_rejected_one_makes_the_exit_code_one(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(make_xml(BODY))
    (tmp_path / "b.xml").write_bytes(make_xml(BODY, meta=TITLE + DATE))
    (tmp_path / "c.xml").write_bytes(b"<article>\n<oops")
    code, records = run(tmp_path, report=tmp_path / "report.jsonl")
    assert code == 1
    assert [record["status"] for record in records] == ["imported", "draft", "rejected"]
    assert set(records[0]) == {"source", "doi", "status", "warnings", "errors"}
    assert records[0]["doi"] == "10.5555/sample.1"
    assert "line " in str(records[2]["errors"])


def test_a_second_run_changes_nothing_and_ends_well(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(make_xml(BODY))
    run(tmp_path / "a.xml", report=tmp_path / "1")
    code, records = run(tmp_path / "a.xml", report=tmp_path / "2")
    assert (code, [record["status"] for record in records]) == (0, ["unchanged"])


def test_a_folder_of_one_article_with_its_pictures_is_one_package(tmp_path: Path) -> None:
    (tmp_path / "article.xml").write_bytes(make_xml(BODY + FIGURE))
    (tmp_path / "curves.png").write_bytes(make_png())
    _code, records = run(tmp_path, report=tmp_path.parent / "report.jsonl")
    assert len(records) == 1
    assert Article.objects.get().files.filter(kind="figure").count() == 2


def test_a_path_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="does not exist"):
        call_command("import_articles", str(tmp_path / "nothing.xml"))


def test_rendering_again_restores_the_page_with_its_pictures(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(make_zip({"x.xml": make_xml(BODY + FIGURE), "curves.png": make_png(2000, 100)}))
    run(tmp_path / "x.zip", report=tmp_path / "report")
    before = FullText.objects.get().body, PublicPage.objects.get().header
    FullText.objects.update(body="old")
    PublicPage.objects.update(header="old")
    ArticleSource.objects.update(renderer="0")
    call_command("rerender", "--outdated")
    assert (FullText.objects.get().body, PublicPage.objects.get().header) == before
    assert ArticleSource.objects.get().renderer != "0"


def test_only_files_that_have_to_do_with_the_same_articles_wait_for_each_other() -> None:
    turns, one, two = _Turns(), frozenset({"10.5555/1"}), frozenset({"10.5555/2"})
    for number in range(4):
        turns.enter(number)
    assert turns._may_store(0, frozenset())  # none is before it
    assert not turns._may_store(1, two)  # the first has not said what it has to do with
    turns._wait(0, one)
    assert turns._may_store(1, two)
    assert not turns._may_store(1, one | two)
    assert not turns._may_store(1, frozenset())  # it may touch any
    turns._concerned[1] = frozenset()
    assert not turns._may_store(2, two)
    turns._concerned[1] = two
    assert turns._may_store(2, frozenset({"10.5555/3"}))
    assert not turns._may_store(3, frozenset({"10.5555/3"}))
