from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "desk"
    verbose_name = "Support desk"

    def ready(self) -> None:
        from accounts.privacy import register  # noqa: PLC0415  (reads models, which are there only now)
        from desk import audit, person_parts, privacy, timeline_sources  # noqa: F401, PLC0415  (parts fill the page)
        from subscriptions import merging  # noqa: PLC0415

        register(privacy.PART)
        merging.STAYS.add("desk.auditentry")
        audit.watch()
