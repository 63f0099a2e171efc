"""One file or package in, one article out: new, a new version, unchanged, a draft with errors, or rejected.

Everything of a stranger's file is opened in the worker. Then one transaction writes all rows, and the files before it
ends; whatever fails on the way leaves the article as it was.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection, transaction

from journal import filing, pages, worker
from journal.filing import Filing, NewFile
from journal.jats import ArticleDoc, JatsError
from journal.jats.render import VERSION
from journal.jats.survey import Survey
from journal.models import Article, ArticleFile, ArticleSource, Issue, Journal, Section
from journal.packages import Package, PackageError, read
from journal.pictures import PictureError
from journal.preview import FirstPage, PdfError

STATUSES = ("imported", "updated", "unchanged", "draft", "rejected")


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


@dataclass(slots=True)
class _Opened:
    """A package with everything of it that had to be opened."""

    package: Package
    survey: Survey
    sha256: str
    files: list[NewFile] = field(default_factory=list)
    first_page: FirstPage | None = None


def import_source(source: bytes | Path, name: str = "") -> ImportRecord:
    """Import one JATS file, package or folder. Never raises for what is wrong with it: the record says it."""
    record = ImportRecord(name or (source.name if isinstance(source, Path) else "unnamed"))
    filed = Filing()
    try:
        package = read(source, name)
        record.warnings += package.warnings
        survey: Survey = worker.call("survey", package.article_xml)
        record.doi = survey.doi
        opened = _Opened(package, survey, _checksum(package))
        if _is_current(opened, record):
            return record
        _open(opened, record)
        with transaction.atomic():
            _store(opened, record, filed)
    except (PackageError, JatsError, worker.WorkerError) as refusal:
        filed.undo()
        record.status = "rejected"
        record.errors.append(_in_words(refusal, record.source))
    except BaseException:
        filed.undo()
        raise
    return record


def _in_words(refusal: Exception, source: str) -> str:
    if isinstance(refusal, worker.WorkerError):
        return f"{source} could not be read. {refusal} Check that the file is whole, and split what is very large."
    return str(refusal)


def _checksum(package: Package) -> str:
    """Of everything in the package, so that a new picture is a new version, too."""
    digest = hashlib.sha256(package.article_xml)
    members = {**package.images, **package.others, package.pdf_name: package.pdf or b""}
    for member in sorted(members):
        digest.update(b"\0" + member.encode() + b"\0" + hashlib.sha256(members[member]).digest())
    return digest.hexdigest()


def _existing(doi: str, sha256: str, name: str) -> Article | None:
    """The article this is a version of: by DOI; a draft without one by its content or the name it came under."""
    if doi:
        return Article.objects.by_doi(doi).first()
    drafts = Article.objects.filter(doi=None)
    return drafts.filter(source_sha256=sha256).first() or drafts.filter(sources__name=name).first()


def _is_current(opened: _Opened, record: ImportRecord) -> bool:
    article = _existing(opened.survey.doi, opened.sha256, record.source)
    if article is None or article.source_sha256 != opened.sha256:
        return False
    record.status, record.article_id = "unchanged", article.pk
    return True


def _open(opened: _Opened, record: ImportRecord) -> None:
    """Decode the pictures and open the PDF, in the worker. Raises `PackageError` for a PDF that is none."""
    package, survey = opened.package, opened.survey
    names: set[str] = set()
    for graphic in survey.graphics:
        for file in _figure(graphic, package, record):
            if file.name not in names:
                names.add(file.name)
                opened.files.append(file)
    opened.files += filing.supplement_files(package, survey)
    if package.pdf is not None:
        opened.first_page = _first_page(package)
        opened.files.append(NewFile(ArticleFile.Kind.PDF, "article.pdf", package.pdf, "application/pdf"))
        opened.files += filing.preview_files(opened.first_page.pictures)


def _figure(graphic: str, package: Package, record: ImportRecord) -> Iterator[NewFile]:
    member = filing.matching(graphic, package.images)
    if not member:
        return
    try:
        encoded = worker.call("picture", package.images[member])
    except (PictureError, worker.WorkerError) as error:
        record.warnings.append(f"{member}: the picture was left out. {error}")
        return
    yield from filing.figure_files(graphic, member, package.images[member], encoded)


def _first_page(package: Package) -> FirstPage:
    try:
        found: FirstPage = worker.call("first_page", package.pdf)
    except (PdfError, worker.WorkerError) as error:
        raise PackageError(f"The PDF cannot be used. {error}", package.pdf_name, "Export the PDF again.") from error
    return found


def _store(opened: _Opened, record: ImportRecord, filed: Filing) -> None:
    """All rows, then the files, inside the caller's transaction."""
    survey = opened.survey
    _wait_for_others(survey.doi or opened.sha256)
    if _is_current(opened, record):  # somebody else was quicker
        return
    article = _existing(survey.doi, opened.sha256, record.source) or Article(doi=survey.doi or None)
    is_new = article.pk is None
    images, supplements = filing.addresses_of(filing.doi_in_addresses(article), opened.files, survey)
    doc: ArticleDoc = worker.call("render", opened.package.article_xml, images, supplements)
    record.warnings += [str(warning) for warning in doc.warnings]
    record.errors += [str(error) for error in doc.errors]
    if doc.errors and article.status == Article.Status.PUBLISHED and not is_new:
        raise PackageError(
            "It would leave the published article incomplete; the published version stays.",
            remedy=" ".join(record.errors),
        )
    _write_rows(article, opened, doc, record, filed)
    if is_new and not article.doi:
        pages.prepare(article)  # only now it has the number that stands in its pictures' addresses
    record.article_id = article.pk
    record.status = "draft" if doc.errors else "imported" if is_new else "updated"


def _wait_for_others(key: str) -> None:
    """One import of an article at a time: the lock ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"import:{key.lower()}"])


def _write_rows(article: Article, opened: _Opened, doc: ArticleDoc, record: ImportRecord, filed: Filing) -> None:
    if article.pk is None:
        _place(article, doc, record)
    pages.fill(article, doc)
    _note_first_page(article, opened.first_page, record)
    article.version += 1
    article.source_sha256 = opened.sha256
    article.save()
    ArticleSource.objects.create(
        article=article,
        version=article.version,
        name=record.source[:255],
        xml=opened.package.article_xml,
        sha256=opened.sha256,
        renderer=str(VERSION),
        warnings=record.warnings,
    )
    pages.relate(article, doc)
    pages.date_by_relations(article)
    pages.write(article, doc)
    if article.status == Article.Status.PUBLISHED:
        pages.refresh_around(article)
    _replace_files(article, opened.files, filed)


def _place(article: Article, doc: ArticleDoc, record: ImportRecord) -> None:
    """Journal, issue, section and access of a new article, as far as the JATS tells them. Staff may change them."""
    meta = doc.metadata
    article.journal = _journal(doc, record)
    article.issue = Issue.objects.filter(journal=article.journal, volume=meta.volume, number=meta.issue).first()
    article.section = Section.objects.filter(journal=article.journal, name__iexact=meta.subject).first()
    license_ = meta.license
    if "creativecommons.org/" in license_.url:
        article.access_type = Article.AccessType.OPEN
    elif license_.free_from:
        article.free_from = pages.whole_date(license_.free_from)
    elif license_.free_to_read:
        article.access_type = Article.AccessType.FREE_TO_READ


def _journal(doc: ArticleDoc, record: ImportRecord) -> Journal:
    """The site's journal. The first article ever imported brings it along."""
    meta = doc.metadata
    journal = Journal.objects.first()
    if journal is None:
        title = meta.journal_title[:200] or "Untitled journal"
        record.warnings.append(
            f'There was no journal yet: "{title}" was made from this article. Complete it in the admin.'
        )
        issns = {
            ("print" if "print" in kind or kind == "ppub" else "online"): issn
            for kind, issn in meta.issns
            if len(issn) == 9
        }
        return Journal.objects.create(
            title=title,
            abbreviation=meta.journal_abbreviation[:100] or title[:100],
            publisher=meta.publisher[:200],
            issn_print=issns.get("print", ""),
            issn_online=issns.get("online", ""),
        )
    ours = {journal.issn_print, journal.issn_online} - {""}
    theirs = {issn for _kind, issn in meta.issns}
    if ours and theirs and ours.isdisjoint(theirs):
        record.warnings.append(
            f'It names another journal, "{meta.journal_title}"; it was imported into {journal.title}.'
        )
    return journal


def _note_first_page(article: Article, found: FirstPage | None, record: ImportRecord) -> None:
    article.has_pdf = found is not None
    article.pdf_pages = found.pages if found else 0
    if found is None:
        return
    if found.cropped:
        record.warnings.append(
            "The PDF has one page: the preview shows only its top, so that the article is not given away."
        )
    words = {word for word in article.title.lower().split() if len(word) > 3}
    there = {word for word in words if word in found.text.lower()}
    if found.text and words and len(there) < len(words) / 2:
        record.warnings.append("The first page of the PDF does not show the article's title. Is it the right PDF?")


def _replace_files(article: Article, files: list[NewFile], filed: Filing) -> None:
    """The rows of the new version's files instead of the old one's; files nobody needs go after the commit."""
    before = list(article.files.values_list("file", flat=True))
    article.files.all().delete()
    for file in files:
        stored, sha256 = filed.store(file.data, file.name)
        ArticleFile.objects.create(
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
    transaction.on_commit(lambda: filing.forget_unused(before))
