"""`manage.py restore_drill BACKUP`: restores elsewhere, compares every table and file, opens pages, says how long.

Without --into a PostgreSQL of its own is made and thrown away again. With --into DATABASE_URL --files FOLDER the backup
stays there: that is how a site is brought back for good.
"""

import shutil
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.backup import fingerprint, restoring, writing
from config.backup.programs import BackupError
from config.embedded_postgres.apart import ServerApart, ServerApartError


class Command(BaseCommand):
    help = "Restore a backup elsewhere and prove that it is whole. The site's own database and files are not touched."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", type=Path, help="a folder that manage.py backup wrote, or one that holds several")
        parser.add_argument("--into", metavar="DATABASE_URL", help="an empty database to restore into, and to keep")
        parser.add_argument("--files", type=Path, metavar="FOLDER", help="an empty folder for the files, to be VAR_DIR")

    def handle(self, *_args: Any, **options: Any) -> None:
        if bool(options["into"]) != bool(options["files"]):
            raise CommandError("--into and --files go together: the database and the files of the restored site.")
        scratch = Path(tempfile.mkdtemp(prefix="firstpage-restore-"))
        scratch.chmod(0o755)  # the server runs as another user when we are root
        server = None if options["into"] else ServerApart(scratch / "postgres")
        try:
            self._prove(_newest(options["backup"]), options["into"], options["files"] or scratch / "var", server)
        except (BackupError, ServerApartError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The backup could not be restored: {error.strerror or error}.") from error
        finally:
            if server and (scratch / "postgres/data/postmaster.pid").exists():
                server.stop("immediate")
            shutil.rmtree(scratch, ignore_errors=True)

    def _prove(self, backup: Path, url: str | None, var: Path, server: ServerApart | None) -> None:
        began = time.monotonic()
        manifest = restoring.read(backup)
        self._say(began, f"{backup.name}: every file is what was written ({len(manifest['files'])} files)")
        if server:
            server.make()
            server.start()
            server.make_database()
            url = server.url
        assert url  # noqa: S101  (given, or the server's)
        var.mkdir(parents=True, exist_ok=True)
        restoring.database(backup, url)
        restoring.files(backup, var)
        self._say(began, "restored")
        found = restoring.look(url, var, manifest)
        restored_in = time.monotonic() - began
        self._compare(manifest, found)
        self._say(
            began, f"Exact. Time to be back (RTO): {restored_in:.1f} s; lost (RPO): what came after {manifest['at']}"
        )

    def _compare(self, manifest: dict[str, Any], found: dict[str, Any]) -> None:
        tables = manifest["tables"]
        for title, names in (("rights", fingerprint.RIGHTS), ("money", fingerprint.MONEY)):
            rows = ", ".join(f"{tables[name][0]} {name.partition('_')[2]}" for name in names if name in tables)
            self.stdout.write(f"         {title}: {rows}")
        self.stdout.write(f"         {len(tables)} tables, {sum(rows for rows, _ in tables.values())} rows compared")
        for who, path, status, _ in found["pages"]:
            self.stdout.write(f"         {who} opens {path}: {status}")
        wrong = [
            *found["differences"],
            *(f"{who} at {path}: {status}" for who, path, status, ok in found["pages"] if not ok),
        ]
        if found["missing_files"]:
            wrong.append(f"{found['missing_files']} files that a row names are missing.")
        if wrong:
            raise BackupError("The restored site differs:\n" + "\n".join(wrong))

    def _say(self, began: float, words: str) -> None:
        self.stdout.write(f"{time.monotonic() - began:6.1f} s {words}")


def _newest(folder: Path) -> Path:
    if (folder / writing.MANIFEST).exists() or not folder.is_dir():
        return folder
    return max((path.parent for path in folder.glob(f"firstpage-*/{writing.MANIFEST}")), default=folder)
