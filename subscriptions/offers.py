"""Prices change by a new offer: what somebody has ordered stays what it was."""

from django.db import transaction

from subscriptions.models import Offer

TERMS = (
    "kind", "interval", "amount", "currency", "article", "issue", "journal", "rental_hours", "audience", "trial_days",
)  # fmt: skip


def replace(changed: Offer) -> Offer:
    """Take the stored offer off sale and save `changed` as a new one, which is returned.

    Orders, receipts and Stripe's prices name the old row; a subscription that is running keeps its price.
    """
    with transaction.atomic():
        Offer.objects.filter(pk=changed.pk).update(active=False)
        changed.pk = None
        changed._state.adding = True
        changed.save()
    return changed
