"""Proofs that somebody is in training: sent by the reader, looked at by staff, true until a day."""

import secrets
from datetime import date
from typing import ClassVar

from django.conf import settings
from django.core.files.storage import storages
from django.core.files.storage.base import Storage
from django.db import models
from django.db.models import Q
from django.utils import timezone


def private_storage() -> Storage:
    return storages["proofs"]


def document_name(proof: "TraineeProof", name: str) -> str:
    """Nothing of the reader's own file name is kept."""
    return f"{secrets.token_hex(16)}.{name.rpartition('.')[2].lower()[:4]}"


class TraineeProofQuerySet(models.QuerySet["TraineeProof"]):
    def in_force(self, today: date | None = None) -> "TraineeProofQuerySet":
        return self.filter(state=TraineeProof.State.ACCEPTED, valid_until__gte=today or timezone.localdate())

    def waiting(self) -> "TraineeProofQuerySet":
        return self.filter(state=TraineeProof.State.WAITING)


class TraineeProof(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for staff"
        ACCEPTED = "accepted", "Accepted"
        REFUSED = "refused", "Refused"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="trainee_proofs")
    program = models.CharField("training program and institution", max_length=200)
    ends_on = models.DateField("expected end of training")
    contact = models.CharField(
        "who can confirm it", max_length=200, blank=True, help_text="Name and email address, for an attestation."
    )
    attested = models.BooleanField(default=False, help_text="The reader declares it without a document.")
    document = models.FileField(storage=private_storage, upload_to=document_name, blank=True, max_length=100)
    sent_at = models.DateTimeField(auto_now_add=True)

    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    valid_until = models.DateField(null=True, blank=True, help_text="The last day of the reduced price.")
    answer = models.TextField(blank=True, help_text="What the reader was told.")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["TraineeProof"]] = TraineeProofQuerySet.as_manager()

    class Meta:
        ordering = ["sent_at"]
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(state="waiting"), name="one_proof_waits_for_a_reader"),
            models.CheckConstraint(
                name="accepted_proof_has_an_end", condition=~Q(state="accepted") | Q(valid_until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.program}"
