"""All notes, for looking them up; they are written and struck from the person's page."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin_pages import ReadOnlyAdmin, column, is_there
from desk.models import Note
from subscriptions.support import moment


@admin.register(Note)
class NoteAdmin(ReadOnlyAdmin):
    list_display = ("when", "about", "text_or_struck", "by")
    list_filter = (is_there("struck_at", "struck", "Struck", "Stands"), "at")
    list_select_related = ("person", "by")
    search_fields = ("person__email", "by__email", "text")
    search_help_text = "Email address or words"
    show_full_result_count = False
    fields = ("about", "by", "at", "text", "struck_at", "struck_by", "strike_reason")

    def get_readonly_fields(self, request: Any, obj: Any = None) -> Any:
        return self.fields

    @column("when", ordering="at")
    def when(self, note: Note) -> str:
        return format_html('<span class="nowrap">{}</span>', moment(note.at))

    @column("person", ordering="person__email")
    def about(self, note: Note) -> str:
        return format_html('<a href="{}">{}</a>', reverse("admin:desk:person", args=[note.person_id]), note.person)

    @column("note")
    def text_or_struck(self, note: Note) -> str:
        return format_html("<s>{}</s>", note.text[:200]) if note.struck_at else note.text[:200]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Notes", **(extra_context or {})})
