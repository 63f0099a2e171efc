"""The list of accounts, searched as the desk searches; the person's own page is the desk's (person_views.py)."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin import AccountAdmin
from accounts.admin_pages import PageAtOnce, column
from accounts.models import User
from accounts.search_words import folded
from desk import finding
from desk.finding.people import named
from subscriptions.admin import at_a_glance
from subscriptions.models import Entitlement, Subscription

MAY_SEE = "subscriptions.view_entitlement"


class ReadsNow(admin.SimpleListFilter):
    title = "reads now"
    parameter_name = "reads"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Has a right in force"), ("failing", "Renewal failing"), ("no", "Has no right in force")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        rights = Exists(Entitlement.objects.in_force().filter(user=OuterRef("pk")))
        failing = Exists(Subscription.objects.filter(user=OuterRef("pk"), status="past_due"))
        found = {"yes": Q(rights), "no": ~Q(rights), "failing": Q(failing)}
        return queryset.filter(found[self.value() or ""]) if self.value() in found else queryset


class PersonAdmin(PageAtOnce, AccountAdmin):
    """Found by email, name, or anything a person can read out: order, receipt, error reference, Stripe id."""

    list_display = ("person", "name", "stands", "reads", "last_payment", "flag", "last_login")  # type: ignore[assignment]
    list_display_links = None
    list_filter = ("is_active", "held_for", ReadsNow, "is_staff", "groups")  # type: ignore[assignment]

    change_form_template = "admin/accounts/user/change_form.html"
    search_help_text = "Email, name, order or receipt number, error reference (E2-7KQ4M) or Stripe id"

    @column("email address", ordering="email")
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

    def of_page(self, rows: list[Any]) -> None:
        ids = [row.pk for row in rows]
        best, flags = at_a_glance.best_rights(ids), at_a_glance.flags(ids)
        payments = at_a_glance.last_payments("user", ids)
        for row in rows:
            row.best, row.flags, row.paid_last = best.get(row.pk), flags.get(row.pk, []), payments.get(row.pk)

    @column("state", ordering="is_active")
    def stands(self, user: Any) -> str:
        if not user.is_active:
            return user.get_held_for_display().capitalize() if user.held_for else "Not active"
        return f"Staff: {self.roles(user) or 'no role'}" if user.is_staff else "Active"

    @column("reads")
    def reads(self, user: Any) -> str:
        return at_a_glance.reads_in_words(user.best)

    @column("last payment")
    def last_payment(self, user: Any) -> str:
        return at_a_glance.payment_link(user.paid_last)

    @column("flag")
    def flag(self, user: Any) -> str:
        return at_a_glance.flagged(user.flags)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The account's own fields are for those who may change them; everybody else is at the person's page."""
        if request.user.has_perm(MAY_SEE) and not self.has_change_permission(request) and object_id.isdigit():
            return redirect("admin:desk:person", object_id)
        return super().change_view(request, object_id, form_url, extra_context)


admin.site.unregister(User)
admin.site.register(User, PersonAdmin)
