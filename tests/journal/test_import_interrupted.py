"""A long import that is stopped, politely or not, and run again: nothing is lost, nothing is there twice.

The command runs as a process of its own on the test's database, so that it can really be killed.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journal import filing, worker
from journal.importing import import_source
from journal.models import Article, ArticleFile, ArticleSource, FullText, PublicPage, Relation, private_files
from tests.journal.jats.build import DATE, DOI, TITLE, make_xml
from tests.journal.pdfs import make_pdf
from tests.journal.test_importing import BODY, FIGURE, make_png
from tests.journal.test_packages import make_zip
from tests.make import make_journal

ROOT = Path(__file__).parents[2]
MANY = 40
RELATED = '<related-article related-article-type="corrected-article" ext-link-type="doi" xlink:href="10.5555/other"/>'


def article(number: int, text: str = BODY) -> bytes:
    return make_xml(text, meta=DOI.replace("sample.1", f"many.{number}") + TITLE + DATE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(MANY):
        (tmp_path / f"{number:03}.xml").write_bytes(article(number))
    return tmp_path


def start(folder: Path, report: Path) -> "subprocess.Popen[bytes]":
    """`manage.py import_articles` on this test's database and storage."""
    database, files = connection.settings_dict["NAME"], str(settings.STORAGES["articles"]["OPTIONS"]["location"])
    script = (
        "import os, django; from django.conf import settings; django.setup();"
        f"settings.DATABASES['default'].update(NAME={database!r});"
        f"settings.STORAGES['articles']['OPTIONS']['location'] = {files!r};"
        "from django.core.management import call_command;"
        f"call_command('import_articles', {str(folder)!r}, '--report', {str(report)!r}, '--jobs', '2')"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    return subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=environment, stderr=subprocess.PIPE)


def wait_for(number: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while Article.objects.count() < number and time.monotonic() < deadline:
        assert process.poll() is None, process.stderr and process.stderr.read().decode()
        time.sleep(0.01)


def statuses(report: Path) -> list[str]:
    return [json.loads(line)["status"] for line in report.read_text().splitlines()]


@pytest.mark.django_db(transaction=True)
def test_an_import_that_is_killed_twice_and_stopped_once_ends_with_each_article_once(folder: Path) -> None:
    make_journal()
    for number, how in ((2, signal.SIGKILL), (6, signal.SIGKILL), (10, signal.SIGINT)):
        process = start(folder, folder / "report")
        wait_for(number, process)
        process.send_signal(how)
        _out, said = process.communicate(timeout=60)
        assert Article.objects.count() < MANY, "it was stopped too late for this test to say anything"
        assert whole()
    assert b"Stopped." in said
    assert process.returncode != 0
    had = Article.objects.count()
    process = start(folder, folder / "report")
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert statuses(folder / "report").count("unchanged") == had
    assert statuses(folder / "report").count("imported") == MANY - had
    assert Article.objects.count() == ArticleSource.objects.count() == MANY
    assert whole()


def whole() -> bool:
    """Each article that is there has all its parts."""
    parts = (PublicPage, FullText, ArticleSource)
    return all(part.objects.count() == Article.objects.count() for part in parts)


@pytest.mark.django_db(transaction=True)
def test_of_two_versions_given_together_the_last_one_stands(tmp_path: Path) -> None:
    make_journal()
    for number in range(12):  # they would come in any order if the order were not kept
        long = BODY + "<p>word </p>" * (2000 if number % 2 == 0 else 0)
        (tmp_path / f"{number:02}.xml").write_bytes(article(1, f"{long}<p>This is number {number}.</p>"))
    process = start(tmp_path, tmp_path / "report")
    process.communicate(timeout=120)
    assert "This is number 11." in FullText.objects.get().body
    assert ArticleSource.objects.count() == 12


# --- every step fails once --------------------------------------------------------------------------------------------


def snapshot() -> dict[str, object]:
    """All rows an import writes, and the bytes of every file they name."""
    models = (Article, PublicPage, FullText, ArticleSource, ArticleFile, Relation)
    rows = {model.__name__: list(model.objects.order_by("pk").values()) for model in models}
    files = {name: private_files().open(name).read() for name in ArticleFile.objects.values_list("file", flat=True)}
    return {**rows, "files": files}


def package(version: int, color: str, *, pdf: bool = True) -> bytes:
    xml = make_xml(f"{BODY}<p>Version {version}.</p>{FIGURE}", meta=DOI + TITLE + DATE + RELATED)
    printed = {"x.pdf": make_pdf(["A title", f"Version {version}"])} if pdf else {}
    return make_zip({"x.xml": xml, "curves.png": make_png(20, 10, color), **printed})


@pytest.fixture
def first(transactional_db: None) -> Iterator[dict[str, object]]:
    """An article in its first version, published, as the database holds it."""
    make_journal()
    import_source(package(1, "red"), "x.zip")
    Article.objects.update(status="published")
    yield snapshot()
    worker._pool.stop()


def test_whatever_statement_fails_the_version_before_stays_whole(first: dict[str, object]) -> None:
    class DatabaseGoneError(Exception):
        pass

    def failing(at: int) -> bool:
        """Import version 2 with its statement number `at` failing; whether there was one."""
        seen = 0

        def fail(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
            nonlocal seen
            seen += 1
            if seen == at:
                raise DatabaseGoneError(sql)
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(fail):
                import_source(package(2, "blue", pdf=False), "x.zip")
        except DatabaseGoneError:
            return True
        return False

    at = 1
    while failing(at):
        assert snapshot() == first, f"statement {at} left something behind"
        at += 1
    assert at > 15  # each of them has failed once
    assert Article.objects.get().version == 2
    assert "Version 2." in FullText.objects.get().body


def test_whatever_file_cannot_be_written_the_version_before_stays_whole(
    first: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    really = filing._write
    at = 0
    while Article.objects.get().version == 1:
        at, written = at + 1, []

        def fails(path: Path, data: bytes, at: int = at, written: list[Path] = written) -> None:
            written.append(path)
            if len(written) == at:
                raise OSError(28, "No space left on device")
            really(path, data)

        monkeypatch.setattr(filing, "_write", fails)
        try:
            import_source(package(9, "green"), "x.zip")  # no other test has written these files
        except OSError:
            assert snapshot() == first
            for path in written[: at - 1]:
                path.unlink()  # so that the next round writes it again
    assert at == 4  # PDF, picture and its WebP have failed once each


@pytest.mark.parametrize("task", ["package", "survey", "picture", "first_page", "render"])
def test_whatever_worker_task_dies_the_version_before_stays_whole(
    first: dict[str, object], monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    monkeypatch.setitem(worker.TASKS, task, ("tests.journal.naughty", "die", 1, 512))
    record = import_source(package(2, "blue"), "x.zip")
    if task == "picture":  # the text is worth having without it
        assert any("the picture was left out" in warning for warning in record.warnings)
        return
    assert record.status == "rejected"
    assert snapshot() == first


def test_the_connection_that_breaks_at_the_commit_leaves_the_version_before(first: dict[str, object]) -> None:
    with CaptureQueriesContext(connection), pytest.raises(Exception, match=r"terminat|closed|connection"):
        import_source(package(2, "blue"), "x.zip", settle=lambda _record: _break_the_connection())
    connection.close()
    assert snapshot() == first


def _break_the_connection() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
