"""Alerts: asked for, confirmed by a click, gathered into digests, sent once, and ended by one click."""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from email.utils import make_msgid
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import notices
from accounts.languages import of_reader, speaking
from accounts.models import ServiceCenter, User
from journal.authors import name_of, rows_of_name_or_person
from journal.browsing import of_author, of_collection, of_topic
from journal.happenings import last
from journal.metadata import absolute
from journal.models import Article, Journal
from journal.reader_models import Alert, AlertMail, Happening, Recipient, SavedArticle

log = logging.getLogger(__name__)

MOST_ENTRIES = 50
MOST_ALERTS = 100
UNCONFIRMED_FOR = timedelta(days=7)
SENT_KEPT_FOR = timedelta(days=90)
H = Happening.Kind
#: Kinds that may tell of the same thing: a digest names it once.
SAME_NEWS: dict[str, str] = {
    "online": "new",
    "topic": "new",
    "author": "new",
    "collection": "new",
    "saved": "correction",
}


#: Which articles count as a reader's own, for alerts of corrections: each app adds what it knows (`count_as_own`). No
#: history of reading is kept, so it is what they saved, and what they came by one by one (docs/decisions/0044).
_own: list[Callable[[User], Any]] = []


def count_as_own(articles: Callable[[User], Any]) -> None:
    """`articles(user)` gives a query of the ids of articles."""
    if articles not in _own:
        _own.append(articles)


def _saved(user: User) -> Any:
    return SavedArticle.objects.filter(user=user).values("article")


count_as_own(_saved)


class TooMany(Exception):
    """An address has as many alerts as it may have."""


def ask(email: str, user: User | None, kind: str, rhythm: str = "", **about: Any) -> tuple[Alert, bool]:
    """An alert for an address, and whether it still has to be confirmed. Asking again changes nothing.

    An account's own confirmed address needs no second confirmation; any other gets a mail first.
    """
    with transaction.atomic():
        recipient, _is_new = Recipient.objects.get_or_create(email=email.lower())
        if user and user.email.lower() == recipient.email and recipient.user_id is None:
            recipient.user = user
            if _is_verified(user):
                recipient.confirmed_at = recipient.confirmed_at or timezone.now()
        is_own = user is not None and recipient.user_id == user.pk
        if rhythm in Recipient.Rhythm.values and (is_own or recipient.confirmed_at is None):
            recipient.rhythm = rhythm  # whoever merely knows an address does not change when its mail comes
        recipient.save()
        if recipient.alerts.count() >= MOST_ALERTS:
            raise TooMany
        alert, _is_new = Alert.objects.get_or_create(recipient=recipient, kind=kind, defaults={"seen": last()}, **about)
    return alert, recipient.confirmed_at is None


def _is_verified(user: User) -> bool:
    addresses: Any = user.emailaddress_set  # type: ignore[attr-defined]  # allauth's
    return bool(addresses.filter(email__iexact=user.email, verified=True).exists())


def send_confirmation(recipient: Recipient, words: str) -> None:
    context = {
        "words": words, "url": absolute(recipient.get_absolute_url()), "journal": _journal(),
        "service_center": ServiceCenter.current(),
    }  # fmt: skip
    notices.send(letter("journal/email/confirm", recipient.email, context))  # a mail server may be away


def letter(
    name: str, to: str, context: dict[str, Any], headers: dict[str, str] | None = None
) -> EmailMultiAlternatives:
    """A mail in its two forms."""
    subject = " ".join(render_to_string(f"{name}_subject.txt", context).split())
    message = EmailMultiAlternatives(
        subject, render_to_string(f"{name}_message.txt", context), to=[to], headers=headers
    )
    message.attach_alternative(render_to_string(f"{name}_message.html", context), "text/html")
    return message


def _journal() -> Journal:
    return Journal.objects.first() or Journal(title="First Page")


def confirm(recipient: Recipient) -> None:
    if recipient.confirmed_at is None:
        recipient.confirmed_at = timezone.now()
        recipient.save(update_fields=["confirmed_at"])
        recipient.alerts.update(seen=last())


def words_of(alert: Alert) -> str:
    """What an alert is about, for pages and mail."""
    about = alert.topic or alert.collection or alert.article
    name = str(about) if about else name_of(alert.author_key) if alert.author_key else ""
    return f"{alert.get_kind_display()}: {name}" if name else alert.get_kind_display()


# --- gathering -------------------------------------------------------------------------------------------------------


def gather(today: date | None = None) -> list[int]:
    """Digests of the day: for each confirmed address whose day it is, what happened since its last one. Ids to send.

    The digest and how far its alerts have come are one transaction, and its key is the recipient's day.
    """
    day = today or timezone.localdate()
    rhythms = [Recipient.Rhythm.DAILY, *([Recipient.Rhythm.WEEKLY] if day.weekday() == 0 else [])]
    due = Recipient.objects.filter(confirmed_at__isnull=False, rhythm__in=rhythms, alerts__seen__lt=last()).distinct()
    made = []
    for recipient in due.order_by("pk").iterator():
        with transaction.atomic(), speaking(_language(recipient)):
            mail = _digest(recipient, day)
        if mail:
            made.append(mail.pk)
    return made


def _language(recipient: Recipient) -> str:
    """The account's; of an address without one that of the page the alerts were asked for on."""
    user = recipient.user
    return of_reader(user) if user and user.language else of_reader(recipient)


def _digest(recipient: Recipient, day: date) -> AlertMail | None:
    key = f"{recipient.pk}:{day.isoformat()}"
    rows = recipient.alerts.select_for_update(of=("self",)).select_related("topic", "collection", "article")
    if AlertMail.objects.filter(key=key).exists():
        return None
    until, told, parts = last(), set[tuple[str, str]](), []
    for alert in rows.order_by("pk"):
        same = SAME_NEWS.get(alert.kind, alert.kind)
        news = [entry for entry in _news(alert, until) if (same, entry["url"]) not in told]
        told.update((same, entry["url"]) for entry in news)
        if news:
            parts.append({"title": words_of(alert), "entries": news[:MOST_ENTRIES]})
            if alert.kind == Alert.Kind.FREE:
                alert.delete()  # it happens once
    recipient.alerts.update(seen=until)
    return AlertMail.objects.create(key=key, recipient=recipient, parts=parts) if parts else None


def _news(alert: Alert, until: int) -> Iterator[dict[str, str]]:
    happened = Happening.objects.filter(pk__gt=alert.seen, pk__lte=until)
    if alert.kind == Alert.Kind.ISSUE:
        for row in happened.filter(kind=H.ISSUE).select_related("issue"):
            if row.issue:
                yield {"title": str(row.issue), "url": row.issue.get_absolute_url(), "line": row.issue.title}
        return
    if alert.kind == Alert.Kind.CITING:
        citing = happened.filter(kind=H.CITED, article=alert.article).values("by")
        yield from map(_entry, Article.objects.published().filter(pk__in=citing).newest())
        return
    yield from map(_entry, _articles(alert, happened))


def _articles(alert: Alert, happened: Any) -> Sequence[Article]:
    """Only what is on the site now: something may have been taken back since it happened."""
    appeared = happened.filter(kind=H.ONLINE).values("article")
    notices = happened.filter(kind__in=[H.CORRECTED, H.RETRACTED]).values("article")
    if alert.kind == Alert.Kind.ONLINE:
        return list(Article.objects.online_first().filter(pk__in=appeared).newest()[:MOST_ENTRIES])
    if alert.kind == Alert.Kind.TOPIC and alert.topic:
        return list(of_topic(alert.topic).filter(pk__in=appeared)[:MOST_ENTRIES])
    if alert.kind == Alert.Kind.AUTHOR:
        return list(of_author(rows_of_name_or_person(alert.author_key)).filter(pk__in=appeared)[:MOST_ENTRIES])
    if alert.kind == Alert.Kind.COLLECTION and alert.collection:
        return list(of_collection(alert.collection).filter(pk__in=appeared)[:MOST_ENTRIES])
    if alert.kind == Alert.Kind.SAVED:
        user = alert.recipient.user
        mine = [Q(article__in=articles(user)) for articles in _own] if user else [Q(pk__in=[])]
        notices = notices.filter(reduce(or_, mine))
        return list(Article.objects.published().filter(pk__in=notices).newest()[:MOST_ENTRIES])
    kinds = {Alert.Kind.CORRECTION: notices, Alert.Kind.FREE: happened.filter(kind=H.FREE).values("article")}
    ids = kinds[Alert.Kind(alert.kind)].filter(article=alert.article)
    return list(Article.objects.published().filter(pk__in=ids))


def _entry(article: Article) -> dict[str, str]:
    """Title and byline: nothing of the article that is not for everybody."""
    title = article.title
    if article.retracted_on:
        title = _("Retracted: %(title)s") % {"title": title}
    elif article.corrected_on:
        title = _("Corrected: %(title)s") % {"title": title}
    return {"title": title, "url": article.get_absolute_url(), "line": article.byline}


# --- sending ---------------------------------------------------------------------------------------------------------


def send(mail_id: int) -> bool:
    """Send one digest. It is claimed in a transaction of its own first: whoever is interrupted after that may not have
    sent it, and it is not sent again; *Alerts sent* in the admin shows it as claimed and not sent."""
    now = timezone.now()
    claimed = AlertMail.objects.filter(pk=mail_id, claimed_at=None).update(claimed_at=now)
    if not claimed:
        return False
    mail = AlertMail.objects.select_related("recipient").get(pk=mail_id)
    try:
        with speaking(_language(mail.recipient)):
            message = _compose(mail)
        message.send()
    except OSError as error:  # the mail server did not take it, so nothing was sent
        AlertMail.objects.filter(pk=mail_id).update(claimed_at=None, error=str(error)[:1000])
        return False
    AlertMail.objects.filter(pk=mail_id).update(sent_at=timezone.now(), error="")
    return True


def waiting() -> list[int]:
    return list(AlertMail.objects.filter(claimed_at=None).order_by("pk").values_list("pk", flat=True)[:200])


def _compose(mail: AlertMail) -> EmailMultiAlternatives:
    recipient = mail.recipient
    stop = absolute(reverse("journal:alerts_stop", args=[recipient.token]))
    context = {
        "parts": mail.parts, "journal": _journal(), "site_url": settings.SITE_URL, "stop": stop,
        "settings_url": absolute(recipient.get_absolute_url()),
        "service_center": ServiceCenter.current(),
        "count": sum(len(part["entries"]) for part in mail.parts),
    }  # fmt: skip
    headers = {
        "List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Message-ID": f"<alert.{mail.pk}@{make_msgid().rpartition('@')[2].rstrip('>')}>",
        "Auto-Submitted": "auto-generated",
    }  # fmt: skip
    return letter("journal/email/digest", recipient.email, context, headers)


def forget() -> None:
    """Addresses nobody has confirmed within a week, and digests sent long ago."""
    now = timezone.now()
    Recipient.objects.filter(confirmed_at=None, created_at__lt=now - UNCONFIRMED_FOR).delete()
    AlertMail.objects.filter(sent_at__lt=now - SENT_KEPT_FOR).delete()
