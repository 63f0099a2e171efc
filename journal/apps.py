from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate


class JournalConfig(AppConfig):
    name = "journal"
    verbose_name = "Journal"

    def ready(self) -> None:
        from accounts.privacy import register  # noqa: PLC0415  (reads models, which are there only now)
        from journal import guard, privacy  # noqa: PLC0415

        register(privacy.PART)
        user_logged_in.connect(_bring_what_the_browser_kept, dispatch_uid="journal.browser")
        post_migrate.connect(guard.after_migrating, sender=self, dispatch_uid="journal.guard")


def _bring_what_the_browser_kept(request: Any, user: Any, **_: Any) -> None:
    """At sign-in the arrangement of the boxes that this browser kept joins the account's."""
    from journal import boxes  # noqa: PLC0415  (models are there only after start)

    if request is not None:
        boxes.merge(request, user)
