from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "desk"
    verbose_name = "Support desk"

    def ready(self) -> None:
        from desk import person_parts, timeline_sources  # noqa: F401, PLC0415  (they fill the tables of the page)
