"""An article as others will see it, for editors: also a draft, plainly marked, with its own files.

It is a simulation and no access: each look is written into the log, and nothing here is reachable without the role.
"""

import re

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse

from journal import views
from journal.access import Access, Reason
from journal.article_parts import Found, public_parts_of
from journal.models import Article, ArticleFile
from journal.sending import send_file

KINDS = {
    "figures": (ArticleFile.Kind.FIGURE, ArticleFile.Kind.ORIGINAL),
    "preview": (ArticleFile.Kind.PREVIEW,),
    "files": (ArticleFile.Kind.SUPPLEMENT,),
    "pdf": (ArticleFile.Kind.PDF,),
}


def preview_page(request: HttpRequest, article: Article, kind: str) -> HttpResponse:
    """The article page as a `visitor` (nobody signed in) or a `reader` (with access) gets it."""
    had_doi = bool(article.doi)
    article.doi = article.doi or f"10.0000/draft-{article.pk}"  # not saved; the page's links need one
    context = {"article": article, "kind": kind, "had_doi": had_doi, "back": _back(article)}
    banner = render_to_string("admin/journal/article/_preview_banner.html", context)
    response = views.article_page(request, Found(article, public_parts_of(article)), _access(request, article, kind))
    html = _with_own_files(response.content.decode(), article)
    response.content = html.replace("<main ", f"{banner}<main ", 1).encode()
    return response


def preview_file(request: HttpRequest, article_id: int, kind: str, name: str) -> HttpResponseBase:
    """A file of the article for its preview, also of a draft."""
    if kind not in KINDS:
        raise Http404("There are no files of this kind.")
    file = get_object_or_404(ArticleFile, article_id=article_id, kind__in=KINDS[kind], name=name)
    return send_file(request, file, public=False)


def _access(request: HttpRequest, article: Article, kind: str) -> Access:
    if kind == "reader":
        return Access(granted=True, reason=Reason.STAFF_PREVIEW)
    request.user = AnonymousUser()  # for this page only: the masthead and the offers are a visitor's, too
    access = views.reader_of(request).access_to(article)
    return access if access.is_public else Access(granted=False, reason=Reason.NO_LICENSE)


def _back(article: Article) -> str:
    return reverse("admin:journal_article_change", args=[article.pk])


def _with_own_files(html: str, article: Article) -> str:
    """The readers' addresses refuse drafts, and they refuse staff: so the preview's files come from beside it."""
    public = re.escape(reverse("journal:article", args=[article.doi]))
    here = reverse("admin:journal_article_preview", args=[article.pk])
    html = re.sub(rf"(?<=[\"\s]){public}(?=(figures|preview|files)/[^\"\s/]+)", here, html)
    pdf = article.files.filter(kind=ArticleFile.Kind.PDF).first()
    return re.sub(rf"(?<=\"){public}article\.pdf(?=\")", f"{here}pdf/{pdf.name}", html) if pdf else html
