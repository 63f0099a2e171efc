"""A learner at a post-test: that the text was opened, the attempts, and every answer as it was last saved."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from cme.models.activity import Activity, Choice, Question
from cme.scoring import Score, score
from journal.models import Article


class Opening(models.Model):
    """That somebody was given the full text, first on that day: only then can they say they read it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now, db_default=models.functions.Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "article"], name="one_opening_of_an_article")]

    def __str__(self) -> str:
        return f"{self.user} opened {self.article}"


class Attempt(models.Model):
    """One try. It keeps the versions of the questions it began with, and is scored by those."""

    class State(models.TextChoices):
        OPEN = "open", "Being answered"
        PASSED = "passed", "Passed"
        FAILED = "failed", "Not passed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="attempts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="cme_attempts")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    questions = models.JSONField(help_text="Ids of the questions' versions, in the order of the page.")
    minimum = models.PositiveSmallIntegerField(help_text="The minimum score when the attempt began, in %.")
    started_at = models.DateTimeField(default=timezone.now)
    saved_at = models.DateTimeField(null=True)
    attested_at = models.DateTimeField(null=True)
    attestation = models.TextField(blank=True, help_text="The sentence that was ticked, word for word.")
    submitted_at = models.DateTimeField(null=True)
    right = models.PositiveSmallIntegerField(null=True)
    missed = models.JSONField(default=list, help_text="The numbers of the questions to look at again.")
    reminded_at = models.DateTimeField(null=True, editable=False, help_text="When the learner was told: credit waits.")

    class Meta:
        ordering = ["activity", "user", "number"]
        constraints = [
            models.UniqueConstraint(fields=["activity", "user", "number"], name="one_attempt_of_a_number"),
            models.UniqueConstraint(
                fields=["activity", "user"], condition=Q(state="open"), name="one_open_attempt_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state="open", submitted_at=None)
                | ~Q(state="open") & Q(submitted_at__isnull=False, right__isnull=False, attested_at__isnull=False),
                name="submitted_attempts_are_scored_and_attested",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, attempt {self.number} at {self.activity}"

    def get_absolute_url(self) -> str:
        return reverse("cme:test" if self.state == Attempt.State.OPEN else "cme:result", args=[self.pk])

    def asked(self) -> list[Question]:
        """The questions as this attempt was given them, with their choices, in its order."""
        found = Question.objects.filter(pk__in=self.questions).prefetch_related("choices").in_bulk()
        return [found[pk] for pk in self.questions]

    def given(self) -> dict[int, int]:
        """What is saved: question → choice."""
        return dict(self.answers.values_list("question_id", "choice_id"))

    def score(self) -> Score:
        preferred = Choice.objects.filter(question__in=self.questions, is_preferred=True)
        key = dict(preferred.values_list("question_id", "pk"))
        return score(self.questions, key, self.given(), self.minimum)


class Answer(models.Model):
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="answers")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="answers")
    choice = models.ForeignKey(Choice, on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attempt", "question"], name="one_answer_to_a_question")]

    def __str__(self) -> str:
        return f"{self.question_id}: {self.choice_id}"
