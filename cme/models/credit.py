"""What was earned: a credit with its certificate's number, the evaluation, the commitment, and what staff changed."""

import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.incidents import SPEAKABLE
from cme.models.activity import Activity
from cme.models.attempt import Attempt
from cme.scoring import in_words

NUMBER_LETTERS = 16  # of 23: 72 bits, which nobody guesses


def new_certificate_number() -> str:
    """`7KQ4-9ACM-HXWT-34FJ`"""
    letters = "".join(secrets.choice(SPEAKABLE) for _ in range(NUMBER_LETTERS))
    return "-".join(letters[at : at + 4] for at in range(0, NUMBER_LETTERS, 4))


class Credit(models.Model):
    """One learner's credit for one activity. Kept for good: never deleted, only corrected or revoked with a reason."""

    class Profession(models.TextChoices):
        PHYSICIAN = "physician", gettext_lazy("Physician (MD, DO or equivalent)")
        OTHER = "other", gettext_lazy("Another profession")

    number = models.CharField(max_length=19, unique=True, editable=False, default=new_certificate_number)
    attempt = models.OneToOneField(Attempt, on_delete=models.PROTECT, related_name="credit")
    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="credits")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="cme_credits")
    name = models.CharField(max_length=200, help_text="As it stands on the certificate.")
    profession = models.CharField(max_length=10, choices=Profession)
    quarters = models.PositiveSmallIntegerField(help_text="What was claimed, in quarters of a credit.")
    completed_on = models.DateField(help_text="The day the test was passed, in the site's time zone.")
    claimed_at = models.DateTimeField(default=timezone.now)
    statements: Any = models.JSONField(default=dict, help_text="What the certificate says, as it stood that day.")
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    revoke_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-completed_on", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "activity"], name="one_credit_for_an_activity"),
            models.CheckConstraint(condition=Q(quarters__gte=1), name="a_credit_is_a_quarter_at_least"),
        ]
        indexes = [models.Index(fields=["user", "-completed_on"], name="credit_of_user")]

    def __str__(self) -> str:
        return f"{self.number}: {self.name}, {self.credit}"

    def get_absolute_url(self) -> str:
        return reverse("cme:certificate", args=[self.number])

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise models.ProtectedError("Records of credit are kept. Revoke it with a reason.", {self})

    @property
    def credit(self) -> str:
        return in_words(self.quarters)

    @property
    def is_physician(self) -> bool:
        return self.profession == Credit.Profession.PHYSICIAN

    @property
    def verify_path(self) -> str:
        return reverse("cme:verify", args=[self.number])


class Correction(models.Model):
    """What staff changed on a credit, and why. `before` and `after` hold the fields that changed."""

    credit = models.ForeignKey(Credit, on_delete=models.PROTECT, related_name="corrections")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=300)
    before: Any = models.JSONField()
    after: Any = models.JSONField()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.credit_id}: {self.reason}"


class Evaluation(models.Model):
    """What the learner said of the activity. Asked with the claim; staff see it without a name."""

    class Answer(models.IntegerChoices):
        FULLY = 4, gettext_lazy("Fully")
        MOSTLY = 3, gettext_lazy("Mostly")
        PARTLY = 2, gettext_lazy("Partly")
        NOT = 1, gettext_lazy("Not at all")

    class Balance(models.TextChoices):
        YES = "yes", gettext_lazy("Yes")
        NO = "no", gettext_lazy("No")

    credit = models.OneToOneField(Credit, on_delete=models.CASCADE, related_name="evaluation")
    objectives_met = models.PositiveSmallIntegerField(choices=Answer)
    was_balanced = models.CharField(max_length=3, choices=Balance)
    comment = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"Evaluation {self.pk}"


class Commitment(models.Model):
    """What a learner means to do differently, and, 90 days later, whether they did."""

    class Outcome(models.TextChoices):
        DONE = "done", gettext_lazy("Yes, I have made this change")
        PARTLY = "partly", gettext_lazy("In part")
        NOT_YET = "not_yet", gettext_lazy("Not yet, but I still mean to")
        NO = "no", gettext_lazy("No")

    credit = models.OneToOneField(Credit, on_delete=models.CASCADE, related_name="commitment")
    text = models.TextField(max_length=1000)
    made_at = models.DateTimeField(default=timezone.now)
    ask_at = models.DateTimeField(db_index=True)
    asked_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True)
    note = models.TextField(max_length=1000, blank=True)
    answered_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.text[:80]

    def get_absolute_url(self) -> str:
        return reverse("cme:commitment", args=[self.credit.number])
