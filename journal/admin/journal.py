"""The journal itself and the headings of its contents."""

import hashlib
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.db.models import Count
from django.http import HttpRequest

from accounts.admin_pages import ModelAdmin, ModelForm, OneRowAdmin, column
from journal import branding, pictures
from journal.citation import chosen
from journal.models import Journal, Section, is_color

MOST_STYLES = 12
LOGO_SIZE = (960, 192)  # twice the largest that is shown, for dense screens
MOST_OF_A_LOGO = 5 * 1024 * 1024  # bytes


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

    def clean_accent(self) -> str:
        return _readable(self.cleaned_data["accent"], branding.LIGHT_GROUNDS, "on white and on the page's light gray")

    def clean_accent_dark(self) -> str:
        return _readable(self.cleaned_data["accent_dark"], branding.DARK_GROUNDS, "on the page's dark grounds")

    def clean_logo(self) -> Any:
        return _as_logo(self.cleaned_data.get("logo"))

    def clean_logo_dark(self) -> Any:
        return _as_logo(self.cleaned_data.get("logo_dark"))


def _readable(color: str, grounds: tuple[str, ...], where: str) -> str:
    """Links are written in it, so it must be readable wherever they stand."""
    is_color(color)
    found = branding.least_contrast(color, grounds)
    if found < branding.ENOUGH:
        raise forms.ValidationError(
            f"{color} has a contrast of {found:.1f} : 1 {where}; links need {branding.ENOUGH} : 1. "
            f"The nearest that has it is {branding.nearest_readable(color, grounds)}."
        )
    return color


def _as_logo(file: Any) -> Any:
    """Only the pixels of an upload are kept, as WebP, named by what they are."""
    if not isinstance(file, UploadedFile):
        return file
    if (file.size or 0) > MOST_OF_A_LOGO:
        raise forms.ValidationError("The logo has more than 5 MB. Save it smaller; 192 pixels of height are enough.")
    file.seek(0)
    try:
        encoded = pictures.fitted(file.read(), *LOGO_SIZE)
    except pictures.PictureError as error:
        raise forms.ValidationError(f"This logo cannot be used. {error}") from error
    name = f"{hashlib.sha256(encoded.data).hexdigest()[:16]}.webp"
    return SimpleUploadedFile(name, encoded.data, "image/webp")


@admin.register(Journal)
class JournalAdmin(OneRowAdmin):
    """The journal's identity."""

    form = JournalForm
    fieldsets = (
        (None, {"fields": ("title", "abbreviation", "tagline", "about")}),
        ("Publisher", {"fields": ("publisher", "issn_print", "issn_online", "contact_email")}),
        ("Citing", {"fields": ("citation_styles",)}),
        ("Look", {"fields": ("accent", "accent_dark", "typeface", "logo", "logo_dark", "is_sample")}),
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
