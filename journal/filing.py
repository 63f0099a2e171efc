"""Files of an article: their names and addresses, and how they get to their place without ever being half there."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.urls import reverse

from journal.jats import Image
from journal.jats.links import file_name, stem
from journal.jats.markup import slug
from journal.jats.survey import Survey
from journal.models import Article, ArticleFile, ArticleSource, private_files
from journal.packages import Package
from journal.pictures import Encoded
from journal.stored import remove_old

WEBP = "image/webp"
#: What a supplement may be called; anything else is served as bytes to be saved (jats 3.10).
CONTENT_TYPES = {
    ".csv": "text/csv", ".txt": "text/plain", ".pdf": "application/pdf", ".zip": "application/zip",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".tif": "image/tiff",
    ".tiff": "image/tiff", ".eps": "application/postscript", ".mp4": "video/mp4", ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
}  # fmt: skip
#: Pictures that are offered as they came and not shown.
DRAWINGS = (".eps", ".ps", ".svg", ".svgz", ".pdf", ".emf", ".wmf", ".avif")


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be kept, with what its row says. Sizes of pictures in pixels."""

    kind: ArticleFile.Kind
    name: str
    data: bytes
    content_type: str
    width: int | None = None
    height: int | None = None


def bases(graphics: Iterable[str]) -> dict[str, str]:
    """What each graphic's files are called: its name as fits an address, numbered where two come out alike."""
    found: dict[str, str] = {}
    for graphic in graphics:
        base = slug(graphic) or "picture"
        alike = sum(other == base or other.startswith(f"{base}-copy-") for other in found.values())
        found[graphic] = f"{base}-copy-{alike + 1}" if alike else base
    return found


def figure_files(base: str, original_name: str, original: bytes, encoded: Iterable[Encoded]) -> list[NewFile]:
    """The rows of one picture: its widths as WebP, and the file as it was supplied."""
    kind = ArticleFile.Kind
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


def _last(name: str) -> int:
    """Scans take long to open, and beside a JPEG a GIF is its thumbnail (PMC)."""
    suffix = PurePosixPath(name).suffix.lower()
    return 1 if suffix in (".tif", ".tiff") else 2 if suffix in (".gif", ".bmp") else 0


def matching(graphic: str, images: Mapping[str, bytes]) -> str:
    """The package's picture for a graphic: the same stem, else the only one that ends or begins like it; "" if none."""
    names = list(images)
    same = [name for name in names if stem(name) == graphic]
    alike = [
        name
        for name in names
        if stem(name).endswith(("-" + graphic, "_" + graphic)) or graphic.endswith(("-" + stem(name), "_" + stem(name)))
    ]
    if same:
        return min(same, key=lambda name: (_last(name), -len(images[name])))
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
    for graphic, base in bases(survey.graphics).items():
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


def store(data: bytes, name: str) -> tuple[str, str]:
    """(name in the storage, sha256). Content decides the name, so a file that is there need not be written.

    Nothing is taken back when an import fails: another may name the same content by then. `sweep` does it later.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    stored = f"{sha256[:2]}/{sha256}{PurePosixPath(name).suffix.lower()[:10]}"
    storage = private_files()
    if not isinstance(storage, FileSystemStorage):
        storage.save(stored, ContentFile(data))  # whole or not at all, and new again for `sweep`
        return stored, sha256
    path = Path(storage.path(stored))
    if path.exists() and path.stat().st_size == len(data):
        os.utime(path)  # wanted again: `sweep` leaves alone what is new
    else:
        _write(path, data)
    return stored, sha256


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


def add(article: Article, files: Iterable[NewFile]) -> None:
    """Store files and name them in rows of the article."""
    rows = []
    for file in files:
        stored, sha256 = store(file.data, file.name)
        rows.append(
            ArticleFile(
                article=article,
                kind=file.kind,
                name=file.name,
                file=stored,
                content_type=file.content_type,
                size=len(file.data),
                sha256=sha256,
                width=file.width,
                height=file.height,
            )
        )
    ArticleFile.objects.bulk_create(rows)


def sweep(age: timedelta = timedelta(days=1)) -> int:
    """Remove files that no article and no stored version names and nobody has asked for in this time; how many.

    They are left by versions that were replaced, by drafts that were deleted and by imports that failed.
    """
    return remove_old(private_files(), _named, age)


def _named() -> set[str]:
    """Every file that a row names: those of articles, and the packages of all their versions."""
    named = set(ArticleFile.objects.values_list("file", flat=True).iterator())
    for members in ArticleSource.objects.exclude(members=[]).values_list("members", flat=True).iterator():
        named.update(member["file"] for member in members)
    return named
