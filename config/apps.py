from django.contrib.admin.apps import AdminConfig


class FirstPageAdminConfig(AdminConfig):
    default_site = "config.admin_site.FirstPageAdminSite"

    def ready(self) -> None:
        from django.contrib import admin  # noqa: PLC0415

        from accounts.admin import take_over  # noqa: PLC0415
        from config import frame  # noqa: PLC0415  (reads models, which are there only now)

        super().ready()
        take_over(admin.site)
        frame.watch()
