"""What the journal keeps for a reader: its share of the copy, and of being forgotten (accounts/privacy.py)."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from accounts.models import User
from accounts.privacy import Part, Rows, values
from journal.reader_models import Alert, AlertMail, Folder, Recipient, SavedArticle
from journal.related_models import BoxLayout


def tables(user: User) -> dict[str, Rows]:
    recipients = _recipients(user)
    return {
        "saved_articles": values(SavedArticle.objects.filter(user=user), "article__doi", "folder__name", "saved_at"),
        "alert_addresses": values(recipients, "email", "rhythm", "confirmed_at", "created_at"),
        "alerts": values(
            Alert.objects.filter(recipient__in=recipients), "kind", "topic__name", "collection__title", "article__doi",
            "author_key", "created_at",
        ),
        "alert_mails": values(AlertMail.objects.filter(recipient__in=recipients), "parts", "created_at", "sent_at"),
        "boxes": values(BoxLayout.objects.filter(user=user), "order", "collapsed"),
    }  # fmt: skip


def erase(user: User) -> Iterable[str]:
    _recipients(user).delete()
    for model in (SavedArticle, Folder, BoxLayout):
        model.objects.filter(user=user).delete()
    return ()


def _recipients(user: User) -> Any:
    """Also where the same address asked for alerts without the account."""
    return Recipient.objects.filter(Q(user=user) | Q(email=user.email.lower()))


PART = Part(tables=tables, erase=erase)
