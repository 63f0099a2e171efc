"""Finding an activity, and what it is: for everybody, before any question is seen."""

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cme import statements
from cme.models import Activity, Requirement
from cme.scoring import in_words
from cme.standing import Standing, Step, standing
from cme.states import NAMES
from journal.views import LIST_FIELDS, reader_of

EXPIRES = {
    "30": gettext_lazy("Within 30 days"),
    "90": gettext_lazy("Within 90 days"),
    "365": gettext_lazy("Within a year"),
}
BOARDS = "national"


@require_safe
def activities(request: HttpRequest) -> HttpResponse:
    """What can be taken today, by state, topic, credit and expiration. What a filter does not know is left out."""
    found = Activity.objects.open()
    choices = _choices(found)
    chosen = {name: request.GET.get(name, "") for name in choices}
    chosen = {name: value for name, value in chosen.items() if value in choices[name]}
    shown = _filtered(found, chosen).select_related("article", "provider").prefetch_related("requirements")
    context = {
        "activities": shown.only(*(f"article__{name}" for name in LIST_FIELDS), *_own_fields()).order_by("expires_on"),
        "choices": choices, "chosen": chosen, "is_filtered": bool(chosen), "any_open": found.exists(),
    }  # fmt: skip
    return render(request, "cme/activities.html", context)


def _own_fields() -> list[str]:
    return ["article", "provider__name", "quarters", "released_on", "expires_on", "format", "minimum", "status"]


def _choices(found: "QuerySet[Activity]") -> dict[str, dict[str, str]]:
    """Only what leads somewhere: the states, topics and credits of what is open."""
    asked = Requirement.objects.filter(activity__in=found)
    states = sorted(set(asked.values_list("state", flat=True)))
    topics = sorted(set(asked.values_list("topic", flat=True)))
    quarters = sorted(set(found.values_list("quarters", flat=True)))
    return {
        "state": {state or BOARDS: NAMES.get(state, _("National boards")) for state in states},
        "topic": {topic: topic for topic in topics},
        "credit": {str(number): in_words(number) for number in quarters},
        "expires": {days: str(words) for days, words in EXPIRES.items()},
    }


def _filtered(found: "QuerySet[Activity]", chosen: dict[str, str]) -> "QuerySet[Activity]":
    """State and topic are looked for in one requirement: hours of stroke care that Florida asks for."""
    requirement = Requirement.objects.filter(activity=OuterRef("pk"))
    if "state" in chosen:
        requirement = requirement.filter(state="" if chosen["state"] == BOARDS else chosen["state"])
    if "topic" in chosen:
        requirement = requirement.filter(topic=chosen["topic"])
    if "state" in chosen or "topic" in chosen:
        found = found.filter(Exists(requirement))
    if "credit" in chosen:
        found = found.filter(quarters=int(chosen["credit"]))
    if "expires" in chosen:
        found = found.filter(expires_on__lte=timezone.localdate() + timedelta(days=int(chosen["expires"])))
    return found


@require_safe
def activity(request: HttpRequest, activity_id: int) -> HttpResponse:
    """What can be earned, from whom, on which terms; and this reader's next step."""
    found = find(activity_id)
    return render(request, "cme/activity.html", page_of(request, found))


def find(activity_id: int) -> Activity:
    """An activity that is or was offered. A draft is not found."""
    offered = Activity.objects.exclude(status=Activity.Status.DRAFT).exclude(published_at=None)
    return get_object_or_404(offered.select_related("article", "provider"), pk=activity_id)


def standing_of(request: HttpRequest, found: Activity) -> Standing:
    reader = reader_of(request)
    user = request.user if request.user.is_authenticated else None
    return standing(found, user, reader.access_to(found.article))


def page_of(request: HttpRequest, found: Activity) -> dict[str, Any]:
    """Everything the activity's page says: also for the admin's preview."""
    questions = found.questions.filter(replaced_at=None).count()
    return {
        "activity": found, "article": found.article, "standing": standing_of(request, found), "Step": Step,
        "question_count": questions, "needed": found.needed_of(questions),
        "requirements": list(found.requirements.all()), "accreditation": statements.accreditation(found),
        "designation": statements.designation(found), "support": statements.support(found),
        "disclosures": [part.strip() for part in found.disclosures.split("\n\n") if part.strip()],
        "format": found.get_format_display(),
    }  # fmt: skip
