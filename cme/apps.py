from django.apps import AppConfig


class CMEConfig(AppConfig):
    name = "cme"
    verbose_name = "CME"

    def ready(self) -> None:
        from cme import openings  # noqa: PLC0415  (reads models, which are there only now)

        openings.watch()
