"""The journal itself and the headings of its contents."""

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest

from accounts.admin_pages import ModelAdmin, OneRowAdmin, column
from journal.models import Journal, Section


@admin.register(Journal)
class JournalAdmin(OneRowAdmin):
    """The journal's identity."""

    fieldsets = (
        (None, {"fields": ("title", "abbreviation", "tagline", "about")}),
        ("Publisher", {"fields": ("publisher", "issn_print", "issn_online", "contact_email")}),
        ("Look", {"fields": ("accent", "accent_dark", "is_sample")}),
    )


@admin.register(Section)
class SectionAdmin(ModelAdmin):
    list_display = ("name", "position", "article_count")
    list_editable = ("position",)
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(articles=Count("article"))

    @column("articles", ordering="articles")
    def article_count(self, section: Section) -> int:
        return section.articles  # type: ignore[attr-defined,no-any-return]
