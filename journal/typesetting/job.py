"""The background job that makes a PDF where the publisher supplies none, and makes it again with every new version."""

import contextlib
import logging
from datetime import date

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.dateformat import format as format_date
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from journal import filing, pages, worker
from journal.filing import NewFile
from journal.jats import JatsError
from journal.jats.survey import Survey
from journal.models import Article, ArticleFile, ArticleSource
from journal.pdf import PdfError
from journal.preview import FirstPage
from journal.stored import path_of
from journal.typesetting.typeset import Facts, Made

log = logging.getLogger(__name__)

TASK = "journal.typeset"
MADE = "This PDF was made by the journal’s website from the full text; the publisher supplied none."
FOOT = "Made by the journal’s website from the full text"
PRIORITY = -20  # after readers' payments and imports
#: How a remark about a PDF that could not be made begins: the next attempt takes it away.
NOT_MADE = "No PDF could be made"


def request(article: Article, *, is_new: bool = False) -> None:
    """Queue the job in the caller's transaction, unless it waits already or the publisher's PDF is there.

    `is_new`: the article was made in this transaction and has no PDF, so that neither needs to be asked.
    """
    if not (settings.MAKE_PDFS and article.doi and article.has_full_text):
        return
    if is_new:
        _queue(article)
    elif not article.files.filter(kind=ArticleFile.Kind.PDF).exists():
        with contextlib.suppress(AlreadyEnqueued), transaction.atomic():
            _queue(article)


def _queue(article: Article) -> None:
    name = f"{TASK}:{article.pk}"
    app.configure_task(TASK, queueing_lock=name, lock=name, priority=PRIORITY).defer(article_id=article.pk)


def make(article_id: int) -> bool:
    """Make the PDF and its pictures, and put them in the place of earlier ones. False when there was nothing to do.

    It takes seconds, so no lock is held meanwhile; if another version has come by then, its own job makes its PDF.
    """
    article = Article.objects.select_related("journal", "issue").defer("search").filter(pk=article_id).first()
    source = article.sources.first() if article else None
    if article is None or source is None or not article.has_full_text:
        return False
    try:
        made: Made = worker.call("typeset", bytes(source.xml), _pictures(article, source), _facts(article, source))
        first: FirstPage = worker.call("first_page", made.data)
    except (PdfError, JatsError, worker.WorkerError) as error:
        log.warning("No PDF could be made of article %s: %s", article.pk, error)
        _remark(source, f"{NOT_MADE} from the full text. {error}")
        return False
    return _put(article, source, made, first)


def _put(article: Article, source: ArticleSource, made: Made, first: FirstPage) -> bool:
    kind = ArticleFile.Kind
    with transaction.atomic():
        current = Article.objects.select_for_update(of=("self",)).select_related("journal", "issue").get(pk=article.pk)
        if current.version != source.version or current.files.filter(kind=kind.PDF).exists():
            return False
        current.files.filter(kind__in=[kind.TYPESET, kind.PREVIEW]).delete()
        new = NewFile(kind.TYPESET, "article.pdf", made.data, "application/pdf")
        filing.add(current, [new, *filing.preview_files(first.pictures)])
        current.has_pdf, current.pdf_pages = True, made.pages
        current.save(update_fields=["has_pdf", "pdf_pages", "updated_at"])
        pages.prepare(current)
        _remark(source, "")
    return True


def _remark(source: ArticleSource, remark: str) -> None:
    """Among the version's warnings, where editors look."""
    kept = [warning for warning in source.warnings if not warning.startswith(NOT_MADE)]
    source.warnings = [*kept, remark] if remark else kept
    source.save(update_fields=["warnings"])


def _pictures(article: Article, source: ArticleSource) -> dict[str, str]:
    """Paths of the largest pictures by graphic."""
    survey: Survey = worker.call("survey", bytes(source.xml))
    rows = article.files.filter(kind=ArticleFile.Kind.FIGURE).order_by("width")
    largest = {row.name.removesuffix(f"-{row.width}.webp"): row.file for row in rows}
    shown = {graphic: base for graphic, base in filing.bases(survey.graphics).items() if base in largest}
    return {graphic: str(path_of(largest[base].storage, largest[base].name)) for graphic, base in shown.items()}


def _facts(article: Article, source: ArticleSource) -> Facts:
    issue, citation = article.issue, _citation(article)
    address = f"https://doi.org/{article.doi}"
    shown = [
        ("Published online", _day(article.published_online)),
        ("Corrected", _day(article.corrected_on)),
        ("Retracted", _day(article.retracted_on)),
        ("Cite as", citation),
        ("DOI", article.doi or ""),
    ]
    notices = [
        f"This article was retracted on {_day(article.retracted_on)}." if article.retracted_on else "",
        f"A correction of this article was published on {_day(article.corrected_on)}." if article.corrected_on else "",
    ]
    return Facts(
        journal=article.journal.title, accent=article.journal.accent,
        issue_line=f"Volume {issue.volume}, Number {issue.number}, {issue.year}" if issue else "Published online first",
        citation=citation, made=MADE, foot=f"{address} · {FOOT}",
        made_on=timezone.localdate(source.imported_at),
        facts=tuple((name, words) for name, words in shown if words),
        notices=tuple(notice for notice in notices if notice),
    )  # fmt: skip


def _citation(article: Article) -> str:
    issue, name = article.issue, article.journal.abbreviation
    if issue is None:
        return f"{name}. Published online {_day(article.published_online)}" if article.published_online else name
    pages_of = f":{article.pages}" if article.pages else ""
    return f"{name}. {issue.year};{issue.volume}({issue.number}){pages_of}"


def _day(day: date | None) -> str:
    return format_date(day, "F j, Y") if day else ""
