"""What is told to the accreditor about one credit (PARS): only with the learner's wish, and no more than is matched."""

from django.db import models

from accounts.encryption import EncryptedTextField
from cme.models.credit import Credit
from cme.states import STATES

#: What the learner tells, by the names of the columns; the form and `claiming.Learner` have the same.
LEARNER_FIELDS = ("first_name", "last_name", "birthday", "license_state", "license_number", "npi")


class Report(models.Model):
    """A learner's completion on its way to the accreditor. Without consent there is no row, and nothing was asked."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"

    credit = models.OneToOneField(Credit, on_delete=models.PROTECT, related_name="report")
    state = models.CharField("state of the report", max_length=10, choices=State, default=State.QUEUED)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it was rejected, in the learner's words.")
    consented_at = models.DateTimeField()
    handed_in_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    first_name = EncryptedTextField(blank=True)
    last_name = EncryptedTextField(blank=True)
    birthday = EncryptedTextField("birthday (MM-DD)", blank=True)
    license_state = models.CharField(max_length=2, choices=STATES, blank=True)
    license_number = EncryptedTextField(blank=True)
    npi = EncryptedTextField("NPI", blank=True)
    wiped_at = models.DateTimeField(null=True, help_text="When the learner's fields were deleted.")

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(state="queued"), name="report_queued"),
            models.Index(fields=["answered_at"], condition=models.Q(state="rejected"), name="report_rejected"),
        ]

    def __str__(self) -> str:
        return f"Report of {self.credit_id}: {self.get_state_display()}"
