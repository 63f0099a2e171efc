"""Mail that is due: 90 days after a commitment, whether the change was made; a week after passing that credit waits."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from cme import letters
from cme.models import Attempt, Commitment
from cme.standing import may_claim_until

AT_ONCE = 200
REMIND_AFTER = timedelta(days=7)


def ask_due() -> int:
    """Write the mails that are due; returns how many. The outbox's key and `asked_at` both keep a second away."""
    due = Commitment.objects.filter(asked_at=None, ask_at__lte=timezone.now(), credit__revoked_at=None)
    return sum(_ask(pk) for pk in list(due.order_by("ask_at").values_list("pk", flat=True)[:AT_ONCE]))


def _ask(pk: int) -> bool:
    with transaction.atomic():
        locked = Commitment.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk, asked_at=None)
        commitment = locked.select_related("credit__user", "credit__activity__article").first()
        if commitment is None:
            return False
        letters.commitment_due(commitment)
        commitment.asked_at = timezone.now()
        commitment.save(update_fields=["asked_at"])
        return True


def remind_of_unclaimed() -> int:
    """Whoever passed a week ago and has not claimed is reminded, once, while there is time; returns how many."""
    due = Attempt.objects.filter(state=Attempt.State.PASSED, credit=None, reminded_at=None)
    due = due.filter(submitted_at__lte=timezone.now() - REMIND_AFTER, user__is_active=True)
    return sum(_remind(pk) for pk in list(due.order_by("submitted_at").values_list("pk", flat=True)[:AT_ONCE]))


def _remind(pk: UUID) -> bool:
    """One that comes too late is put down as dealt with, too, and not mailed."""
    with transaction.atomic():
        locked = Attempt.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk, reminded_at=None)
        attempt = locked.select_related("user", "activity__article").first()
        if attempt is None:
            return False
        in_time = timezone.localdate() <= may_claim_until(attempt.activity)
        if in_time:
            letters.credit_waits(attempt)
        Attempt.objects.filter(pk=pk).update(reminded_at=timezone.now())
        return in_time
