"""Usage as COUNTER counts it: what happened (kept for weeks), what was counted of it (for good), who may fetch it."""

import hashlib
import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from journal.models import Article, Journal
from subscriptions.models.institution import Institution


class UsageEvent(models.Model):
    """One page or file that somebody asked for. No address, no name: `reader` is a keyed digest. Deleted after weeks.

    Without foreign keys in the database: nothing else may ever wait for this table.
    """

    at = models.DateTimeField()
    reader = models.CharField(max_length=32, help_text="Digest of the account, the session, or address and browser.")
    page = models.CharField(max_length=300, help_text="Which address of the article, or which search.")
    article = models.ForeignKey(
        Article, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    institutions = ArrayField(models.BigIntegerField(), default=list)
    access_type = models.CharField(max_length=12)
    access_method = models.CharField(max_length=7, default="Regular")
    yop = models.PositiveSmallIntegerField(default=1)
    is_investigation = models.BooleanField(default=False)
    is_request = models.BooleanField(default=False)
    denied = models.CharField(max_length=14, blank=True)

    class Meta:
        indexes = [models.Index(fields=["at"], name="usage_event_at")]

    def __str__(self) -> str:
        return f"{self.page} at {timezone.localtime(self.at):%Y-%m-%d %H:%M:%S}"


class UsageMonth(models.Model):
    """A month of usage: how many events it was counted from, when it was closed, how much is known to be missing."""

    month = models.DateField(primary_key=True, help_text="Its first day, in the site's time zone.")
    events = models.PositiveIntegerField(default=0, db_default=0, help_text="What the counts were made of.")
    counted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True, help_text="The month was over and counted: reports show it.")
    sealed_at = models.DateTimeField(null=True, help_text="Its events are deleted: the counts stay as they are.")
    lost = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Events that were dropped because the database could not take them."
    )

    class Meta:
        ordering = ["-month"]
        verbose_name = "month of usage"
        verbose_name_plural = "usage"

    def __str__(self) -> str:
        return f"Usage of {self.month:%B %Y}"


class UsageCount(models.Model):
    """How often in a month. Without an institution: everybody's, “The World”. Without an article: searches."""

    month = models.DateField()
    institution = models.ForeignKey(
        Institution, null=True, on_delete=models.CASCADE, related_name="usage", db_index=False
    )
    journal = models.ForeignKey(Journal, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    article = models.ForeignKey(
        Article, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    yop = models.PositiveSmallIntegerField()
    access_type = models.CharField(max_length=12)
    access_method = models.CharField(max_length=7)
    metric = models.CharField(max_length=30)
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "month", "metric", "article", "access_type", "access_method", "yop"],
                name="one_count_per_month_and_metric", nulls_distinct=False,
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.metric}: {self.count} in {self.month:%Y-%m}"


class SushiAccess(models.Model):
    """What an institution's programs show to fetch its reports and holdings. The key is shown once and kept hashed."""

    institution = models.OneToOneField(Institution, on_delete=models.CASCADE, related_name="sushi_access")
    customer_id = models.CharField(max_length=32, unique=True)
    requestor_id = models.CharField(max_length=36, unique=True)
    key_digest = models.CharField(max_length=64, editable=False)
    holdings_token = models.CharField(max_length=43, unique=True, help_text="Opens the list of its holdings (KBART).")
    has_key = models.BooleanField(default=False, help_text="Somebody was shown a key.")
    made_at = models.DateTimeField(auto_now=True, help_text="When the key was made.")
    used_on = models.DateField(null=True, blank=True, help_text="The last day a program fetched something.")

    class Meta:
        verbose_name = "SUSHI access"
        verbose_name_plural = "SUSHI access"

    def __str__(self) -> str:
        return f"SUSHI access of {self.institution}"

    def fits(self, key: str) -> bool:
        """Whether this is the key; takes as long for a wrong one as for the right one."""
        return secrets.compare_digest(self.key_digest, digest_of(key))


def digest_of(key: str) -> str:
    """Keys are long and random, so a plain digest is enough to keep them unreadable."""
    return hashlib.sha256(key.encode()).hexdigest()
