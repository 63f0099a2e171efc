"""What a right was before it was changed. The database itself keeps it, whoever writes: no writer can forget it."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from subscriptions.models.entitlement import Entitlement


class RightChange(models.Model):
    """A right as it stood until `changed_at`: a row for each change and for each deletion, written by a trigger.

    No foreign keys: it is not moved when accounts are merged, because who held the right is what it is about, and it
    stays when the right is deleted. A right that never changed has no rows here.
    """

    right_id = models.BigIntegerField()
    changed_at = models.DateTimeField()
    was_deleted = models.BooleanField(default=False)
    right_created_at = models.DateTimeField()
    user_id = models.BigIntegerField(null=True)
    institution_id = models.BigIntegerField(null=True)
    gift_link_id = models.BigIntegerField(null=True)
    article_id = models.BigIntegerField(null=True)
    issue_id = models.BigIntegerField(null=True)
    journal_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=15, choices=Entitlement.Kind)
    source = models.CharField(max_length=100)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    covers_from = models.DateField(null=True)
    covers_until = models.DateField(null=True)
    grace_since = models.DateTimeField(null=True)
    reading_seconds = models.PositiveIntegerField(null=True)
    open_by = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoke_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["changed_at", "pk"]
        indexes = [
            models.Index(fields=["right_id", "changed_at"], name="change_of_right"),
            models.Index(fields=["user_id", "changed_at"], name="change_of_user", condition=Q(user_id__isnull=False)),
            models.Index(
                fields=["institution_id"], name="change_of_institution", condition=Q(institution_id__isnull=False)
            ),
            models.Index(fields=["gift_link_id"], name="change_of_gift", condition=Q(gift_link_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.source} until {timezone.localtime(self.changed_at):%Y-%m-%d %H:%M}"
