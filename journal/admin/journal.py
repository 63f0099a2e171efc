"""The journal itself and the headings of its contents."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.db.models import Count
from django.http import HttpRequest

from accounts.admin_pages import ModelAdmin, ModelForm, OneRowAdmin, column
from journal.citation import chosen
from journal.models import Journal, Section

MOST_STYLES = 12


def _styles() -> list[tuple[str, str]]:
    return list(chosen.all_styles().items())


class JournalForm(ModelForm):
    citation_styles = forms.MultipleChoiceField(
        choices=_styles, required=False, widget=FilteredSelectMultiple("citation styles", is_stacked=False),
        help_text="Offered under Cite beside AMA, APA, Vancouver and NLM, which are always there.",
    )  # fmt: skip

    def clean_citation_styles(self) -> list[str]:
        styles: list[str] = self.cleaned_data["citation_styles"]
        if len(styles) > MOST_STYLES:
            raise forms.ValidationError(
                f"Please choose at most {MOST_STYLES} styles: readers look through all of them."
            )
        failing = [chosen.all_styles()[style] for style in styles if not chosen.is_usable(style)]
        if failing:
            raise forms.ValidationError(f"Not usable here, please choose another: {'; '.join(failing)}.")
        return styles


@admin.register(Journal)
class JournalAdmin(OneRowAdmin):
    """The journal's identity."""

    form = JournalForm
    fieldsets = (
        (None, {"fields": ("title", "abbreviation", "tagline", "about")}),
        ("Publisher", {"fields": ("publisher", "issn_print", "issn_online", "contact_email")}),
        ("Citing", {"fields": ("citation_styles",)}),
        ("Look", {"fields": ("accent", "accent_dark", "is_sample")}),
    )

    def save_model(self, request: HttpRequest, obj: Journal, form: Any, change: bool) -> None:
        """The articles' heads and records name the journal; they are prepared at import."""
        super().save_model(request, obj, form, change)
        if change and {"title", "abbreviation", "publisher", "issn_print", "issn_online"} & set(form.changed_data):
            sentence = (
                "The articles' pages tell machines the old name until they are prepared again: manage.py rerender."
            )
            self.message_user(request, sentence, messages.WARNING)


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
