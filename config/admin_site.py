"""The Django admin, named for the journal's staff."""

from django.contrib.admin import AdminSite


class FirstPageAdminSite(AdminSite):
    site_header = "First Page — staff"
    site_title = "First Page"
    index_title = "Publish, sell, help"
    enable_nav_sidebar = True
