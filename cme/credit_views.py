"""What was earned: claiming it, the certificate, the transcript, the report to the accreditor, the follow-up."""

import csv
import io
from itertools import groupby
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cme import certificate as paper
from cme import claiming, reports
from cme.forms import ClaimForm, FollowUpForm, LearnerFields
from cme.models import Attempt, Commitment, Credit, Report
from cme.scoring import credits_of, in_words
from cme.standing import may_claim_until

COLUMNS = ("Completed", "Activity", "DOI", "Provider", "Certificate", "Credit", "Standing")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Evaluation, commitment and claim on one page. Claiming twice gives the same credit."""
    attempts = Attempt.objects.select_related("activity__article", "activity__provider")
    attempt = get_object_or_404(attempts, pk=attempt_id, user=request.user, state=Attempt.State.PASSED)
    activity = attempt.activity
    if Credit.objects.filter(activity=activity, user=request.user).exists():  # type: ignore[misc]
        return redirect("cme:transcript")
    if timezone.localdate() > may_claim_until(activity):
        return redirect(activity)
    initial = {"name": request.user.get_full_name() if request.user.name else "", "quarters": activity.quarters}  # type: ignore[union-attr]
    form = ClaimForm(request.POST or None, activity=activity, initial=initial)
    if request.method == "POST" and form.is_valid():
        credit = claiming.claim(attempt, form.claim())
        messages.success(
            request,
            _("%(credit)s credit is yours. The certificate has the number %(number)s.")
            % {"credit": credit.credit, "number": credit.number},
        )
        return redirect("cme:transcript")
    context = {"attempt": attempt, "activity": activity, "article": activity.article, "form": form}
    return render(request, "cme/claim.html", context)


def _own(request: HttpRequest) -> "QuerySet[Credit]":
    rows = Credit.objects.filter(user=request.user)  # type: ignore[misc]
    return rows.select_related("activity__article", "report", "commitment")


def _one(request: HttpRequest, number: str) -> Credit:
    return get_object_or_404(_own(request), number=number.upper())


@never_cache
@login_required
@require_GET
def transcript(request: HttpRequest) -> HttpResponse:
    """Every credit, by year, with its certificate and the state of its report; and what was passed and not claimed."""
    years = [
        {"year": year, "credits": rows, "total": in_words(_sum(rows))}
        for year, rows in ((y, list(r)) for y, r in groupby(_own(request), lambda credit: credit.completed_on.year))
    ]
    context = {"years": years, "unclaimed": _unclaimed(request)}
    return render(request, "cme/transcript.html", context)


def _sum(rows: list[Credit]) -> int:
    return sum(credit.quarters for credit in rows if not credit.revoked_at)


def _unclaimed(request: HttpRequest) -> list[Attempt]:
    passed = Attempt.objects.filter(user=request.user, state=Attempt.State.PASSED, credit=None)  # type: ignore[misc]
    rows = passed.select_related("activity__article")
    return [attempt for attempt in rows if timezone.localdate() <= may_claim_until(attempt.activity)]


def _of_year(request: HttpRequest, year: int) -> list[Credit]:
    if not 1900 < year < 2200:
        raise Http404("There is no such year.")
    found = list(_own(request).filter(completed_on__year=year).order_by("completed_on", "pk"))
    if not found:
        raise Http404("There is no credit of this year.")
    return found


@never_cache
@login_required
@require_GET
def transcript_pdf(request: HttpRequest, year: int) -> HttpResponse:
    found = _of_year(request, year)
    return _pdf(paper.transcript(found[-1].name, year, found), f"cme-transcript-{year}.pdf")


@never_cache
@login_required
@require_GET
def transcript_csv(request: HttpRequest, year: int) -> HttpResponse:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for credit in _of_year(request, year):
        told, standing = credit.statements, "revoked" if credit.revoked_at else "valid"
        cells = (told["title"], told["doi"], told["provider"], credit.number)
        writer.writerow([credit.completed_on, *map(reports.cell, cells), credits_of(credit.quarters), standing])
    answer = HttpResponse(f"\ufeff{text.getvalue()}", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="cme-transcript-{year}.csv"'
    return answer


@never_cache
@login_required
@require_GET
def certificate(request: HttpRequest, number: str) -> HttpResponse:
    """Only to its learner. Others check the number on the public page."""
    credit = _one(request, number)
    return _pdf(paper.certificate(credit), f"cme-certificate-{credit.number}.pdf")


def _pdf(content: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'}
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def mend(request: HttpRequest, number: str) -> HttpResponse:
    """A rejected report: why, and the fields to correct. What was typed before is not shown but for the name."""
    credit = _one(request, number)
    report = get_object_or_404(Report, credit=credit, state__in=(Report.State.REJECTED, Report.State.QUEUED))
    known = {"first_name": report.first_name, "last_name": report.last_name, "license_state": report.license_state}
    form = LearnerFields(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            reports.mend(report, form.learner())
        except ValueError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Thank you. The report is queued again."))
        return redirect("cme:transcript")
    return render(request, "cme/mend.html", {"credit": credit, "report": report, "form": form})


@login_required
@require_POST
def withdraw_report(request: HttpRequest, number: str) -> HttpResponse:
    report = get_object_or_404(Report, credit=_one(request, number))
    if report.state == Report.State.ACCEPTED:
        messages.info(request, _("The accreditor has accepted this report already. Please ask them to delete it."))
    else:
        reports.withdraw(report)
        messages.success(request, _("It will not be reported, and what you had told us for it is deleted."))
    return redirect("cme:transcript")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def commitment(request: HttpRequest, number: str) -> HttpResponse:
    """Did you make the change? Asked by mail after 90 days; can be answered again until then and after."""
    found = get_object_or_404(Commitment.objects.select_related("credit"), credit=_one(request, number))
    form = FollowUpForm(request.POST or None, initial={"outcome": found.outcome, "note": found.note})
    if request.method == "POST" and form.is_valid():
        found.outcome, found.note = form.cleaned_data["outcome"], form.cleaned_data["note"]
        found.answered_at = timezone.now()
        found.save(update_fields=["outcome", "note", "answered_at"])
        messages.success(request, _("Thank you for telling us."))
        return redirect("cme:transcript")
    return render(request, "cme/commitment.html", {"commitment": found, "credit": found.credit, "form": form})
