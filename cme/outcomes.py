"""What came of an activity, for staff: who took part, how each question was answered, what learners mean to change.

Numbers only: no name and no single answer of a learner stands here.
"""

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Count, Sum

from cme.models import Activity, Answer, Attempt, Commitment, Credit, Evaluation, Opening
from cme.plots import Bar
from cme.scoring import in_words


@dataclass(frozen=True, slots=True)
class QuestionOutcome:
    """One version of a question, over the first submitted attempts that met it."""

    number: int
    text: str
    version: int
    answered: int
    right: int
    choices: list[tuple[str, int, bool]]

    @property
    def percent(self) -> int:
        return round(100 * self.right / self.answered) if self.answered else 0


@dataclass(frozen=True, slots=True)
class Outcomes:
    participation: list[Bar]
    questions: list[QuestionOutcome]
    scores: list[Bar]
    commitments: list[Bar]
    evaluations: list[Bar]
    balanced: int = 0
    credit_total: str = "0.0"
    comments: list[str] = field(default_factory=list)

    @property
    def by_question(self) -> list[Bar]:
        return [Bar(f"Question {one.number}", one.percent, f"{one.percent}%") for one in self.questions]


def of(activity: Activity) -> Outcomes:
    earned = Credit.objects.filter(activity=activity, revoked_at=None)
    evaluations = Evaluation.objects.filter(credit__in=earned)
    return Outcomes(
        participation=_participation(activity),
        questions=_questions(activity),
        scores=_scores(activity),
        commitments=_commitments(activity),
        evaluations=_evaluations(activity),
        balanced=evaluations.filter(was_balanced=Evaluation.Balance.YES).count(),
        credit_total=in_words(earned.aggregate(total=Sum("quarters"))["total"] or 0),
        comments=list(evaluations.exclude(comment="").order_by("?").values_list("comment", flat=True)[:50]),
    )


def _participation(activity: Activity) -> list[Bar]:
    attempts = activity.attempts.all()
    people = {
        "Opened the full text": Opening.objects.filter(article=activity.article_id).count(),
        "Began the test": attempts.aggregate(n=Count("user", distinct=True))["n"],
        "Handed it in": attempts.exclude(state=Attempt.State.OPEN).aggregate(n=Count("user", distinct=True))["n"],
        "Passed": attempts.filter(state=Attempt.State.PASSED).count(),
        "Claimed credit": activity.credits.filter(revoked_at=None).count(),
    }
    return [Bar(name, number, str(number)) for name, number in people.items()]


def _first(activity: Activity) -> "list[Attempt]":
    """Everybody's first attempt: later ones were made knowing which numbers were wrong."""
    return list(activity.attempts.filter(number=1).exclude(state=Attempt.State.OPEN).only("pk", "right", "questions"))


def _scores(activity: Activity) -> list[Bar]:
    counted = Counter((attempt.right or 0, len(attempt.questions)) for attempt in _first(activity))
    return [Bar(f"{right} of {total}", number, str(number)) for (right, total), number in sorted(counted.items())]


def _questions(activity: Activity) -> list[QuestionOutcome]:
    first = Answer.objects.filter(attempt__activity=activity, attempt__number=1)
    rows = first.exclude(attempt__state=Attempt.State.OPEN)
    counted = {
        (question, choice): number
        for question, choice, number in rows.values_list("question", "choice").annotate(Count("pk"))
    }
    found = []
    numbers: dict[object, int] = {}
    for question in activity.questions.prefetch_related("choices").order_by("position", "pk"):
        choices = [(choice, counted.get((question.pk, choice.pk), 0)) for choice in question.choices.all()]
        answered = sum(number for _, number in choices)
        if question.replaced_at and not answered:
            continue
        number = numbers.setdefault(question.key, len(numbers) + 1)
        right = sum(times for choice, times in choices if choice.is_preferred)
        told = [(str(choice), times, choice.is_preferred) for choice, times in choices]
        found.append(QuestionOutcome(number, question.text, question.version, answered, right, told))
    return found


def _commitments(activity: Activity) -> list[Bar]:
    made = Commitment.objects.filter(credit__activity=activity, credit__revoked_at=None)
    counted = Counter(made.values_list("outcome", flat=True))
    asked = made.filter(asked_at__isnull=False, outcome="").count()
    rows = {"Made": made.count(), "Asked, no answer yet": asked} | {
        Commitment.Outcome(outcome).label: counted[outcome] for outcome in Commitment.Outcome.values
    }
    return [Bar(str(name), number, str(number)) for name, number in rows.items()]


def _evaluations(activity: Activity) -> list[Bar]:
    said = Evaluation.objects.filter(credit__activity=activity, credit__revoked_at=None)
    counted = Counter(said.values_list("objectives_met", flat=True))
    return [Bar(str(answer.label), counted[answer.value], str(counted[answer.value])) for answer in Evaluation.Answer]
