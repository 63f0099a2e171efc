"""Topics and collections: how editors group articles beyond issues and sections."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from accounts.admin_pages import ModelAdmin, ModelForm, PlainChoices, TabularInline, column
from journal.browsing import note_change
from journal.related_models import Elsewhere
from journal.search.query import parse
from journal.topic_models import ArticleTopic, Collection, CollectionEntry, Topic, draw_paths


class TopicForm(ModelForm):
    keyword_lines = forms.CharField(
        label="Keywords", required=False, widget=forms.Textarea(attrs={"rows": 6}),
        help_text="One a line. An article with one of these among its keywords gets the topic by itself, soon.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["keyword_lines"] = "\n".join(self.instance.keywords)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        lines = cleaned.get("keyword_lines", "").splitlines()
        self.instance.keywords = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
        if self.instance.pk and self.instance in cleaned.get("parents", []):
            self.add_error("parents", "A topic is not part of itself.")
        return cleaned


@admin.register(Topic)
class TopicAdmin(ModelAdmin):
    form = TopicForm
    list_display = ("name", "broader", "keyword_count")
    search_fields = ("name",)
    prepopulated_fields = {"slug": ("name",)}
    filter_horizontal = ("parents",)
    fieldsets = ((None, {"fields": ("name", "slug", "description", "parents", "keyword_lines")}),)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("parents")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The tree is drawn again, and the articles learn the topic's keywords in the background."""
        from journal.tasks import learn_topics  # noqa: PLC0415  (the job imports what the admin edits)

        super().save_related(request, form, formsets, change)
        draw_paths()
        learn_topics.defer()

    def delete_model(self, request: HttpRequest, obj: Topic) -> None:
        articles = list(obj.article_rows.values_list("article", flat=True))
        super().delete_model(request, obj)
        draw_paths()
        note_change(articles)

    @column("part of")
    def broader(self, topic: Topic) -> str | None:
        return ", ".join(parent.name for parent in topic.parents.all()) or None

    @column("keywords")
    def keyword_count(self, topic: Topic) -> int | None:
        return len(topic.keywords) or None


class ArticleTopics(PlainChoices, TabularInline):
    """On an article's page: topics chosen by hand and those that came by a keyword."""

    model = ArticleTopic
    fields = ("topic", "how")
    readonly_fields = ("how",)
    extra = 0
    verbose_name_plural = "Topics"

    @column("how")
    def how(self, row: ArticleTopic) -> str:
        return "By a keyword" if row.by_keyword else "Chosen"


class Entries(TabularInline):
    model = CollectionEntry
    fields = ("article", "position")
    autocomplete_fields = ("article",)
    extra = 0


class CollectionForm(ModelForm):
    def clean_rule_words(self) -> str:
        words: str = self.cleaned_data["rule_words"]
        query = parse(words)
        if words.strip() and query.is_empty:
            raise forms.ValidationError("There is no word to look for in this.")
        if query.wants_full_text:
            raise forms.ValidationError("A rule reads titles, authors, keywords and abstracts only.")
        return words


@admin.register(Collection)
class CollectionAdmin(PlainChoices, ModelAdmin):
    form = CollectionForm
    list_display = ("title", "how", "is_shown", "on_home", "position")
    search_fields = ("title",)
    prepopulated_fields = {"slug": ("title",)}
    inlines = (Entries,)
    fieldsets = (
        (None, {"fields": ("title", "slug", "description", "position", "is_shown", "on_home")}),
        (
            "By a rule",
            {
                "fields": ("rule_topic", "rule_section", "rule_kind", "rule_words"),
                "description": "Articles that meet all of these belong to it, future ones, too. Empty: those below.",
            },
        ),
    )

    @column("how")
    def how(self, collection: Collection) -> str:
        return "By a rule" if collection.is_by_rule else "Chosen one by one"


class ElsewhereForm(ModelForm):
    url = forms.URLField(label="Address", assume_scheme="https", max_length=500)


@admin.register(Elsewhere)
class ElsewhereAdmin(PlainChoices, ModelAdmin):
    """Chapters and books elsewhere, for the box below an article or below all articles of a topic."""

    form = ElsewhereForm

    list_display = ("title", "source", "article", "topic")
    list_select_related = ("article", "topic")
    search_fields = ("title", "source")
    autocomplete_fields = ("article", "topic")
