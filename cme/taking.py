"""Taking a post-test: begin, save, hand in. Every step may be done twice, from two tabs or devices, without harm."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from cme import scoring
from cme.models import Activity, Attempt, Choice
from cme.standing import Over, over

ATTESTATION = gettext_lazy("I have read the full text of this article, and I answered the questions myself.")


class Refused(Exception):
    """The answers are not this test's: forged, or of another question. Nothing was changed."""


class Ended(Exception):
    """The activity was over before the test was handed in; the answers are kept. `why` says how it ended."""

    def __init__(self, why: Over) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page sent: question → choice as ticked there, and what the page showed when it was made."""

    ticked: Mapping[int, int]
    shown: Mapping[int, int] = field(default_factory=dict)

    @property
    def changed(self) -> dict[int, int]:
        """Only what was changed on that page: a tab that is behind never writes over a newer answer of another."""
        return {question: choice for question, choice in self.ticked.items() if self.shown.get(question) != choice}


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What came of it: scored, or not yet: `unanswered` numbers, a missing tick, or another tab's answers."""

    attempt: Attempt
    unanswered: tuple[int, ...] = ()
    unattested: bool = False
    changed_elsewhere: tuple[int, ...] = ()

    @property
    def is_scored(self) -> bool:
        return self.attempt.state != Attempt.State.OPEN


def begin(activity: Activity, user: User) -> Attempt:
    """The open attempt, or a new one with the questions as they stand now. The caller has asked `standing`."""
    with transaction.atomic():
        User.objects.select_for_update().only("pk").get(pk=user.pk)
        attempts = Attempt.objects.filter(activity=activity, user=user)
        going_on = attempts.filter(state__in=(Attempt.State.OPEN, Attempt.State.PASSED)).first()
        if going_on:
            return going_on
        questions = list(activity.questions.filter(replaced_at=None).values_list("pk", flat=True))
        return attempts.create(
            activity=activity, user=user, number=attempts.count() + 1, questions=questions, minimum=activity.minimum
        )


_SAVE = """
INSERT INTO cme_answer (attempt_id, question_id, choice_id, saved_at)
SELECT a.id, given.question, given.choice, %(now)s
FROM cme_attempt a, unnest(%(questions)s::bigint[], %(choices)s::bigint[]) AS given(question, choice)
WHERE a.id = %(attempt)s AND a.state = 'open'
ON CONFLICT (attempt_id, question_id) DO UPDATE SET choice_id = excluded.choice_id, saved_at = excluded.saved_at
"""


def save(attempt: Attempt, sheet: Sheet) -> datetime:
    """Keep what was changed; returns when the attempt's answers were last saved. Raises Refused."""
    changed = sheet.changed
    if attempt.state != Attempt.State.OPEN or not changed:
        return attempt.saved_at or attempt.started_at
    check(attempt, changed)
    now = timezone.now()
    with transaction.atomic():
        # The lock puts two tabs, and a save against a handing in, one after the other.
        open_one = Attempt.objects.select_for_update().filter(pk=attempt.pk, state=Attempt.State.OPEN)
        if not open_one.exists():
            return attempt.saved_at or attempt.started_at
        _write(attempt, changed, now)
    return now


def _write(attempt: Attempt, changed: Mapping[int, int], now: datetime) -> None:
    questions, choices = list(changed), list(changed.values())
    told: dict[str, Any] = {"attempt": attempt.pk, "now": now, "questions": questions, "choices": choices}
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, told)
    Attempt.objects.filter(pk=attempt.pk).update(saved_at=now)
    attempt.saved_at = now


def check(attempt: Attempt, given: Mapping[int, int]) -> None:
    """Only questions of this attempt, each with a choice of its own."""
    if not given:
        return
    if set(given) - set(attempt.questions):
        raise Refused(_("An answer belongs to a question that is not in this test."))
    owners = dict(Choice.objects.filter(pk__in=given.values()).values_list("pk", "question_id"))
    if any(owners.get(choice) != question for question, choice in given.items()):
        raise Refused(_("An answer is not one of the question's choices."))


def hand_in(attempt: Attempt, sheet: Sheet, *, attested: bool) -> HandedIn:
    """Save, then score once if everything is answered and attested. Raises Refused, or Ended with the answers kept.

    A second submission of a scored attempt changes nothing and gets the same result.
    """
    check(attempt, sheet.changed)
    with transaction.atomic():
        row = (
            Attempt.objects.select_for_update(of=("self",))
            .select_related("activity__article")
            .get(pk=attempt.pk)
        )  # fmt: skip
        if row.state != Attempt.State.OPEN:
            return HandedIn(row)
        now = timezone.now()
        if sheet.changed:
            _write(row, sheet.changed, now)
        why, given = over(row.activity), row.given()
        if not why:
            missing = scoring.unanswered(row.questions, given)
            elsewhere = _changed_elsewhere(row, sheet, given)
            if missing or elsewhere or not attested:
                return HandedIn(row, missing, not attested, elsewhere)
            _score(row, now)
    if why:
        raise Ended(why)
    return HandedIn(row)


def _changed_elsewhere(attempt: Attempt, sheet: Sheet, given: Mapping[int, int]) -> tuple[int, ...]:
    """The numbers of the questions whose saved answer is not what the page showed: another tab was newer."""
    return tuple(
        number
        for number, question in enumerate(attempt.questions, 1)
        if question in given and given[question] != sheet.ticked.get(question)
    )


def _score(attempt: Attempt, now: datetime) -> None:
    result = attempt.score()
    attempt.state = Attempt.State.PASSED if result.passed else Attempt.State.FAILED
    attempt.right, attempt.missed = result.right, list(result.missed)
    attempt.submitted_at = attempt.attested_at = now
    attempt.attestation = str(ATTESTATION)
    attempt.save(update_fields=["state", "right", "missed", "submitted_at", "attested_at", "attestation"])
