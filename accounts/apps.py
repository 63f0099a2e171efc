from django.apps import AppConfig
from django.db.models.signals import post_migrate

from accounts.roles import make_groups


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from accounts import checks  # noqa: F401, PLC0415  (checks register once the settings are there)

        post_migrate.connect(make_groups, sender=self)
