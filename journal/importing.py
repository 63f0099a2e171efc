"""One file or package in, one article out: new, a new version, unchanged, a draft with errors, or rejected.

Everything of a stranger's file is opened in the worker. Then one transaction writes all rows, and the files before it
ends; whatever fails on the way leaves the article as it was.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection, transaction

from journal import filing, packages, pages, rows, worker
from journal.filing import NewFile
from journal.jats import ArticleDoc, JatsError
from journal.jats.remedies import in_words
from journal.jats.render import VERSION
from journal.jats.survey import Survey
from journal.locks import wait_for_others
from journal.models import Article, ArticleFile, ArticleSource
from journal.notices import banners
from journal.packages import Package, PackageError
from journal.pdf import PdfError
from journal.pictures import PictureError
from journal.placing import place
from journal.preview import FirstPage
from journal.typesetting import job

STATUSES = ("imported", "updated", "unchanged", "draft", "rejected")
#: What a new version writes into the article's row; what staff decide there is not touched.
COLUMNS = (*pages.FROM_JATS, "doi", "has_pdf", "pdf_pages", "version", "source_sha256", "updated_at")


@dataclass(slots=True)
class ImportRecord:
    """What became of one input. ``errors`` and ``warnings`` are sentences; those about the XML name their line."""

    source: str
    doi: str = ""
    status: str = "rejected"
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    article_id: int | None = None

    def as_data(self) -> dict[str, object]:
        return {
            "source": self.source,
            "doi": self.doi,
            "status": self.status,
            "warnings": self.warnings,
            "errors": self.errors,
        }


Settle = Callable[[ImportRecord], None]


@dataclass(slots=True)
class _Opened:
    """A package with everything of it that had to be opened. ``doc`` is there already when it came without files."""

    package: Package
    sha256: str
    survey: Survey
    doc: ArticleDoc | None = None
    files: list[NewFile] = field(default_factory=list)
    first_page: FirstPage | None = None


def import_source(
    source: bytes | Path,
    name: str = "",
    settle: Settle = lambda _record: None,
    wait: Callable[[frozenset[str]], None] = lambda _dois: None,
) -> ImportRecord:
    """Import one JATS file, package or folder. Never raises for what is wrong with it: the record says it.

    `settle` is called once with the final record, in the transaction of the article's rows when there are any: what
    it writes stands if and only if they do. `wait` is called before that transaction, when all is opened and read, with
    the DOIs of the articles that it has to do with, none when that cannot be said.
    """
    record = ImportRecord(name or (source.name if isinstance(source, Path) else "unnamed"))
    try:
        package = _unpacked(source, name)
        record.warnings += package.warnings
        sha256 = package.checksum()
        if _is_current(sha256, record):
            settle(record)
            return record
        opened = _open(package, sha256, record)
        wait(_concerned(opened))
        with transaction.atomic():
            _store(opened, record)
            settle(record)
    except (PackageError, JatsError, worker.WorkerError) as refusal:
        record.status, record.article_id = "rejected", None
        record.errors.append(_in_words(refusal, record.source))
        settle(record)
    return record


def _concerned(opened: _Opened) -> frozenset[str]:
    """The DOIs of the article and of those it says something about; none when there may be more, or it has none.

    A new version may be of an article that is published: then the pages around it are made anew, whatever they are.
    """
    doc = opened.doc
    if doc is None or not doc.metadata.doi:
        return frozenset()
    related = {other.doi.lower() for other in doc.metadata.related_articles}
    if related and ("" in related or Article.objects.by_doi(doc.metadata.doi).exists()):
        return frozenset()
    return frozenset({doc.metadata.doi.lower(), *related})


def _in_words(refusal: Exception, source: str) -> str:
    if isinstance(refusal, worker.WorkerError):
        return f"{source} could not be read. {refusal} Check that the file is whole, and split what is very large."
    return str(refusal)


def _unpacked(source: bytes | Path, name: str) -> Package:
    """Archives are opened in the worker; of a single file only its bytes are read here."""
    if packages.is_archive(source):
        package: Package = worker.call("package", source, name)
        return package
    return packages.read(source, name)


def _is_current(sha256: str, record: ImportRecord) -> bool:
    """Whether exactly this is some article's current version: then there is nothing to open."""
    with connection.cursor() as cursor:
        cursor.execute(_CURRENT, [sha256])
        found = cursor.fetchone()
    if found is None:
        return False
    record.status, record.article_id, record.doi = "unchanged", found[0], found[1] or ""
    return True


_CURRENT = "SELECT id, doi FROM journal_article WHERE source_sha256 = %s LIMIT 1"
#: Written out, as what every import asks: Django takes longer to put it together than PostgreSQL to answer.
_KNOWN = """
SELECT id FROM journal_article
WHERE doi_key = %(doi)s OR doi_key IS NULL AND status = 'draft' AND (source_sha256 = %(sha256)s
    OR title = %(title)s AND id IN (SELECT article_id FROM journal_articlesource WHERE name = %(name)s))
ORDER BY doi_key NULLS LAST, id LIMIT 1
"""


def _open(package: Package, sha256: str, record: ImportRecord) -> _Opened:
    """Survey the XML, decode the pictures and open the PDF, in the worker. Raises `PackageError`."""
    if not package.members:
        survey, doc = worker.call("article", package.article_xml)
        record.doi = survey.doi
        return _Opened(package, sha256, survey, doc)
    survey = worker.call("survey", package.article_xml)
    record.doi = survey.doi
    opened = _Opened(package, sha256, survey, files=_figures(package, survey, record))
    opened.files += filing.supplement_files(package, survey)
    if package.pdf is not None:
        opened.first_page = _first_page(package)
        opened.files.append(NewFile(ArticleFile.Kind.PDF, "article.pdf", package.pdf, "application/pdf"))
        opened.files += filing.preview_files(opened.first_page.pictures)
    return opened


def _figures(package: Package, survey: Survey, record: ImportRecord) -> list[NewFile]:
    """The files of all pictures, each name once."""
    files: dict[str, NewFile] = {}
    for graphic, base in filing.bases(survey.graphics).items():
        for file in _figure(graphic, base, package, record):
            files.setdefault(file.name, file)
    return list(files.values())


def _figure(graphic: str, base: str, package: Package, record: ImportRecord) -> list[NewFile]:
    member = filing.matching(graphic, package.images)
    if not member:
        return _drawing(graphic, base, package, record)
    try:
        encoded = worker.call("picture", package.images[member])
    except (PictureError, worker.WorkerError) as error:
        record.warnings.append(f"{member}: the picture was left out. {error}")
        return []
    return filing.figure_files(base, member, package.images[member], encoded)


def _drawing(graphic: str, base: str, package: Package, record: ImportRecord) -> list[NewFile]:
    """A picture that browsers are not shown (EPS, SVG, PDF …) is kept for those who may download it."""
    drawings = {name: data for name, data in package.others.items() if name.lower().endswith(filing.DRAWINGS)}
    member = filing.matching(graphic, drawings)
    if not member:
        return []
    record.warnings.append(
        f"{member}: this kind of picture is not shown on the page. Supply it as PNG, JPEG or TIFF, too."
    )
    return filing.figure_files(base, member, drawings[member], [])


def _first_page(package: Package) -> FirstPage:
    try:
        found: FirstPage = worker.call("first_page", package.pdf, package.article_xml)
    except (PdfError, worker.WorkerError) as error:
        remedy = error.remedy if isinstance(error, PdfError) else "Export the PDF again."
        raise PackageError(f"The PDF cannot be used. {error}", package.pdf_name, remedy) from error
    return found


def _store(opened: _Opened, record: ImportRecord) -> None:
    """All rows and files of the new version, inside the caller's transaction."""
    wait_for_others(f"import:{(opened.survey.doi or opened.sha256).lower()}")
    article = _existing(opened, record.source)
    if article is not None and article.source_sha256 == opened.sha256:  # somebody else was quicker
        record.status, record.article_id = "unchanged", article.pk
        return
    is_new = article is None
    article = article or Article()
    article.doi = article.doi or opened.survey.doi or None  # its case, too, stays as it is in addresses
    doc = opened.doc or _rendered(article, opened)
    record.warnings += in_words(doc.warnings)
    record.errors += in_words(doc.errors)
    if doc.errors and article.status == Article.Status.PUBLISHED and not is_new:
        raise PackageError(
            "It would leave the published article incomplete; the published version stays.",
            remedy=" ".join(record.errors),
        )
    _write(article, opened, doc, record)
    record.article_id = article.pk
    record.status = "draft" if doc.errors else "imported" if is_new else "updated"


def _existing(opened: _Opened, name: str) -> Article | None:
    """The article this is a version of: by DOI; else a draft without one, by its content or by its name and title."""
    doi, title = opened.survey.doi, opened.survey.title
    asked = {"doi": doi.lower() or None, "sha256": opened.sha256, "title": title or None, "name": name[:255]}
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, asked)
        key = cursor.fetchone()
    if key is None:
        return None
    found = Article.objects.defer("search").select_related("journal", "issue").select_for_update(of=("self",))
    article = found.get(pk=key[0])
    is_taken = (article.doi or doi).lower() != doi.lower()  # the draft without a DOI got one while we waited for it
    return None if is_taken else article


def _rendered(article: Article, opened: _Opened) -> ArticleDoc:
    images, supplements = filing.addresses_of(filing.doi_in_addresses(article), opened.files, opened.survey)
    doc: ArticleDoc = worker.call("render", opened.package.article_xml, images, supplements)
    return doc


def _write(article: Article, opened: _Opened, doc: ArticleDoc, record: ImportRecord) -> None:
    is_new = article.pk is None
    if is_new:
        record.warnings += place(article, doc)
    pages.fill(article, doc)
    record.warnings += _note_first_page(article, opened.first_page)
    article.version += 1
    article.source_sha256 = opened.sha256
    is_told_about = _save(article, is_new=is_new)
    _replace_files(article, opened.files, is_new=is_new)
    says_something = pages.relate(article, doc, is_new=is_new)
    if is_told_about:
        pages.date_by_relations(article)
    notices = banners(article, is_told_about=is_told_about) if is_told_about or says_something else ""
    source = _source(article, opened, record)
    pages.write(article, doc, is_new=is_new, notices=notices, source=source)
    if is_new and not article.doi and opened.files:
        pages.prepare(article)  # only now it has the number that stands in its pictures' addresses
    if article.status == Article.Status.PUBLISHED:
        pages.refresh_around(article)
    if opened.first_page is None:
        job.request(article, is_new=is_new)


def _save(article: Article, *, is_new: bool) -> bool:
    """Save its row; whether others may say something about it: of most new ones that is not so."""
    if is_new:
        return bool(rows.insert(article, pages.told_about(article)))
    article.save(update_fields=COLUMNS)
    return True


def _source(article: Article, opened: _Opened, record: ImportRecord) -> ArticleSource:
    """The package as it came, for good: the XML in its row, everything else as files that the row names."""
    members = [
        {"name": name, "file": filing.store(data, name)[0], "size": len(data)}
        for name, data in opened.package.members.items()
    ]
    return ArticleSource(
        article=article,
        version=article.version,
        name=record.source[:255],
        xml_name=opened.package.xml_name[:500],
        xml=opened.package.article_xml,
        members=members,
        sha256=opened.sha256,
        renderer=str(VERSION),
        warnings=record.warnings,
    )


def _note_first_page(article: Article, found: FirstPage | None) -> list[str]:
    article.has_pdf = found is not None
    article.pdf_pages = found.pages if found else 0
    if found is None:
        return []
    remarks = list(found.remarks)
    words = {word for word in article.title.lower().split() if len(word) > 3}
    there = {word for word in words if word in found.text.lower()}
    if found.text and words and len(there) < len(words) / 2:
        remarks.append("The first page of the PDF does not show the article's title. Is it the right PDF?")
    return remarks


def _replace_files(article: Article, files: list[NewFile], *, is_new: bool) -> None:
    """The rows of the new version's files instead of the old one's."""
    if not is_new:
        article.files.all().delete()
    filing.add(article, files)
