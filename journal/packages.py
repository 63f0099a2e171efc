"""Safe reading of what publishers send: one XML file, a zip (plain, MECA, SciELO), a tar.gz (PMC), or a folder.

Nothing is ever written to disk by a member's name. Sizes are counted while inflating, not believed; the article is
found by its root element, not by its file name.
"""

import gzip
import io
import re
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from lxml import etree

from journal.jats.links import stem
from journal.jats.tree import plain

MAX_MEMBERS = 2_000
MAX_TOTAL = 500 * 1024 * 1024
MAX_MEMBER = 200 * 1024 * 1024
MAX_RATIO = 200
#: Below this size the ratio says nothing: a page of blanks may shrink a thousandfold.
RATIO_FREE = 1024 * 1024
_JUNK = re.compile(r"(?:^|/)(?:__MACOSX/|\.DS_Store$|Thumbs\.db$|\._)")
_ARTICLE_ROOTS = frozenset({"article", "pmc-articleset", "OAI-PMH", "record", "metadata"})
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\x00", b"MM\x00*", b"BM")


class PackageError(Exception):
    """The package cannot be read. ``member`` is the file in it that is to blame, ``remedy`` what to do."""

    def __init__(self, message: str, member: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message, self.member, self.remedy = message, member, remedy

    def __str__(self) -> str:
        where = f"{self.member}: " if self.member else ""
        return f"{where}{self.message} {self.remedy}".strip()


@dataclass(frozen=True, slots=True)
class Package:
    """One article with its files. Names are paths within the package; ``images`` are raster pictures by content."""

    article_xml: bytes
    xml_name: str
    pdf: bytes | None = None
    pdf_name: str = ""
    images: dict[str, bytes] = field(default_factory=dict)
    others: dict[str, bytes] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class _Budget:
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


def read(source: bytes | Path, name: str = "") -> Package:
    """Read a package, an XML file or a folder. Raises `PackageError`."""
    if isinstance(source, Path):
        if source.is_dir():
            return _sorted_out(dict(_folder(source)), [])
        name = name or source.name
        source = _file(source)
    warnings: list[str] = []
    if source[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _sorted_out(dict(_zip(source, warnings)), warnings)
    if source[:2] == b"\x1f\x8b" or source[257:262] == b"ustar":
        return _sorted_out(dict(_tar(source, warnings)), warnings)
    return Package(source, _safe_name(name) or "article.xml")


def _file(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_TOTAL:
            raise PackageError(f"The file is larger than {MAX_TOTAL >> 20} MB.", path.name, "Send fewer files.")
        return path.read_bytes()
    except OSError as error:
        raise PackageError(f"The file cannot be read: {error.strerror or error}.", path.name) from error


def _folder(root: Path) -> Iterator[tuple[str, bytes]]:
    budget = _Budget()
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file() or _JUNK.search(path.relative_to(root).as_posix()):
            continue
        budget.member()
        with path.open("rb") as file:
            yield path.relative_to(root).as_posix(), budget.read(file, path.name, None)


def _safe_name(name: str) -> str:
    """The member's name if it stays inside the package and is fit to be shown, else ""."""
    if "\\" in name or "\x00" in name or re.match(r"[A-Za-z]:", name) or name.startswith(("/", "~")):
        return ""
    path = PurePosixPath(plain(name))
    return "" if ".." in path.parts or not path.name or len(str(path)) > 500 else str(path)


def _accepted(name: str, seen: set[str], warnings: list[str]) -> str:
    """The safe name of a member to read; "" for junk, and with a warning for a name that is refused."""
    if _JUNK.search(name):
        return ""
    safe = _safe_name(name)
    shown = "".join(letter if letter.isprintable() else "?" for letter in name[:100])
    if not safe:
        warnings.append(f'The file "{shown}" has a name that leads out of the package; it was refused.')
    elif safe.casefold() in seen:
        warnings.append(f'The file "{shown}" is in the package twice; the first is used.')
        return ""
    seen.add(safe.casefold())
    return safe


def _zip(data: bytes, warnings: list[str]) -> Iterator[tuple[str, bytes]]:
    budget, seen = _Budget(), set[str]()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                budget.member()
                if not info.is_dir() and (name := _accepted(info.filename, seen, warnings)):
                    yield from _zip_member(archive, info, name, budget, warnings)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError, RuntimeError) as error:
        raise PackageError(f"The zip file is damaged: {error}.", remedy="Pack and upload it again.") from error


def _zip_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, budget: _Budget, warnings: list[str]
) -> Iterator[tuple[str, bytes]]:
    if info.flag_bits & 0x1:
        raise PackageError("The file is encrypted.", name, "Pack it without a password.")
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

    def __init__(self, stream: io.BufferedIOBase, limit: int) -> None:
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


def _tar(data: bytes, warnings: list[str]) -> Iterator[tuple[str, bytes]]:
    """Members of a tar file in order, as a stream: what is skipped is counted as well."""
    budget, seen = _Budget(), set[str]()
    packed = data[:2] == b"\x1f\x8b"
    stream: io.BufferedIOBase = gzip.GzipFile(fileobj=io.BytesIO(data)) if packed else io.BytesIO(data)
    limit = min(MAX_TOTAL, max(RATIO_FREE, len(data) * MAX_RATIO)) if packed else MAX_TOTAL
    try:
        with tarfile.open(fileobj=io.BufferedReader(_Counted(stream, limit)), mode="r|") as archive:
            for member in archive:
                budget.member()
                if not member.isfile():
                    if not member.isdir():
                        warnings.append(f'"{plain(member.name)[:100]}" is a link or device; it was refused.')
                    continue
                name = _accepted(member.name, seen, warnings)
                file = archive.extractfile(member) if name else None
                if file is not None:
                    yield name, budget.read(file, name, None)
    except (tarfile.TarError, EOFError, OSError, ValueError, gzip.BadGzipFile) as error:
        raise PackageError(f"The tar file is damaged: {error}.", remedy="Pack and upload it again.") from error


def _sorted_out(members: dict[str, bytes], warnings: list[str]) -> Package:
    """Tell article, PDF, pictures and the rest apart by content."""
    xml_name = _article(members)
    pdf_name = _pdf(members, xml_name, warnings)
    images = {name: data for name, data in members.items() if is_picture(data)}
    taken = {xml_name, pdf_name, *images}
    return Package(
        article_xml=members[xml_name],
        xml_name=xml_name,
        pdf=members[pdf_name] if pdf_name else None,
        pdf_name=pdf_name,
        images=images,
        others={name: data for name, data in members.items() if name not in taken},
        warnings=tuple(warnings),
    )


def is_picture(data: bytes) -> bool:
    return data.startswith(_PICTURES) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def root_name(data: bytes) -> str:
    """Local name of an XML file's root element, "" if it is no XML. Only its beginning is read."""
    parser = etree.XMLPullParser(events=("start",), resolve_entities=False, no_network=True, load_dtd=False)
    try:
        parser.feed(data[:65536])
        for _event, el in parser.read_events():
            return str(el.tag).rpartition("}")[2]  # type: ignore[union-attr]
    except etree.XMLSyntaxError:
        return ""
    return ""


def _article(members: dict[str, bytes]) -> str:
    """The one member that is an article, by root element; of several, the one a MECA manifest names."""
    candidates = [name for name, data in members.items() if _looks_like_xml(data) and root_name(data) in _ARTICLE_ROOTS]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        return _unreadable(members)
    named = _named_by_manifest(members)
    chosen = [name for name in candidates if PurePosixPath(name).name in named]
    if len(chosen) == 1:
        return chosen[0]
    shown = ", ".join(candidates[:5])
    raise PackageError(f"The package holds {len(candidates)} articles: {shown}.", remedy="Send one article a package.")


def _unreadable(members: dict[str, bytes]) -> str:
    """A broken XML file is still the article: its own error says more than ours."""
    broken = [n for n, data in members.items() if n.lower().endswith((".xml", ".nxml")) and not root_name(data)]
    if len(broken) == 1:
        return broken[0]
    raise PackageError("The package holds no JATS article.", remedy="Add the article's XML (its root is <article>).")


def _looks_like_xml(data: bytes) -> bool:
    head = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<"))


def _named_by_manifest(members: dict[str, bytes]) -> set[str]:
    """File names of the items a MECA manifest calls the article's metadata or text."""
    named: set[str] = set()
    for name, data in members.items():
        if PurePosixPath(name).name.lower() == "manifest.xml" and len(data) < RATIO_FREE:
            try:
                root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
            except etree.XMLSyntaxError:
                continue
            for item in root.iter("{*}item"):
                if item.get("item-type", item.get("type", "")).lower() in (
                    "article-metadata",
                    "article",
                    "article-xml",
                ):
                    named |= {PurePosixPath(el.get("href", "")).name for el in item.iter("{*}instance")}
    return named - {""}


def _pdf(members: dict[str, bytes], xml_name: str, warnings: list[str]) -> str:
    """The article's PDF: named like the XML, else the only one. A file that calls itself a PDF must be one."""
    named = [name for name in members if name.lower().endswith(".pdf")]
    for name in named:
        check_pdf(members[name], name)
    like_xml = [name for name in named if stem(name) == PurePosixPath(xml_name).stem.lower()]
    if len(like_xml) == 1 or len(named) == 1:
        return (like_xml or named)[0]
    if named:
        warnings.append(f"None of the {len(named)} PDFs is named like the XML; none is used as the article's PDF.")
    return ""


def check_pdf(data: bytes, name: str) -> None:
    """Refuse what calls itself a PDF and does not begin as one."""
    if not data.startswith(b"%PDF-"):
        raise PackageError("The file is not a PDF, although its name says so.", name, "Export the PDF again.")
