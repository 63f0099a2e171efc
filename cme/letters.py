"""What the CME app mails to a learner, in their language. The outbox key names what happened; twice done, one mail."""

from django.urls import reverse
from django.utils.formats import date_format

from accounts.languages import of_reader, speaking
from cme.models import Attempt, Commitment, Report
from cme.scoring import in_words
from cme.standing import may_claim_until
from subscriptions import mail


def commitment_due(commitment: Commitment) -> None:
    credit = commitment.credit
    with speaking(of_reader(credit.user)):
        made_on = mail.day(commitment.made_at)
    context = {
        "title": credit.statements["title"], "commitment": commitment.text, "name": credit.name,
        "made_on": made_on, "path": commitment.get_absolute_url(),
    }  # fmt: skip
    mail.enqueue(f"commitment:{commitment.pk}", "cme/email/commitment", credit.user.email, context, credit.user_id)


def credit_waits(attempt: Attempt) -> None:
    """Somebody has passed and not claimed."""
    activity, user = attempt.activity, attempt.user
    with speaking(of_reader(user)):
        until = date_format(may_claim_until(activity), "DATE_FORMAT")
    context = {
        "title": activity.title, "name": user.get_full_name(), "most": in_words(activity.quarters),
        "until": until, "path": reverse("cme:claim", args=[attempt.pk]),
    }  # fmt: skip
    mail.enqueue(f"credit-waits:{attempt.pk}", "cme/email/credit_waits", user.email, context, user.pk)


def report_rejected(report: Report) -> None:
    """With the reason, which says what to look at again and holds nothing the learner typed."""
    credit = report.credit
    context = {
        "title": credit.statements["title"], "number": credit.number, "name": credit.name, "reason": report.reason,
        "path": reverse("cme:mend", args=[credit.number]),
    }  # fmt: skip
    key = f"report-rejected:{report.pk}:{report.tries}"
    mail.enqueue(key, "cme/email/report_rejected", credit.user.email, context, credit.user_id)
