"""A backup is worth what its restoring proves: exact, elsewhere, and honest about everything that is wrong with it."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import connection

from config.backup import fingerprint, restoring, writing
from config.backup.programs import BackupError
from config.embedded_postgres.server import EmbeddedServer
from journal import filing
from journal.filing import NewFile
from journal.models import ArticleFile
from subscriptions.models import Entitlement
from tests.make import make_article, make_issue, make_right, make_user

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site() -> Iterator[None]:
    """A buyer, an article with a file, and a cover; nothing that other tests have left."""
    forget_all_files()
    article = make_article(issue=make_issue(), title="On waiting herons")
    filing.add(article, [NewFile(ArticleFile.Kind.SUPPLEMENT, "data.csv", b"1,2,3\n", "text/csv")])
    storages["default"].save("covers/kept.png", ContentFile(b"a cover"))
    make_right(make_user("buyer@example.org", name="Buyer"), article)
    yield
    forget_all_files()


def forget_all_files() -> None:
    for name in writing.KEPT:
        shutil.rmtree(storages[name].path(""), ignore_errors=True)


@pytest.fixture
def empty_database(db: None) -> Iterator[str]:
    """Another database on the tests' server."""
    name = f"restored_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name}")
    told = connection.get_connection_params()
    yield f"postgresql://{told['user']}@/{name}?host={told['host']}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_backup_comes_back_elsewhere_row_for_row_file_for_file_and_its_pages_open(
    site: None, empty_database: str, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBUG", "0")  # as a site is run: there style sheets are looked for, and none are in a backup
    call_command("backup", str(tmp_path / "kept"))
    make_right(make_user(), make_article())  # after the backup: not in it
    call_command("restore_drill", str(tmp_path / "kept"), into=empty_database, files=tmp_path / "var")
    said = capsys.readouterr().out
    assert re.search(r"Exact\. Time to be back \(RTO\): [\d.]+ s", said)
    assert re.search(r"rights: 1 entitlement", said)
    assert re.search(r"visitor opens /doi/\S+: 200", said)
    assert re.search(r"reader opens /doi/\S+: 200", said)
    assert (tmp_path / "var/media/covers/kept.png").read_bytes() == b"a cover"
    assert [path.read_bytes() for path in (tmp_path / "var/articles").rglob("*.csv")] == [b"1,2,3\n"]
    # A right that is changed, one that is lost and a file that is gone would each have been told.
    (backup,) = (tmp_path / "kept").glob("firstpage-*")
    manifest = restoring.read(backup)
    for table, wrong in (("subscriptions_entitlement", [1, "5"]), ("accounts_user", [7, "0"])):
        manifest["tables"][table] = wrong
    next((tmp_path / "var/articles").rglob("*.csv")).unlink()
    found = restoring.look(empty_database, tmp_path / "var", manifest)
    assert found["missing_files"] == 1
    assert found["differences"] == [
        "Table accounts_user has 1 rows instead of 7.",
        "Table subscriptions_entitlement has as many rows, but what they say differs.",
    ]
    with pytest.raises(CommandError, match=r"has \d+ tables. Give it an empty one; nothing was changed"):
        call_command("restore_drill", str(backup), into=empty_database, files=tmp_path / "other")


def test_a_changed_right_changes_the_sum_and_its_number_does_not_tell(site: None) -> None:
    from django.db import transaction

    def of_rights() -> Any:
        with transaction.atomic():
            return fingerprint.tables()["subscriptions_entitlement"]

    before = of_rights()
    assert of_rights() == before
    Entitlement.objects.update(kind="complimentary")
    after = of_rights()
    assert (after[0], after[1] != before[1]) == (before[0], True)


def test_the_next_backup_links_what_it_knows_and_old_ones_can_be_let_go(site: None, tmp_path: Path) -> None:
    from datetime import timedelta

    from django.utils import timezone

    first = writing.write(tmp_path, now=timezone.now() - timedelta(days=1))
    call_command("backup", str(tmp_path), keep=1)
    assert not first.exists()
    (second,) = tmp_path.glob("firstpage-*")
    (data,) = second.rglob("*.csv")
    assert data.read_bytes() == b"1,2,3\n"
    restoring.read(second)
    with pytest.raises(BackupError, match="is there already"):
        writing.write(tmp_path, now=timezone.datetime.strptime(second.name[10:] + "+0000", "%Y%m%d-%H%M%S%z"))


def test_a_backup_that_is_cut_off_damaged_or_none_is_refused_with_the_name_of_the_file(
    site: None, tmp_path: Path
) -> None:
    backup = writing.write(tmp_path)
    dump = backup / writing.DUMP
    whole = dump.read_bytes()
    for damaged in (whole[:-100], whole[:-1] + bytes([whole[-1] ^ 1])):
        dump.write_bytes(damaged)
        with pytest.raises(CommandError, match=r"database\.dump is not what was written: it is cut off or damaged"):
            call_command("restore_drill", str(backup))
    dump.write_bytes(whole)
    next(backup.rglob("*.csv")).unlink()
    with pytest.raises(CommandError, match=r"data|\.csv is missing from the backup"):
        call_command("restore_drill", str(backup))
    (backup / writing.MANIFEST).write_text(json.dumps({"format": 99}))
    with pytest.raises(CommandError, match="written by another version"):
        call_command("restore_drill", str(backup))
    with pytest.raises(CommandError, match="is no whole backup"):
        call_command("restore_drill", str(tmp_path / "nothing"))


def test_a_full_disk_a_wrong_password_and_a_database_that_is_away_are_said_and_leave_nothing(
    site: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.operation.test_disk import full

    with full(tmp_path / "small"), pytest.raises(CommandError, match=r"(failed: .*|could not be written: .*)"):
        (tmp_path / "small" / "filler").write_bytes(bytes(60_000))
        call_command("backup", str(tmp_path / "small"))
    assert not [*(tmp_path / "small").glob("*firstpage*")]

    def wrong() -> Any:
        return "host=127.0.0.1 port=9 dbname=firstpage user=firstpage", {**os.environ, "PGPASSWORD": "wrong"}

    monkeypatch.setattr(writing, "place", wrong)
    with pytest.raises(CommandError, match=r"Dumping the database failed: .*connection.*refused"):
        call_command("backup", str(tmp_path / "b"))
    assert [*(tmp_path / "b").iterdir()] == []
    backup = tmp_path / "b" / "firstpage-x"
    backup.mkdir()
    with pytest.raises(BackupError, match="cannot be reached"):
        restoring.database(backup, "postgresql://x:secret@127.0.0.1:9/firstpage")


def test_the_password_is_in_no_command_line(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from config.backup import programs

    told = {**connection.get_connection_params(), "password": "hush", "host": "db.example.org"}
    monkeypatch.setattr(connection, "get_connection_params", lambda: told)
    conninfo, environment = programs.place()
    assert "hush" not in conninfo
    assert "host=db.example.org" in conninfo
    assert environment["PGPASSWORD"] == "hush"


def test_a_server_apart_is_made_started_crashed_and_started_again(tmp_path: Path) -> None:
    from psycopg import connect

    from config.embedded_postgres.apart import ServerApart, ServerApartError

    server = ServerApart(tmp_path / "pg")
    server.make()
    server.start()
    try:
        server.make_database()
        with connect(server.url) as there:
            there.execute("CREATE TABLE kept AS SELECT 1 AS one")
        server.stop("immediate")
        with pytest.raises(ServerApartError):
            server.make_database()
        server.start()
        with connect(server.url) as there:
            assert there.execute("SELECT one FROM kept").fetchone() == (1,)
    finally:
        server.stop("immediate")
    assert EmbeddedServer(tmp_path / "pg").data.is_dir()
