"""The list of accounts, searched as the desk searches; the person's own page is the desk's (person_views.py)."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin import AccountAdmin
from accounts.admin_pages import column
from accounts.models import User
from accounts.search_words import folded
from desk import finding
from desk.finding.people import named

MAY_SEE = "subscriptions.view_entitlement"


class PersonAdmin(AccountAdmin):
    """Found by e-mail, name, or anything a person can read out: order, receipt, error reference, Stripe id."""

    list_display = ("person", *AccountAdmin.list_display[1:])
    list_display_links = None
    change_form_template = "admin/accounts/user/change_form.html"
    search_help_text = "E-mail, name, order or receipt number, error reference (E2-7KQ4M) or Stripe id"

    @column("e-mail address", ordering="email")
    def person(self, user: User) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("admin:desk:person", args=[user.pk]), user.email)

    def get_search_results(self, request: HttpRequest, queryset: "QuerySet[Any, Any]", search_term: str) -> Any:
        """What the desk's search finds, and everybody whose name or address has the words: both from indexes."""
        if not search_term.strip("\x00 "):
            return queryset, False
        found = finding.find(search_term, request.user.has_perm)
        people = Q(pk__in={hit.person for hit in found.hits if hit.person})
        if folded(found.typed) and not found.problem:
            people |= Q(pk__in=named(User.objects.all(), found.typed).values("pk"))
        return queryset.filter(people), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The account's own fields are for those who may change them; everybody else is at the person's page."""
        if request.user.has_perm(MAY_SEE) and not self.has_change_permission(request) and object_id.isdigit():
            return redirect("admin:desk:person", object_id)
        return super().change_view(request, object_id, form_url, extra_context)


admin.site.unregister(User)
admin.site.register(User, PersonAdmin)
