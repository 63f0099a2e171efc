"""The audit log: searched, filtered, exported, never edited."""

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from accounts.admin_pages import NOTHING, ReadOnlyAdmin, admin_url, column, refused
from accounts.spreadsheets import harmless
from desk.action_views import undoable
from desk.models import AuditEntry
from subscriptions.support import moment

WHOLE = "desk.see_whole_audit_log"
COLUMNS = ("when", "who", "what", "on whom", "about", "reason", "effect", "request id", "undone or ended by", "number")


class Undone(admin.SimpleListFilter):
    title = "undone or ended"
    parameter_name = "undone"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Stands"), ("yes", "Undone or ended")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in ("yes", "no"):
            return queryset.filter(undone_by__isnull=self.value() == "no")
        return queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Support sees what was done to readers; who may see everything also exports it."""

    list_display = ("when", "who", "what", "whom", "about", "reason_in_short", "undone")
    list_display_links = ("when", "what")
    list_filter = (Undone, "at")
    list_select_related = ("by", "person", "undone_by__by")
    list_per_page = 50
    show_full_result_count = False
    date_hierarchy = "at"
    search_fields = ("by__email", "person__email", "action", "about", "reason", "effect", "request_id")
    search_help_text = "Email address of either, action, order number or other words, request id"
    fields = ("when", "who", "what", "whom", "about_link", "reason", "effect_lines", "undone", "undoes_link",
              "request_id")  # fmt: skip
    change_form_template = "admin/desk/auditentry/change_form.html"
    change_list_template = "admin/desk/auditentry/change_list.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        found = super().get_queryset(request)
        return found if request.user.has_perm(WHOLE) else found.filter(person__isnull=False)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        entry = self.get_object(request, object_id)
        may = {"may_undo": entry is not None and undoable(entry, request.user) is not None, "title": "Audit entry"}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **may})

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may = {"title": "Audit log", "may_export": request.user.has_perm(WHOLE), "query": request.GET.urlencode()}
        return super().changelist_view(request, {**(extra_context or {}), **may})

    # --- columns -----------------------------------------------------------------------------------------------------

    @column("when", ordering="at")
    def when(self, entry: AuditEntry) -> str:
        return format_html('<span class="nowrap">{}</span>', moment(entry.at))

    @column("who", ordering="by__email")
    def who(self, entry: AuditEntry) -> str:
        return str(entry.by) if entry.by else "By itself"

    @column("what", ordering="action")
    def what(self, entry: AuditEntry) -> str:
        return entry.title

    @column("on whom", ordering="person__email")
    def whom(self, entry: AuditEntry) -> str:
        if entry.person is None:
            return NOTHING
        return format_html('<a href="{}">{}</a>', reverse("admin:desk:person", args=[entry.person_id]), entry.person)

    @column("reason")
    def reason_in_short(self, entry: AuditEntry) -> str:
        return entry.reason if len(entry.reason) <= 80 else f"{entry.reason[:79]}…"

    @column("about")
    def about_link(self, entry: AuditEntry) -> str:
        row = entry.row() if entry.thing else None
        address = admin_url(row) if row is not None else ""
        return format_html('<a href="{}">{}</a>', address, entry.about) if address else entry.about

    @column("effect")
    def effect_lines(self, entry: AuditEntry) -> str:
        gone = "The words of this entry went when the person had the account erased."
        return gone if entry.erased_at else entry.effect

    @column("undone or ended")
    def undone(self, entry: AuditEntry) -> str:
        after = entry.follow_up
        if after is None:
            return NOTHING
        return format_html('<a href="{}">{}, {}</a>', admin_url(after), after, after.by or "by itself")

    @column("undoes or ends")
    def undoes_link(self, entry: AuditEntry) -> str:
        return format_html('<a href="{}">{}</a>', admin_url(entry.undoes), entry.undoes) if entry.undoes else NOTHING

    # --- the export --------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.as_csv)
        return [path("audit-log.csv", view, name="desk_auditentry_csv"), *super().get_urls()]

    def as_csv(self, request: HttpRequest) -> HttpResponseBase:
        """What the list shows, searched and filtered as it is, whole; the export itself becomes an entry."""
        if not request.user.has_perm(WHOLE):
            return refused(self, request, "Administrator")
        found = self.get_changelist_instance(request).get_queryset(request)
        lines = _lines(found.iterator(chunk_size=1000))
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="audit-log.csv"'
        return response


class _Echo:
    def write(self, line: str) -> str:
        return line


def _lines(entries: Iterator[AuditEntry]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(COLUMNS)
    for entry in entries:
        yield writer.writerow([harmless(value) for value in _row(entry)])


def _row(entry: AuditEntry) -> tuple[str, ...]:
    after = entry.follow_up
    undone = f"{after.pk}: {after}, {after.by or 'by itself'}" if after else ""
    return (
        entry.at.isoformat(timespec="seconds"), str(entry.by or ""), entry.title, str(entry.person or ""), entry.about,
        entry.reason, entry.effect, entry.request_id, undone, str(entry.pk),
    )  # fmt: skip
