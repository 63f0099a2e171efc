from django.contrib.admin.apps import AdminConfig


class FirstPageAdminConfig(AdminConfig):
    default_site = "config.admin_site.FirstPageAdminSite"

    def ready(self) -> None:
        from config import frame  # noqa: PLC0415  (reads models, which are there only now)

        super().ready()
        frame.watch()
