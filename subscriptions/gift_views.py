"""Giving an article, opening a gift, taking it back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.rate_limits import is_allowed
from journal.models import Article
from subscriptions import gifts
from subscriptions.models import GiftLink
from subscriptions.models.gifts import GIFT_DAYS, GIFT_DEVICES, GIFTS_A_MONTH
from subscriptions.reader import RequestReader

RULES = {"days": GIFT_DAYS, "devices": GIFT_DEVICES, "a_month": GIFTS_A_MONTH}


def _reader(request: HttpRequest) -> RequestReader:
    return request.reader  # type: ignore[attr-defined,no-any-return]


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest, article_id: int) -> HttpResponse:
    """How many are left, and the button that makes a link."""
    article = get_object_or_404(Article.objects.published(), pk=article_id)
    reader = _reader(request)
    if not gifts.may_give(reader, article):
        messages.info(request, "Gift links are for subscribers, and for articles that are not open to everybody.")
        return redirect(article)
    if request.method == "POST":
        try:
            gifts.give(reader, article)
        except gifts.NoGiftsLeft:
            messages.error(request, _("You have given all links of this month. New ones come with the next month."))
        return redirect("subscriptions:gifts")
    context = {"article": article, "left": gifts.left_this_month(reader.user), "rules": RULES}
    return render(request, "subscriptions/gift_new.html", context)


@never_cache
@login_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """The links I gave, with how far they are used."""
    links: Any = GiftLink.objects.filter(giver=request.user).select_related("article")  # type: ignore[misc]
    shown = [
        {
            "link": link, "state": gifts.state_of(link, link.devices),
            "address": request.build_absolute_uri(link.get_absolute_url()),
        }
        for link in links.annotate(devices=Count("openings"))[:100]
    ]  # fmt: skip
    context = {"gifts": shown, "left": gifts.left_this_month(_reader(request).user), "rules": RULES}
    return render(request, "subscriptions/gifts.html", context)


@login_required
@require_POST
def take_back(request: HttpRequest, link_id: int) -> HttpResponse:
    gifts.take_back(get_object_or_404(GiftLink, pk=link_id, giver=request.user))
    messages.success(request, _("The link is taken back. It opens nothing any more, for anybody."))
    return redirect("subscriptions:gifts")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def gift(request: HttpRequest, token: str) -> HttpResponse:
    """The page a gift link leads to. Only its button counts the device and opens the article."""
    if not is_allowed(request, "gift", most=60, seconds=600):
        return render(request, "subscriptions/gift.html", {"state": "too often"}, status=429)
    link = GiftLink.objects.select_related("article", "giver").filter(token=token).first()
    if link is None:
        return render(request, "subscriptions/gift.html", {"state": "unknown"}, status=404)
    if request.method == "POST" or _reader(request).access_to(link.article).granted:
        return _open(request, link)
    state = gifts.state_of(link, link.openings.count())
    return render(request, "subscriptions/gift.html", {"link": link, "state": state, "rules": RULES})


def _open(request: HttpRequest, link: GiftLink) -> HttpResponse:
    if not _reader(request).access_to(link.article).granted:  # who may read anyway, uses up nothing
        try:
            gifts.open_on(request, link)
        except gifts.GiftOver:
            return redirect(reverse("subscriptions:gift", args=[link.token]))
    return redirect(link.article)
