"""What staff should know about a person the next time they call."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Note(models.Model):
    """Never edited (a trigger refuses it). What is wrong is struck with a reason, and stays readable."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="desk_notes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    text = models.TextField(max_length=4000)
    struck_at = models.DateTimeField(null=True, blank=True)
    struck_by: Any = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    strike_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["person", "-at"], name="note_person")]
        constraints = [
            models.CheckConstraint(
                name="struck_with_a_reason",
                condition=Q(struck_at=None) | Q(struck_by__isnull=False, strike_reason__gt=""),
            )
        ]

    def __str__(self) -> str:
        return f"Note of {timezone.localtime(self.at):%Y-%m-%d} on {self.person}"

    def strike(self, by: Any, reason: str) -> bool:
        """Once; False when it was struck already. The words stay, crossed out."""
        found = Note.objects.filter(pk=self.pk, struck_at=None)
        return bool(found.update(struck_at=timezone.now(), struck_by=by, strike_reason=reason))
