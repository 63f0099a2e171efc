"""What a search is narrowed to: read from the address, applied by both engines, counted for the choices beside it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote_plus, urlencode

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from journal.access import NOTICE_TYPES
from journal.models import Article, Section
from journal.topic_models import Topic

LAST_YEAR = 2200
MOST_CHOICES = 12
NAMES = ("year", "section", "kind", "topic", "access", "cme")  # as they stand in an address, in this order
MANY = 2500
Counted = list[tuple[str, str, int]]  # name of the condition, value, number of articles
FREE, OPEN, CONTROLLED = "free", "open", "controlled"
ACCESS = {
    FREE: gettext_lazy("Free for everybody"),
    OPEN: gettext_lazy("Open access"),
    CONTROLLED: gettext_lazy("Needs access"),
}
SORTS = {"relevance": gettext_lazy("Relevance"), "date": gettext_lazy("Newest first")}


@dataclass(frozen=True, slots=True)
class Filters:
    """Each narrows by one value; empty means all. `topic` is a slug, `kind` the type as it is shown."""

    year: int | None = None
    section: int | None = None
    kind: str = ""
    topic: str = ""
    access: str = ""
    cme: bool = False

    @property
    def is_empty(self) -> bool:
        return self == Filters()

    def terms(self) -> dict[str, str]:
        """As they stand in an address."""
        said = {name: getattr(self, name) for name in NAMES if name != "cme"}
        return {name: str(value) for name, value in said.items() if value} | ({"cme": "1"} if self.cme else {})


def read(asked: Mapping[str, str]) -> Filters:
    """Whatever stands in the address: a value that cannot be one is none."""
    access = asked.get("access", "")
    return Filters(
        year=_number(asked.get("year", ""), LAST_YEAR),
        section=_number(asked.get("section", ""), 2**31 - 1),
        kind=_text(asked.get("kind", "")),
        topic=_text(asked.get("topic", "")),
        access=access if access in ACCESS else "",
        cme=asked.get("cme") == "1",
    )


def _number(text: str, most: int) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 11 else 0
    return number if 0 < number <= most else None


def _text(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:100]


def conditions(filters: Filters, today: date, asked_of_found: frozenset[str] = frozenset()) -> tuple[str, list[Any]]:
    """The filters as SQL on `journal_article a`: a text of our own words, and its values.

    PostgreSQL may begin with any of them, but with those that are only `asked_of_found` rows ("published", "topic").
    """
    published = "a.status = 'published' AND a.published_online <= %s"
    parts = [f"({published}) IS TRUE" if "published" in asked_of_found else published]
    values: list[Any] = [today]
    if filters.year:
        parts.append("a.published_online >= %s AND a.published_online <= %s")
        values += [date(filters.year, 1, 1), date(filters.year, 12, 31)]
    for column, value in (("section_id", filters.section), ("type_label", filters.kind)):
        if value:
            parts.append(f"a.{column} = %s")
            values.append(value)
    if filters.topic:
        parts.append(f"(a.id IN ({_OF_TOPIC})) IS TRUE" if "topic" in asked_of_found else f"a.id IN ({_OF_TOPIC})")
        values.append(filters.topic)
    if filters.access:
        parts.append(_ACCESS_SQL[filters.access])
        values += [today] if filters.access != OPEN else []
    if filters.cme:
        parts.append(_HAS_CME)
        values += [today.isoformat()] * 2
    return " AND ".join(parts), values


_OF_TOPIC = (
    "SELECT t.article_id FROM journal_articletopic t WHERE t.topic_id IN"
    " (SELECT below_id FROM journal_topicpath p JOIN journal_topic o ON o.id = p.above_id WHERE o.slug = %s)"
)


_SHARE = f"""
SELECT (SELECT count(*) FROM ({_OF_TOPIC} LIMIT {MANY}) f), reltuples FROM pg_class
WHERE oid = 'journal_article'::regclass
"""  # noqa: S608


def has_many(topic: str, found: int) -> bool:
    """Whether the topic's articles are so many that a search whose words find about `found` begins with the words."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARE, [topic])
        number, everything = cursor.fetchone()
    return bool(number == MANY and found < everything / 2)


_NOTICES = ", ".join(f"'{kind}'" for kind in sorted(NOTICE_TYPES))
#: `public_reason` of journal/access.py, said to the database; a test holds the two together.
_IS_FREE = (
    f"(a.access_type IN ('open', 'free_to_read') OR a.article_type IN ({_NOTICES})"
    " OR coalesce(a.free_from <= %s, false))"
)
#: `Article.open_activity`, said to the database.
_HAS_CME = "(a.activity->>'from' <= %s AND a.activity->>'until' >= %s AND a.retracted_on IS NULL)"
_ACCESS_SQL = {FREE: _IS_FREE, OPEN: "a.access_type = 'open'", CONTROLLED: f"NOT {_IS_FREE}"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to narrow the results. `terms` is the address's query with it (or, when chosen, without it)."""

    label: str
    count: int
    terms: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Facet:
    name: str
    title: str
    choices: tuple[Choice, ...]


_FACETS = f"""
WITH f AS MATERIALIZED (
    SELECT a.id, extract(year FROM a.published_online)::int AS year, a.section_id, a.type_label, a.access_type,
           {_HAS_CME} AS has_cme, {_IS_FREE} AS is_free
    FROM journal_article a WHERE a.id = ANY(%s::bigint[])
)
SELECT 'year', year::text, year::text, count(*) FROM f GROUP BY year
UNION ALL SELECT 'section', s.id::text, s.name, count(*)
    FROM f JOIN journal_section s ON s.id = f.section_id GROUP BY s.id
UNION ALL SELECT 'kind', type_label, type_label, count(*) FROM f WHERE type_label <> '' GROUP BY type_label
UNION ALL SELECT 'topic', t.slug, t.name, count(DISTINCT f.id)
    FROM f JOIN journal_articletopic x ON x.article_id = f.id JOIN journal_topicpath p ON p.below_id = x.topic_id
    JOIN journal_topic t ON t.id = p.above_id GROUP BY t.id

UNION ALL SELECT 'access', 'free', '', count(*) FROM f WHERE is_free
UNION ALL SELECT 'access', 'open', '', count(*) FROM f WHERE access_type = 'open'
UNION ALL SELECT 'access', 'controlled', '', count(*) FROM f WHERE NOT is_free
UNION ALL SELECT 'cme', '1', '', count(*) FROM f WHERE has_cme
"""  # noqa: S608  (only our own words are put together)
_TITLES = {
    "access": gettext_lazy("Access"),
    "year": gettext_lazy("Year"),
    "kind": gettext_lazy("Type"),
    "section": gettext_lazy("Section"),
    "topic": gettext_lazy("Topic"),
    "cme": gettext_lazy("Education"),
}


def facets(found: list[int], filters: Filters, kept: dict[str, str], counted: Counted | None = None) -> list[Facet]:
    """How the articles of `found` may be narrowed further. `kept` is what else the address says.

    One statement: it counts, or, where they are `counted` already, it tells the names of sections and topics.
    """
    rows = _count(found) if counted is None else _named(counted)
    grouped: dict[str, list[tuple[str, str, int]]] = {name: [] for name in _TITLES}
    for name, value, label, count in rows:
        if value and count:
            grouped[name].append((value, label or _name_of(name, value), count))
    made = (_facet(name, choices, filters, kept, len(found)) for name, choices in grouped.items())
    return [facet for facet in made if facet.choices]


def _count(found: list[int]) -> Iterable[tuple[str, str, str, int]]:
    with connection.cursor() as cursor:
        today = timezone.localdate()
        cursor.execute(_FACETS, [today.isoformat(), today.isoformat(), today, found])
        rows: list[tuple[str, str, str, int]] = cursor.fetchall()
    return rows


_NAMES = """
SELECT 'section', id::text, name FROM journal_section WHERE id = ANY(%s::bigint[])
UNION ALL SELECT 'topic', slug, name FROM journal_topic WHERE slug = ANY(%s)
"""


def _named(counted: Counted) -> Iterable[tuple[str, str, str, int]]:
    """With the names that stand in the database; what has none there any more is left out."""
    sections = [int(value) for name, value, _ in counted if name == "section"]
    topics = [value for name, value, _ in counted if name == "topic"]
    names: dict[tuple[str, str], str] = {}
    if sections or topics:
        with connection.cursor() as cursor:
            cursor.execute(_NAMES, [sections, topics])
            names = {(name, value): label for name, value, label in cursor.fetchall()}
    for name, value, count in counted:
        label = names.get((name, value), "")
        if label or name not in ("section", "topic"):
            yield name, value, label, count


def _facet(name: str, values: list[tuple[str, str, int]], filters: Filters, kept: dict[str, str], among: int) -> Facet:
    chosen = filters.terms().get(name, "")
    if not chosen and (not values or (len(values) == 1 and values[0][2] == among)):
        return Facet(name, str(_TITLES[name]), ())  # a choice that changes nothing
    values = values or [(chosen, _name_of(name, chosen), 0)]
    by_value = name == "year"
    values.sort(key=lambda row: (row[0],) if by_value else (f"{9_999_999 - row[2]:07}", row[1]), reverse=by_value)
    shown = [row for row in values if row[0] == chosen] if chosen else values[:MOST_CHOICES]
    shown = shown or [(chosen, _name_of(name, chosen), 0)]
    leading = _leading(name, filters, kept)
    choices = (
        Choice(label, count, leading("" if value == chosen else value), value == chosen)
        for value, label, count in shown
    )
    return Facet(name, str(_TITLES[name]), tuple(choices))


def _leading(name: str, filters: Filters, kept: dict[str, str]) -> Callable[[str], str]:
    """The address's query with one condition given, or taken away by the empty text: as `address` writes it. What is
    the same for all of a page's forty choices is written once."""
    said = {**kept, **dict.fromkeys(NAMES, ""), **filters.terms()}
    place = list(said).index(name)
    before, after = (urlencode([(key, said[key]) for key in part if said[key]]) for part in
                     (list(said)[:place], list(said)[place + 1 :]))  # fmt: skip

    def leading(value: str) -> str:
        return "&".join(filter(None, (before, f"{name}={quote_plus(value)}" if value else "", after)))

    return leading


def _name_of(name: str, value: str) -> str:
    if name == "access":
        return str(ACCESS[value])
    if name == "section":
        return Section.objects.filter(pk=value).values_list("name", flat=True).first() or _("This section")
    if name == "topic":
        return Topic.objects.filter(slug=value).values_list("name", flat=True).first() or _("This topic")
    return _("With CME credit") if name == "cme" else value


def address(kept: dict[str, str], filters: Filters) -> str:
    return urlencode({name: value for name, value in {**kept, **filters.terms()}.items() if value})


def newest(filters: Filters, most: int) -> list[int]:
    """Without a word to look for: what the filters leave, newest first."""
    where, values = conditions(filters, timezone.localdate())
    sql = f"SELECT a.id FROM journal_article a WHERE {where} ORDER BY a.published_online DESC, a.id DESC LIMIT %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, most])
        return [row[0] for row in cursor.fetchall()]


def in_order(ids: list[int], queryset: Any) -> list[Article]:
    """The articles of `ids` from a queryset, in the order of `ids`."""
    by_id = {article.pk: article for article in queryset.filter(pk__in=ids)}
    return [by_id[pk] for pk in ids if pk in by_id]
