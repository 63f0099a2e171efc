"""What readers ask the journal to keep: saved articles in folders, and alerts with the mail that came of them."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.languages import spoken


class Folder(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="folders")
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="one_folder_per_name")]

    def __str__(self) -> str:
        return self.name


class SavedArticle(models.Model):
    """An article a reader wants to find again. Saving asks for an account, not for a right."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_articles")
    article = models.ForeignKey("journal.Article", on_delete=models.CASCADE, related_name="+")
    folder = models.ForeignKey(Folder, null=True, blank=True, on_delete=models.SET_NULL, related_name="articles")
    saved_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-saved_at"]
        constraints = [models.UniqueConstraint(fields=["user", "article"], name="an_article_is_saved_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.article}"


def new_token() -> str:
    return secrets.token_urlsafe(24)


class Recipient(models.Model):
    """An address that alerts go to. Nothing is sent before somebody at the address has confirmed by a click."""

    class Rhythm(models.TextChoices):
        DAILY = "daily", gettext_lazy("Every day")
        WEEKLY = "weekly", gettext_lazy("Every week")

    email = models.EmailField("email address", unique=True, help_text="In lower case.")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="alert_recipient"
    )
    language = models.CharField(max_length=7, blank=True, default=spoken, db_default="", editable=False)
    rhythm = models.CharField(max_length=6, choices=Rhythm, default=Rhythm.DAILY)
    token = models.CharField(max_length=40, unique=True, default=new_token)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.email

    def get_absolute_url(self) -> str:
        """Where the address is confirmed and its alerts are changed; known only from its own mail."""
        return reverse("journal:alerts_of", args=[self.token])


class Alert(models.Model):
    """What a recipient wants to hear of. `seen` is the last happening that was told."""

    class Kind(models.TextChoices):
        ISSUE = "issue", gettext_lazy("New issues")
        ONLINE = "online", gettext_lazy("Articles online first")
        TOPIC = "topic", gettext_lazy("New articles on a topic")
        AUTHOR = "author", gettext_lazy("New articles by an author")
        COLLECTION = "collection", gettext_lazy("New articles in a collection")
        CITING = "citing", gettext_lazy("Citations of an article")
        CORRECTION = "correction", gettext_lazy("Corrections of an article")
        SAVED = "saved", gettext_lazy("Corrections of what I have saved, bought or earned CME credit for")
        FREE = "free", gettext_lazy("When an article becomes free")

    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="alerts")
    kind = models.CharField(max_length=10, choices=Kind)
    topic = models.ForeignKey("journal.Topic", null=True, on_delete=models.CASCADE, related_name="+")
    collection = models.ForeignKey("journal.Collection", null=True, on_delete=models.CASCADE, related_name="+")
    article = models.ForeignKey("journal.Article", null=True, on_delete=models.CASCADE, related_name="+")
    author_key = models.CharField(max_length=200, blank=True)
    seen = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["kind", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "kind", "topic", "collection", "article", "author_key"],
                name="one_alert_of_a_kind", nulls_distinct=False,
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()} for {self.recipient}"


class Happening(models.Model):
    """Something that alerts tell of, once: written down by the upkeep when it first sees it (journal/happenings.py)."""

    class Kind(models.TextChoices):
        ISSUE = "issue", "An issue appeared"
        ONLINE = "online", "An article appeared"
        CITED = "cited", "An article was cited"
        CORRECTED = "corrected", "An article was corrected"
        RETRACTED = "retracted", "An article was retracted"
        FREE = "free", "An article became free"

    kind = models.CharField(max_length=10, choices=Kind)
    article = models.ForeignKey("journal.Article", null=True, on_delete=models.CASCADE, related_name="+")
    issue = models.ForeignKey("journal.Issue", null=True, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(
        "journal.Article",
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="The citing article, or the notice.",
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["kind", "article", "issue", "by"], name="a_happening_is_told_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.article or self.issue}"


class AlertMail(models.Model):
    """One digest, and what became of it. It is claimed before it is sent, so a crash never sends it twice."""

    key = models.CharField(max_length=100, unique=True, help_text="Recipient and day: one digest at most.")
    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="mail")
    parts = models.JSONField(default=list, help_text="[{title, entries: [{title, url, line}]}]")
    created_at = models.DateTimeField(auto_now_add=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name, verbose_name_plural = "alert sent", "alerts sent"
        indexes = [models.Index(fields=["id"], condition=Q(claimed_at=None), name="alert_mail_waiting")]

    def __str__(self) -> str:
        return self.key
