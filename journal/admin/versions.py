"""The stored versions of an article, for editors: what changed between two, and each as the file it came from."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.text import Truncator

from accounts.admin_pages import refused
from journal import versions, worker
from journal.jats import JatsError
from journal.models import Article, ArticleSource
from journal.pictures import PictureError

if TYPE_CHECKING:
    from journal.admin.articles import ArticleAdmin


def version_urls(model_admin: "ArticleAdmin") -> list[URLPattern]:
    """The pages of an article's versions, for those who may change it."""

    def page(view: Callable[..., HttpResponseBase]) -> Any:
        def for_editors(request: HttpRequest, article_id: int, **named: Any) -> HttpResponseBase:
            article = get_object_or_404(Article, pk=article_id)
            if not model_admin.has_change_permission(request, article):
                return refused(model_admin, request, "Editor")
            return view(model_admin, request, article, **named)

        return model_admin.admin_site.admin_view(for_editors)

    place = "<int:article_id>/versions/"
    return [
        path(place, page(versions_page), name="journal_article_versions"),
        path(f"{place}<int:version>/article.<str:form>", page(download), name="journal_article_version_file"),
        path(f"{place}<int:version>/<path:name>", page(picture), name="journal_article_version_picture"),
    ]


def versions_page(model_admin: "ArticleAdmin", request: HttpRequest, article: Article) -> HttpResponse:
    """Two versions beside each other: by default the last two."""
    found = list(article.sources.defer("xml").select_related("article"))
    newer = _chosen(found, request.GET.get("newer"), 0)
    older = _chosen(found, request.GET.get("older"), found.index(newer) + 1 if newer else 1)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"Versions of “{Truncator(str(article)).chars(80)}”",
        "opts": model_admin.opts,
        "article": article,
        "found": found,
        "newer": newer,
        "older": older,
        **(_compared(older, newer) if older and newer else {}),
    }
    return TemplateResponse(request, "admin/journal/article/versions.html", context)


def _chosen(found: list[ArticleSource], asked: str | None, otherwise: int) -> ArticleSource | None:
    """The version asked for, else the one at a place in the list, which begins with the newest."""
    named = [source for source in found if str(source.version) == asked]
    return next(iter(named or found[otherwise:] or found[-1:]), None)


def _compared(older: ArticleSource, newer: ArticleSource) -> dict[str, Any]:
    try:
        parts = versions.changes(older, newer)
    except (JatsError, worker.WorkerError) as error:
        return {"problem": f"{error} Download both versions to compare them."}
    files = list(versions.file_changes(older, newer))
    same = not files and not any(part.changes for part in parts)
    unchanged = [part.name for part in parts if not part.changes] + ([] if files else ["Files"])
    return {"parts": [part for part in parts if part.changes], "files": files, "same": same, "unchanged": unchanged}


def download(_admin: Any, _request: HttpRequest, article: Article, version: int, form: str) -> HttpResponseBase:
    """The XML as it came, or the package as a zip that imports again."""
    source = get_object_or_404(article.sources.select_related("article"), version=version)
    name = versions.export_name(source)
    if form == "xml":
        return _attached(HttpResponse(bytes(source.xml)), name.removesuffix("zip") + "xml")
    try:
        stream = versions.package(source)
    except FileNotFoundError:
        raise Http404("A file of this version is missing in the storage.") from None
    return FileResponse(stream, as_attachment=True, filename=name, content_type="application/zip")


def _attached(response: HttpResponse, name: str) -> HttpResponse:
    """Whatever the XML says, no browser opens it here."""
    response["Content-Type"] = "application/octet-stream"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def picture(_admin: Any, _request: HttpRequest, article: Article, version: int, name: str) -> HttpResponse:
    """A picture of a stored version, decoded and encoded anew."""
    source = get_object_or_404(article.sources.select_related("article"), version=version)
    try:
        encoded = versions.picture(source, name)
    except (PictureError, worker.WorkerError, FileNotFoundError) as error:
        raise Http404("This picture cannot be shown.") from error
    if encoded is None:
        raise Http404("This version has no such picture.")
    return HttpResponse(encoded.data, content_type="image/webp", headers={"Cache-Control": "private, max-age=3600"})
