"""What a citation says of an article, gathered once: every style and every file format reads this record."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import nh3
from django.utils.html import conditional_escape, strip_tags
from django.utils.safestring import SafeString, mark_safe

from journal.citation.names import Name, one_line
from journal.models import Article
from journal.records import facts_of

TITLE_TAGS = {"i", "b", "sub", "sup", "span"}
RETRACTED = "RETRACTED: "  # NISO RP-45-2024: the title itself says it wherever it goes


def _number(identifier: str) -> str:
    """The digits of `123` or `PMC123`; empty for anything else."""
    found = re.fullmatch(r"(?:PMC)?(\d{1,12})", identifier.strip(), re.IGNORECASE)
    return found[1] if found else ""


@dataclass(frozen=True)
class Record:
    """An article's bibliographic record. All text is in one line; what is not known is empty.

    `day` is the day it was published online; `year` and `month` are the issue's, or while there is none, that day's.
    """

    article: Article
    authors: tuple[Name, ...]
    journal: str
    abbreviation: str
    publisher: str
    issns: tuple[str, ...]
    volume: str
    number: str
    year: int | None
    month: int | None
    day: date | None
    pmid: str = ""
    pmcid: str = ""

    @classmethod
    def of(cls, article: Article) -> "Record":
        """`article` with its journal, its issue and its metadata record."""
        journal, issue, day = article.journal, article.issue, article.published_online
        authors = (Name.of(author) for author in article.authors)
        known = facts_of(article)
        dated = issue.published_on if issue and issue.published_on.year == issue.year else None if issue else day
        return cls(
            article=article,
            authors=tuple(name for name in authors if name.is_known),
            journal=one_line(journal.title),
            abbreviation=one_line(journal.abbreviation or journal.title).rstrip("."),
            publisher=one_line(journal.publisher),
            issns=tuple(filter(None, (journal.issn_online, journal.issn_print))),
            volume=one_line(issue.volume) if issue else "",
            number=one_line(issue.number) if issue else "",
            year=issue.year if issue else day.year if day else None,
            month=dated.month if dated else None,
            day=day,
            pmid=_number(known.get("pmid", "")),
            pmcid=f"PMC{number}" if (number := _number(known.get("pmcid", ""))) else "",
        )

    @property
    def doi(self) -> str:
        return self.article.doi or ""

    @property
    def is_online_first(self) -> bool:
        return self.article.issue is None

    @cached_property
    def title(self) -> str:
        """Title and subtitle as plain text, with the mark of a retraction."""
        return self._joined(one_line(self.article.title), one_line(self.article.subtitle))

    @cached_property
    def title_html(self) -> SafeString:
        """The same with the italics, raised and lowered letters of the source, and nothing else."""
        html = self._joined(
            self.article.title_html or conditional_escape(self.article.title),
            self.article.subtitle_html or conditional_escape(self.article.subtitle),
        )
        html = re.sub(r"<math.*?</math>", lambda formula: strip_tags(formula[0]), html, flags=re.DOTALL)
        return mark_safe(nh3.clean(one_line(html), tags=TITLE_TAGS, attributes={"span": {"class"}}))  # noqa: S308

    def _joined(self, title: str, subtitle: str) -> str:
        between = " " if one_line(self.article.title).endswith(("?", "!", ":")) else ": "
        whole = f"{title.rstrip('. ')}{between}{subtitle}" if subtitle else title
        return f"{RETRACTED}{whole}" if self.article.retracted_on and not whole.startswith(RETRACTED) else whole

    @property
    def pages(self) -> str:
        """`977-979`, `977` or nothing; an article number is not a page."""
        return one_line(self.article.pages) if self.article.first_page else ""

    @property
    def article_number(self) -> str:
        return "" if self.article.first_page else one_line(self.article.elocation_id)

    @property
    def short_pages(self) -> str:
        """`977-9`: the last page without the digits it shares with the first (Citing Medicine; ICMJE)."""
        first, last = one_line(self.article.first_page), one_line(self.article.last_page)
        if not last or last == first or not (first.isdecimal() and last.isdecimal() and len(first) == len(last)):
            return self.pages
        shared = next(n for n, (a, b) in enumerate(zip(first, last, strict=True)) if a != b)
        return f"{first}-{last[shared:]}"

    @property
    def doi_url(self) -> str:
        return f"https://doi.org/{self.doi}" if self.doi else ""
