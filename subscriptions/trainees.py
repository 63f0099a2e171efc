"""The reduced price for readers in training: proofs, what staff decide, and what happens when a proof runs out.

A proof is good until a day that staff set. 30 days before it the subscriber is asked for a new one; after it the
subscription is set not to renew (never silently made dearer), and a new proof undoes that as long as the period runs.
"""

import logging
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import User
from subscriptions import changing, gateway, mail
from subscriptions.models import Offer, Subscription, TraineeProof

log = logging.getLogger(__name__)

REMIND_DAYS = 30
KEEP_DOCUMENT_DAYS = 30
LONGEST_DAYS = 366 * 2


def accept(proof: TraineeProof, by: User, valid_until: date) -> None:
    """Staff's yes, with the last day of the reduced price. Raises ValueError for a day that makes no sense."""
    today = timezone.localdate()
    if not today <= valid_until <= today + timedelta(days=LONGEST_DAYS):
        raise ValueError("The last day must lie between today and two years from now.")
    _decide(proof, by, TraineeProof.State.ACCEPTED, "", valid_until)


def refuse(proof: TraineeProof, by: User, answer: str) -> None:
    """Staff's no, with the reason the reader is told."""
    _decide(proof, by, TraineeProof.State.REFUSED, answer, None)


def _decide(proof: TraineeProof, by: User, state: str, answer: str, valid_until: date | None) -> None:
    with transaction.atomic():
        row = TraineeProof.objects.select_for_update().get(pk=proof.pk)
        if row.state != TraineeProof.State.WAITING:
            raise ValueError("This proof has been decided already.")
        row.state, row.answer, row.valid_until = state, answer, valid_until
        row.decided_by, row.decided_at = by, timezone.now()
        row.save()
        mail.trainee_decision(row)


def reduced() -> "QuerySet[Subscription]":
    """Living subscriptions at the trainee price."""
    return Subscription.objects.filter(
        order__audience=Offer.Audience.TRAINEE, status__in=("active", "trialing", "past_due"), ended_at=None
    ).select_related("user", "journal")


def look_after() -> int:
    """Daily: remind of proofs that run out, stop renewals without a proof, delete documents that were looked at."""
    today = timezone.localdate()
    good = TraineeProof.objects.filter(user=OuterRef("user"), state=TraineeProof.State.ACCEPTED)
    soon = reduced().filter(Exists(good.filter(valid_until__gte=today)))
    for subscription in soon.exclude(Exists(good.filter(valid_until__gt=today + timedelta(days=REMIND_DAYS)))):
        proof = subscription.user.trainee_proofs.in_force(today).latest("valid_until")
        mail.trainee_proof_ends(subscription, proof)
    unproved = reduced().filter(ends_at=None).exclude(Exists(good.filter(valid_until__gte=today)))
    stopped = sum(_stop(subscription) for subscription in unproved)
    _delete_documents()
    return stopped


def _stop(subscription: Subscription) -> bool:
    try:
        changing.cancel(subscription)
    except gateway.GatewayError as error:
        log.warning("%s: the renewal could not be stopped yet: %s", subscription.stripe_id, error)
        return False
    mail.trainee_stopped(subscription)
    return True


def _delete_documents() -> None:
    """A document is kept for 30 days after the decision, for questions; the decision itself is kept."""
    old = timezone.now() - timedelta(days=KEEP_DOCUMENT_DAYS)
    for proof in TraineeProof.objects.filter(decided_at__lt=old).exclude(document=""):
        proof.document.delete()
