"""Staff's pages for the society's roster: upload, look at what it would do, apply."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from accounts import roster
from accounts.admin_pages import ReadOnlyAdmin, column, is_there, link_to, refused
from accounts.models import Member, RosterImport


class RosterForm(forms.Form):
    file = forms.FileField(
        label="Roster (CSV)",
        help_text="Columns: number, name, until (like 2027-12-31), and email if you have it. UTF-8.",
    )
    is_complete = forms.BooleanField(
        label="The file is the whole roster", required=False,
        help_text="Members who are not in it end today. Leave it off to add and change only.",
    )  # fmt: skip

    def clean_file(self) -> str:
        try:
            return roster.text_of(self.cleaned_data["file"].read(roster.MOST_BYTES + 1))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


@admin.register(RosterImport)
class RosterImportAdmin(ReadOnlyAdmin):
    """What was uploaded, by whom, and what came of it."""

    list_display = ("name", "created_at", "by", "is_complete", "applied_at", "summary")
    list_select_related = ("by",)
    fields = ("name", "is_complete", "by", "created_at", "applied_at", "summary")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("accounts.add_rosterimport"))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            return refused(self, request, "Business")
        form = RosterForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            name = str(getattr(request.FILES["file"], "name", "") or "roster.csv")
            told = {"content": form.cleaned_data["file"], "is_complete": form.cleaned_data["is_complete"]}
            row = RosterImport.objects.create(name=name[:200], by=request.user, **told)  # type: ignore[misc]
            return redirect("admin:accounts_roster_check", row.pk)
        context = {**self.admin_site.each_context(request), "title": "Import a roster", "form": form, "opts": self.opts}
        return TemplateResponse(request, "admin/accounts/rosterimport/upload.html", context)

    def check_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The dry run; its button applies exactly the file that was checked."""
        if not self.has_add_permission(request):
            return refused(self, request, "Business")
        row = get_object_or_404(RosterImport, pk=pk)
        if row.applied_at:
            return redirect("admin:accounts_rosterimport_change", row.pk)
        if request.method == "POST":
            checked = self._apply(request, row)
            if not checked.errors:
                messages.success(request, f"The roster is applied: {checked.words}.")
                return redirect("admin:accounts_rosterimport_changelist")
        checked = roster.check(row.content, is_complete=row.is_complete)
        context = {
            **self.admin_site.each_context(request), "title": f"Check {row.name}", "checked": checked, "roster": row,
            "opts": self.opts,
        }  # fmt: skip
        return TemplateResponse(request, "admin/accounts/rosterimport/check.html", context)

    def _apply(self, request: HttpRequest, row: RosterImport) -> roster.Checked:
        """With an entry in the log for the roster, and for each member who has an account and is changed by it."""
        with transaction.atomic():
            checked = roster.apply(row)
            if not checked.errors:
                self.log_change(request, row, f"Applied: {checked.words}.")
                by = request.user.pk or 0
                LogEntry.objects.log_actions(by, checked.touched, CHANGE, change_message=f"By the roster {row.name}.")
        return checked

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.check_view)
        return [path("<int:pk>/check/", view, name="accounts_roster_check"), *super().get_urls()]


class Valid(admin.SimpleListFilter):
    title = "membership"
    parameter_name = "valid"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Valid"), ("no", "Run out")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Member]") -> "QuerySet[Member]":
        today = timezone.localdate()
        if self.value() == "yes":
            return queryset.filter(valid_until__gte=today)
        return queryset.filter(valid_until__lt=today) if self.value() == "no" else queryset


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    """Found by number, name or address; who has activated it."""

    list_display = ("number", "name", "stands", "valid_until", "person", "email")
    list_filter = (Valid, is_there("activated_at", "account", "Activated", "Not activated"))
    list_select_related = ("user",)
    show_full_result_count = False
    search_fields = ("number", "name", "email", "user__email")
    search_help_text = "Membership number, name or email address"
    fields = ("number", "name", "email", "valid_until", "user", "activated_at")

    @column("state", ordering="valid_until")
    def stands(self, member: Member) -> str:
        if member.valid_until < timezone.localdate():
            return "Run out"
        return (
            f"Active since {timezone.localtime(member.activated_at):%b %-d, %Y}"
            if member.user_id and member.activated_at
            else "Not activated"
        )

    @column("activated by")
    def person(self, member: Member) -> str:
        return link_to(member.user)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        where = reverse("admin:accounts_rosterimport_add")
        return super().changelist_view(request, {"title": "Members", "import_url": where, **(extra_context or {})})
