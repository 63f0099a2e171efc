"""What publishers send: one XML file, a zip (plain, MECA, SciELO), a tar.gz (PMC), or a folder.

The article is found by its root element, not by its file name. `journal.archives` opens the containers.
"""

import hashlib
import io
import itertools
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from lxml import etree

from journal.archives import MAX_TOTAL, RATIO_FREE, Budget, PackageError, folder, is_tar, is_zip, safe_name, tar, zipped
from journal.jats.links import stem

__all__ = ["Package", "PackageError", "check_pdf", "is_archive", "is_picture", "read", "root_name"]

ARCHIVES = (".zip", ".tar", ".tgz", ".gz")
_ARTICLE_ROOTS = frozenset({"article", "pmc-articleset", "OAI-PMH", "record", "metadata"})
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\x00", b"MM\x00*", b"BM")


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

    @property
    def members(self) -> dict[str, bytes]:
        """Everything but the article's XML, by its path in the package."""
        pdf = {} if self.pdf is None else {self.pdf_name: self.pdf}
        return {**self.images, **self.others, **pdf}

    def checksum(self) -> str:
        """SHA-256 of everything in the package, so that a new picture is a new version, too."""
        digest = hashlib.sha256(self.article_xml)
        for name, data in sorted(self.members.items()):
            digest.update(b"\0" + name.encode() + b"\0" + hashlib.sha256(data).digest())
        return digest.hexdigest()


def read(source: bytes | Path, name: str = "") -> Package:
    """Read a package, an XML file (with what lies beside it under its name) or a folder. Raises `PackageError`."""
    if isinstance(source, bytes):
        return _read(io.BytesIO(source), name)
    if source.is_dir():
        return _sorted_out(dict(folder(source)), [])
    try:
        with source.open("rb") as file:
            package = _read(file, name or source.name)
    except OSError as error:
        raise PackageError(f"The file cannot be read: {error.strerror or error}.", source.name) from error
    return package if is_archive(source) else _with_neighbors(package, source)


def is_archive(source: bytes | Path) -> bool:
    """Whether it has to be unpacked: a zip or tar file by its first bytes, or a folder."""
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                source = file.read(512)
        except OSError:  # a folder, or what `read` has words for
            return True
    return is_zip(source) or is_tar(source)


def _read(file: BinaryIO, name: str) -> Package:
    head, size = file.read(512), file.seek(0, io.SEEK_END)
    file.seek(0)
    if size > MAX_TOTAL:
        raise PackageError(f"The file is larger than {MAX_TOTAL >> 20} MB.", name, "Send fewer files.")
    warnings: list[str] = []
    if is_zip(head):
        return _sorted_out(dict(zipped(file, warnings)), warnings)
    if is_tar(head):
        return _sorted_out(dict(tar(file, size, warnings)), warnings)
    return Package(file.read(), safe_name(name) or "article.xml")


def _with_neighbors(package: Package, path: Path) -> Package:
    """An XML file's own PDF, pictures and supplements: files beside it whose names begin with its name (SciELO)."""
    budget, members = Budget(), {package.xml_name: package.article_xml}
    for name in _neighbors(path):
        neighbor = path.parent / name
        if neighbor.is_file() and not neighbor.is_symlink():
            budget.member()
            with neighbor.open("rb") as file:
                members[name] = budget.read(file, name, None)
    return package if len(members) == 1 else _sorted_out(members, [], package.xml_name)


def _neighbors(path: Path) -> list[str]:
    names = _listing(path.parent, path.parent.stat().st_mtime_ns)
    after = itertools.islice(names, bisect_left(names, path.stem), None)
    alike = itertools.takewhile(lambda name: name.startswith(path.stem), after)
    return [
        name
        for name in alike
        if not name[len(path.stem) :][:1].isalnum() and not name.lower().endswith((".xml", ".nxml", *ARCHIVES))
    ]


@lru_cache(maxsize=4)
def _listing(folder: Path, _changed: int) -> list[str]:
    """Names in a folder, sorted: asked for again for each of the ten thousand articles that may lie in it."""
    return sorted(entry.name for entry in folder.iterdir())


def _sorted_out(members: dict[str, bytes], warnings: list[str], xml_name: str = "") -> Package:
    """Tell article, PDF, pictures and the rest apart by content."""
    xml_name = xml_name or _article(members)
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
    in_manifest = [name for name in named if PurePosixPath(name).name in _named_by_manifest(members)]
    for chosen in (like_xml, in_manifest, named):
        if len(chosen) == 1:
            return chosen[0]
    if named:
        warnings.append(f"None of the {len(named)} PDFs is named like the XML; none is used as the article's PDF.")
    return ""


def check_pdf(data: bytes, name: str) -> None:
    """Refuse what calls itself a PDF and does not begin as one."""
    if not data.startswith(b"%PDF-"):
        raise PackageError("The file is not a PDF, although its name says so.", name, "Export the PDF again.")
