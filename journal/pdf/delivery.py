"""A PDF on its way to a reader: as it is where it is free, else a copy of the reader's own with a license line.

Of an article that was retracted, corrected or put in doubt it is always a copy, which says so on every page (`marks`).

The copy is made at the request and kept on the shelf under a name that only its reader, right, day, file and mark lead
to; the view asks the decision before every answer.
"""

import unicodedata
from dataclasses import astuple
from datetime import date
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.incidents import record
from journal import shelf, worker
from journal.access import License
from journal.models import Article, ArticleFile
from journal.pdf import Mark, PdfError
from journal.pdf.marks import mark_of
from journal.pdf.stamp import VERSION
from journal.sending import send
from journal.stored import path_of

LONGEST_NAME, TITLE_WORDS = 80, 7
CONTENT_TYPE = "application/pdf"


class NotPreparedError(Exception):
    """The reader's copy could not be made; the message says why, for support."""


def find(article: Article) -> ArticleFile | None:
    """The publisher's PDF, else the one the site has made."""
    kinds = [ArticleFile.Kind.PDF, ArticleFile.Kind.TYPESET]
    return article.files.filter(kind__in=kinds).order_by("kind").first()  # "pdf" comes before "typeset"


def deliver(request: HttpRequest, article: Article, file: ArticleFile, license_: License | None) -> HttpResponseBase:
    """The answer to a reader whose right covers the PDF. Without a license it is free for all and names nobody."""
    mark = mark_of(article)
    try:
        path = copy_for(article, file, license_, mark) if license_ or mark else _stored(file)
        opened = path.open("rb")
    except FileNotFoundError:
        raise Http404("The file is missing. Reader services can help.") from None
    except (NotPreparedError, OSError) as error:
        return _unavailable(request, article, str(error))
    response = send(request, opened, path.stat().st_size, f'"{path.stem[:32]}"', CONTENT_TYPE)
    response["Content-Disposition"] = content_disposition_header(False, speaking_name(article)) or "inline"
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    if license_ is None:
        response["Link"] = f'<{settings.SITE_URL}{article.get_absolute_url()}>; rel="canonical"'
    else:
        response["X-Robots-Tag"] = "noindex, noarchive"
    return response


def _unavailable(request: HttpRequest, article: Article, happened: str) -> HttpResponse:
    user_id = request.user.pk if request.user.is_authenticated else None
    reference = record("P1", path=request.path, happened=happened, user_id=user_id)
    context = {"article": article, "reference": reference}
    response = render(request, "journal/pdf_unavailable.html", context, status=503)
    response["Retry-After"] = "60"
    return response


def copy_for(article: Article, file: ArticleFile, license_: License | None, mark: Mark | None = None) -> Path:
    """The reader's copy on the disk, made now or within the last hour. Without a license it is one for all.

    Raises `NotPreparedError`, FileNotFoundError.
    """
    source = _stored(file)
    source.stat()
    lines = license_lines(article, license_, timezone.localdate()) if license_ else ()
    holder = license_.holder if license_ else ""
    made_from = [str(VERSION), file.sha256, holder, *lines, "", *(astuple(mark) if mark else ())]

    def make(path: Path) -> None:
        try:
            worker.call("stamp", str(source), str(path), lines, mark)
        except (PdfError, worker.WorkerError) as error:
            raise NotPreparedError(f"The reader's copy of {source.name} could not be made. {error}") from error

    return shelf.kept(made_from, ".pdf", make)


def _stored(file: ArticleFile) -> Path:
    return path_of(file.file.storage, str(file.file.name))


def license_lines(article: Article, license_: License, today: date) -> tuple[str, ...]:
    """The line for each page, best first; the last is written in letters every server has."""
    names = [_plain(name) for name in (license_.name, license_.email) if name]
    facts = [
        format_date(today, "F j, Y"),
        _("Order %(order)s") % {"order": license_.order} if license_.order else "",
        _("For personal use only"),
        f"https://doi.org/{article.doi}",
    ]
    whole = [" · ".join(part for part in (_to_whom(name, license_), *facts) if part) for name in names or [""]]
    return tuple(dict.fromkeys(whole))


def _to_whom(name: str, license_: License) -> str:
    provider = _plain(license_.provider)
    if provider and name:
        return _("Provided to %(name)s by %(provider)s") % {"name": name, "provider": provider}
    return (
        _("Provided by %(provider)s") % {"provider": provider}
        if provider
        else _("Licensed to %(name)s") % {"name": name}
        if name
        else ""
    )


def _plain(text: str) -> str:
    """A name as one line of letters: what turns or hides text would make the line say something else."""
    kept = "".join(
        " " if letter.isspace() else letter
        for letter in text
        if unicodedata.category(letter)[0] != "C" or letter.isspace()
    )
    return " ".join(kept.split())[:LONGEST_NAME]


def speaking_name(article: Article) -> str:
    """`nowak-2026-night-ferries-and-stroke.pdf`, so that it is found again among the downloads."""
    first = article.authors[0] if article.authors else {}
    year = str(article.published_online.year) if article.published_online else ""
    title = "-".join(_slug(article.title).split("-")[:TITLE_WORDS])
    parts = [
        _slug(str(first.get("surname") or first.get("group") or "")),
        year,
        title or _slug(article.doi or "article"),
    ]
    return "-".join(part for part in parts if part) + ".pdf"


def _slug(text: str) -> str:
    return slugify(text.replace("ł", "l").replace("Ł", "L").replace("ø", "o").replace("Ø", "O"))[:60].strip("-")
