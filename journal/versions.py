"""The stored versions of an article: as packages that import again, and what changed from one to another."""

import io
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from django.utils import timezone

from journal import worker
from journal.jats.compare import Part
from journal.jats.markup import slug
from journal.models import ArticleFile, ArticleSource, private_files
from journal.packages import is_picture

#: What shrinks to less than this share looks like a bomb to an importer, also to ours.
SUSPICIOUS = 0.02


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a stored package: its path there, its name in the storage, bytes."""

    name: str
    file: str
    size: int


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that is ``added``, ``removed`` or ``changed``; a picture is shown from each version that has it."""

    kind: str
    name: str
    is_picture: bool


def xml_name(source: ArticleSource) -> str:
    return source.xml_name or "article.xml"


def members(source: ArticleSource) -> list[Member]:
    """Everything but the XML. Of versions from before packages were kept, what the article's files still hold."""
    if source.xml_name or source.members:
        return [Member(**member) for member in source.members]
    if source.version != source.article.version:
        return []
    kept = (ArticleFile.Kind.PDF, ArticleFile.Kind.ORIGINAL, ArticleFile.Kind.SUPPLEMENT)
    return [Member(row.name, str(row.file.name), row.size) for row in source.article.files.filter(kind__in=kept)]


def export_name(source: ArticleSource) -> str:
    """Of the package as a file: the DOI as far as it fits a file name, and the version."""
    return f"{slug(source.article.doi or '') or f'draft-{source.article_id}'}.v{source.version}.zip"


def write_package(source: ArticleSource, target: IO[bytes]) -> None:
    """The version as a zip: the XML as it came, the other files under their names. The same bytes each time."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        _add_xml(archive, source)
        for member in members(source):
            with (
                private_files().open(member.file, "rb") as stored,
                archive.open(_entry(member.name, source), "w", force_zip64=member.size > 2**31) as entry,
            ):
                for chunk in stored.chunks():
                    entry.write(chunk)


def _add_xml(archive: zipfile.ZipFile, source: ArticleSource) -> None:
    xml = bytes(source.xml)
    small = len(zlib.compress(xml)) < SUSPICIOUS * len(xml)
    archive.writestr(_entry(xml_name(source), source), xml, zipfile.ZIP_STORED if small else zipfile.ZIP_DEFLATED)


def _entry(name: str, source: ArticleSource) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, timezone.localtime(source.imported_at).timetuple()[:6])


def package(source: ArticleSource) -> IO[bytes]:
    """The same, on the disk until it is closed."""
    stream: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (the response closes it)
    try:
        write_package(source, stream)
    except BaseException:
        stream.close()
        raise
    stream.seek(io.SEEK_SET)
    return stream


def changes(older: ArticleSource, newer: ArticleSource) -> tuple[Part, ...]:
    """What the newer version says otherwise. Raises `worker.WorkerError` when it takes too long to find out."""
    found: tuple[Part, ...] = worker.call("compare", bytes(older.xml), bytes(newer.xml))
    return found


def file_changes(older: ArticleSource, newer: ArticleSource) -> Iterator[FileChange]:
    """By name in the package, in the alphabet's order; the same bytes under the same name are no change."""
    old = {member.name: member.file for member in members(older)}
    new = {member.name: member.file for member in members(newer)}
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            kind = "added" if name not in old else "removed" if name not in new else "changed"
            yield FileChange(kind, name, _is_picture(new.get(name) or old[name]))


def _is_picture(stored: str) -> bool:
    with private_files().open(stored, "rb") as file:
        return is_picture(file.read(16))


def picture(source: ArticleSource, name: str) -> Any:
    """A picture of a stored version as a page may show it, or None. Raises what `journal.pictures.encode` raises."""
    member = next((member for member in members(source) if member.name == name), None)
    if member is None:
        return None
    with private_files().open(member.file, "rb") as file:
        return worker.call("picture", file.read())[0]
