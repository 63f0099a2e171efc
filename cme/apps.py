from django.apps import AppConfig


class CMEConfig(AppConfig):
    name = "cme"
    verbose_name = "CME"

    def ready(self) -> None:
        from accounts.privacy import register  # noqa: PLC0415  (reads models, which are there only now)
        from cme import openings, privacy  # noqa: PLC0415

        openings.watch()
        register(privacy.PART)
