"""Reporting to the accreditor: what is queued, the files for PARS, handing in, and forgetting what need not be kept."""

import csv
import io
import json
from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cme import letters, matcher
from cme.models import Activity, Credit, Report
from cme.models.reporting import LEARNER_FIELDS
from cme.scoring import credits_of
from cme.standing import over

KEEP_ACCEPTED = timedelta(days=365)
KEEP_WITHDRAWN = timedelta(days=30)
AT_ONCE = 500
ANSWERABLE = (Report.State.QUEUED, Report.State.ACCEPTED, Report.State.REJECTED)
HEADINGS = (
    "Provider ID", "Activity ID", "Activity title", "Activity format", "Start date", "End date", "Certificate",
    "First name", "Last name", "Month of birth", "Day of birth", "License state", "License ID", "NPI",
    "Completion date", "Credits",
)  # fmt: skip


def reportable() -> "QuerySet[Report]":
    return Report.objects.exclude(state=Report.State.WITHDRAWN).filter(wiped_at=None, credit__revoked_at=None)


def as_table(reports: Iterable[Report]) -> str:
    """Tab-delimited, as PARS takes it: a line of headings, then a line a learner."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    writer.writerows(_row(report) for report in reports)
    return text.getvalue()


def _row(report: Report) -> list[str]:
    credit, activity = report.credit, report.credit.activity
    month, _, day = report.birthday.partition("-")
    return [
        cell(value)
        for value in (
            activity.provider.pars_id, activity.pars_id or str(activity.pk), activity.title,
            activity.get_format_display(), f"{activity.released_on:%m/%d/%Y}", f"{activity.expires_on:%m/%d/%Y}",
            credit.number, report.first_name, report.last_name, month, day, report.license_state,
            report.license_number, report.npi, f"{credit.completed_on:%m/%d/%Y}", str(credits_of(credit.quarters)),
        )
    ]  # fmt: skip


def cell(value: str) -> str:
    """One line without tabs; what a spreadsheet would take for a formula is told apart by an apostrophe."""
    tidy = " ".join(value.split())
    return f"'{tidy}" if tidy[:1] in ("=", "+", "-", "@") else tidy


def as_json(reports: Iterable[Report]) -> str:
    """By activity, with what PARS asks of an activity itself."""
    activities: dict[int, dict[str, Any]] = {}
    for report in reports:
        credit = report.credit
        told = activities.setdefault(credit.activity_id, {**_activity(credit.activity), "learners": []})
        told["learners"].append(_learner(report))
    return json.dumps({"activities": list(activities.values())}, indent=2, ensure_ascii=False)


def _activity(activity: Activity) -> dict[str, Any]:
    counts = Credit.objects.filter(activity=activity, revoked_at=None)
    physicians = counts.filter(profession=Credit.Profession.PHYSICIAN).count()
    return {
        "provider_id": activity.provider.pars_id, "activity_id": activity.pars_id or str(activity.pk),
        "title": activity.title, "format": activity.get_format_display(), "joint_with": activity.joint_with,
        "providership": "joint" if activity.joint_with else "direct",
        "url": f"{settings.SITE_URL}{activity.get_absolute_url()}",
        "has_fee": activity.audience == Activity.Audience.FEE,
        "start": activity.released_on.isoformat(), "end": activity.expires_on.isoformat(),
        "credits": str(credits_of(activity.quarters)), "description": activity.objective_list,
        "commercial_support": bool(activity.commercial_support.strip()), "closed": over(activity) is not None,
        "physicians": physicians, "other_learners": counts.count() - physicians,
    }  # fmt: skip


def _learner(report: Report) -> dict[str, Any]:
    credit = report.credit
    return {
        "certificate": credit.number, "first_name": report.first_name, "last_name": report.last_name,
        "birthday": report.birthday, "license_state": report.license_state, "license_id": report.license_number,
        "npi": report.npi, "completed_on": credit.completed_on.isoformat(), "credits": str(credits_of(credit.quarters)),
    }  # fmt: skip


def hand_in_queued() -> int:
    """Ask the matcher about what is queued; returns how many were answered. Without a matcher everything waits."""
    queued = list(reportable().filter(state=Report.State.QUEUED).order_by("handed_in_at", "pk")[:AT_ONCE])
    if not queued:
        return 0
    physicians = matcher.register()
    return sum(_answer(report, matcher.match(report, physicians)) for report in queued)


def _answer(report: Report, answer: matcher.Answer) -> bool:
    """Only what is still queued is answered: a learner may have mended or withdrawn it meanwhile."""
    return take_answer(report, answer, only_from=(Report.State.QUEUED,))


def take_answer(report: Report, answer: matcher.Answer, *, only_from: Collection[str] = ANSWERABLE) -> bool:
    """Write down what the accreditor said, and mail the learner what to mend. False: it was not waiting for an answer.

    The mail's key counts the tries, so that the same answer twice is one letter, and a second rejection another.
    """
    with transaction.atomic():
        row = Report.objects.select_for_update().filter(pk=report.pk, state__in=only_from).first()
        if row is None:
            return False
        now = timezone.now()
        row.tries += row.state == Report.State.QUEUED
        row.state = Report.State.ACCEPTED if answer.accepted else Report.State.REJECTED
        row.reason, row.answered_at, row.handed_in_at = answer.reason, now, now
        row.save(update_fields=["tries", "state", "reason", "answered_at", "handed_in_at"])
        if not answer.accepted:
            letters.report_rejected(row)
    return True


def mend(report: Report, learner: Any) -> None:
    """Into the queue again with the learner's new words. Raises ValueError if it waited for none."""
    waiting = Report.objects.filter(pk=report.pk, state__in=(Report.State.REJECTED, Report.State.QUEUED))
    row = waiting.first()
    if row is None:
        raise ValueError(_("This report has been accepted or withdrawn already."))
    for name, value in asdict(learner).items():
        setattr(row, name, value)
    row.state, row.reason, row.answered_at = Report.State.QUEUED, "", None
    row.save()


def withdraw(report: Report) -> None:
    """The learner does not want it reported (any more): what they told is deleted at once."""
    Report.objects.filter(pk=report.pk).exclude(state=Report.State.ACCEPTED).update(
        state=Report.State.WITHDRAWN, reason="", **_blank()
    )


def _blank() -> dict[str, Any]:
    return {**dict.fromkeys(LEARNER_FIELDS, ""), "wiped_at": timezone.now()}


def forget() -> int:
    """Delete the learners' fields a year after acceptance, and a month after a revocation. The credit stays."""
    now, kept = timezone.now(), Report.objects.filter(wiped_at=None)
    accepted = kept.filter(state=Report.State.ACCEPTED, answered_at__lt=now - KEEP_ACCEPTED)
    withdrawn = kept.filter(state=Report.State.WITHDRAWN, credit__revoked_at__lt=now - KEEP_WITHDRAWN)
    return sum(Report.objects.filter(pk__in=list(rows.values_list("pk", flat=True))).update(**_blank())
               for rows in (accepted, withdrawn))  # fmt: skip
