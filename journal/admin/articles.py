"""Articles: what came by import, where it stands in the journal, and the verbs publish, unpublish, import, preview."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from accounts.admin_pages import ModelAdmin, PlainChoices, ReadOnlyInline, admin_url, column, refused
from journal import publishing
from journal.admin import crossref
from journal.admin.article_form import ArticleForm
from journal.admin.importing import import_page
from journal.admin.preview import preview_file, preview_page
from journal.admin.topics import ArticleTopics
from journal.admin.versions import version_urls
from journal.models import Article, ArticleFile, ArticleSource, Relation

CORRECT_THE_JATS = "To change these, correct the JATS and import it again."
FROM_THE_JATS = (
    "doi", "title", "subtitle", "byline", "article_type", "type_label", "pages", "language", "license_url", "abstract",
    "corrected_on", "retracted_on",
)  # fmt: skip
PREPARED = ("has_full_text", "has_pdf", "pdf_pages", "version", "what_the_import_noted")


class HasProblems(admin.SimpleListFilter):
    title = "import"
    parameter_name = "noted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Something noted"), ("no", "Nothing noted")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Article]") -> "QuerySet[Article]":
        if self.value() == "yes":
            return queryset.exclude(problems=[])
        return queryset.filter(problems=[]) if self.value() == "no" else queryset


class FreeDay(admin.SimpleListFilter):
    title = "free day"
    parameter_name = "free"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("past", "Is free by now"), ("ahead", "Becomes free"), ("never", "Never by itself")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Article]") -> "QuerySet[Article]":
        today, closed = timezone.localdate(), queryset.filter(access_type=Article.AccessType.CONTROLLED)
        found = {"past": closed.filter(free_from__lte=today), "ahead": closed.filter(free_from__gt=today),
                 "never": closed.filter(free_from=None)}  # fmt: skip
        return found.get(self.value() or "", queryset)


class Files(ReadOnlyInline):
    model = ArticleFile
    fields = ("kind", "name", "content_type", "kilobytes", "pixels")
    verbose_name_plural = "Files"

    @column("kB")
    def kilobytes(self, file: ArticleFile) -> str:
        return f"{file.size / 1000:,.0f}"

    @column("pixels")
    def pixels(self, file: ArticleFile) -> str:
        return f"{file.width} × {file.height}" if file.width and file.height else ""


class Sources(ReadOnlyInline):
    model = ArticleSource
    fields = ("version", "name", "imported_at", "renderer", "noted", "files")
    verbose_name_plural = "Imported versions"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ArticleSource]":
        return super().get_queryset(request).defer("xml")

    @column("noted")
    def noted(self, source: ArticleSource) -> int | None:
        return len(source.warnings) or None

    @column("as it came")
    def files(self, source: ArticleSource) -> SafeString:
        address = reverse("admin:journal_article_version_file", args=[source.article_id, source.version, "xml"])
        package = reverse("admin:journal_article_version_file", args=[source.article_id, source.version, "zip"])
        return format_html('<a href="{}">XML</a> · <a href="{}">package</a>', address, package)


class Relations(ReadOnlyInline):
    model = Relation
    fields = ("kind", "target_doi")
    verbose_name_plural = "What it says about other articles (from the JATS)"


@admin.register(Article)
class ArticleAdmin(PlainChoices, ModelAdmin):
    form = ArticleForm
    list_display = ("short_title", "status", "noted", "access", "in_issue", "published", "type_shown")
    list_filter = ("status", "access_type", FreeDay, HasProblems, "has_full_text", "article_type", "issue")
    list_select_related = ("issue",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("title", "doi", "byline")
    search_help_text = "Title, DOI or author"
    date_hierarchy = "published_online"
    actions = ("publish_selected", "unpublish_selected", "crossref_selected")
    inlines = (ArticleTopics, Files, Sources, Relations)
    fieldsets = (
        ("In the journal", {"fields": ("status", "issue", "section", "position", "published_online")}),
        ("Access", {"fields": ("access_type", "free_from", "is_for_sale")}),
        ("From the JATS", {"fields": FROM_THE_JATS, "description": CORRECT_THE_JATS}),
        ("Prepared at import", {"fields": PREPARED}),
    )  # fmt: skip
    readonly_fields = ("status", *FROM_THE_JATS, *PREPARED)

    # --- permissions: articles come by import, and what was published once is not deleted -----------------------------

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is not None and obj.status == Article.Status.DRAFT and super().has_delete_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Article]":
        return super().get_queryset(request).defer("search", "authors", "keywords")

    def view_on_site(self, article: Article) -> str | None:
        return article.get_absolute_url() if publishing.is_on_site(article) else None

    # --- columns ------------------------------------------------------------------------------------------------------

    @column("title", ordering="title")
    def short_title(self, article: Article) -> str:
        title = str(article)
        return title if len(title) <= 90 else f"{title[:89].rstrip()}…"

    @column("type", ordering="article_type")
    def type_shown(self, article: Article) -> str:
        return article.type_label or article.article_type

    @column("issue", ordering="issue__published_on")
    def in_issue(self, article: Article) -> str | None:
        return f"{article.issue.volume}({article.issue.number})" if article.issue else None

    @column("online", ordering="published_online")
    def published(self, article: Article) -> str | None:
        return date_format(article.published_online, "M j, Y") if article.published_online else None

    @column("access", ordering="free_from")
    def access(self, article: Article) -> str:
        """`Controlled, free from Jan 1, 2027`"""
        said, day = article.get_access_type_display(), article.free_from
        if day is None or article.access_type != Article.AccessType.CONTROLLED:
            return said
        return f"{said}, free {'since' if day <= timezone.localdate() else 'from'} {date_format(day, 'M j, Y')}"

    @column("noted at import")
    def noted(self, article: Article) -> int | None:
        return len(article.problems) or None

    @column("noted at import")
    def what_the_import_noted(self, article: Article) -> str:
        return format_html_join("", "<p>{}</p>", ((problem,) for problem in article.problems)) or "Nothing"

    def save_model(self, request: HttpRequest, obj: Article, form: Any, change: bool) -> None:
        """The citation line names issue and date, so the page is prepared again when they change."""
        before = Article.objects.filter(pk=obj.pk).only("status", "published_online").first()
        was_on_site = before is not None and publishing.is_on_site(before)
        super().save_model(request, obj, form, change)
        if was_on_site and not publishing.is_on_site(obj):
            publishing.note_withdrawal(obj)
        if {"issue", "published_online"} & set(form.changed_data):
            prepare_again(self, request, obj)

    # --- verbs --------------------------------------------------------------------------------------------------------

    @admin.action(description="Publish", permissions=["publish"])
    def publish_selected(self, request: HttpRequest, queryset: "QuerySet[Article]") -> HttpResponse | None:
        for article in queryset:
            self._publish(request, article)
        return None

    @admin.action(description="Unpublish (back to draft)", permissions=["publish"])
    def unpublish_selected(self, request: HttpRequest, queryset: "QuerySet[Article]") -> HttpResponse | None:
        for article in queryset:
            self._unpublish(request, article)
        return None

    @admin.action(description="Download Crossref deposit", permissions=["publish"])
    def crossref_selected(self, request: HttpRequest, queryset: "QuerySet[Article]") -> HttpResponse | None:
        chosen = Article.objects.filter(pk__in=queryset.values("pk"))
        return crossref.download(self, request, chosen, "articles")

    def _publish(self, request: HttpRequest, article: Article) -> None:
        try:
            publishing.publish(article)
        except publishing.NotReady as error:
            sentence = f"“{article}” can't be published. {' '.join(error.obstacles)}"
            self.message_user(request, sentence, messages.ERROR)
            return
        self.log_change(request, article, "Published.")
        when = "" if publishing.is_on_site(article) else f" Visitors find it from {article.published_online} on."
        self.message_user(request, f"“{article}” is published.{when}", messages.SUCCESS)

    def _unpublish(self, request: HttpRequest, article: Article) -> None:
        publishing.unpublish(article)
        self.log_change(request, article, "Unpublished.")
        self.message_user(request, f"“{article}” is a draft again; visitors no longer find it.", messages.SUCCESS)

    def verb_view(self, request: HttpRequest, article_id: int, verb: str) -> HttpResponse:
        """The buttons Publish and Unpublish of an article's page."""
        article = get_object_or_404(Article, pk=article_id)
        if not self.has_change_permission(request, article):
            return refused(self, request, "Editor")
        {"publish": self._publish, "unpublish": self._unpublish}[verb](request, article)
        return redirect(admin_url(article))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        allowed = self.has_add_permission(request)
        return redirect("admin:journal_article_import") if allowed else refused(self, request, "Editor")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        article = self.get_object(request, object_id)
        found = publishing.obstacles(article) if article else []
        context = {"obstacles": found, "show_save_and_add_another": False, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        page = "<int:article_id>/preview/"
        verb = wrap(require_POST(self.verb_view))
        own = [
            path("import/", wrap(self.import_view), name="journal_article_import"),
            path(page, wrap(self.preview_view), name="journal_article_preview"),
            path(f"{page}<str:kind>/<str:name>", wrap(self.preview_file_view), name="journal_article_preview_file"),
            path("<int:article_id>/publish/", verb, {"verb": "publish"}, "journal_article_publish"),
            path("<int:article_id>/unpublish/", verb, {"verb": "unpublish"}, "journal_article_unpublish"),
        ]  # fmt: skip
        return [*own, *version_urls(self), *super().get_urls()]

    def import_view(self, request: HttpRequest) -> HttpResponse:
        return import_page(self, request) if self.has_add_permission(request) else refused(self, request, "Editor")

    def preview_view(self, request: HttpRequest, article_id: int) -> HttpResponse:
        article = get_object_or_404(Article.objects.select_related("public_page", "issue", "journal"), pk=article_id)
        if not self.has_change_permission(request, article):
            return refused(self, request, "Editor")
        kind = "visitor" if request.GET.get("as") == "visitor" else "reader"
        self.log_change(request, article, f"Previewed as a {kind}.")
        return preview_page(request, article, kind)

    def preview_file_view(self, request: HttpRequest, article_id: int, kind: str, name: str) -> Any:
        if not self.has_change_permission(request):
            return refused(self, request, "Editor")
        return preview_file(request, article_id, kind, name)


def prepare_again(model_admin: Any, request: HttpRequest, article: Article) -> None:
    problem = publishing.place(article)
    if problem:
        sentence = f"The page of “{article}” still shows the old issue and date: it could not be prepared. {problem}"
        model_admin.message_user(request, sentence, messages.WARNING)
