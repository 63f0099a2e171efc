"""An activity as a learner will see it, also a draft: its page, the test, and the answers after passing.

A simulation: nothing is saved, no attempt is made.
"""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User
from cme import scoring, taking
from cme.models import Activity
from cme.standing import Standing, Step
from cme.views import page_of


def preview(request: HttpRequest, activity: Activity) -> HttpResponse:
    questions = list(activity.current_questions())
    staff, request.user = request.user, AnonymousUser()
    context = page_of(request, activity)
    request.user = staff if isinstance(staff, User) else request.user
    context |= {
        "is_preview": True, "standing": Standing(Step.START, left=activity.attempts_allowed or None),
        "questions": [{"number": n, "question": q, "given": None} for n, q in enumerate(questions, 1)],
        "needed": scoring.needed(len(questions), activity.minimum), "attestation": taking.ATTESTATION,
        "review": [
            {
                "number": number, "question": question, "is_right": True,
                "choices": [{"choice": choice, "is_mine": False} for choice in question.choices.all()],
            }
            for number, question in enumerate(questions, 1)
        ],
    }  # fmt: skip
    return render(request, "cme/preview.html", context)
