"""The shape of the answer to "may this reader read this?". The journal asks; `subscriptions` decides.

Words are COUNTER's where COUNTER has them: Open, Free_To_Read, Controlled, No_License.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from journal.models import Article


class Reason(StrEnum):
    """Why the answer is yes (first group) or no (second group)."""

    OPEN = "open"
    FREE_TO_READ = "free_to_read"
    PURCHASE = "purchase"
    RENTAL = "rental"
    SUBSCRIPTION = "subscription"
    BACK_FILE = "back_file"
    INSTITUTION = "institution"
    COMPLIMENTARY = "complimentary"
    ACCESS_CODE = "access_code"
    MEMBERSHIP = "membership"  # of the society, by a number on its roster
    GIFT = "gift"
    STAFF_PREVIEW = "staff_preview"  # the admin's preview, never a reader's page

    NO_LICENSE = "no_license"
    RENTAL_READY = "rental_ready"  # paid, and the reader has not started the clock
    RENTAL_ENDED = "rental_ended"
    SUBSCRIPTION_ENDED = "subscription_ended"
    SETTLING = "settling"  # the payment is on its way
    UNKNOWN = "unknown"  # the rights could not be looked up (E2)


# Notices are free whatever the journal sells: a reader must learn that a paper was corrected or withdrawn (NISO RP-45).
NOTICE_TYPES = frozenset({"correction", "retraction", "expression-of-concern"})


class Priced(Protocol):
    """What decides whether an article is everybody's: an `Article`, or the decision's own facts."""

    @property
    def article_type(self) -> str: ...

    @property
    def access_type(self) -> str: ...

    @property
    def free_from(self) -> date | None: ...


def public_reason(article: Priced, today: date) -> Reason | None:
    """The part of the decision that needs no reader: why everybody may read the article today, or None.

    The decision begins with it; what is written for machines (JSON-LD, harvesting, deposits) reads nothing else.
    """
    if article.access_type == "open":
        return Reason.OPEN
    if article.access_type == "free_to_read" or article.article_type in NOTICE_TYPES:
        return Reason.FREE_TO_READ
    return Reason.FREE_TO_READ if article.free_from and article.free_from <= today else None


class Verdict(StrEnum):
    """What became of one right that was looked at: in force (first group), or why it opens nothing (second)."""

    IN_FORCE = "in force"
    KEPT_YEARS = "in force for what was published while subscribed"

    REVOKED = "revoked"
    NOT_BEGUN = "has not begun"
    OTHER_YEARS = "does not cover the article's publication date"
    NOT_OPENED = "paid and not opened yet"
    LAPSED = "was not opened in time"
    ENDED = "ended"
    SETTLING = "paid, and the bank has not confirmed yet"
    CME_ONLY = "opens the CME activity, not the text"


@dataclass(frozen=True, slots=True)
class Considered:
    """One right that was looked at, and what became of it: for support, and for the sentence the reader sees.

    `right` is the row as the decision read it, for whoever explains it (subscriptions/explaining.py).
    """

    source: str
    reason: Reason
    verdict: Verdict
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    right: Any = None


@dataclass(frozen=True, slots=True)
class Affiliation:
    """An institution the reader comes from (its network) or belongs to (a seat, its sign-in), licensed or not."""

    id: int
    name: str
    resolver_url: str = ""
    resolver_label: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """The one answer that body, button, badge, banner, file, feed and cache header read.

    `until` is an aware datetime (None: without end). `via` is what opened it in words for the reader, for example the
    institution's name. `pdf` says whether the right covers the PDF and printing (a rental and a gift do not). `grace`
    is true while a failed renewal is being retried. `reference` is set when the reason is UNKNOWN. `institutions` are
    all the reader comes from or belongs to, whatever opened the article.
    """

    granted: bool
    reason: Reason
    until: datetime | None = None
    via: str = ""
    pdf: bool = True
    grace: bool = False
    entitlement: int | None = None
    reading_seconds: int | None = None
    open_by: datetime | None = None
    reference: str = ""
    considered: tuple[Considered, ...] = field(default=(), compare=False)
    institutions: tuple[Affiliation, ...] = field(default=(), compare=False)

    @property
    def is_public(self) -> bool:
        """Everybody gets this answer, so the page may be cached for everybody."""
        return self.reason in {Reason.OPEN, Reason.FREE_TO_READ}

    @property
    def allows_pdf(self) -> bool:
        return self.granted and self.pdf


@dataclass(frozen=True, slots=True)
class License:
    """Whom a PDF is handed to, as its pages say it. `holder` names the reader or the right for good, names may change.

    `email` stands in for a name the server has no letters for. `provider` is an institution. `order` is the number a
    reader can say on the phone, empty when the right came another way.
    """

    holder: str
    name: str = ""
    email: str = ""
    provider: str = ""
    order: str = ""


class Beside(NamedTuple):
    """What a reader has told by the statement that finds an article: a select about the article `x`, and its values."""

    select: str
    values: Mapping[str, Any]


class Reader(Protocol):
    """Whoever reads, also the unnamed visitor. `subscriptions.middleware` puts one on each request."""

    @property
    def is_authenticated(self) -> bool: ...

    @property
    def name(self) -> str: ...

    @property
    def bound_to(self) -> str:
        """What tickets of files are bound to (journal/tickets.py): the account as signed in here, else the browser."""

    def access_to(self, article: "Article") -> Access: ...

    def access_to_all(self, articles: "Iterable[Article]") -> Mapping[int, Access]:
        """The answers for a list, by article id, in one statement."""

    def beside(self) -> Beside | None:
        """What is to be told of an article as it is found, so that nothing is asked afterwards; mostly None."""

    def learn(self, article: int, rows: Sequence[Sequence[Any]]) -> None:
        """The rows of `beside`."""

    def license_for(self, access: Access) -> License:
        """Whom the PDF is licensed to that `access` opens."""
