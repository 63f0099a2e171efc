"""Files in S3 (a local one, over HTTP): imported, read, bought, swept and refused as if they lay on the disk."""

import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from config import storage
from config.environment import Environment
from journal import batches, filing
from journal.models import Article, ArticleFile, ArticleSource, ImportItem, Issue
from journal.versions import write_package
from tests.conftest import signed_in
from tests.journal.jats.build import DATE, DOI, TITLE, make_xml
from tests.journal.pdfs import make_pdf, page_texts
from tests.journal.test_importing import make_png
from tests.journal.test_packages import make_zip
from tests.make import make_journal, make_right

pytestmark = pytest.mark.django_db
BUCKET = "journal-files"
BODY = '<p>Every word is here.</p><fig id="f1"><caption><p>Herons</p></caption><graphic xlink:href="f1"/></fig>'
PACKAGE = make_zip(
    {
        "paper.xml": make_xml(BODY, meta=DOI + TITLE + DATE), "paper.pdf": make_pdf(["First page", "Second page"]),
        "f1.png": make_png(),
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The site's files in a bucket, by the site's own settings."""
    env = Environment()
    env.values = {
        "S3_BUCKET": BUCKET, "S3_ENDPOINT": endpoint, "S3_REGION": "us-east-1", "S3_ACCESS_KEY": "a",
        "S3_SECRET_KEY": "s",
    }  # fmt: skip
    settings.STORAGES = {**storage.storages(env, tmp_path), "staticfiles": settings.STORAGES["staticfiles"]}
    settings.READER_COPIES = tmp_path / "copies"
    for model, field, kind in (
        (ArticleFile, "file", "articles"), (ImportItem, "file", "imports"), (Issue, "cover", "default"),
    ):  # fmt: skip
        monkeypatch.setattr(model._meta.get_field(field), "storage", storages[kind])
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "s", "region_name": "us-east-1"}
    there = boto3.resource("s3", endpoint_url=endpoint, **keys).Bucket(BUCKET)
    there.create()
    yield there
    there.objects.all().delete()
    there.delete()


def in_it(bucket: Any) -> list[str]:
    return [one.key for one in bucket.objects.all()]


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_an_article_lives_in_s3_from_its_upload_to_a_readers_hands(
    bucket: Any, dan: User, django_capture_on_commit_callbacks: Any
) -> None:
    make_journal()
    (item,) = batches.start(None, [SimpleUploadedFile("paper.zip", PACKAGE)]).items.all()
    assert [key.split("/")[0] for key in in_it(bucket)] == ["imports"]
    with django_capture_on_commit_callbacks(execute=True):
        batches.work()
    item.refresh_from_db()
    assert item.status == ImportItem.Status.IMPORTED, item.errors
    article = Article.objects.get()
    Article.objects.update(status=Article.Status.PUBLISHED)
    assert {key.split("/")[0] for key in in_it(bucket)} == {"articles"}, "the upload is gone"
    make_right(dan, article)
    reader, place = signed_in(dan), article.get_absolute_url()
    figure = ArticleFile.objects.filter(kind=ArticleFile.Kind.FIGURE).first()
    assert figure
    answer = reader.get(f"{place}figures/{figure.name}")
    assert (answer.status_code, len(body(answer))) == (200, figure.size)
    part = reader.get(f"{place}figures/{figure.name}", headers={"range": "bytes=4-11"})
    assert (part.status_code, body(part)) == (206, b"".join([figure.file.open("rb").read()[4:12]]))
    for _ in range(2):  # fetched, then from the shelf
        copy = body(reader.get(f"{place}article.pdf", follow=True))
        assert "Licensed to Dan" in page_texts(copy)[0]
    assert Client().get(f"{place}article.pdf").status_code in (302, 403)
    package = io.BytesIO()
    write_package(ArticleSource.objects.get(), package)
    assert set(zipfile.ZipFile(package).namelist()) == {"paper.xml", "paper.pdf", "f1.png"}
    # The same again writes nothing new; what no row names is swept when it is old enough, and nothing else.
    before = in_it(bucket)
    filing.store(b"named by nobody", "x.csv")
    assert filing.sweep() == 0
    assert filing.sweep(timedelta(seconds=-5)) == 1
    assert in_it(bucket) == before
    for key in before:
        bucket.Object(key).delete()
    assert reader.get(f"{place}figures/{figure.name}").status_code == 404
    assert reader.get(place).status_code == 200


def test_uploads_that_nobody_waits_for_are_removed(bucket: Any) -> None:
    storages["imports"].save("7/lost.zip", SimpleUploadedFile("lost.zip", b"x"))
    assert batches.forget_lost_uploads() == 0
    assert batches.forget_lost_uploads(timedelta(seconds=-5)) == 1
    assert in_it(bucket) == []


def test_s3_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    env = Environment()
    env.values = {"S3_BUCKET": "x"}
    monkeypatch.setattr(storage, "find_spec", lambda _name: None)
    with pytest.raises(ImproperlyConfigured, match=r"bin/setup requirements-s3\.txt"):
        storage.storages(env, tmp_path)
