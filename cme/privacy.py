"""What CME knows of a learner: its share of the copy of everything, and of being forgotten (accounts/privacy.py)."""

from collections.abc import Iterable

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.privacy import Part, Rows, values
from cme.certificate import certificate
from cme.models import Answer, Attempt, Commitment, Credit, Opening, Report
from cme.models.reporting import LEARNER_FIELDS

KEEPS_CREDITS = gettext_lazy(
    "CME credit you earned, with the name on the certificate, the day and the test it rests on: accreditors have us"
    " keep it for six years, so that a certificate can be checked. License numbers and birthdays are deleted."
)


def tables(user: User) -> dict[str, Rows]:
    return {
        "cme_openings": values(Opening.objects.filter(user=user), "article__doi", "opened_at"),
        "cme_attempts": values(
            Attempt.objects.filter(user=user), "activity__article__title", "number", "state", "started_at",
            "submitted_at", "right",
            "attestation",
        ),
        "cme_answers": values(
            Answer.objects.filter(attempt__user=user), "attempt__number", "question__text", "choice__text", "saved_at"
        ),
        "cme_credits": values(
            Credit.objects.filter(user=user), "number", "activity__article__title", "name", "profession", "quarters",
            "completed_on", "claimed_at", "revoked_at", "revoke_reason",
        ),
        "cme_reports": values(
            Report.objects.filter(credit__user=user), "credit__number", "state", "consented_at", *LEARNER_FIELDS
        ),
        "cme_commitments": values(
            Commitment.objects.filter(credit__user=user), "credit__number", "text", "made_at", "outcome", "note"
        ),
    }  # fmt: skip


def files(user: User) -> Iterable[tuple[str, bytes]]:
    for credit in Credit.objects.filter(user=user, revoked_at=None).select_related("activity"):
        yield f"certificates/{credit.number}.pdf", certificate(credit)


def hinders(user: User) -> Iterable[str]:
    if Report.objects.filter(credit__user=user, state=Report.State.QUEUED).exists():
        yield _(
            "A CME credit of yours is on its way to the accreditor. Take the report back, or wait until it is there."
        )


def keeps(user: User) -> Iterable[str]:
    return [str(KEEPS_CREDITS)] if Credit.objects.filter(user=user).exists() else []


def erase(user: User) -> Iterable[str]:
    kept = keeps(user)
    Opening.objects.filter(user=user).delete()
    without_credit = Attempt.objects.filter(user=user, credit=None)
    Answer.objects.filter(attempt__in=without_credit).delete()
    without_credit.delete()
    Commitment.objects.filter(credit__user=user).delete()
    Report.objects.filter(credit__user=user).update(**dict.fromkeys(LEARNER_FIELDS, ""), wiped_at=timezone.now())
    return kept


PART = Part(tables=tables, erase=erase, files=files, hinders=hinders, keeps=keeps)
