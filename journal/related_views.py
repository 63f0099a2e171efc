"""What belongs to an article, as a page of its own; the article's page loads it when a reader comes near its end."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from journal.boxes import COOKIE, COOKIE_SECONDS, Layout, boxes, keep, layout_of
from journal.models import Article


def _article(doi: str) -> Article:
    found = Article.objects.published().by_doi(doi).select_related("looked_up")
    shown: Article = get_object_or_404(found.defer("search", "authors", "abstract", "keywords", "problems"))
    return shown


@require_safe
def related(request: HttpRequest, doi: str) -> HttpResponse:
    found = _article(doi)
    layout = layout_of(request, _user(request))
    context = {"article": found, "boxes": boxes(request, found, layout), "shown": ".".join(layout.order)}
    response = render(request, "journal/related.html", context)
    patch_cache_control(response, private=True, no_store=True)  # the order of the boxes is this reader's own
    return response


@csrf_exempt
@require_POST
def arrange(request: HttpRequest, doi: str) -> HttpResponse:
    """Move a box, fold or unfold it, put all in a given order, or go back to the first order.

    Without a token, because the boxes are loaded into every reader's page, and a visitor gets no cookie for reading.
    Another site can do no more than arrange this browser's boxes: the account's cookie is not sent from there.
    """
    found, user = _article(doi), _user(request)
    layout = _arranged(request, found, layout_of(request, user))
    keep(layout, user)
    response = HttpResponseRedirect(f"{reverse('journal:related', args=[found.doi])}#related")
    response.status_code = 303
    response.set_cookie(
        COOKIE, layout.cookie(), max_age=COOKIE_SECONDS, secure=settings.HTTPS, httponly=True, samesite="Lax"
    )
    return response


def _arranged(request: HttpRequest, article: Article, layout: Layout) -> Layout:
    asked: Any = request.POST
    if "reset" in asked:
        return Layout()
    if "order" in asked:
        return Layout.of(asked["order"][:300].split("."), layout.collapsed)
    if "fold" in asked:
        return layout.toggled(asked["fold"])
    shown = [box.name for box in boxes(request, article, layout)]
    by = -1 if "up" in asked else 1
    return layout.moved(asked.get("up", asked.get("down", "")), shown, by)


def _user(request: HttpRequest) -> Any:
    return request.user if request.user.is_authenticated else None
