"""What a report says of institution, platform, journal and article: the same facts for its table and its JSON."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from journal.citation.names import Name, one_line
from journal.models import Article, Journal
from subscriptions.counter import credentials
from subscriptions.counter.counting import Counted
from subscriptions.models import Institution

WORLD_ID = "0000000000000000"
WORLD_NAME = "The World"
MOST_AUTHORS = 3
_ROR = re.compile(r"0[a-z0-9]{6}[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Author:
    name: str
    orcid: str = ""

    def __str__(self) -> str:
        return f"{self.name} (ORCID:{self.orcid})" if self.orcid else self.name


def own_id(value: object) -> str:
    """A value in the platform's namespace."""
    return f"{settings.COUNTER_PLATFORM_ID}:{value}"


def institution_name(institution: Institution | None) -> str:
    return one_line(institution.name) if institution else WORLD_NAME


def institution_ids(institution: Institution | None) -> dict[str, str]:
    """{namespace: value} with the customer id, which a report must name, in the platform's namespace."""
    if institution is None:
        return {settings.COUNTER_PLATFORM_ID: WORLD_ID}
    ror = institution.ror_id.rpartition("/")[2]
    known = {"ROR": ror} if _ROR.fullmatch(ror) else {}
    return {**known, settings.COUNTER_PLATFORM_ID: credentials.of(institution).customer_id}


def platform_name(journal: Journal) -> str:
    return one_line(journal.title)


def created_by(journal: Journal) -> str:
    return one_line(journal.publisher) or "First Page"


def created_at(now: datetime | None = None) -> str:
    return f"{now or timezone.now():%Y-%m-%dT%H:%M:%SZ}"


def journal_ids(journal: Journal) -> dict[str, str]:
    """The identifiers of the journal that there are, by COUNTER's names for JSON."""
    ids = {
        "Proprietary": own_id(f"journal-{journal.pk}"), "Print_ISSN": journal.issn_print,
        "Online_ISSN": journal.issn_online, "URI": f"{settings.SITE_URL}/",
    }  # fmt: skip
    return {name: value for name, value in ids.items() if value}


def article_ids(article_id: int, article: Article | None) -> dict[str, str]:
    ids = {"DOI": article.doi if article else "", "Proprietary": own_id(f"article-{article_id}")}
    if article and article.doi:
        ids["URI"] = f"{settings.SITE_URL}{article.get_absolute_url()}"
    return {name: value for name, value in ids.items() if value}


def authors(article: Article | None) -> list[Author]:
    """At most three, as COUNTER has it."""
    found = []
    for row in (article.authors if article else [])[:MOST_AUTHORS]:
        name = Name.of(row)
        words = name.group or " ".join(filter(None, (name.given, name.surname, name.suffix)))
        if len(words) > 1:
            found.append(Author(words, name.orcid))
    return list(dict.fromkeys(found))


def version(article: Article | None) -> str:
    """What readers get here is the version of record, or the corrected one (NISO RP-8-2008)."""
    return "" if article is None else "CVoR" if article.corrected_on else "VoR"


def published(article: Article | None) -> str:
    return f"{article.published_online:%Y-%m-%d}" if article and article.published_online else ""


def item_name(article: Article | None) -> str:
    return one_line(article.title) if article else ""


def months_of(counted: Counted) -> str:
    return f"Begin_Date={counted.asked.begin:%Y-%m-%d}; End_Date={counted.asked.end:%Y-%m-%d}"
