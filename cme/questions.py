"""Writing questions. What somebody has met is never changed: an edit makes a new version beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from cme.models import Activity, Attempt, Choice, Question
from cme.models.activity import LETTERS


@dataclass(frozen=True, slots=True)
class Draft:
    """A question as staff wrote it; `preferred` is a letter, `choices` are texts in order."""

    text: str
    choices: Sequence[str]
    preferred: str
    rationale: str = ""
    passage: str = ""
    position: int = 0


def is_met(question: Question) -> bool:
    """Whether an attempt was given this version."""
    return Attempt.objects.filter(activity=question.activity_id, questions__contains=question.pk).exists()


def add(activity: Activity, draft: Draft) -> Question:
    with transaction.atomic():
        question = Question.objects.create(activity=activity, **_own(draft))
        _write_choices(question, draft)
        return question


def revise(question: Question, draft: Draft) -> Question:
    """The current version afterwards: the same row while nobody has met it, a new one after that.

    A new place on the page, or another rationale or passage, asks nothing else of a learner: no new version.
    """
    with transaction.atomic():
        row = Question.objects.select_for_update().get(pk=question.pk)
        if _asks(row) == _asked_by(draft) or not is_met(row):
            for name, value in _own(draft).items():
                setattr(row, name, value)
            row.save()
            if _asks(row) != _asked_by(draft):
                row.choices.all().delete()
                _write_choices(row, draft)
            return row
        row.replaced_at = timezone.now()
        row.save(update_fields=["replaced_at"])
        version = row.version + 1
        newer = Question.objects.create(activity=row.activity, key=row.key, version=version, **_own(draft))
        _write_choices(newer, draft)
        return newer


def remove(question: Question) -> None:
    """Gone when nobody has met it; else it stays for those who have, and is asked no more."""
    if is_met(question):
        Question.objects.filter(pk=question.pk).update(replaced_at=timezone.now())
    else:
        question.delete()


def _own(draft: Draft) -> dict[str, object]:
    return {
        "text": draft.text, "rationale": draft.rationale, "passage": draft.passage, "position": draft.position,
    }  # fmt: skip


def _write_choices(question: Question, draft: Draft) -> None:
    Choice.objects.bulk_create(
        Choice(question=question, letter=letter, text=text, is_preferred=letter == draft.preferred)
        for letter, text in zip(LETTERS, draft.choices, strict=False)
    )


def _asks(question: Question) -> tuple[object, ...]:
    """What decides a learner's answer."""
    choices = [(choice.letter, choice.text, choice.is_preferred) for choice in question.choices.all()]
    return question.text, choices


def _asked_by(draft: Draft) -> tuple[object, ...]:
    pairs = zip(LETTERS, draft.choices, strict=False)
    return draft.text, [(letter, text, letter == draft.preferred) for letter, text in pairs]
