"""What visitors and readers see. A view finds, asks the reader's decision, and answers."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from journal import article_parts, covers, negotiation, tickets
from journal.access import Access, Reader, Reason
from journal.accessibility import CRITERIA
from journal.article_parts import Found
from journal.asides import aside_for
from journal.metadata import page_head
from journal.models import Article, ArticleFile, ArticleQuerySet, FullText, Issue, PublicPage, Section
from journal.pdf import delivery
from journal.sending import send_file
from journal.signals import text_given
from journal.topic_models import CollectionEntry, MostRead

PER_PAGE = 20
ISSUES_PER_PAGE = 120
BESIDE = 5  # articles in each list beside the current issue
ISSUE_ORDER = ("-published_on", "-volume", "-number")  # annotating with a count drops the model's own order
LIST_FIELDS = (
    "doi", "title_html", "title", "subtitle_html", "byline", "article_type", "type_label", "first_page", "last_page",
    "elocation_id", "published_online", "corrected_on", "retracted_on", "access_type", "free_from", "issue", "section",
    "journal", "position", "status", "language", "activity",
)  # fmt: skip


def reader_of(request: HttpRequest) -> Reader:
    return request.reader  # type: ignore[attr-defined,no-any-return]


def marked(request: HttpRequest, articles: Iterable[Article]) -> list[dict[str, Any]]:
    """Articles with their access marks, from the same decision as the page, in one statement for the whole list."""
    listed = list(articles)
    answers = reader_of(request).access_to_all(listed)
    return [{"article": article, "access": answers[article.pk]} for article in listed]


def listed(articles: ArticleQuerySet | None = None) -> Any:
    """Articles with what a list shows of them; all that are published, if no others are given."""
    return (
        (Article.objects.published() if articles is None else articles)
        .select_related("section", "issue")
        .only(
            *LIST_FIELDS,
            "section__name",
            "section__position",
            "issue__volume",
            "issue__number",
            "issue__year",
            "issue__journal",
        )
    )


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The current issue, and beside it what is new, what the editors chose and what is read most."""
    current = Issue.objects.published().first()
    chosen = list(CollectionEntry.objects.on_home().values_list("article", "collection__title"))
    most_read = list(MostRead.objects.values_list("pk", flat=True)[: BESIDE * 2])
    newest = Article.objects.online_first().newest().values("pk")[:BESIDE]
    # One after the other, each by its index: "this or that" would be asked of every article.
    named = Article.objects.filter(pk__in=[pk for pk, _ in chosen] + most_read).order_by().values("pk")
    in_it = Article.objects.filter(issue=current.pk if current else 0).order_by().values("pk")
    shown = newest.union(named, in_it, all=True)
    items = marked(request, listed().filter(pk__in=shown).in_issue_order())
    by_id = {item["article"].pk: item for item in items}
    in_issue = [item for item in items if current and item["article"].issue_id == current.pk]
    new = [item for item in items if item["article"].issue_id is None]
    new.sort(key=lambda item: (item["article"].published_online, item["article"].pk), reverse=True)
    context = {
        "current_issue": current,
        "sections": _by_section(in_issue),
        "online_first": new[:BESIDE],
        "chosen_title": chosen[0][1] if chosen else "",
        "chosen": [by_id[pk] for pk, _ in chosen if pk in by_id],
        "most_read": [by_id[pk] for pk in most_read if pk in by_id][:BESIDE],
        "recent_issues": Issue.objects.published()[1:5] if current else [],
    }
    return render(request, "journal/home.html", context)


def _by_section(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """[{name, items}] in the order of the issue's contents."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        section = item["article"].section
        sections.setdefault(section.name if section else _("Articles"), []).append(item)
    return [{"name": name, "items": grouped} for name, grouped in sections.items()]


@require_safe
def issue_list(request: HttpRequest) -> HttpResponse:
    """All of them, newest first; a weekly of many years by pages. Articles are counted for those of the page alone."""
    in_it = Article.objects.filter(issue=OuterRef("pk"), status=Article.Status.PUBLISHED).order_by().values("issue")
    number = Coalesce(Subquery(in_it.annotate(number=Count("pk")).values("number")), 0)
    issues = Issue.objects.published().annotate(article_count=number).order_by(*ISSUE_ORDER)
    page = Paginator(issues, ISSUES_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "journal/issue_list.html", {"issues": page.object_list, "page": page})


@require_safe
def issue(request: HttpRequest, volume: str, number: str) -> HttpResponse:
    published = Issue.objects.published()
    found = get_object_or_404(published, volume=volume, number=number)
    items = marked(request, listed().filter(issue=found).in_issue_order())
    around = _neighbors(found)
    return render(request, "journal/issue.html", {"issue": found, "sections": _by_section(items), **around})


@require_safe
def issue_cover(request: HttpRequest, volume: str, number: str) -> HttpResponseBase:
    found = get_object_or_404(Issue.objects.published(), volume=volume, number=number)
    if not found.cover:
        raise Http404("This issue has no cover.")
    width = next((width for width in covers.WIDTHS if request.GET.get("w") == str(width)), 0)
    try:
        response: HttpResponseBase = (
            HttpResponse(covers.smaller(found.cover, width), content_type="image/webp")
            if width and (found.cover_width or 0) > width
            else FileResponse(found.cover.open("rb"))
        )
    except OSError:
        raise Http404("The cover is missing.") from None
    patch_cache_control(response, public=True, max_age=86400)
    return response


def _neighbors(found: Issue) -> dict[str, Issue | None]:
    others = Issue.objects.published().exclude(pk=found.pk)
    earlier = others.filter(published_on__lte=found.published_on).order_by("-published_on", "-pk").first()
    later = others.filter(published_on__gt=found.published_on).order_by("published_on", "pk").first()
    return {"previous_issue": earlier, "next_issue": later}


@require_safe
def online_first(request: HttpRequest) -> HttpResponse:
    page = Paginator(listed().filter(issue=None).newest(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "journal/online_first.html", {"page": page, "items": marked(request, page.object_list)})


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """How far the pages meet WCAG 2.2, criterion by criterion."""
    counted = Counter(criterion.verdict.split()[0] for criterion in CRITERIA)
    return render(request, "journal/accessibility.html", {"criteria": CRITERIA, "counted": counted})


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "journal/about.html", {"sections": Section.objects.all()})


# --- one article -----------------------------------------------------------------------------------------------------


def _article(doi: str) -> Article:
    """The published article; 404 for anything a visitor may not find."""
    found = Article.objects.published().by_doi(doi)
    return get_object_or_404(found.defer("search", "authors", "abstract", "keywords", "problems"))


@require_safe
@vary_on_headers("Accept")
def article(request: HttpRequest, doi: str) -> HttpResponse:
    """The article page: its public parts for everybody, the full text after the yes. Or what a program asks for."""
    if not negotiation.wants_page(request):
        return negotiation.answer(request, doi)
    found = article_parts.find(doi, reader_of(request))
    if found is None:
        raise Http404("No published article has this DOI.")
    if found.article.doi != doi:
        return redirect(found.article, permanent=True)
    return article_page(request, found, reader_of(request).access_to(found.article))


def article_page(request: HttpRequest, found: Found, access: Access) -> HttpResponse:
    full_text = article_parts.full_text(found.article, with_pdf=access.allows_pdf) if access.granted else None
    if full_text and found.article.open_activity:
        text_given.send_robust(Article, article=found.article, access=access, request=request)
    context = {
        "article": found.article,
        "public": found.public,
        "head": page_head(found.article, found.public.head),
        "access": access,
        "full_text": full_text,
        "aside": _aside(found, access, full_text, reader_of(request)),
    }
    # The same page in less work, for most who may not read on (config/templatetags/shape_tags.py).
    is_plain = access.reason == Reason.NO_LICENSE
    return render(request, f"journal/article{'_without_text' if is_plain else ''}.html", context)


def _aside(found: Found, access: Access, full_text: FullText | None, reader: Reader) -> str:
    """Contents and tools as prepared at import; empty where only the page can tell (a rental has no PDF)."""
    if not access.granted:
        return aside_for(reader, found.public.aside)
    return aside_for(reader, full_text.aside) if full_text and access.allows_pdf else ""


def _previews(found: Article) -> list[ArticleFile]:
    return list(found.files.filter(kind=ArticleFile.Kind.PREVIEW).order_by("width"))


@require_safe
def preview_page(request: HttpRequest, doi: str) -> HttpResponse:
    """The first page in large: what the dialog shows, as a page of its own for browsers without JavaScript."""
    found = _article(doi)
    previews = _previews(found)
    if not previews:
        raise Http404("This article has no preview.")
    public = PublicPage.objects.filter(article=found).only("abstract").first()
    context = {"article": found, "largest": previews[-1], "abstract": public.abstract if public else ""}
    return render(request, "journal/preview.html", context)


@require_safe
def preview_picture(request: HttpRequest, doi: str, name: str) -> HttpResponseBase:
    """Public and cacheable: the picture of page 1 holds nothing that is sold."""
    return send_file(request, _file(doi, [ArticleFile.Kind.PREVIEW], name), public=True)


@require_safe
def figure(request: HttpRequest, doi: str, name: str) -> HttpResponseBase:
    """One in the text is asked for by its page; the picture as it came goes out by an address for this reader."""
    found = _file(doi, [ArticleFile.Kind.FIGURE, ArticleFile.Kind.ORIGINAL], name)
    access = reader_of(request).access_to(found.article)
    if not access.granted:
        return refused(request, found.article)
    is_file = found.kind == ArticleFile.Kind.ORIGINAL
    way = tickets.way_to_file(request, reader_of(request), access) if is_file else None
    return way or send_file(request, found, public=False)


@require_safe
def pdf(request: HttpRequest, doi: str) -> HttpResponseBase:
    """The PDF for those whose right covers it; others are shown the way on the article's page."""
    found = _article(doi)
    file = delivery.find(found)
    if file is None:
        raise Http404("This article has no PDF.")
    reader = reader_of(request)
    access = reader.access_to(found)
    if not access.allows_pdf:
        return refused(request, found)
    if way := tickets.way_to_file(request, reader, access):
        return way
    if found.open_activity:
        text_given.send_robust(Article, article=found, access=access, request=request)
    return delivery.deliver(request, found, file, None if access.is_public else reader.license_for(access))


@require_safe
def supplement(request: HttpRequest, doi: str, name: str) -> HttpResponseBase:
    found = _file(doi, [ArticleFile.Kind.SUPPLEMENT], name)
    access = reader_of(request).access_to(found.article)
    if not access.granted:
        return refused(request, found.article)
    way = tickets.way_to_file(request, reader_of(request), access)
    return way or send_file(request, found, public=False, attachment=True)


def _file(doi: str, kinds: list[ArticleFile.Kind], name: str) -> ArticleFile:
    files = ArticleFile.objects.filter(kind__in=kinds, name=name, article=_article(doi)).select_related("article")
    return get_object_or_404(files)


def refused(request: HttpRequest, found: Article) -> HttpResponse:
    """403 with the way to access: a program must not take a page for a file (Zotero, Google Scholar)."""
    return render(request, "journal/refused.html", {"article": found}, status=403)
