"""What belongs to an article beyond its page: who cites it, what is like it, what stands elsewhere."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class Citation(models.Model):
    """One work that cites an article: another article here (from its own references), or one found elsewhere."""

    article = models.ForeignKey("journal.Article", on_delete=models.CASCADE, related_name="cited_by")
    doi = models.CharField(max_length=255, help_text="Of the citing work, in lower case.")
    here = models.ForeignKey(
        "journal.Article", null=True, blank=True, on_delete=models.CASCADE, related_name="cites",
        help_text="The citing article, when it is in this journal.",
    )  # fmt: skip
    title = models.TextField(blank=True)
    authors = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=300, blank=True, help_text="The journal or book it stands in.")
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    found_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-year", "-pk"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["article", "doi"], name="one_citation_by_a_work")
        ]

    def __str__(self) -> str:
        return f"{self.doi} cites {self.article}"


class Similar(models.Model):
    """An article like another: of this journal by its words, or elsewhere as PubMed has it."""

    class Kind(models.TextChoices):
        WORDS = "words", "By its words"
        PUBMED = "pubmed", "Similar in PubMed"

    article = models.ForeignKey("journal.Article", on_delete=models.CASCADE, related_name="similar_rows")
    kind = models.CharField(max_length=10, choices=Kind)
    position = models.PositiveSmallIntegerField()
    other = models.ForeignKey("journal.Article", null=True, on_delete=models.CASCADE, related_name="+")
    pmid = models.CharField(max_length=12, blank=True)
    title = models.TextField(blank=True)
    line = models.CharField(max_length=300, blank=True, help_text="Authors, journal and year.")

    class Meta:
        ordering = ["kind", "position"]
        constraints = [models.UniqueConstraint(fields=["article", "kind", "position"], name="one_similar_at_a_place")]

    def __str__(self) -> str:
        return f"{self.article} ~ {self.title or self.other}"


class LookedUp(models.Model):
    """When others were last asked about an article."""

    article = models.OneToOneField(
        "journal.Article", primary_key=True, on_delete=models.CASCADE, related_name="looked_up"
    )
    citations_on = models.DateField(null=True)
    citations_missed_on = models.DateField(null=True, help_text="When it last could not be told.")
    pubmed_on = models.DateField(null=True)
    pubmed_missed_on = models.DateField(null=True)

    class Meta:
        verbose_name_plural = "looked up"

    def __str__(self) -> str:
        return f"{self.article}: {self.citations_on}, {self.pubmed_on}"


class Elsewhere(models.Model):
    """A chapter, book or page elsewhere that readers of an article or of a topic may want. Editors keep these."""

    title = models.CharField(max_length=300)
    source = models.CharField(max_length=300, blank=True, help_text="For example the book and its publisher.")
    url = models.URLField("address", max_length=500)
    article = models.ForeignKey(
        "journal.Article", null=True, blank=True, on_delete=models.CASCADE, related_name="elsewhere"
    )
    topic = models.ForeignKey(
        "journal.Topic", null=True, blank=True, on_delete=models.CASCADE, related_name="elsewhere"
    )

    class Meta:
        ordering = ["title"]
        verbose_name = "chapter elsewhere"
        verbose_name_plural = "chapters elsewhere"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                name="elsewhere_is_for_one",
                condition=Q(article=None, topic__isnull=False) | Q(article__isnull=False, topic=None),
                violation_error_message="Choose an article or a topic, and only one of them.",
            )
        ]

    def __str__(self) -> str:
        return self.title


class BoxLayout(models.Model):
    """How a reader has arranged the boxes below articles."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="box_layout"
    )
    order = models.JSONField(default=list)
    collapsed = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"Boxes of {self.user}"
