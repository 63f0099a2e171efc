from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class OperationConfig(AppConfig):
    """The site's own commands for those who run it: backup, restore_drill."""

    name = "config"
    label = "operation"


class FirstPageAdminConfig(AdminConfig):
    default_site = "config.admin_site.FirstPageAdminSite"

    def ready(self) -> None:
        from django.contrib import admin  # noqa: PLC0415

        from accounts.admin import take_over  # noqa: PLC0415
        from config import frame  # noqa: PLC0415  (reads models, which are there only now)

        super().ready()
        take_over(admin.site)
        frame.watch()
