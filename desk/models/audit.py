"""The audit log: who of the staff did what, when, on whom, why, and what came of it. Rows are added, never changed."""

import uuid
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils import timezone

#: What a deed is called where its name does not say it: filled by whoever does it (desk/actions).
TITLES: dict[str, str] = {}


class AuditEntry(models.Model):
    """One deed. The table's triggers refuse every change but one: the words about a person who was erased go.

    What undid a deed, or what became of it afterwards, is an entry of its own that points back (`undoes`).
    """

    at = models.DateTimeField("when", default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="Empty: by itself, at its time.",
    )  # fmt: skip
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="Whom it was about.",
    )  # fmt: skip
    action = models.CharField("what", max_length=40)
    about = models.CharField("about what", max_length=300, blank=True)
    thing = models.CharField(max_length=120, blank=True, help_text="The row it was about, like subscriptions.order:7.")
    reason = models.TextField(blank=True)
    effect = models.TextField(blank=True)
    undo: Any = models.JSONField(default=dict, blank=True, help_text="What undoing it needs to know.")
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False, help_text="One for each form shown.")
    request_id = models.CharField(max_length=64, blank=True)
    undoes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="undone_by",
        help_text="The entry this one undid or ended.",
    )  # fmt: skip
    erased_at = models.DateTimeField(
        null=True, blank=True, help_text="When the words went, because the person had the account erased."
    )

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        indexes = [
            models.Index(fields=["-at"], name="audit_at"),
            models.Index(fields=["person", "-at"], name="audit_person"),
        ]
        permissions = [
            ("see_whole_audit_log", "Can see the whole audit log and export it"),
            ("view_as_reader", "Can look at pages as a reader sees them"),
            ("act_for_reader", "Can do the desk's actions: hold, merge, change e-mail, end sessions, reply"),
        ]

    def __str__(self) -> str:
        return f"{self.title}, {timezone.localtime(self.at):%Y-%m-%d %H:%M}"

    @property
    def title(self) -> str:
        """`hold` as `Hold the account`; what is no action of the desk by its name, `change_offer` as `Change offer`."""
        if self.action in TITLES:
            return TITLES[self.action]
        undone = self.action.removeprefix("undo_")
        if undone != self.action and undone in TITLES:
            return f"Undone: {TITLES[undone][0].lower()}{TITLES[undone][1:]}"
        return self.action.replace("_", " ").replace("-", " ").capitalize()

    @property
    def follow_up(self) -> "AuditEntry | None":
        """What undid or ended this one."""
        return getattr(self, "undone_by", None)

    def row(self) -> models.Model | None:
        """The row it was about, while there is one."""
        label, _, key = self.thing.partition(":")
        try:
            found: models.Model | None = apps.get_model(label)._base_manager.filter(pk=key).first()
        except (LookupError, ValueError):
            return None
        return found
