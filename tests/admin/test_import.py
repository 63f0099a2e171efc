"""The upload page: a line for each file, with what is wrong with it and where."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from journal.admin import importing
from journal.models import Article
from tests.admin.said import text_of
from tests.journal.jats.build import make_xml
from tests.journal.test_packages import make_zip
from tests.make import make_journal

pytestmark = pytest.mark.django_db
PAGE = "/admin/journal/article/import/"
BODY = "<sec><title>Start</title><p>The first words of an article are for everybody to read and to judge.</p></sec>"


def upload(client: Client, **files: bytes) -> Any:
    uploads = [SimpleUploadedFile(name.replace("_", "."), data) for name, data in files.items()]
    return client.post(PAGE, {"uploads": uploads})


def test_the_import_button_leads_to_the_page(edith: Client) -> None:
    assert f'href="{PAGE}"' in edith.get("/admin/journal/article/").content.decode()
    assert edith.get("/admin/journal/article/add/")["Location"] == PAGE
    assert edith.get(PAGE).status_code == 200


def test_an_xml_and_a_zip_come_in_together_and_a_hostile_file_is_told_apart(edith: Client) -> None:
    make_journal()
    bomb = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<article>&x;</article>'
    answer = upload(edith, paper_xml=make_xml(BODY), bad_xml=b"<article>\n<oops", bomb_xml=bomb)
    rows = {result["record"].source: result["record"].status for result in answer.context["results"]}
    assert (rows["paper.xml"], rows["bad.xml"]) == ("imported", "rejected")
    assert rows["bomb.xml"] in ("draft", "rejected")  # an entity is never opened; what is left is no article
    said = text_of(answer)
    assert "line 2" in said
    assert "root:" not in said
    paper = Article.objects.get(doi="10.5555/sample.1")
    entry = LogEntry.objects.get(object_id=str(paper.pk))
    assert entry.get_change_message() == "Imported from paper.xml: imported."


def test_a_package_comes_in(edith: Client) -> None:
    make_journal()
    answer = upload(edith, package_zip=make_zip({"paper.xml": make_xml(BODY)}))
    assert answer.context["results"][0]["record"].status == "imported"


def test_the_same_file_again_changes_nothing_and_logs_nothing(edith: Client) -> None:
    make_journal()
    upload(edith, paper_xml=make_xml(BODY))
    answer = upload(edith, paper_xml=make_xml(BODY))
    assert answer.context["results"][0]["record"].status == "unchanged"
    assert LogEntry.objects.count() == 1


def test_no_file_and_an_empty_file_are_said(edith: Client) -> None:
    assert "Choose at least one XML or zip file." in text_of(edith.post(PAGE))
    assert "One of these files is empty." in text_of(upload(edith, empty_xml=b""))


def test_too_much_at_once_is_refused_before_anything_is_imported(edith: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(importing, "MOST_BYTES", 1000)
    make_journal()
    answer = upload(edith, paper_xml=make_xml(BODY) + b" " * 1000)
    assert "50 MB at a time is the most, and nothing was imported" in text_of(answer)
    assert not Article.objects.exists()


def test_importing_needs_the_role_editor(sam: Client, bea: Client) -> None:
    for client in (sam, bea):
        assert client.get(PAGE).status_code == 403
        assert upload(client, paper_xml=make_xml(BODY)).status_code == 403
    assert not Article.objects.exists()
