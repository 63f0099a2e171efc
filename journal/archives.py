"""Safe reading of zip files, tar files and folders of strangers.

Nothing is ever written to disk by a member's name. Sizes are counted while inflating, not believed.
"""

import gzip
import io
import re
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO

from journal.jats.tree import plain

MAX_MEMBERS = 2_000
MAX_TOTAL = 500 * 1024 * 1024
MAX_MEMBER = 200 * 1024 * 1024
MAX_RATIO = 200
#: Below this size the ratio says nothing: a page of blanks may shrink a thousandfold.
RATIO_FREE = 1024 * 1024
_JUNK = re.compile(r"(?:^|/)(?:__MACOSX/|\.DS_Store$|Thumbs\.db$|\._)")


class PackageError(Exception):
    """The package cannot be read. ``member`` is the file in it that is to blame, ``remedy`` what to do."""

    def __init__(self, message: str, member: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message, self.member, self.remedy = message, member, remedy

    def __str__(self) -> str:
        where = f"{self.member}: " if self.member else ""
        return f"{where}{self.message} {self.remedy}".strip()


@dataclass(slots=True)
class Budget:
    """What may still be read. Raises `PackageError` when it is used up."""

    members: int = MAX_MEMBERS
    total: int = MAX_TOTAL

    def member(self) -> None:
        self.members -= 1
        if self.members < 0:
            raise PackageError(
                f"The package holds more than {MAX_MEMBERS} files.", remedy="Send one article a package."
            )

    def read(self, file: IO[bytes], member: str, compressed: int | None) -> bytes:
        """All bytes of an open member, refused as soon as they exceed a limit."""
        limit = min(MAX_MEMBER, self.total)
        if compressed is not None:
            limit = min(limit, max(RATIO_FREE, compressed * MAX_RATIO))
        data = file.read(limit + 1)
        if len(data) > limit:
            raise PackageError(
                "The file unpacks to more than a package may hold.", member, "Leave it out, or send it apart."
            )
        self.total -= len(data)
        return data


def is_zip(head: bytes) -> bool:
    return head[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def is_tar(head: bytes) -> bool:
    return head[:2] == b"\x1f\x8b" or head[257:262] == b"ustar"


def folder(root: Path) -> Iterator[tuple[str, bytes]]:
    budget = Budget()
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file() or _JUNK.search(path.relative_to(root).as_posix()):
            continue
        budget.member()
        with path.open("rb") as file:
            yield path.relative_to(root).as_posix(), budget.read(file, path.name, None)


def safe_name(name: str) -> str:
    """The member's name if it stays inside the package and is fit to be shown, else ""."""
    if "\\" in name or "\x00" in name or re.match(r"[A-Za-z]:", name) or name.startswith(("/", "~")):
        return ""
    path = PurePosixPath(plain(name))
    return "" if ".." in path.parts or not path.name or len(str(path)) > 500 else str(path)


def _accepted(name: str, seen: set[str], warnings: list[str]) -> str:
    """The safe name of a member to read; "" for junk, and with a warning for a name that is refused."""
    if _JUNK.search(name):
        return ""
    safe = safe_name(name)
    shown = "".join(letter if letter.isprintable() else "?" for letter in name[:100])
    if not safe:
        warnings.append(f'The file "{shown}" has a name that leads out of the package; it was refused.')
    elif safe.casefold() in seen:
        warnings.append(f'The file "{shown}" is in the package twice; the first is used.')
        return ""
    seen.add(safe.casefold())
    return safe


def zipped(file: BinaryIO, warnings: list[str]) -> Iterator[tuple[str, bytes]]:
    budget, seen = Budget(), set[str]()
    try:
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                budget.member()
                if not info.is_dir() and (name := _accepted(info.filename, seen, warnings)):
                    yield from _zip_member(archive, info, name, budget, warnings)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError, RuntimeError) as error:
        raise PackageError(f"The zip file is damaged: {error}.", remedy="Pack and upload it again.") from error


def _zip_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, budget: Budget, warnings: list[str]
) -> Iterator[tuple[str, bytes]]:
    if info.flag_bits & 0x1:
        raise PackageError("The file is encrypted.", name, "Pack it without a password.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others may ask for gigabytes at once
        raise PackageError("The file is packed in an unusual way.", name, "Pack it as an ordinary zip file.")
    mode = info.external_attr >> 16
    if mode and not (stat.S_ISREG(mode) or stat.S_IFMT(mode) == 0):
        warnings.append(f'"{name}" is not a plain file; it was refused.')
        return
    if info.file_size > max(RATIO_FREE, info.compress_size * MAX_RATIO):
        raise PackageError("The file unpacks to more than a package may hold.", name, "Leave it out, or send it apart.")
    with archive.open(info) as file:
        yield name, budget.read(file, name, info.compress_size)


class _Counted(io.RawIOBase):
    """A stream that refuses to give more than a tar file of its compressed size may hold."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self.stream, self.left = stream, limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self.stream.read(len(buffer))
        self.left -= len(data)
        if self.left < 0:
            raise PackageError(
                "The archive unpacks to more than a package may hold.", remedy="Send one article a package."
            )
        buffer[: len(data)] = data
        return len(data)


def tar(file: BinaryIO, size: int, warnings: list[str]) -> Iterator[tuple[str, bytes]]:
    """Members of a tar file of so many bytes in order, as a stream: what is skipped is counted as well."""
    budget, seen = Budget(), set[str]()
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    stream: Any = gzip.GzipFile(fileobj=file) if packed else file
    limit = min(MAX_TOTAL, max(RATIO_FREE, size * MAX_RATIO)) if packed else MAX_TOTAL
    try:
        with tarfile.open(fileobj=io.BufferedReader(_Counted(stream, limit)), mode="r|") as archive:
            for member in archive:
                budget.member()
                if not member.isfile():
                    if not member.isdir():
                        warnings.append(f'"{plain(member.name)[:100]}" is a link or device; it was refused.')
                    continue
                name = _accepted(member.name, seen, warnings)
                content = archive.extractfile(member) if name else None
                if content is not None:
                    yield name, budget.read(content, name, None)
    except (tarfile.TarError, EOFError, OSError, ValueError, gzip.BadGzipFile) as error:
        raise PackageError(f"The tar file is damaged: {error}.", remedy="Pack and upload it again.") from error
