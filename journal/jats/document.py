"""What rendering gives back: typed, without lxml and without Django. Nobody changes it.

Fields ending in ``_html`` are safe HTML fragments, ``_text`` the same words as plain text. Tuples keep
the source's order. Those of which an article has hundreds are not frozen: that takes three times as long to make.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from journal.jats.languages import is_rtl

#: `abstract-type` → heading of an abstract without a title of its own.
ABSTRACT_KINDS = {
    "author-highlights": "Highlights",
    "author-summary": "Author summary",
    "editor": "Editors’ summary",
    "editors-summary": "Editors’ summary",
    "executive-summary": "Summary",
    "graphical": "Graphical abstract",
    "highlights": "Highlights",
    "key-points": "Key points",
    "patient": "Patient summary",
    "plain-language-summary": "Plain-language summary",
    "precis": "Précis",
    "short": "Short abstract",
    "summary": "Summary",
    "teaser": "In brief",
    "toc": "In brief",
    "web-summary": "Summary",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to tell the editor. ``code`` is stable, ``line`` counts from 1 in the file (None: nowhere in it)."""

    code: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


@dataclass(frozen=True, slots=True)
class Image:
    """A picture the page can show. Sizes in pixels; ``full_url`` leads to the large one."""

    url: str
    width: int
    height: int
    full_url: str = ""
    srcset: str = ""


Images = Mapping[str, Image]


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date as precise as the source gives it."""

    year: int
    month: int | None = None
    day: int | None = None

    @property
    def iso(self) -> str:
        parts = [f"{self.year:04d}"]
        parts += [f"{n:02d}" for n in (self.month, self.day) if n is not None]
        return "-".join(parts)

    @property
    def precision(self) -> int:
        return 1 + (self.month is not None) + (self.day is not None)


@dataclass(frozen=True, slots=True)
class Dates:
    """Dates of an article; ``history`` has every dated event of the source by its name."""

    published_online: PartialDate | None = None
    issue: PartialDate | None = None
    received: PartialDate | None = None
    revised: PartialDate | None = None
    accepted: PartialDate | None = None
    corrected: PartialDate | None = None
    retracted: PartialDate | None = None
    history: tuple[tuple[str, PartialDate], ...] = ()

    @property
    def published(self) -> PartialDate | None:
        """The date the article is dated by: online, else of its issue."""
        return self.published_online or self.issue


@dataclass(slots=True)
class Affiliation:
    id: str
    label: str
    html: str
    text: str
    ror: str = ""


@dataclass(slots=True)
class Author:
    """A person or a group (``group`` is then its name, ``surname`` and ``given`` are empty).

    ``team`` is the part of the group that a member belongs to, ``also_html`` the name in another script, ``marks`` are
    (id of a note about the author, its sign).
    """

    surname: str = ""
    given: str = ""
    prefix: str = ""
    suffix: str = ""
    degrees: str = ""
    group: str = ""
    group_html: str = ""
    members: tuple["Author", ...] = ()
    team: str = ""
    also_html: str = ""
    orcid: str = ""
    email: str = ""
    corresponding: bool = False
    equal: bool = False
    deceased: bool = False
    affiliations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    marks: tuple[tuple[str, str], ...] = ()
    roles: tuple[str, ...] = ()
    on_behalf_of: str = ""
    eastern_order: bool = False
    kind: str = "author"

    @property
    def name(self) -> str:
        """The whole name in the order it is spoken, without degrees."""
        if self.group:
            return self.group
        order = [self.surname, self.given] if self.eastern_order else [self.prefix, self.given, self.surname]
        return " ".join(part for part in [*order, self.suffix] if part)


@dataclass(frozen=True, slots=True)
class License:
    url: str = ""
    html: str = ""
    text: str = ""
    license_type: str = ""
    free_to_read: bool = False
    free_from: PartialDate | None = None
    free_until: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class Funding:
    """``funder_ids``: Open Funder Registry DOIs and ROR addresses, as https addresses."""

    source: str = ""
    award_ids: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    funder_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RelatedArticle:
    """``relation`` is the JATS value: companion, corrected-article, retracted-article, commentary-article …"""

    relation: str
    doi: str = ""
    url: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Title:
    """A title in another language, with its subtitle."""

    html: str
    text: str
    language: str = ""
    subtitle_html: str = ""

    @property
    def is_rtl(self) -> bool:
        return is_rtl(self.language)


#: Kinds of lists of words that explain the article's own abbreviations: no keywords.
ABBREVIATIONS = ("abbreviations", "abbreviation", "abbr", "abbrev")


@dataclass(frozen=True, slots=True)
class Keywords:
    language: str
    kind: str
    title: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metadata:
    doi: str = ""
    publisher_id: str = ""
    pmid: str = ""
    pmcid: str = ""
    elocation_id: str = ""
    journal_title: str = ""
    journal_abbreviation: str = ""
    issns: tuple[tuple[str, str], ...] = ()
    publisher: str = ""
    article_type: str = ""
    subject: str = ""
    subjects: tuple[str, ...] = ()
    language: str = ""
    title_html: str = ""
    title_text: str = ""
    subtitle_html: str = ""
    subtitle_text: str = ""
    translated_titles: tuple[Title, ...] = ()
    authors: tuple[Author, ...] = ()
    on_behalf_of: str = ""
    contributors: tuple[Author, ...] = ()
    affiliations: tuple[Affiliation, ...] = ()
    volume: str = ""
    issue: str = ""
    issue_title: str = ""
    fpage: str = ""
    lpage: str = ""
    page_range: str = ""
    dates: Dates = field(default_factory=Dates)
    keywords: tuple[Keywords, ...] = ()
    license: License = field(default_factory=License)
    copyright: str = ""
    funding: tuple[Funding, ...] = ()
    funding_statement_html: str = ""
    related_articles: tuple[RelatedArticle, ...] = ()
    trial_registrations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Abstract:
    """``kind`` is JATS ``abstract-type`` ("" for the abstract itself), or "translated"."""

    kind: str
    title_html: str
    title_text: str
    language: str
    html: str
    text: str

    @property
    def heading(self) -> str:
        """What to call an abstract that brings no title."""
        return ABSTRACT_KINDS.get(self.kind, "Abstract")

    @property
    def is_rtl(self) -> bool:
        return is_rtl(self.language)


@dataclass(frozen=True, slots=True)
class Extract:
    html: str
    text: str


@dataclass(slots=True)
class Heading:
    """One line of the contents list; ``level`` is the h-level on the page (2 …6)."""

    id: str
    level: int
    title_html: str
    title_text: str
    children: tuple["Heading", ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A top-level part of the full text. ``html`` is whole: heading, text and nested sections.

    ``kind``: body, ack, appendix, glossary, notes, bio, supplement, back, sub-article, translation; the last two with
    their language if the source names it.
    """

    id: str
    level: int
    title_html: str
    title_text: str
    html: str
    kind: str = "body"
    headings: tuple[Heading, ...] = ()
    language: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    id: str
    label: str
    title_text: str
    caption_html: str
    caption_text: str
    credit_text: str = ""
    graphics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    id: str
    label: str
    title_text: str
    caption_html: str
    caption_text: str


@dataclass(slots=True)
class Reference:
    """One entry of the reference list; the fields after ``pmcid`` serve ``citation_reference`` and exports."""

    id: str
    label: str
    text: str
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    title: str = ""
    source: str = ""
    authors: tuple[str, ...] = ()
    year: str = ""
    volume: str = ""
    fpage: str = ""


@dataclass(slots=True)
class Note:
    id: str
    label: str
    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class ArticleDoc:
    """A rendered article. ``errors`` keep it a draft; ``warnings`` are for the editor to read.

    ``front_xml`` is the front matter alone, as JATS (see `front`).
    """

    metadata: Metadata
    abstracts: tuple[Abstract, ...] = ()
    extract: Extract | None = None
    sections: tuple[Section, ...] = ()
    contents: tuple[Heading, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    references: tuple[Reference, ...] = ()
    references_title: str = "References"
    references_html: str = ""
    public_references_html: str = ""
    notes: tuple[Note, ...] = ()
    byline_html: str = ""
    product_html: str = ""
    affiliations_html: str = ""
    information_html: str = ""
    plain_text: str = ""
    front_xml: str = ""
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    renderer_version: int = 0

    @property
    def body_html(self) -> str:
        """The full text, all sections in order, without the reference list."""
        return "\n".join(section.html for section in self.sections)

    def as_data(self) -> dict[str, Any]:
        """The metadata as plain data (dicts, lists, strings) for a JSON column."""
        return asdict(self.metadata)
