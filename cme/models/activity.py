"""What may be earned, from whom, on which article; and the questions, which are never changed once answered."""

import uuid
from datetime import date
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from cme.scoring import in_words, needed
from cme.states import STATES, where
from journal.models import Article

LETTERS = "ABCDEF"
LONGEST_YEARS = 3  # ACCME: enduring materials are reviewed after three years at the latest
MOST_QUARTERS = 40


class Provider(models.Model):
    """Who is accredited, and by whom: the accreditation statement is made from this."""

    name = models.CharField(max_length=200, unique=True, help_text="As it stands in the statements, without “The”.")
    accreditor = models.CharField(
        max_length=200, default="Accreditation Council for Continuing Medical Education (ACCME)",
        help_text="Who accredits: the ACCME, or a state medical society it recognizes.",
    )  # fmt: skip
    pars_id = models.CharField("PARS provider number", max_length=20, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ActivityQuerySet(models.QuerySet["Activity"]):
    def open(self, on: date | None = None) -> "ActivityQuerySet":
        """What may be begun on a day: published, released, not over; its article on the site and not retracted."""
        day = on or timezone.localdate()
        return self.filter(
            status=Activity.Status.PUBLISHED, released_on__lte=day, expires_on__gte=day,
            article__status=Article.Status.PUBLISHED, article__published_online__lte=day, article__retracted_on=None,
        )  # fmt: skip


class Activity(models.Model):
    """One certified activity on one article."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        CLOSED = "closed", "Closed"

    class Format(models.TextChoices):
        """The AMA's learning formats that a journal's article can be; the words stand in the designation statement."""

        JOURNAL = "journal", "Journal-based CME activity"
        ENDURING = "enduring", "Enduring material"

    class Audience(models.TextChoices):
        ENTITLED = "entitled", gettext_lazy("Readers with a right of their own to the full text")
        SUBSCRIBERS = "subscribers", gettext_lazy("Subscribers only")
        EVERYONE = "everyone", gettext_lazy("Everyone who can open the full text")
        FEE = "fee", gettext_lazy("Whoever pays the activity's own price (see Offers)")

    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="activities")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="activities")
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT, editable=False)
    format = models.CharField(max_length=10, choices=Format, default=Format.JOURNAL)
    joint_with = models.CharField(
        "joint providership with", max_length=200, blank=True, help_text="A partner that is not accredited itself."
    )
    quarters = models.PositiveSmallIntegerField(
        "most credit, in quarters", default=4, validators=[MinValueValidator(1), MaxValueValidator(MOST_QUARTERS)],
        help_text="In quarters of a credit: 4 is 1.0.",
    )  # fmt: skip
    objectives = models.TextField("learning objectives", blank=True, help_text="One a line.")
    target_audience = models.TextField(blank=True, help_text="Whom the activity is made for, in a sentence.")
    disclosures = models.TextField(blank=True, help_text="Of authors, editors and planners. Blank lines separate them.")
    commercial_support = models.TextField(
        blank=True, help_text="Who supported it and how. Empty: the page says that there was none."
    )
    minimum = models.PositiveSmallIntegerField(
        "minimum score (%)", default=80, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    attempts_allowed = models.PositiveSmallIntegerField(default=3, help_text="0: as many as they like.")
    wait_hours = models.PositiveSmallIntegerField(
        "waiting time (hours)", default=0, help_text="Between a failed attempt and the next."
    )
    audience = models.CharField("who may take part", max_length=12, choices=Audience, default=Audience.ENTITLED)
    takes_renters = models.BooleanField(
        "renters may take part", default=False, help_text="Also readers of a gift link. Otherwise they read only."
    )
    takes_networks = models.BooleanField(
        "readers at an institution may take part", default=False, help_text="Recognized by their network's address."
    )
    released_on = models.DateField("release date", default=timezone.localdate)
    expires_on = models.DateField("expiration date", help_text="The last day on which the test can be submitted.")
    pars_id = models.CharField("PARS activity number", max_length=20, blank=True)
    published_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    close_reason = models.CharField(max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager["Activity"]] = ActivityQuerySet.as_manager()

    class Meta:
        ordering = ["-released_on", "-pk"]
        verbose_name_plural = "activities"
        constraints = [
            models.UniqueConstraint(
                fields=["article"], condition=~Q(status="closed"), name="one_activity_at_a_time_on_an_article",
                violation_error_message="The article has an activity already. Close that one first.",
            ),
            models.CheckConstraint(
                condition=Q(expires_on__gte=F("released_on")), name="activity_ends_after_its_release",
                violation_error_message="The expiration date lies before the release date.",
            ),
            models.CheckConstraint(
                condition=Q(minimum__gte=1, minimum__lte=100), name="minimum_score_can_be_reached",
                violation_error_message="The minimum score lies between 1 and 100 %.",
            ),
            models.CheckConstraint(condition=Q(quarters__gte=1), name="activity_gives_credit"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"CME: {self.article}"

    def get_absolute_url(self) -> str:
        return reverse("cme:activity", args=[self.pk])

    @property
    def title(self) -> str:
        return self.article.title

    @property
    def credit(self) -> str:
        return in_words(self.quarters)

    @property
    def objective_list(self) -> list[str]:
        return [line.strip(" -•*\t") for line in self.objectives.splitlines() if line.strip(" -•*\t")]

    def current_questions(self) -> "models.QuerySet[Question]":
        return self.questions.filter(replaced_at=None).prefetch_related("choices")

    def needed_of(self, questions: int) -> int:
        return needed(questions, self.minimum)


class Requirement(models.Model):
    """What the activity counts for: a state's or a board's demand for hours on a topic."""

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="requirements")
    state = models.CharField(max_length=2, choices=STATES, blank=True, help_text="Empty for a national board.")
    board = models.CharField(max_length=200, help_text="Who asks for it, for example: Florida Board of Medicine")
    topic = models.CharField(max_length=120, help_text="For example: Stroke care")
    quarters = models.PositiveSmallIntegerField(
        "hours, in quarters", validators=[MinValueValidator(1), MaxValueValidator(MOST_QUARTERS)]
    )

    class Meta:
        ordering = ["state", "board", "topic"]
        constraints = [
            models.UniqueConstraint(fields=["activity", "state", "board", "topic"], name="one_requirement_of_a_kind")
        ]

    def __str__(self) -> str:
        return f"{self.board}: {self.hours} h of {self.topic}"

    @property
    def asked_by(self) -> str:
        """The board, with its state where its own name does not say it: many states have a Board of Medicine."""
        return where(self.state, self.board)

    @property
    def hours(self) -> str:
        return in_words(self.quarters)


class Question(models.Model):
    """One version of a question. Once somebody has met it, an edit makes a new version and this one stays."""

    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="questions")
    key = models.UUIDField(default=uuid.uuid4, editable=False, help_text="The same for all versions of a question.")
    version = models.PositiveSmallIntegerField(default=1, editable=False)
    position = models.PositiveSmallIntegerField(default=0)
    text = models.TextField("question")
    rationale = models.TextField(blank=True, help_text="Why the preferred answer is preferred. Shown after passing.")
    passage = models.CharField(
        max_length=80, blank=True, help_text="The id of the passage in the article, for example: s3-2"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    replaced_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="one_question_of_a_version"),
            models.UniqueConstraint(
                fields=["key"], condition=Q(replaced_at=None), name="one_current_version_of_a_question"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.text[:80]} (version {self.version})"

    @property
    def preferred(self) -> "Choice | None":
        return next((choice for choice in self.choices.all() if choice.is_preferred), None)


class Choice(models.Model):
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="choices")
    letter = models.CharField(max_length=1)
    text = models.CharField(max_length=500)
    is_preferred = models.BooleanField(default=False)

    class Meta:
        ordering = ["letter"]
        constraints = [
            models.UniqueConstraint(fields=["question", "letter"], name="one_choice_of_a_letter"),
            models.UniqueConstraint(
                fields=["question"], condition=Q(is_preferred=True), name="one_preferred_answer_of_a_question"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.letter}. {self.text}"
