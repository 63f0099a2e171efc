"""90 days after a commitment the learner is asked, once, whether the change was made."""

from django.db import transaction
from django.utils import timezone

from accounts.languages import of_reader, speaking
from cme.models import Commitment
from subscriptions import mail

AT_ONCE = 200


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
        credit = commitment.credit
        with speaking(of_reader(credit.user)):
            context = {
                "title": credit.statements["title"], "commitment": commitment.text, "name": credit.name,
                "made_on": mail.day(commitment.made_at), "path": commitment.get_absolute_url(),
            }  # fmt: skip
            mail.enqueue(f"commitment:{pk}", "cme/email/commitment", credit.user.email, context, credit.user_id)
        commitment.asked_at = timezone.now()
        commitment.save(update_fields=["asked_at"])
        return True
