"""A disk that is full or takes nothing, files that are gone: nothing half-written, and a page for everybody."""

import hashlib
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from journal import batches, filing
from journal.filing import NewFile
from journal.models import Article, ArticleFile, ImportItem, Issue
from subscriptions.management.commands import sweep_jobs
from tests.conftest import signed_in
from tests.journal.jats.build import DATE, DOI, TITLE, make_xml
from tests.journal.pdfs import make_pdf
from tests.journal.test_packages import make_zip
from tests.make import make_article, make_issue, make_journal, make_right, make_user

pytestmark = pytest.mark.django_db
ROOM = 64 * 1024
NOISE = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(256)) * 60  # half a megabyte
PACKAGE = make_zip(
    {
        "paper.xml": make_xml("<p>Every word is here to be read.</p>", meta=DOI + TITLE + DATE),
        "paper.pdf": make_pdf(["First page"]), "data.bin": NOISE,
    }
)  # fmt: skip


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """A disk that takes 64 kB under `folder`: a small one put there (as root), else a limit on the size of files."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
    if os.getuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def stored() -> list[Path]:
    return [path for path in Path(storages["articles"].path("")).rglob("*") if path.is_file()]


def is_whole(path: Path) -> bool:
    return path.stem == hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_import_that_finds_the_disk_full_leaves_nothing_half_written_and_goes_on_when_there_is_room() -> None:
    make_journal()
    before = make_article(title="There already")
    (item,) = batches.start(None, [SimpleUploadedFile("paper.zip", PACKAGE)]).items.all()
    with full(Path(storages["articles"].path(""))):
        for _ in range(batches.MOST_ATTEMPTS + 1):
            assert batches.work() is False
            assert all(is_whole(path) for path in stored()), "a file is cut off"
        item.refresh_from_db()
        assert (item.status, item.attempts) == (ImportItem.Status.WAITING, 0)
        assert "The disk takes no more files. Nothing was changed" in item.errors[0]
        assert Article.objects.count() == 1
        assert Client().get(before.get_absolute_url()).status_code == 200
    batches.work()
    item.refresh_from_db()
    assert item.status == ImportItem.Status.IMPORTED
    assert {is_whole(Path(row.file.path)) for row in ArticleFile.objects.filter(article=item.article)} == {True}


def test_readers_copies_that_cannot_be_written_and_files_that_are_gone_are_said_in_a_page(
    settings: Any, tmp_path: Path
) -> None:
    article, reader = make_article(issue=make_issue()), make_user(name="Dan")
    make_right(reader, article)
    files = [
        NewFile(ArticleFile.Kind.PDF, "article.pdf", make_pdf(["First page"]), "application/pdf"),
        NewFile(ArticleFile.Kind.FIGURE, "f1-600.webp", b"RIFF", "image/webp", 600, 400),
    ]
    filing.add(article, files)
    Article.objects.filter(pk=article.pk).update(has_pdf=True)
    browser, place = signed_in(reader), article.get_absolute_url()
    settings.READER_COPIES = tmp_path / "no folder"
    settings.READER_COPIES.write_text("a file: whatever is made in it fails, as on a disk that takes nothing")
    answer = browser.get(f"{place}article.pdf", follow=True)
    assert answer.status_code == 503
    assert b"P1-" in answer.content
    assert browser.get(place).status_code == 200
    for row in article.files.all():
        Path(row.file.path).unlink()
    settings.READER_COPIES = tmp_path / "copies"
    assert browser.get(f"{place}article.pdf", follow=True).status_code == 404
    assert browser.get(f"{place}figures/f1-600.webp").status_code == 404
    assert browser.get(place).status_code == 200


def test_a_cover_that_is_gone_is_not_found_and_its_issue_is_there() -> None:
    issue = make_issue()
    make_article(issue=issue)
    Issue.objects.filter(pk=issue.pk).update(cover="covers/gone.png", cover_width=40, cover_height=60)
    assert Client().get(issue.get_absolute_url()).status_code == 200
    assert Client().get(f"{issue.get_absolute_url()}cover/").status_code == 404


def test_the_sweep_outlives_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from django.core.management import call_command
    from django.db import OperationalError

    rounds: list[float] = []

    def away() -> int:
        raise OperationalError("connection refused")

    def wait(seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("subscriptions.jobs.rescue", away)
    monkeypatch.setattr(sweep_jobs.time, "sleep", wait)
    monkeypatch.setattr(sweep_jobs, "close_old_connections", lambda: None)
    with pytest.raises(KeyboardInterrupt):
        call_command("sweep_jobs", every=30)
    assert rounds == [30, 30]
    assert "connection refused" in capsys.readouterr().err
