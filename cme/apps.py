from django.apps import AppConfig


class CMEConfig(AppConfig):
    name = "cme"
    verbose_name = "CME"

    def ready(self) -> None:
        from accounts.privacy import register  # noqa: PLC0415  (reads models, which are there only now)
        from cme import explaining, openings, privacy  # noqa: PLC0415
        from subscriptions.explaining import register as explain_also  # noqa: PLC0415

        openings.watch()
        register(privacy.PART)
        explain_also("cme", "CME activity", explaining.judge)
