from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "desk"
    verbose_name = "Support desk"

    def ready(self) -> None:
        from accounts.privacy import register  # noqa: PLC0415  (reads models, which are there only now)
        from desk import audit, privacy  # noqa: PLC0415
        from subscriptions import merging  # noqa: PLC0415
        from desk import person_parts, timeline_sources  # noqa: F401, PLC0415  (they fill the tables of the page)

        register(privacy.PART)
        merging.STAYS.add("desk.auditentry")
        audit.watch()
