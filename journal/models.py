"""What is read: the journal, its issues, its articles, and the parts of an article that are prepared at import."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.files.storage import storages
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from journal.days import today

if TYPE_CHECKING:
    from django.core.files.storage import Storage

DOI_PATTERN = r"10\.\d{4,9}/\S+"
is_doi = RegexValidator(
    rf"^{DOI_PATTERN}$", "A DOI looks like 10.1234/abc: 10., four to nine digits, a slash, a suffix."
)
is_issn = RegexValidator(r"^\d{4}-\d{3}[\dX]$", "An ISSN looks like 1234-567X.")
is_color = RegexValidator(r"^#[0-9a-fA-F]{6}$", "A color looks like #1a5276.")


@lru_cache(maxsize=10_000)
def article_address(doi: str) -> str:
    """A page names its article's address a dozen times, and putting one together costs more than a look-up."""
    return reverse("journal:article", args=[doi])


def private_files() -> Storage:
    """Where article files lie: never served by path, always by a view that asks the decision first."""
    return storages["articles"]


class Journal(models.Model):
    """One journal with its identity. A site shows one."""

    class Typeface(models.TextChoices):
        SOURCE = "source", "Source Serif, which comes with the site"
        BOOK = "book", "The book face of the reader's device (Charter, Georgia); nothing to load"
        SANS = "sans", "The sans serif of the reader's device; nothing to load"

    title = models.CharField(max_length=200)
    abbreviation = models.CharField(max_length=100, help_text="As it is cited, for example: JAMA Neurol")
    tagline = models.CharField(max_length=200, blank=True)
    about = models.TextField(blank=True, help_text="Shown on the About page. Blank lines separate paragraphs.")
    publisher = models.CharField(max_length=200)
    issn_print = models.CharField("ISSN (print)", max_length=9, blank=True, validators=[is_issn])
    issn_online = models.CharField("ISSN (online)", max_length=9, blank=True, validators=[is_issn])
    contact_email = models.EmailField("contact email", blank=True)
    is_sample = models.BooleanField(default=False, help_text="Every page says that the content is invented.")
    citation_styles = models.JSONField(
        default=list, blank=True, help_text="Offered under Cite beside AMA, APA, Vancouver and NLM."
    )
    accent = models.CharField(max_length=7, default="#1f4e79", validators=[is_color])
    accent_dark = models.CharField("accent on dark", max_length=7, default="#8fc1ea", validators=[is_color])
    typeface = models.CharField("typeface of titles and articles", max_length=10, choices=Typeface, default="source")
    logo = models.ImageField(upload_to="brand/", blank=True, width_field="logo_width", height_field="logo_height")
    logo_width = models.PositiveIntegerField(null=True, editable=False)
    logo_height = models.PositiveIntegerField(null=True, editable=False)
    logo_dark = models.ImageField(
        "logo on dark",
        upload_to="brand/",
        blank=True,
        help_text="Shown in the dark theme. Empty: the logo stands on a light plate.",
    )

    def __str__(self) -> str:
        return self.title


class Section(models.Model):
    """A heading of the issue's contents, for example Original research."""

    journal = models.ForeignKey(Journal, on_delete=models.CASCADE, related_name="sections")
    name = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]
        constraints = [models.UniqueConstraint(fields=["journal", "name"], name="one_section_per_name")]

    def __str__(self) -> str:
        return self.name


class IssueQuerySet(models.QuerySet["Issue"]):
    def published(self) -> IssueQuerySet:
        return self.filter(published_on__lte=timezone.localdate())


class Issue(models.Model):
    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="issues")
    volume = models.CharField(max_length=20)
    number = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200, blank=True, help_text="For a themed issue; else leave empty.")
    published_on = models.DateField(help_text="From this day on (in the site's time zone) the issue is shown.")
    cover = models.ImageField(upload_to="covers/", blank=True, width_field="cover_width", height_field="cover_height")
    cover_width = models.PositiveIntegerField(null=True, editable=False)
    cover_height = models.PositiveIntegerField(null=True, editable=False)
    cover_alt = models.CharField("cover in words", max_length=300, blank=True)

    objects: ClassVar[models.Manager[Issue]] = IssueQuerySet.as_manager()

    class Meta:
        ordering = ["-published_on", "-volume", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["journal", "volume", "number"], name="one_issue_per_volume_and_number")
        ]

    def __str__(self) -> str:
        return f"Vol. {self.volume}, No. {self.number} ({self.year})"

    def get_absolute_url(self) -> str:
        return reverse("journal:issue", args=[self.volume, self.number])


class ArticleQuerySet(models.QuerySet["Article"]):
    def published(self, on: date | None = None) -> ArticleQuerySet:
        """What any visitor may find: published, and the day has come (in the site's time zone)."""
        return self.filter(status=Article.Status.PUBLISHED, published_online__lte=on or timezone.localdate())

    def online_first(self) -> ArticleQuerySet:
        return self.published().filter(issue=None)

    def by_doi(self, doi: str) -> ArticleQuerySet:
        """DOIs compare without regard to case (DOI Handbook 2.4)."""
        return self.filter(doi_key=doi.lower())

    def newest(self) -> ArticleQuerySet:
        return self.order_by("-published_online", "-pk")

    def in_issue_order(self) -> ArticleQuerySet:
        return self.select_related("section").order_by("section__position", "section__name", "position", "pk")


class Article(models.Model):
    """What lists, searches and the decision need of an article. Its page parts and its text are rows of their own."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"

    class AccessType(models.TextChoices):
        """COUNTER 5.1: Open is not meant to return behind the wall; Free_To_Read is controlled content made free."""

        OPEN = "open", "Open access"
        FREE_TO_READ = "free_to_read", "Free to read"
        CONTROLLED = "controlled", "Controlled"

    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="articles")
    issue = models.ForeignKey(Issue, null=True, blank=True, on_delete=models.PROTECT, related_name="articles")
    section = models.ForeignKey(Section, null=True, blank=True, on_delete=models.SET_NULL)
    position = models.PositiveSmallIntegerField(default=0, help_text="Order within the issue's section.")
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)

    doi = models.CharField("DOI", max_length=255, null=True, blank=True, validators=[is_doi])
    doi_key = models.GeneratedField(
        expression=Lower("doi"), output_field=models.CharField(max_length=255, null=True), db_persist=True
    )
    article_type = models.CharField(max_length=60, default="research-article", help_text="A JATS article-type.")
    type_label = models.CharField("type, as shown", max_length=100, blank=True, help_text="For example: Editorial")
    language = models.CharField(max_length=12, default="en")
    title_html = models.TextField("title (HTML)")
    title = models.TextField("title (plain)")
    subtitle_html = models.TextField("subtitle (HTML)", blank=True)
    subtitle = models.TextField("subtitle (plain)", blank=True)
    byline = models.TextField(blank=True, help_text="Authors as they appear in lists.")
    authors = models.JSONField(default=list, blank=True, help_text="As parsed from the JATS.")
    abstract = models.TextField("abstract or extract (plain)", blank=True)
    keywords = models.JSONField(default=list, blank=True)

    first_page = models.CharField(max_length=20, blank=True)
    last_page = models.CharField(max_length=20, blank=True)
    elocation_id = models.CharField("article number", max_length=40, blank=True)
    published_online = models.DateField(null=True, blank=True)
    corrected_on = models.DateField(null=True, blank=True)
    retracted_on = models.DateField(null=True, blank=True)

    access_type = models.CharField(max_length=12, choices=AccessType, default=AccessType.CONTROLLED)
    free_from = models.DateField(null=True, blank=True, help_text="From this day on everybody may read it.")
    license_url = models.URLField("license", max_length=300, blank=True)
    is_for_sale = models.BooleanField("for sale", default=True, help_text="Otherwise readers are sent to the contact.")

    has_pdf = models.BooleanField("has a PDF", default=False, editable=False)
    pdf_pages = models.PositiveSmallIntegerField("pages of the PDF", default=0, editable=False)
    has_full_text = models.BooleanField(default=False, editable=False)
    pmid = models.CharField("PMID", max_length=12, blank=True, db_default="", editable=False)
    version = models.PositiveSmallIntegerField(default=0, editable=False)
    source_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    problems = models.JSONField(default=list, blank=True, editable=False)
    activity: Any = models.JSONField(
        null=True, editable=False, help_text="What lists and the page tell of its CME activity; written by the cme app."
    )
    search = SearchVectorField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[Article]] = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ["-published_online", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["doi_key"], name="one_article_per_doi"),
            models.CheckConstraint(
                condition=models.Q(status="draft")
                | models.Q(doi__isnull=False, published_online__isnull=False) & ~models.Q(title=""),
                name="published_articles_are_complete",
                violation_error_message="A published article needs a DOI, a title and a publication date.",
            ),
        ]
        indexes = [
            GinIndex(fields=["search"], name="article_search"),
            models.Index(fields=["status", "-published_online", "-id"], name="article_newest"),
            models.Index(fields=["issue", "section", "position"], name="article_in_issue"),
            models.Index(fields=["source_sha256"], name="article_source"),
            models.Index(fields=["pmid"], condition=~models.Q(pmid=""), name="article_pmid"),
        ]

    def __str__(self) -> str:
        return self.title or self.doi or f"Article {self.pk}"

    def get_absolute_url(self) -> str:
        return article_address(self.doi) if self.doi else ""

    @property
    def is_published(self) -> bool:
        """As `published()` says it of many."""
        return (
            self.status == self.Status.PUBLISHED
            and self.published_online is not None
            and self.published_online <= today()
        )

    @property
    def is_only_pdf(self) -> bool:
        """Whether its full text is the publisher's PDF: what leaves that out (a rental, a gift) would hold nothing."""
        return self.has_pdf and not self.has_full_text

    @property
    def open_activity(self) -> dict[str, Any] | None:
        """What is told of a CME activity while it can be taken: `from` and `until` are its first and last day."""
        told: dict[str, Any] | None = self.activity
        if not told or self.retracted_on:
            return None
        return told if told["from"] <= timezone.localdate().isoformat() <= told["until"] else None

    @property
    def pages(self) -> str:
        """`977-979`, `977` for a single page, `e45` for an article number, or nothing yet."""
        if not self.first_page:
            return self.elocation_id
        if self.last_page in ("", self.first_page):
            return self.first_page
        return f"{self.first_page}-{self.last_page}"


class PublicPage(models.Model):
    """The parts of an article's page that everybody gets, as HTML prepared at import."""

    article = models.OneToOneField(Article, primary_key=True, on_delete=models.CASCADE, related_name="public_page")
    head = models.TextField(help_text="Meta tags and JSON-LD.")
    header = models.TextField(help_text="Flags, title, authors, affiliations, citation line, dates.")
    abstract = models.TextField(blank=True, help_text="Abstracts, or the extract when there is none.")
    references = models.TextField(blank=True)
    information = models.TextField(blank=True, help_text="Funding, interests, license, history, notes of the front.")
    notices = models.TextField(blank=True, help_text="Correction and retraction banners, in both directions.")
    first_page = models.TextField(blank=True, db_default="", help_text="The picture of page one and its large view.")
    aside = models.TextField(blank=True, db_default="", help_text="Contents and tools for those without access.")
    spoken = models.JSONField(default=dict, db_default={}, help_text="{language: {part: HTML}} beside the site's own.")

    def __str__(self) -> str:
        return f"Public page of {self.article}"


class FullText(models.Model):
    """What the wall protects. Fetched only after the yes."""

    article = models.OneToOneField(Article, primary_key=True, on_delete=models.CASCADE, related_name="full_text")
    body = models.TextField(help_text="Sections, figures and tables as HTML.")
    notes = models.TextField(blank=True, help_text="Footnotes, appendices and other back matter as HTML.")
    references = models.TextField(
        blank=True,
        db_default="",
        help_text="The reference list with the way back to each mention; empty: the public one.",
    )
    contents = models.JSONField(default=list, help_text="[{id, level, title_html}] in reading order.")
    aside = models.TextField(blank=True, db_default="", help_text="Contents and tools for those with access and PDF.")
    spoken = models.JSONField(default=dict, db_default={}, help_text="{language: {part: HTML}} beside the site's own.")
    plain_text = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"Full text of {self.article}"


class MetadataRecord(models.Model):
    """What is told to machines about an article beyond its own columns. Everything in it is for everybody."""

    article = models.OneToOneField(Article, primary_key=True, on_delete=models.CASCADE, related_name="record")
    facts = models.JSONField(default=dict, help_text="As `journal.records.facts` gives them.")
    front = models.TextField(blank=True, help_text="The front matter as JATS.")

    def __str__(self) -> str:
        return f"Metadata of {self.article}"


class Withdrawal(models.Model):
    """An article that was on the site and is not any more: harvesters are told that its record is deleted (OAI-PMH)."""

    doi = models.CharField(max_length=255)
    doi_key = models.GeneratedField(
        expression=Lower("doi"), output_field=models.CharField(max_length=255), db_persist=True
    )
    sets = models.JSONField(default=list, help_text="The sets its record was in.")
    withdrawn_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["doi_key"], name="one_withdrawal_per_doi")]
        indexes = [models.Index(fields=["withdrawn_at"], name="withdrawal_time")]

    def __str__(self) -> str:
        return f"{self.doi}, withdrawn"


class ArticleSource(models.Model):
    """One imported version, kept as it came so that it can be exported and rendered again."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="sources")
    version = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=255)
    xml = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    renderer = models.CharField(max_length=20)
    warnings = models.JSONField(default=list)
    xml_name = models.CharField(max_length=500, blank=True, db_default="", help_text="The XML's path in its package.")
    members = models.JSONField(
        default=list, db_default=[], help_text="The package's other files: [{name, file, size}]."
    )
    imported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["article", "version"], name="one_source_per_version")]

    def __str__(self) -> str:
        return f"{self.article} v{self.version}"


class ArticleFile(models.Model):
    """A file of an article: private unless it is a picture of the first page."""

    class Kind(models.TextChoices):
        PDF = "pdf", "PDF"
        PREVIEW = "preview", "Picture of the first page"
        FIGURE = "figure", "Figure"
        ORIGINAL = "original", "Figure as supplied"
        SUPPLEMENT = "supplement", "Supplementary file"
        TYPESET = "typeset", "PDF made by the site"

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="files")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=255, help_text="As it stands in the address.")
    file = models.FileField(storage=private_files, max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "kind", "name"], name="one_file_per_name")]

    def __str__(self) -> str:
        return self.name


class Relation(models.Model):
    """`article` says something about another: it corrects it, retracts it, comments on it. Shown on both."""

    class Kind(models.TextChoices):
        CORRECTION = "corrected-article", "corrects"
        RETRACTION = "retracted-article", "retracts"
        COMMENTARY = "commentary-article", "comments on"
        COMPANION = "companion", "is a companion of"
        CONCERN = "object-of-concern", "expresses concern about"
        ADDENDUM = "addended-article", "adds to"

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="relations")
    kind = models.CharField(max_length=40, choices=Kind)
    target_doi = models.CharField(max_length=255, help_text="Lower case; the target may come later.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "kind", "target_doi"], name="one_relation_of_a_kind")]
        indexes = [models.Index(fields=["target_doi"], name="relation_target")]

    def __str__(self) -> str:
        return f"{self.article} {self.get_kind_display()} {self.target_doi}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.target_doi = self.target_doi.lower()
        super().save(*args, **kwargs)


def import_inbox() -> Storage:
    """Where uploaded files wait until they are imported."""
    return storages["imports"]


class ImportBatch(models.Model):
    """What an editor uploaded at one time. Its files are imported one after the other, in the background."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name, verbose_name_plural = "import", "imports"

    def __str__(self) -> str:
        return f"Import of {timezone.localtime(self.created_at):%B %-d, %Y, %-I:%M %p}"


class ImportItem(models.Model):
    """One uploaded file, and what became of it."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        WORKING = "working", "Being imported"
        IMPORTED = "imported", "Imported"
        UPDATED = "updated", "Updated"
        UNCHANGED = "unchanged", "Unchanged"
        DRAFT = "draft", "Draft"
        REJECTED = "rejected", "Rejected"

    OPEN = (Status.WAITING, Status.WORKING)

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="items")
    name = models.CharField(max_length=255, help_text="As the file was called where it came from.")
    file = models.FileField(storage=import_inbox, max_length=255, blank=True, help_text="Gone once it is imported.")
    size = models.PositiveBigIntegerField()
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    doi = models.CharField("DOI", max_length=255, blank=True)
    article = models.ForeignKey(Article, null=True, on_delete=models.SET_NULL, related_name="+")
    errors = models.JSONField(default=list)
    warnings = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(status__in=["waiting", "working"]), name="import_item_open"),
            models.Index(fields=["finished_at"], condition=models.Q(status="rejected"), name="import_item_rejected"),
        ]

    def __str__(self) -> str:
        return self.name


# Subjects of their own in files of their own; Django looks for models here.
from journal import reader_models, related_models, topic_models  # noqa: E402, F401
