"""The post-test: begin, answer (saved as you go), hand in, and what came of it."""

import re
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cme import scoring, taking
from cme.models import Attempt, Question
from cme.standing import Over, Step, over, standing
from cme.taking import Sheet
from cme.views import find, standing_of
from journal.views import reader_of

MAY_BEGIN = (Step.START, Step.RETAKE)
_FIELD = re.compile(r"(q|shown)-(\d{1,18})")
_NOT_OURS = gettext_lazy(
    "Your browser sent answers that do not belong to this test. Nothing was changed; the saved answers stand."
)
ENDED = {
    Over.EXPIRED: gettext_lazy(
        "The activity ended before the test was handed in. Your answers are kept, but it cannot give credit."
    ),
    Over.RETRACTED: gettext_lazy("The article was retracted, so this test is closed. Your answers are kept."),
    Over.CLOSED: gettext_lazy("This activity has been closed. Your answers are kept."),
}


@never_cache
@login_required
@require_POST
def start(request: HttpRequest, activity_id: int) -> HttpResponse:
    """Begin, or go on with the attempt that is open. What stands in the way is said on the activity's page."""
    found = find(activity_id)
    where = standing_of(request, found)
    if where.step in MAY_BEGIN:
        return redirect(taking.begin(found, request.user))  # type: ignore[arg-type]
    return redirect(where.attempt if where.step == Step.CONTINUE and where.attempt else found)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def test(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    attempt = _own(request, attempt_id)
    if attempt.state != Attempt.State.OPEN:
        return redirect(attempt)
    if request.method == "POST":
        return _sent(request, attempt)
    return _page(request, attempt)


def _sent(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    """Save or hand in. Without JavaScript this is how answers are saved, too."""
    try:
        sheet = sheet_of(request)
        if request.POST.get("action") == "save":
            saved_at = taking.save(attempt, sheet)
            messages.success(request, _("Saved at %(saved_at)s.") % {"saved_at": _time(saved_at)})
            return redirect("cme:test", attempt.pk)
        handed_in = taking.hand_in(attempt, sheet, attested=request.POST.get("attested") == "on")
    except taking.Refused:
        messages.error(request, _NOT_OURS)
        return redirect("cme:test", attempt.pk)
    except taking.Ended as ended:
        messages.error(request, ENDED[ended.why])
        return redirect(attempt.activity)
    return redirect(handed_in.attempt) if handed_in.is_scored else _page(request, attempt, handed_in)


def sheet_of(request: HttpRequest) -> Sheet:
    """The fields `q-12=34` (ticked) and `shown-12=34` (what the page showed). Raises Refused for anything else."""
    told: dict[str, dict[int, int]] = {"q": {}, "shown": {}}
    for name, value in request.POST.items():
        found = _FIELD.fullmatch(name)
        if found and value:
            if not re.fullmatch(r"\d{1,18}", str(value)):
                raise taking.Refused(_("An answer is not a number."))
            told[found[1]][int(found[2])] = int(str(value))
    return Sheet(told["q"], told["shown"])


def _page(request: HttpRequest, attempt: Attempt, handed_in: taking.HandedIn | None = None) -> HttpResponse:
    given = attempt.given()
    questions = attempt.asked()
    attempt.refresh_from_db(fields=["saved_at"])
    context = {
        "attempt": attempt, "activity": attempt.activity, "article": attempt.activity.article,
        "questions": [{"number": n, "question": q, "given": given.get(q.pk)} for n, q in enumerate(questions, 1)],
        "needed": scoring.needed(len(questions), attempt.minimum), "answered": len(given),
        "attestation": taking.ATTESTATION, "attested": request.POST.get("attested") == "on",
        "handed_in": handed_in, "over": ENDED[why] if (why := over(attempt.activity)) else "",
        "unanswered": _at(questions, handed_in.unanswered if handed_in else ()),
        "changed_elsewhere": _at(questions, handed_in.changed_elsewhere if handed_in else ()),
    }  # fmt: skip
    return render(request, "cme/test.html", context)


def _at(questions: list[Question], numbers: tuple[int, ...]) -> list[tuple[int, Question]]:
    return [(number, questions[number - 1]) for number in numbers]


@never_cache
@require_POST
def answers(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """What the page's script saves as the reader goes: JSON, with the time that is shown."""
    if not request.user.is_authenticated:
        address = f"{reverse('account_login')}?next={reverse('cme:test', args=[attempt_id])}"
        return JsonResponse({"error": "signed_out", "go_to": address}, status=401)
    attempt = _own(request, attempt_id)
    if attempt.state != Attempt.State.OPEN:
        return JsonResponse({"error": "handed_in", "go_to": attempt.get_absolute_url()}, status=409)
    try:
        saved_at = taking.save(attempt, sheet_of(request))
    except taking.Refused as refused:
        return JsonResponse({"error": str(refused)}, status=400)
    return JsonResponse({"saved_at": saved_at.isoformat(), "words": _time(saved_at)})


@never_cache
@login_required
@require_GET
def result(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """The score. Preferred answers and rationales only after passing, and only to who may read the text now."""
    attempt = _own(request, attempt_id)
    if attempt.state == Attempt.State.OPEN:
        return redirect(attempt)
    access = reader_of(request).access_to(attempt.activity.article)
    passed = attempt.state == Attempt.State.PASSED
    context = {
        "attempt": attempt, "activity": attempt.activity, "article": attempt.activity.article,
        "total": len(attempt.questions), "needed": scoring.needed(len(attempt.questions), attempt.minimum),
        "passed": passed, "standing": standing(attempt.activity, attempt.user, access), "access": access,
        "review": review(attempt) if passed and access.granted else [],
    }  # fmt: skip
    return render(request, "cme/result.html", context)


def review(attempt: Attempt) -> list[dict[str, object]]:
    """Each question with the learner's answer and the preferred one."""
    given = attempt.given()
    return [
        {
            "number": number, "question": question, "is_right": number not in attempt.missed,
            "choices": [
                {"choice": choice, "is_mine": choice.pk == given.get(question.pk)} for choice in question.choices.all()
            ],
        }
        for number, question in enumerate(attempt.asked(), 1)
    ]  # fmt: skip


def _own(request: HttpRequest, attempt_id: UUID) -> Attempt:
    """The learner's own attempt; anybody else's is not found."""
    if not request.user.is_authenticated:
        raise Http404
    attempts = Attempt.objects.select_related("activity__article", "activity__provider", "user")
    return get_object_or_404(attempts, pk=attempt_id, user=request.user)


def _time(moment: object) -> str:
    return date_format(timezone.localtime(moment), "TIME_FORMAT")  # type: ignore[arg-type]
