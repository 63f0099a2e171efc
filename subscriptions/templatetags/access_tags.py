"""Template tags with which the journal's templates show access without the journal knowing prices."""

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from journal.access import Access
from journal.models import Article, Issue
from subscriptions import gateway
from subscriptions.get_access import block_for, shown
from subscriptions.institutions.open_url import links
from subscriptions.models import Offer

register = template.Library()


@register.simple_tag(takes_context=True)
def get_access_block(context: Any, article: Article, access: Access) -> SafeString:
    if context.get("is_shape"):
        return mark_safe("\0block\0")  # config/templatetags/shape_tags.py
    request = context["request"]
    block = block_for(article, access, request.reader, request.GET.get("chosen", ""))
    resolvers = links(access, article, context.get("journal")) if access.institutions else ()
    html = shown(context, block, article, resolvers)
    request.shown_access = (article, block, html)  # for who keeps the page (config/readers_pages.py)
    return html


@register.inclusion_tag("subscriptions/_issue_offer.html", takes_context=True)
def issue_offer(context: Any, issue: Issue) -> dict[str, Any]:
    """What the whole issue costs, on its own page; nothing where it is not sold or the reader subscribes."""
    offers = Offer.objects.on_sale().filter(Q(issue=issue) | Q(issue=None), kind="issue", journal=issue.journal_id)
    found = sorted(offers, key=lambda offer: offer.issue_id is None) if gateway.is_open() else []
    return {"offer": found[0] if found else None, "issue": issue}


@register.filter
def on_day(moment: datetime) -> SafeString:
    """The day of a moment, in the journal's time zone: `<time datetime="2026-11-22">November 22, 2026</time>`."""
    day = timezone.localtime(moment)
    return mark_safe(f'<time datetime="{day:%Y-%m-%d}">{date_format(day, "DATE_FORMAT")}</time>')  # noqa: S308


@register.filter
def last_day(end: datetime) -> SafeString:
    """The last day of a right that ends with this moment, which is the first one without it."""
    return on_day(end - timedelta(microseconds=1))


@register.filter
def time_left(until: datetime) -> str:
    """“47 hours left”: the words of static/js/countdown.js, which keeps them true while the page stays open."""
    minutes = int((until - timezone.now()).total_seconds() // 60)
    days, hours = minutes // (24 * 60), minutes // 60
    if days >= 3:
        return ngettext("%(count)s day left", "%(count)s days left", days) % {"count": days}
    if hours >= 12:
        return ngettext("%(count)s hour left", "%(count)s hours left", hours) % {"count": hours}
    if minutes < 1:
        return _("ended") if until <= timezone.now() else _("less than a minute left")
    rest = minutes % 60
    parts = [ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}] if hours else []
    parts += [ngettext("%(count)s minute", "%(count)s minutes", rest) % {"count": rest}] if rest else []
    return _("%(time)s left") % {"time": " ".join(parts)}
