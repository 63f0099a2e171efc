"""Claiming: one credit for one activity, with what the learner says of it, in one transaction."""

from dataclasses import asdict, dataclass, field
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from cme import statements
from cme.models import Attempt, Commitment, Credit, Evaluation, Report
from cme.standing import may_claim_until

FOLLOW_UP = timedelta(days=90)


class NotClaimable(Exception):
    """The attempt was not passed, or the time to claim is over. The message is for the learner."""


@dataclass(frozen=True, slots=True)
class Learner:
    """What is asked only when the learner wants the credit reported. `birthday` is MM-DD: the year is never asked."""

    first_name: str
    last_name: str
    birthday: str
    license_state: str = ""
    license_number: str = ""
    npi: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    name: str
    profession: str
    quarters: int
    objectives_met: int
    was_balanced: str
    comment: str = ""
    commitment: str = ""
    learner: Learner | None = field(default=None)


def claim(attempt: Attempt, said: Claim) -> Credit:
    """The credit of a passed attempt. Claiming again gives the same credit, unchanged. Raises NotClaimable."""
    with transaction.atomic():
        row = Attempt.objects.select_for_update(of=("self",)).select_related("activity__article").get(pk=attempt.pk)
        activity = row.activity
        known = Credit.objects.filter(activity=activity, user=row.user_id).first()
        if known:
            return known
        if row.state != Attempt.State.PASSED or row.submitted_at is None:
            raise NotClaimable(_("This test has not been passed."))
        if timezone.localdate() > may_claim_until(activity):
            raise NotClaimable(_("The time to claim this credit is over."))
        if not 1 <= said.quarters <= activity.quarters:
            raise NotClaimable(_("Claim from 0.25 to %(credit)s, in quarter steps.") % {"credit": activity.credit})
        credit = Credit.objects.create(
            attempt=row, activity=activity, user_id=row.user_id, name=said.name, profession=said.profession,
            quarters=said.quarters, completed_on=timezone.localdate(row.submitted_at),
            statements=statements.snapshot(activity),
        )  # fmt: skip
        _keep_what_was_said(credit, said)
        return credit


def _keep_what_was_said(credit: Credit, said: Claim) -> None:
    Evaluation.objects.create(
        credit=credit, objectives_met=said.objectives_met, was_balanced=said.was_balanced, comment=said.comment
    )
    if said.commitment:
        now = timezone.now()
        Commitment.objects.create(credit=credit, text=said.commitment, made_at=now, ask_at=now + FOLLOW_UP)
    if said.learner:
        Report.objects.create(credit=credit, consented_at=timezone.now(), **asdict(said.learner))


# --- what staff do ---------------------------------------------------------------------------------------------------

CORRECTABLE = ("name", "profession", "quarters", "completed_on")


def correct(credit: Credit, by: User, reason: str, **changes: object) -> None:
    """Put right what a certificate says; what it said before is kept beside the reason. The number stays."""
    with transaction.atomic():
        row = Credit.objects.select_for_update().get(pk=credit.pk)
        changed = {name: value for name, value in changes.items() if getattr(row, name) != value}
        if not changed or set(changed) - set(CORRECTABLE):
            raise ValueError("Nothing would change.")
        before = {name: str(getattr(row, name)) for name in changed}
        for name, value in changed.items():
            setattr(row, name, value)
        row.save(update_fields=list(changed))
        after = {name: str(value) for name, value in changed.items()}
        row.corrections.create(by=by, reason=reason, before=before, after=after)
        _report_again(Report.objects.filter(credit=row).exclude(state=Report.State.WITHDRAWN))


def revoke(credit: Credit, by: User, reason: str) -> None:
    """Take a credit back: the certificate's page says so at once, and it is not reported (any more)."""
    with transaction.atomic():
        row = _put(credit, by, reason, revoked=True)
        Report.objects.filter(credit=row).update(state=Report.State.WITHDRAWN)


def restore(credit: Credit, by: User, reason: str) -> None:
    """Undo a revocation, with a reason."""
    with transaction.atomic():
        row = _put(credit, by, reason, revoked=False)
        _report_again(Report.objects.filter(credit=row))


def _put(credit: Credit, by: User, reason: str, *, revoked: bool) -> Credit:
    """Revoked, or valid again, with what it was before in the log."""
    row = Credit.objects.select_for_update().get(pk=credit.pk)
    if bool(row.revoked_at) == revoked:
        raise ValueError(f"This credit is {'revoked already' if revoked else 'not revoked'}.")
    row.revoked_at, row.revoked_by, row.revoke_reason = (timezone.now(), by, reason) if revoked else (None, None, "")
    row.save(update_fields=["revoked_at", "revoked_by", "revoke_reason"])
    was, is_now = ("valid", "revoked") if revoked else ("revoked", "valid")
    row.corrections.create(by=by, reason=reason, before={"standing": was}, after={"standing": is_now})
    return row


def _report_again(reports: "QuerySet[Report]") -> None:
    """Only what the learner's words are still there for: they took the rest back, or it was deleted after its time."""
    reports.filter(wiped_at=None).update(state=Report.State.QUEUED, reason="", answered_at=None)
