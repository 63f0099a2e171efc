from django.contrib.admin.apps import AdminConfig


class FirstPageAdminConfig(AdminConfig):
    default_site = "config.admin_site.FirstPageAdminSite"
