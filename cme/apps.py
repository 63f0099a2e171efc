from django.apps import AppConfig


class CMEConfig(AppConfig):
    name = "cme"
    verbose_name = "CME"

    def ready(self) -> None:
        from accounts.privacy import register  # noqa: PLC0415  (reads models, which are there only now)
        from cme import explaining, openings, privacy, standing  # noqa: PLC0415
        from journal import alerts  # noqa: PLC0415
        from subscriptions.explaining import register as explain_also  # noqa: PLC0415

        openings.watch()
        register(privacy.PART)
        explain_also("cme", "CME activity", explaining.judge)
        alerts.count_as_own(standing.credited_articles)
