from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"
    verbose_name = "Subscriptions"

    def ready(self) -> None:
        from accounts import privacy as accounts_privacy  # noqa: PLC0415
        from accounts import roster, second_factor  # noqa: PLC0415
        from journal import alerts  # noqa: PLC0415
        from subscriptions import checks, memberships, policy, privacy, purchases, purging  # noqa: F401, PLC0415  (checks register once the settings are there)
        from subscriptions.institutions import permission  # noqa: PLC0415

        roster.watch(memberships.follow)
        second_factor.require_of(permission.is_librarian)
        accounts_privacy.register(privacy.PART)
        alerts.count_as_own(purchases.own_articles)
        purging.watch()
        post_migrate.connect(policy.make_rows, sender=self)
