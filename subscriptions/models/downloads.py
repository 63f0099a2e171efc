"""How many full texts somebody fetched lately, and whom the site asked about it (docs/decisions/0056)."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from subscriptions.models.institution import Institution


class Fetched(models.Model):
    """Articles whose full text one reader fetched by right in one hour. Only those who fetch many have rows.

    `reader` is a keyed digest: the table tells nobody's address, and not what was read. Deleted after two days.
    """

    reader = models.CharField(max_length=32)
    hour = models.DateTimeField()
    texts = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reader", "hour"], name="one_count_per_reader_and_hour")]

    def __str__(self) -> str:
        return f"{self.texts} at {timezone.localtime(self.hour):%Y-%m-%d %H:00}"


class QuestionQuerySet(models.QuerySet["DownloadQuestion"]):
    def open(self) -> "QuestionQuerySet":
        """Those whose readers are still to answer."""
        return self.filter(answered_at=None, open_until__gt=timezone.now())

    def unsettled(self) -> "QuestionQuerySet":
        return self.filter(settled_at=None)


class DownloadQuestion(models.Model):
    """Somebody was asked what so many full texts are for. Who answers reads on; staff look at it."""

    class Purpose(models.TextChoices):
        READING = "reading", "Reading, article by article"
        REVIEW = "review", "Gathering articles for a review or for teaching"
        KEEPING = "keeping", "Keeping copies for later"
        MINING = "mining", "Analyzing texts by program"
        OTHER = "other", "Something else"

    reader = models.CharField(max_length=32, db_index=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="download_questions"
    )
    institution = models.ForeignKey(Institution, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    is_shared = models.BooleanField(
        "an address without session", default=False,
        help_text="Perhaps several people behind one network address: each is asked once, nobody is shut out.",
    )  # fmt: skip
    texts = models.PositiveIntegerField("articles", help_text="Whose full text was fetched by right.")
    hours = models.PositiveSmallIntegerField(help_text="Within so many hours.")
    asked_at = models.DateTimeField(default=timezone.now)
    open_until = models.DateTimeField(help_text="Then the count begins anew, answered or not.")
    answered_at = models.DateTimeField("answered", null=True, blank=True)
    answers = models.PositiveIntegerField(default=0, help_text="How many people answered, behind a shared address.")
    purpose = models.CharField(max_length=10, choices=Purpose, blank=True)
    told_at = models.DateTimeField("library told", null=True, blank=True)
    settled_at = models.DateTimeField("looked at", null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    note = models.CharField(max_length=300, blank=True)

    objects: Any = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        verbose_name = "question about downloads"
        verbose_name_plural = "questions about downloads"
        indexes = [
            models.Index(fields=["asked_at"], name="download_question_waiting", condition=models.Q(settled_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.texts} articles in {self.hours} h"
