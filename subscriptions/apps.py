from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"
    verbose_name = "Subscriptions"

    def ready(self) -> None:
        from subscriptions import checks, policy  # noqa: F401, PLC0415  (checks register once the settings are there)

        post_migrate.connect(policy.make_rows, sender=self)
