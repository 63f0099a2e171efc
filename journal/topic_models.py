"""How articles are grouped beyond issues and sections: topics, and the words that searching suggests.

`journal.models` names these, too; they stand in a file of their own because they are a subject of their own.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import connection, models
from django.urls import reverse
from django.utils import timezone

MOST_ON_HOME = 5


class Topic(models.Model):
    """A subject of the journal. Topics form a tree in which one may stand below several others."""

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=110, unique=True, help_text="As it stands in the address.")
    description = models.TextField(blank=True, help_text="One or two sentences above the list of articles.")
    parents: models.ManyToManyField[Topic, Topic] = models.ManyToManyField(
        "self",
        symmetrical=False,
        related_name="children",
        blank=True,
        help_text="Broader topics; none for the first level.",
    )
    keywords = models.JSONField(
        default=list, blank=True, help_text="An article with one of these keywords gets the topic by itself."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("journal:topic", args=[self.slug])


class TopicPath(models.Model):
    """Which topic lies below which, at any depth and itself included: written by `draw_paths`."""

    above = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="paths_down")
    below = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="paths_up")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["above", "below"], name="one_path_between_topics")]

    def __str__(self) -> str:
        return f"{self.above} > {self.below}"


class ArticleTopic(models.Model):
    """An article's topic: chosen by an editor, or by the topic's keywords."""

    article = models.ForeignKey("journal.Article", on_delete=models.CASCADE, related_name="topic_rows")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="article_rows")
    by_keyword = models.BooleanField(default=False, editable=False)
    #: The article's, while it is published: written by triggers (migration 0022), read for the newest of a topic.
    day = models.DateField(null=True, editable=False)

    class Meta:
        ordering = ["topic__name"]
        verbose_name = "topic of an article"
        verbose_name_plural = "topics of an article"
        constraints = [models.UniqueConstraint(fields=["topic", "article"], name="one_topic_row_per_article")]
        indexes = [models.Index(fields=["topic", "-day", "-article"], name="topic_newest")]

    def __str__(self) -> str:
        return f"{self.article}: {self.topic}"


class Collection(models.Model):
    """Articles put together by an editor one by one, or by a rule that new articles join by themselves."""

    title = models.CharField(max_length=150)
    slug = models.SlugField(max_length=160, unique=True, help_text="As it stands in the address.")
    description = models.TextField(blank=True, help_text="One or two sentences above the list of articles.")
    position = models.PositiveSmallIntegerField(default=0, help_text="Order among the collections.")
    is_shown = models.BooleanField("shown to readers", default=True)
    on_home = models.BooleanField("on the home page", default=False, help_text="For example: Editor’s choice.")
    rule_topic = models.ForeignKey(
        Topic, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name="topic",
        help_text="All articles of this topic and of those below it.",
    )  # fmt: skip
    rule_section = models.ForeignKey(
        "journal.Section", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name="section"
    )
    rule_kind = models.CharField("type", max_length=100, blank=True, help_text="As it is shown, for example: Review")
    rule_words = models.CharField(
        "words", max_length=300, blank=True, help_text="As in the search field: title:stroke author:garcia -pediatric"
    )

    class Meta:
        ordering = ["position", "title"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("journal:collection", args=[self.slug])

    @property
    def is_by_rule(self) -> bool:
        return bool(self.rule_topic_id or self.rule_section_id or self.rule_kind or self.rule_words)


class EntryQuerySet(models.QuerySet["CollectionEntry"]):
    def on_home(self) -> EntryQuerySet:
        """The articles of the collection that editors show on the home page, in their order."""
        first = Collection.objects.filter(on_home=True, is_shown=True).order_by("position", "title").values("pk")[:1]
        return self.filter(collection__in=first).order_by("position", "-pk")[:MOST_ON_HOME]


class CollectionEntry(models.Model):
    """An article that an editor has put into a collection."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="entries")
    article = models.ForeignKey("journal.Article", on_delete=models.CASCADE, related_name="collection_rows")
    position = models.PositiveSmallIntegerField(default=0)
    added_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[CollectionEntry]] = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["position", "-pk"]
        verbose_name_plural = "articles, in order (only where no rule is given)"
        constraints = [models.UniqueConstraint(fields=["collection", "article"], name="one_entry_per_collection")]

    def __str__(self) -> str:
        return f"{self.collection}: {self.article}"


class ArticleAuthor(models.Model):
    """Who wrote what, for the pages of authors: written from the articles' own bylines (journal/browsing.py)."""

    article = models.ForeignKey("journal.Article", on_delete=models.CASCADE, related_name="author_rows")
    key = models.CharField(max_length=200, help_text="The name as it stands in the address.")
    name = models.CharField(max_length=300)
    sort = models.CharField(max_length=300, help_text="Surname first, folded.")
    initial = models.CharField(max_length=1)
    orcid = models.CharField(max_length=19, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "article"], name="one_author_row_per_article")]
        indexes = [
            models.Index(fields=["initial", "sort", "key"], name="author_by_initial"),
            models.Index(fields=["orcid"], name="author_by_orcid", condition=~models.Q(orcid="")),
        ]

    def __str__(self) -> str:
        return self.name


class MostRead(models.Model):
    """How often an article was read lately: written down by whoever counts usage (journal/browsing.py)."""

    article = models.OneToOneField("journal.Article", primary_key=True, on_delete=models.CASCADE, related_name="+")
    readings = models.PositiveIntegerField()

    class Meta:
        ordering = ["-readings"]
        verbose_name_plural = "most read"
        indexes = [models.Index(fields=["-readings"], name="most_read_first")]

    def __str__(self) -> str:
        return f"{self.article}: {self.readings}"


class SearchTerm(models.Model):
    """What is suggested while somebody types, and what a misspelt word may have meant. From public texts only."""

    class Kind(models.TextChoices):
        AUTHOR = "author", "Author"
        KEYWORD = "keyword", "Keyword"
        TITLE = "title", "Title"
        TOPIC = "topic", "Topic"
        WORD = "word", "Word"

    kind = models.CharField(max_length=10, choices=Kind)
    text = models.CharField(max_length=300, help_text="As it is shown.")
    key = models.CharField(max_length=300, help_text="Folded, as it is compared.")
    near = ArrayField(
        models.CharField(max_length=12), default=list, help_text="A word's beginning, with one letter left out."
    )
    weight = models.PositiveIntegerField(default=1, help_text="In how many articles.")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["kind", "key"], name="one_search_term_per_key")
        ]
        indexes = [
            models.Index(
                fields=["key"],
                opclasses=["varchar_pattern_ops"],
                include=["kind", "weight", "id"],
                name="search_term_start",
            ),
            GinIndex(fields=["near"], name="search_term_near", condition=models.Q(kind="word")),
        ]

    def __str__(self) -> str:
        return self.text


def draw_paths() -> None:
    """Work out which topic lies below which. A circle does no harm: it ends where it began."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM journal_topicpath")
        cursor.execute(
            "INSERT INTO journal_topicpath (above_id, below_id) WITH RECURSIVE path (above, below) AS ("
            " SELECT id, id FROM journal_topic UNION"
            " SELECT p.above, t.from_topic_id FROM path p JOIN journal_topic_parents t ON t.to_topic_id = p.below"
            ") SELECT above, below FROM path"
        )


class Upkeep(models.Model):
    """How far what is worked out of the articles has come: changes up to `at` are in, and days up to `day`."""

    name = models.CharField(max_length=30, primary_key=True)
    at = models.DateTimeField()
    day = models.DateField()

    class Meta:
        verbose_name_plural = "upkeep"

    def __str__(self) -> str:
        return f"{self.name}: {timezone.localtime(self.at):%Y-%m-%d %H:%M}"
