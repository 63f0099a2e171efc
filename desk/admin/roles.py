"""The page of the roles: what each is for, who has it. Their permissions are code (accounts/roles.py)."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin_pages import column
from accounts.roles import EXPLAINED, ROLES


class RoleAdmin(GroupAdmin):
    """The groups of `accounts/roles.py` are set after each migration and not edited here; others are."""

    list_display = ("name", "explained", "people")
    change_list_template = "admin/auth/group/change_list.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(count=Count("user"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("explained", "people") if obj else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("name", "explained", "people", "permissions") if obj else ("name", "permissions")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.name in ROLES)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.name in ROLES)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Roles", **(extra_context or {})})

    @column("what it is for")
    def explained(self, group: Group) -> str:
        return EXPLAINED.get(group.name, "A group of your own: Django's permissions, as ticked.")

    @column("people")
    def people(self, group: Any) -> str:
        found = reverse("admin:accounts_user_changelist")
        return format_html('<a href="{}?groups__id__exact={}">{}</a>', found, group.pk, group.count)


admin.site.unregister(Group)
admin.site.register(Group, RoleAdmin)
