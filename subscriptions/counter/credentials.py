"""What an institution's programs show to fetch its reports: made, shown once, changed, looked up."""

import secrets
import uuid

from django.db import IntegrityError, transaction
from django.utils import timezone

from subscriptions.models import Institution, SushiAccess
from subscriptions.models.usage import digest_of

NOBODY = SushiAccess(key_digest=digest_of(secrets.token_urlsafe()))  # compared with when there is no such requestor


def of(institution: Institution) -> SushiAccess:
    """The institution's identifiers, made when they are needed first, with a key that nobody knows."""
    found = SushiAccess.objects.filter(institution=institution).first()
    if found:
        return found
    try:
        with transaction.atomic():
            return SushiAccess.objects.create(
                institution=institution, customer_id=secrets.token_hex(8), requestor_id=str(uuid.uuid4()),
                key_digest=digest_of(secrets.token_urlsafe()), holdings_token=secrets.token_urlsafe(24),
            )  # fmt: skip
    except IntegrityError:  # another page was quicker
        return SushiAccess.objects.get(institution=institution)


def new_key(institution: Institution) -> str:
    """Replace the key, and the address of the holdings with it. It is told here and never again."""
    access, key = of(institution), secrets.token_urlsafe(24)
    access.key_digest, access.holdings_token = digest_of(key), secrets.token_urlsafe(24)
    access.has_key = True
    access.save()
    return key


def was_used(access: SushiAccess) -> None:
    """Kept to the day, so that fetching thirty reports is one write."""
    today = timezone.localdate()
    if access.used_on != today:
        SushiAccess.objects.filter(pk=access.pk).update(used_on=today)
