"""Access codes: staff make a batch, hand the codes out, and whoever redeems one gets a dated right."""

import secrets
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from accounts.incidents import SPEAKABLE
from journal.models import Article, Issue, Journal

GROUPS, GROUP_LENGTH = 3, 4
MOST_CODES = 5000


def new_code() -> str:
    """`7KQ4-9ACM-RXTD`: 23^12, more than 10^16, without look-alikes."""
    letters = [secrets.choice(SPEAKABLE) for _ in range(GROUPS * GROUP_LENGTH)]
    return "-".join("".join(letters[n : n + GROUP_LENGTH]) for n in range(0, len(letters), GROUP_LENGTH))


class AccessCodeBatch(models.Model):
    """A pack of codes that all open the same thing for the same time."""

    name = models.CharField(max_length=120, help_text="For staff: for whom and why, for example “Congress 2026”.")
    journal = models.ForeignKey(Journal, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    issue = models.ForeignKey(Issue, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    article = models.ForeignKey(Article, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    days = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(3660)],
        help_text="How long it opens from the day it is redeemed. Empty: without end.",
    )  # fmt: skip
    redeem_by = models.DateField(null=True, blank=True, help_text="The last day a code is taken. Empty: always.")
    number = models.PositiveIntegerField(
        "number of codes", validators=[MinValueValidator(1), MaxValueValidator(MOST_CODES)]
    )
    uses = models.PositiveIntegerField(
        "readers a code",
        default=1,
        validators=[MinValueValidator(1)],
        help_text="How many readers may redeem each code.",
    )
    stopped_at = models.DateTimeField(null=True, blank=True, help_text="From then on no code is taken.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "pack of access codes"
        verbose_name_plural = "packs of access codes"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                name="batch_opens_one_thing",
                condition=Q(article__isnull=False, issue=None, journal=None)
                | Q(article=None, issue__isnull=False, journal=None)
                | Q(article=None, issue=None, journal__isnull=False),
                violation_error_message="Choose an article, an issue or the journal, and only one of them.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> Any:
        return self.article or self.issue or self.journal


class AccessCode(models.Model):
    batch = models.ForeignKey(AccessCodeBatch, on_delete=models.PROTECT, related_name="codes")
    code = models.CharField(max_length=20, unique=True, default=new_code, editable=False)
    redeemed = models.PositiveIntegerField(default=0, help_text="How many readers have redeemed it.")
    uses = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["pk"]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(name="code_is_not_overdrawn", condition=Q(redeemed__lte=F("uses"))),
        ]

    def __str__(self) -> str:
        return self.code
