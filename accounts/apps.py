from django.apps import AppConfig
from django.db.models.signals import post_migrate

from accounts.roles import make_groups


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from accounts import checks, devices, languages, recovery_codes, security_log  # noqa: F401, PLC0415  (they register themselves)

        security_log.listen()
        recovery_codes.take_their_place()
        post_migrate.connect(make_groups, sender=self)
