"""What a change would do, in groups of people and things: how many, and the first by name."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from journal.access import public_reason
from journal.models import Article
from subscriptions.access import Facts, Right, decide
from subscriptions.models import Entitlement

NAMES = 20
MOST_RIGHTS = 20_000  # are looked at, so that a preview takes a second at most on the largest site
MOST_ARTICLES = 20_000
SEE_READERS, SEE_INSTITUTIONS, SEE_ARTICLES = (
    "accounts.view_user", "subscriptions.view_institution", "journal.view_article",
)  # fmt: skip
RIGHT_FIELDS = [known.name for known in fields(Right) if known.name != "via"]
SCOPES = ("article_id", "issue_id", "journal_id")
FACT_FIELDS = [known.name for known in fields(Facts)]


@dataclass(frozen=True, slots=True)
class Group:
    """`permission`: who may read the names. `is_at_least`: more than that many were not looked at. -1: everybody."""

    what: str
    count: int
    names: tuple[str, ...] = ()
    permission: str = ""
    is_at_least: bool = False
    is_measured: bool = False

    @property
    def words(self) -> str:
        """`Readers who can still read it: 12`; everybody is not counted."""
        if self.count < 0:
            return self.what
        return f"{self.what}: {'at least ' if self.is_at_least else ''}{self.count:,}"

    @property
    def unnamed(self) -> int:
        """How many have no name here. What is measured (addresses) has none each."""
        return 0 if self.is_measured else self.count - len(self.names)

    def without_names(self) -> "Group":
        return replace(self, names=())


@dataclass
class Effect:
    """`said` are sentences about what happens; groups without anybody are left out."""

    said: list[str] = field(default_factory=list)
    gains: list[Group] = field(default_factory=list)
    loses: list[Group] = field(default_factory=list)
    keeps: list[Group] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """Names what was looked at, so that nothing else is saved."""
        groups = [[group.words for group in groups] for groups in (self.gains, self.loses, self.keeps)]
        return hashlib.sha256(repr((self.said, groups)).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Held:
    """A right with its holder and its scope, as the decision reads it."""

    holder: tuple[str, int]
    scope: tuple[str, int]
    right: Right


def held(rights: "QuerySet[Entitlement]", most: int = MOST_RIGHTS) -> list[Held]:
    """The rights of a queryset, at most so many and one."""
    holders = ("user_id", "institution_id", "gift_link_id")
    rows = rights.order_by("pk").values_list(*holders, *SCOPES, *RIGHT_FIELDS)[: most + 1]
    return [
        Held(_named(holders, row[:3]), _named(SCOPES, row[3:6]), Right(**dict(zip(RIGHT_FIELDS, row[6:], strict=True))))
        for row in rows
    ]


def _named(names: Sequence[str], ids: Sequence[int | None]) -> tuple[str, int]:
    return next((name.removesuffix("_id"), one) for name, one in zip(names, ids, strict=True) if one is not None)


@dataclass(frozen=True, slots=True)
class Text:
    """An article as the decision sees it, with what a list names it by."""

    title: str
    scopes: frozenset[tuple[str, int]]
    facts: Facts


def texts(articles: "QuerySet[Article]") -> list[Text]:
    """The newest articles, at most MOST_ARTICLES and one."""
    rows = articles.newest().values_list("title", "pk", "issue_id", "journal_id", *FACT_FIELDS)  # type: ignore[attr-defined]
    return [
        Text(row[0], frozenset(zip(("article", "issue", "journal"), row[1:4], strict=True)), Facts(*row[4:]))
        for row in rows[: MOST_ARTICLES + 1]
    ]


def opened(article: Text, rights: Iterable[Held], now: datetime, today: date) -> bool:
    """Whether these rights open it, by the decision itself; what everybody reads is opened by none."""
    if public_reason(article.facts, today):
        return False
    return decide(article.facts, [one.right for one in rights if one.scope in article.scopes], now, today).granted


def named(what: str, titles: Sequence[str], permission: str, *, is_at_least: bool = False) -> list[Group]:
    """A group with its first names; none when there is nobody."""
    if not titles:
        return []
    return [Group(what, len(titles), tuple(titles[:NAMES]), permission, is_at_least)]


def plural(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def day(when: date) -> str:
    return f"{when:%B %-d, %Y}"


def this_moment() -> tuple[datetime, date]:
    return timezone.now(), timezone.localdate()


def names_of(model: Any, ids: Iterable[int], field_name: str) -> list[str]:
    """The first names of rows, in order; the others count with an empty one."""
    found = sorted(ids)
    known = model.objects.filter(pk__in=found[:NAMES]).order_by(field_name).values_list(field_name, flat=True)
    return [*known, *[""] * (len(found) - len(known))]
