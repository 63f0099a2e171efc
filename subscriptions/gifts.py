"""Gift links: ten a month for a subscriber, open for 14 days, on ten devices (models/gifts.py).

The right is an entitlement held by the link, decided like every other one. A device is a session of ours that pressed
the button on the link's page; the page alone counts nothing, because mail and chat programs open links by themselves.
"""

from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from journal.access import Reason
from journal.models import Article
from subscriptions.models import Entitlement, GiftLink, GiftOpening
from subscriptions.models.gifts import GIFT_DAYS, GIFT_DEVICES, GIFTS_A_MONTH
from subscriptions.reader import GIFTS, RequestReader

MOST_KEPT = 50  # gifts a session remembers


class NoGiftsLeft(Exception):
    """All links of this month are made."""


class NotAGift(Exception):
    """The reader has no subscription that opens the article, or everybody can read it anyway."""


class GiftOver(Exception):
    """The link has expired, was taken back, or was opened on ten other devices."""


def left_this_month(giver: User | None) -> int:
    return max(GIFTS_A_MONTH - GiftLink.objects.made_in_month_of(timezone.now()).filter(giver=giver).count(), 0)


def may_give(reader: RequestReader, article: Article) -> bool:
    """A subscriber may, what holds more than its PDF: that is not part of a gift."""
    may_read = reader.user is not None and reader.access_to(article).reason == Reason.SUBSCRIPTION
    return may_read and not article.is_only_pdf


def give(reader: RequestReader, article: Article) -> GiftLink:
    """A new link with its right. Raises NotAGift or NoGiftsLeft. The giver's row is locked: ten stay ten."""
    giver = reader.user
    if giver is None or not may_give(reader, article):
        raise NotAGift
    with transaction.atomic():
        User.objects.select_for_update().get(pk=giver.pk)
        if not left_this_month(giver):
            raise NoGiftsLeft
        now = timezone.now()
        link = GiftLink.objects.create(giver=giver, article=article, expires_at=now + timedelta(days=GIFT_DAYS))
        Entitlement.objects.create(
            gift_link=link, article=article, kind=Entitlement.Kind.GIFT, source=f"gift:{link.pk}", starts_at=now,
            ends_at=link.expires_at,
        )  # fmt: skip
        return link


def open_on(request: HttpRequest, link: GiftLink) -> None:
    """Count this device for the link, once. Raises GiftOver."""
    known = request.session.get(GIFTS, [])
    if link.pk in known and link.is_live:
        return
    with transaction.atomic():
        link = GiftLink.objects.select_for_update().get(pk=link.pk)
        if not link.is_live or link.openings.count() >= GIFT_DEVICES:
            raise GiftOver
        GiftOpening.objects.create(link=link)
    request.session[GIFTS] = [*known, link.pk][-MOST_KEPT:]


def take_back(link: GiftLink) -> None:
    """End a link at once, for everybody who opened it. Taken back again: nothing."""
    with transaction.atomic():
        link = GiftLink.objects.select_for_update().get(pk=link.pk)
        if link.revoked_at is None:
            link.revoked_at = timezone.now()
            link.save(update_fields=["revoked_at"])
            right = Entitlement.objects.get(gift_link=link)
            right.revoked_at, right.revoke_reason = link.revoked_at, "The giver took the link back"
            right.save(update_fields=["revoked_at", "revoke_reason", "updated_at"])


def state_of(link: GiftLink, openings: int) -> str:
    """One link in a word: `live`, `full` (on ten devices), `taken back` or `expired`."""
    if link.revoked_at:
        return "taken back"
    if link.expires_at <= timezone.now():
        return "expired"
    return "full" if openings >= GIFT_DEVICES else "live"
