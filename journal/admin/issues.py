"""Issues: when they appear, their cover, and their articles in order."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.admin_pages import ModelAdmin, ModelForm, PlainChoices, TabularInline, column, link_to
from journal.admin import crossref
from journal.admin.articles import prepare_again
from journal.models import Article, Issue

COVER_FORMATS = ("JPEG", "PNG", "WEBP")
COVER_BYTES = 10 * 1024 * 1024
COVER_PIXELS = 6000


class IssueForm(ModelForm):
    """Pillow has opened the cover before `clean_cover` sees it; what it could not open is refused by the field."""

    class Meta:
        error_messages = {
            "cover": {"invalid_image": "This file is not a picture that can be read. Upload a JPEG, PNG or WebP."}
        }

    def clean_cover(self) -> Any:
        cover = self.cleaned_data.get("cover")
        if isinstance(cover, UploadedFile) and hasattr(cover, "image"):
            _check_cover(cover, cover.image)
        return cover

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("cover") and not cleaned.get("cover_alt"):
            self.add_error("cover_alt", "Describe the cover in words, for readers who cannot see it.")
        return cleaned


def _check_cover(file: Any, picture: Any) -> None:
    if picture.format not in COVER_FORMATS:
        raise forms.ValidationError(f"The cover is a {picture.format} file. Upload a JPEG, PNG or WebP.")
    if file.size and file.size > COVER_BYTES:
        raise forms.ValidationError(
            f"The cover has {file.size / 1024 / 1024:.1f} MB; 10 MB is the most. Save it smaller."
        )
    if max(picture.size) > COVER_PIXELS:
        width, height = picture.size
        raise forms.ValidationError(f"The cover has {width} × {height} pixels; {COVER_PIXELS} a side is the most.")


class ArticlesInOrder(PlainChoices, TabularInline):
    """The contents of an issue. Articles come in by import or on their own page; here they are put in order."""

    model = Article
    fields = ("article", "section", "position", "first_page", "last_page", "status")
    readonly_fields = ("article", "first_page", "last_page", "status")
    extra = 0
    max_num = 0
    can_delete = False
    verbose_name_plural = "Articles, by section and position"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Article]":
        articles = Article.objects.in_issue_order()
        return articles.only(
            "title",
            "doi",
            "section__name",
            "section__position",
            "position",
            "first_page",
            "last_page",
            "status",
            "issue",
        )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @column("article")
    def article(self, article: Article) -> str:
        return link_to(article)


@admin.register(Issue)
class IssueAdmin(PlainChoices, ModelAdmin):
    form = IssueForm
    list_display = ("name", "title", "published_on", "state", "article_count", "draft_count")
    list_display_links = ("name",)
    search_fields = ("volume", "number", "year", "title")
    search_help_text = "Volume, number, year or title"
    date_hierarchy = "published_on"
    actions = ("crossref_selected",)
    inlines = (ArticlesInOrder,)
    fieldsets = (
        (None, {"fields": ("journal", ("volume", "number", "year"), "title", "published_on")}),
        ("Cover", {"fields": ("cover", "cover_alt")}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        drafts = Count("articles", filter=Q(articles__status=Article.Status.DRAFT))
        return super().get_queryset(request).annotate(articles_in=Count("articles"), drafts_in=drafts)

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "journal":
            kwargs["initial"] = db_field.related_model.objects.first()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def view_on_site(self, issue: Issue) -> str | None:
        return issue.get_absolute_url() if _is_out(issue) else None

    def save_model(self, request: HttpRequest, obj: Issue, form: Any, change: bool) -> None:
        """The citation lines of its articles name volume, number and year."""
        super().save_model(request, obj, form, change)
        if change and {"volume", "number", "year"} & set(form.changed_data):
            for article in obj.articles.select_related("journal", "issue"):
                prepare_again(self, request, article)

    @admin.action(description="Download Crossref deposit", permissions=["change"])
    def crossref_selected(self, request: HttpRequest, queryset: "QuerySet[Issue]") -> HttpResponse | None:
        articles = Article.objects.filter(issue__in=queryset.values("pk"))
        return crossref.download(self, request, articles, "issues")

    @column("issue", ordering="published_on")
    def name(self, issue: Issue) -> str:
        return str(issue)

    @column("on the site")
    def state(self, issue: Issue) -> str:
        return "Shown" if _is_out(issue) else "From its date on"

    @column("articles", ordering="articles_in")
    def article_count(self, issue: Issue) -> int:
        return issue.articles_in  # type: ignore[attr-defined,no-any-return]

    @column("of these drafts", ordering="drafts_in")
    def draft_count(self, issue: Issue) -> int | None:
        return issue.drafts_in or None  # type: ignore[attr-defined]


def _is_out(issue: Issue) -> bool:
    return issue.published_on <= timezone.localdate()
