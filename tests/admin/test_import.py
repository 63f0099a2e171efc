"""Uploading articles: they are kept, imported by a job, and a page says what is wrong with each, and where."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.storage import FileSystemStorage, storages
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from journal import batches, importing, tasks
from journal.admin import importing as upload_page
from journal.models import Article, ArticleSource, ImportBatch, ImportItem
from tests.admin.said import text_of
from tests.journal.jats.build import DATE, DOI, make_xml
from tests.journal.test_packages import make_zip
from tests.make import make_journal

pytestmark = pytest.mark.django_db
PAGE = "/admin/journal/article/import/"
BODY = "<sec><title>Start</title><p>The first words of an article are for everybody to read and to judge.</p></sec>"


def upload(client: Client, **files: bytes) -> Any:
    """The page that follows; nothing is imported yet."""
    uploads = [SimpleUploadedFile(name.replace("_", "."), data) for name, data in files.items()]
    return client.post(PAGE, {"uploads": uploads}, follow=True)


def imported(client: Client, **files: bytes) -> tuple[Any, dict[str, str]]:
    """The batch's page when the job is done, and what became of each file."""
    upload(client, **files)
    batches.work()
    page = client.get(f"/admin/journal/importbatch/{ImportBatch.objects.latest('pk').pk}/change/")
    return page, {item.name: item.status for item in page.context["items"]}


def waiting_files() -> list[Path]:
    root = Path(storages["imports"].path(""))
    return [path for path in root.rglob("*") if path.is_file()]


def test_the_import_button_leads_to_the_page(edith: Client) -> None:
    assert f'href="{PAGE}"' in edith.get("/admin/journal/article/").content.decode()
    assert edith.get("/admin/journal/article/add/")["Location"] == PAGE
    assert edith.get(PAGE).status_code == 200


def test_what_is_uploaded_waits_for_a_job_and_the_page_looks_again_until_it_is_done(edith: Client) -> None:
    make_journal()
    page = upload(edith, paper_xml=make_xml(BODY))
    assert "0 of 1 file done" in text_of(page)
    assert 'data-look-again="2"' in page.content.decode()
    assert '<noscript><meta http-equiv="refresh"' in page.content.decode()
    assert not Article.objects.exists()
    job = ProcrastinateJob.objects.get(task_name="journal.import_waiting")
    assert job.priority < 0  # a reader's payment goes first
    tasks.import_waiting()
    done = edith.get(page.request["PATH_INFO"])
    assert "1 of 1 file done" in text_of(done)
    assert "look-again" not in done.content.decode()
    assert "/preview/?as=reader" in done.content.decode()


def test_an_xml_and_a_zip_come_in_together_and_a_hostile_file_is_told_apart(edith: Client) -> None:
    make_journal()
    bomb = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<article>&x;</article>'
    other = make_zip({"x.xml": make_xml(BODY, meta=DOI.replace("sample.1", "sample.2") + DATE)})
    files = {"paper_xml": make_xml(BODY), "bad_xml": b"<article>\n<oops", "bomb_xml": bomb, "other_zip": other}
    page, became = imported(edith, **files)
    assert (became["paper.xml"], became["other.zip"], became["bad.xml"]) == ("imported", "draft", "rejected")
    assert became["bomb.xml"] in ("draft", "rejected")  # an entity is never opened; what is left is no article
    said = text_of(page)
    assert "line 2" in said
    assert "root:" not in said
    paper = Article.objects.get(doi="10.5555/sample.1")
    entry = LogEntry.objects.get(object_id=str(paper.pk))
    assert (entry.get_change_message(), entry.user.email) == (
        "Imported from paper.xml: imported.",
        "edith@example.org",
    )


def test_the_same_file_again_changes_nothing_and_logs_nothing(edith: Client) -> None:
    make_journal()
    imported(edith, paper_xml=make_xml(BODY))
    assert imported(edith, paper_xml=make_xml(BODY))[1] == {"paper.xml": "unchanged"}
    assert LogEntry.objects.count() == 1


def test_nothing_of_an_upload_is_left_once_it_is_imported_or_rejected(edith: Client, monkeypatch: Any) -> None:
    before = waiting_files()
    make_journal()
    upload(edith, paper_xml=make_xml(BODY), bad_xml=b"<article>\n<oops")
    assert len(waiting_files()) == len(before) + 2
    monkeypatch.setattr("journal.batches.transaction.on_commit", lambda act: act())
    batches.work()
    assert waiting_files() == before


def test_a_large_upload_is_moved_from_where_it_was_streamed_to_and_not_copied() -> None:
    large = TemporaryUploadedFile("big.zip", "application/zip", 3, None)
    large.write(b"abc")
    large.seek(0)
    inode = Path(large.temporary_file_path()).stat().st_ino
    item = batches.start(None, [large]).items.get()
    assert Path(item.file.path).stat().st_ino == inode
    large.close()


def test_an_import_that_was_killed_goes_on_with_the_same_file_and_repeats_nothing(edith: Client) -> None:
    make_journal()
    upload(edith, a_xml=make_xml(BODY), b_xml=make_xml(BODY, meta=DOI.replace("sample.1", "sample.2") + DATE))
    ImportItem.objects.filter(name="a.xml").update(status="working", attempts=1)  # as a killed process leaves it
    tasks.sweep_imports(0)
    assert list(ImportItem.objects.values_list("status", "attempts")) == [("imported", 2), ("draft", 1)]
    assert ArticleSource.objects.count() == 2


def test_the_result_is_written_with_the_article_or_not_at_all(edith: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_journal()
    upload(edith, paper_xml=make_xml(BODY))
    monkeypatch.setattr("journal.batches._finish", lambda _item: 1 / 0)
    batches._import(ImportItem.objects.get())
    item = ImportItem.objects.get()
    assert (item.status, item.article_id, Article.objects.count()) == ("waiting", None, 0)
    assert "ZeroDivisionError" in item.errors[0]


def test_a_file_that_ends_the_program_each_time_is_given_up_and_the_others_come_in(edith: Client) -> None:
    make_journal()
    upload(edith, bad_xml=make_xml(BODY), good_xml=make_xml(BODY, meta=DOI.replace("sample.1", "sample.2") + DATE))
    ImportItem.objects.filter(name="bad.xml").update(status="working", attempts=batches.MOST_ATTEMPTS)
    batches.work()
    bad, good = ImportItem.objects.all()
    assert (bad.status, good.status) == ("rejected", "draft")
    assert "3 attempts; nothing was changed" in bad.errors[0]


def test_a_database_that_goes_away_leaves_the_file_for_the_next_minute(edith: Client, monkeypatch: Any) -> None:
    make_journal()
    upload(edith, paper_xml=make_xml(BODY))

    def gone(*_: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(importing, "_store", gone)
    with pytest.raises(OperationalError):
        batches.work()
    monkeypatch.undo()
    tasks.sweep_imports(0)
    assert ImportItem.objects.get().status == "imported"


def test_a_job_gives_way_after_its_time_and_is_queued_again(edith: Client, monkeypatch: Any) -> None:
    make_journal()
    upload(edith, a_xml=make_xml(BODY), b_xml=make_xml(BODY, meta=DOI.replace("sample.1", "sample.2") + DATE))
    queued = ProcrastinateJob.objects.filter(task_name="journal.import_waiting")
    before = queued.count()
    monkeypatch.setattr(batches, "SECONDS", 0)
    tasks.import_waiting()
    assert ImportItem.objects.filter(status="waiting").count() == 1
    assert queued.count() == before + 1


def test_when_no_worker_runs_the_page_says_so(edith: Client) -> None:
    page = upload(edith, paper_xml=make_xml(BODY))
    assert "Nobody has taken this up yet" not in text_of(page)
    ImportBatch.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert "Nobody has taken this up yet" in text_of(edith.get(page.request["PATH_INFO"]))


def test_no_file_and_an_empty_file_are_said(edith: Client) -> None:
    assert "Choose at least one XML file or package." in text_of(edith.post(PAGE))
    assert "One of these files is empty." in text_of(upload(edith, empty_xml=b""))


def test_too_large_a_file_is_refused_before_anything_is_imported(edith: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(upload_page, "MOST_BYTES", 1000)
    answer = upload(edith, paper_xml=make_xml(BODY) + b" " * 1000)
    assert "is the most, and nothing was imported" in text_of(answer)
    assert not ImportBatch.objects.exists()


def test_importing_needs_the_role_editor(sam: Client, bea: Client, edith: Client) -> None:
    page = upload(edith, paper_xml=make_xml(BODY)).request["PATH_INFO"]
    for client in (sam, bea):
        assert client.get(PAGE).status_code == 403
        assert upload(client, paper_xml=make_xml(BODY)).status_code == 403
        assert client.get(page).status_code == 403
    assert ImportBatch.objects.count() == 1


def test_a_disk_that_takes_no_upload_is_said_and_what_it_took_is_swept(edith: Client, monkeypatch: Any) -> None:
    really, calls = FileSystemStorage._save, []

    def full(storage: FileSystemStorage, name: str, content: Any) -> str:
        calls.append(name)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return really(storage, name, content)

    monkeypatch.setattr(FileSystemStorage, "_save", full)
    before = waiting_files()
    answer = upload(edith, a_xml=make_xml(BODY), b_xml=make_xml(BODY))
    assert "could not store the files (No space left on device). Nothing was imported." in text_of(answer)
    assert not ImportBatch.objects.exists()
    assert not ProcrastinateJob.objects.exists()
    batches.forget_lost_uploads(timedelta(minutes=-1))
    assert set(waiting_files()) <= set(before)


def test_uploads_that_wait_are_not_swept(edith: Client) -> None:
    upload(edith, paper_xml=make_xml(BODY))
    batches.forget_lost_uploads(timedelta(minutes=-1))
    assert Path(ImportItem.objects.get().file.path).exists()


def test_the_report_of_an_import_is_forgotten_after_three_months_and_the_article_stays(edith: Client) -> None:
    make_journal()
    imported(edith, paper_xml=make_xml(BODY))
    upload(edith, waiting_xml=make_xml("<p>Still to come.</p>"))
    ended, waits = ImportBatch.objects.order_by("pk")
    ImportBatch.objects.update(created_at=timezone.now() - timedelta(days=89))
    assert batches.forget_old() == 0
    ImportBatch.objects.update(created_at=timezone.now() - timedelta(days=91))
    assert batches.forget_old() == 1
    assert list(ImportBatch.objects.all()) == [waits], "what waits is not forgotten"
    assert Article.objects.count() == ArticleSource.objects.count() == 1
    assert not ImportItem.objects.filter(batch=ended.pk).exists()
