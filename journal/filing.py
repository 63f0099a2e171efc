"""Files of an article: their names and addresses, and how they get to their place without ever being half there."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.urls import reverse

from journal.jats import Image
from journal.jats.links import file_name, stem
from journal.jats.markup import slug
from journal.jats.survey import Survey
from journal.models import Article, ArticleFile, private_files
from journal.packages import Package
from journal.pictures import Encoded

WEBP = "image/webp"
#: What a supplement may be called; anything else is served as bytes to be saved (jats 3.10).
CONTENT_TYPES = {
    ".csv": "text/csv", ".txt": "text/plain", ".pdf": "application/pdf", ".zip": "application/zip",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".tif": "image/tiff",
    ".tiff": "image/tiff", ".mp4": "video/mp4", ".mov": "video/quicktime", ".mp3": "audio/mpeg",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be kept, with what its row says. Sizes of pictures in pixels."""

    kind: ArticleFile.Kind
    name: str
    data: bytes
    content_type: str
    width: int | None = None
    height: int | None = None


def figure_files(graphic: str, original_name: str, original: bytes, encoded: Iterable[Encoded]) -> list[NewFile]:
    """The rows of one picture: its widths as WebP, and the file as it was supplied."""
    kind = ArticleFile.Kind
    base = slug(graphic) or "picture"
    files = [NewFile(kind.FIGURE, f"{base}-{p.width}.webp", p.data, WEBP, p.width, p.height) for p in encoded]
    suffix = PurePosixPath(original_name).suffix.lower()
    content_type = CONTENT_TYPES.get(suffix, "application/octet-stream")
    return [*files, NewFile(kind.ORIGINAL, f"{base}{suffix}", original, content_type)]


def preview_files(pictures: Iterable[Encoded]) -> list[NewFile]:
    kind = ArticleFile.Kind.PREVIEW
    return [NewFile(kind, f"first-page-{p.width}.webp", p.data, WEBP, p.width, p.height) for p in pictures]


def supplement_files(package: Package, survey: Survey) -> list[NewFile]:
    """The package's files that the article names as supplements, under names that are safe in an address."""
    found: dict[str, NewFile] = {}
    for member, data in {**package.others, **package.images}.items():
        if file_name(member) in survey.files:
            name = supplement_name(member)
            content_type = CONTENT_TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
            found.setdefault(name, NewFile(ArticleFile.Kind.SUPPLEMENT, name, data, content_type))
    return list(found.values())


def supplement_name(member: str) -> str:
    path = PurePosixPath(file_name(member))
    return f"{slug(path.stem) or 'file'}{path.suffix if slug(path.suffix) == path.suffix[1:] else ''}"


def matching(graphic: str, images: Iterable[str]) -> str:
    """The package's picture for a graphic: the same stem, else the only one that ends or begins like it; "" if none."""
    names = list(images)
    same = [name for name in names if stem(name) == graphic]
    alike = [
        name
        for name in names
        if stem(name).endswith(("-" + graphic, "_" + graphic)) or graphic.endswith(("-" + stem(name), "_" + stem(name)))
    ]
    if same:
        return min(same, key=lambda name: name.lower().endswith((".tif", ".tiff")))
    return alike[0] if len(alike) == 1 else ""


def addresses(article: Article, survey: Survey) -> tuple[dict[str, Image], dict[str, str]]:
    """(pictures by graphic, addresses of supplements by name) of an article with its files stored."""
    rows = list(article.files.exclude(kind__in=[ArticleFile.Kind.PDF, ArticleFile.Kind.PREVIEW]))
    files = [
        NewFile(ArticleFile.Kind(row.kind), row.name, b"", row.content_type, row.width, row.height) for row in rows
    ]
    return addresses_of(doi_in_addresses(article), files, survey)


def doi_in_addresses(article: Article) -> str:
    """The article's DOI, or what stands for it in the addresses of a draft's files (see `journal.admin.preview`)."""
    return article.doi or f"10.0000/draft-{article.pk}"


def addresses_of(doi: str, files: Iterable[NewFile], survey: Survey) -> tuple[dict[str, Image], dict[str, str]]:
    """The same for files that are about to be stored."""
    files = list(files)
    images = {}
    for graphic in survey.graphics:
        base = slug(graphic) or "picture"
        widths = [f for f in files if f.kind == ArticleFile.Kind.FIGURE and f.name == f"{base}-{f.width}.webp"]
        if widths:
            images[graphic] = _image(doi, sorted(widths, key=lambda file: file.width or 0))
    supplements = {file.name: file for file in files if file.kind == ArticleFile.Kind.SUPPLEMENT}
    named = {
        name: reverse("journal:supplement", args=[doi, supplement_name(name)])
        for name in survey.files
        if supplement_name(name) in supplements
    }
    return images, named


def _image(doi: str, widths: list[NewFile]) -> Image:
    urls = [reverse("journal:figure", args=[doi, file.name]) for file in widths]
    small = widths[0]
    srcset = (
        ", ".join(f"{url} {file.width}w" for url, file in zip(urls, widths, strict=True)) if len(widths) > 1 else ""
    )
    return Image(urls[0], small.width or 0, small.height or 0, urls[-1], srcset)


class Filing:
    """Writes files of one import to their hashed names. `undo` removes what this import has written."""

    def __init__(self) -> None:
        self.written: list[Path] = []

    def store(self, data: bytes, name: str) -> tuple[str, str]:
        """(name in the storage, sha256). Content decides the name, so a file that is there need not be written."""
        sha256 = hashlib.sha256(data).hexdigest()
        stored = f"{sha256[:2]}/{sha256}{PurePosixPath(name).suffix.lower()[:10]}"
        path = Path(private_files().path(stored))
        if not path.exists() or path.stat().st_size != len(data):
            _write(path, data)
            self.written.append(path)
        return stored, sha256

    def undo(self) -> None:
        for path in self.written:
            with contextlib.suppress(OSError):
                path.unlink()


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: written beside its place, flushed to the disk, then moved there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o640)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def forget_unused(stored: Iterable[str]) -> None:
    """Remove files no article names any more."""
    for name in set(stored):
        if not ArticleFile.objects.filter(file=name).exists():
            private_files().delete(name)
