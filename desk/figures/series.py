"""Each figure's numbers: grouped by the database, a statement or two a figure, in the journal's time zone.

Money is summed in minor units for each currency by itself. What is not known (usage whose events are deleted) is None,
which is not 0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction

from cme.scoring import in_words
from desk.figures.spans import MONTH, Span
from subscriptions.counter import months
from subscriptions.models import Refund, UsageMonth
from subscriptions.money import Money, from_minor

SECONDS = 10  # for one statement: more is said to be too much
Row = tuple[Any, ...]
Values = dict[date, int | None]

# A moment's day, week or month: cut in the journal's time zone, so that a month ends at its midnight, not at London's.
_BUCKET = "date_trunc(%(unit)s, {column} AT TIME ZONE %(zone)s)::date"
_WITHIN = "{column} >= %(begins)s AND {column} < %(ends)s"
_PAYMENTS = f"""
SELECT bucket, currency, source, count(*), sum(amount) FROM (
    SELECT {_BUCKET.format(column="p.paid_at")} AS bucket, p.currency, p.amount,
        CASE WHEN p.license_id IS NOT NULL THEN 'license'
            WHEN p.subscription_id IS NULL THEN coalesce(o.kind, 'other')
            WHEN EXISTS (SELECT 1 FROM subscriptions_payment b WHERE b.subscription_id = p.subscription_id
                AND (b.paid_at, b.id) < (p.paid_at, p.id)) THEN 'renewal'
            ELSE 'subscription' END AS source
    FROM subscriptions_payment p LEFT JOIN subscriptions_order o ON o.id = p.order_id
    WHERE {_WITHIN.format(column="p.paid_at")}
) AS paid GROUP BY bucket, currency, source
"""  # noqa: S608  (our own columns)
_REFUNDS = f"""
SELECT {_BUCKET.format(column="r.created_at")}, p.currency, 'refund', count(*), sum(r.amount)
FROM subscriptions_refund r JOIN subscriptions_payment p ON p.id = r.payment_id
WHERE {_WITHIN.format(column="r.created_at")} AND r.state = ANY(%(states)s::text[]) GROUP BY 1, 2
"""  # noqa: S608  (our own columns)
_READERS = f"""
SELECT {_BUCKET.format(column="at")}, count(DISTINCT reader) FROM subscriptions_usageevent
WHERE {_WITHIN.format(column="at")} AND article_id IS NOT NULL GROUP BY 1
"""  # noqa: S608  (our own columns)
_USES = f"""
SELECT {_BUCKET.format(column="at")}, count(*) FILTER (WHERE is_request), count(*) FILTER (WHERE denied <> '')
FROM subscriptions_usageevent WHERE {_WITHIN.format(column="at")} GROUP BY 1
"""  # noqa: S608  (our own columns)
_COUNTED_USES = """
SELECT month, coalesce(sum(count) FILTER (WHERE metric = 'Total_Item_Requests'), 0),
    coalesce(sum(count) FILTER (WHERE metric IN ('No_License', 'Limit_Exceeded')), 0)
FROM subscriptions_usagecount WHERE institution_id IS NULL AND month BETWEEN %(first)s AND %(last)s
    AND metric IN ('Total_Item_Requests', 'No_License', 'Limit_Exceeded') GROUP BY 1
"""
_CREDIT = f"""
SELECT {_BUCKET.format(column="claimed_at")}, sum(quarters), count(*) FROM cme_credit
WHERE {_WITHIN.format(column="claimed_at")} AND revoked_at IS NULL GROUP BY 1
"""  # noqa: S608  (our own columns)
SOURCES = {
    "purchase": "Articles bought", "rental": "Articles rented", "issue": "Issues bought", "cme": "CME activities",
    "subscription": "New subscriptions", "renewal": "Renewals", "license": "Institutions’ licenses",
    "refund": "Refunds", "other": "Other",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One row of columns. `unit` says what the numbers are: `count`, `quarters` of credit, or a currency."""

    name: str
    values: Values
    unit: str = "count"

    def words(self, value: int | None) -> str:
        if value is None:
            return "not kept"
        if self.unit == "quarters":
            return in_words(value)
        return f"{value:,}" if self.unit == "count" else str(Money(value, self.unit))

    def number(self, value: int | None) -> Any:
        """For a spreadsheet: in the main unit, empty where it is not known."""
        if value is None:
            return ""
        if self.unit == "quarters":
            return value / 4
        return value if self.unit == "count" else from_minor(value, self.unit)

    @property
    def most(self) -> int:
        return max((value or 0 for value in self.values.values()), default=0)

    @property
    def total(self) -> int:
        return sum(value or 0 for value in self.values.values())

    @property
    def adds_up(self) -> bool:
        """Readers of a day and of the next may be the same."""
        return self.name != "Readers"


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines on one scale, with a table of the same numbers: a figure has one for each currency."""

    name: str
    lines: tuple[Line, ...]

    @property
    def is_empty(self) -> bool:
        return not any(line.most for line in self.lines)

    @property
    def is_known(self) -> bool:
        """Whether nothing of it was deleted before it was asked for."""
        return all(value is not None for line in self.lines for value in line.values.values())


class TooMuch(Exception):
    """The database was asked for longer than anybody waits."""


@dataclass
class Asking:
    """What is asked of the database for one page: each statement once, however many figures are made of its rows."""

    span: Span
    known: dict[str, list[Row] | None] = field(default_factory=dict)

    def rows(self, sql: str, **more: Any) -> list[Row]:
        if sql not in self.known:
            self.known[sql] = self._ask(sql, more)
        rows = self.known[sql]
        if rows is None:
            raise TooMuch
        return rows

    def _ask(self, sql: str, more: dict[str, Any]) -> list[Row] | None:
        span = self.span
        told = {
            "unit": span.unit, "zone": settings.TIME_ZONE, "begins": span.begins, "ends": span.ends,
            "first": span.first, "last": span.last, **more,
        }  # fmt: skip
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{SECONDS}s'")
                cursor.execute(sql, told)
                return list(cursor.fetchall())
        except OperationalError as error:
            if "statement timeout" not in str(error):
                raise
            return None


# --- usage -----------------------------------------------------------------------------------------------------------


def readers(asking: Asking) -> list[Plot]:
    return [Plot("", (Line("Readers", _known(asking, _READERS, 1)),))]


def reading(asking: Asking) -> list[Plot]:
    return [Plot("", (Line("Full texts read", _uses(asking, 1)),))]


def turnaways(asking: Asking) -> list[Plot]:
    return [Plot("", (Line("Turned away", _uses(asking, 2)),))]


def _uses(asking: Asking, place: int) -> Values:
    """Months are those of the usage reports, for good; days and weeks are counted from what happened, while kept."""
    if asking.span.unit == MONTH:
        return _filled(asking.span, {row[0]: int(row[place]) for row in asking.rows(_COUNTED_USES)})
    return _known(asking, _USES, place)


def _known(asking: Asking, sql: str, place: int) -> Values:
    values = _filled(asking.span, {row[0]: row[place] for row in asking.rows(sql)})
    sealed = UsageMonth.objects.filter(sealed_at__isnull=False).order_by("-month").first()
    since = months.after(sealed.month) if sealed else date.min
    return {bucket: value if bucket >= since else None for bucket, value in values.items()}


# --- money -----------------------------------------------------------------------------------------------------------


def sales(asking: Asking) -> list[Plot]:
    """How many of what. One statement serves sales, renewals and income."""
    counted = _grouped(asking.rows(_PAYMENTS), lambda row: row[2], 3)
    kinds = [kind for kind in SOURCES if kind not in ("renewal", "refund") and kind in counted]
    lines = [Line(SOURCES[kind], _filled(asking.span, counted[kind])) for kind in kinds]
    return [Plot("", tuple(lines or [Line("Sales", _filled(asking.span, {}))]))]


def renewals(asking: Asking) -> list[Plot]:
    counted = _grouped(asking.rows(_PAYMENTS), lambda row: row[2], 3)
    return [Plot("", (Line("Renewals", _filled(asking.span, counted.get("renewal", {}))),))]


def income(asking: Asking) -> list[Plot]:
    return _by_currency(asking.span, asking.rows(_PAYMENTS))


def refunds(asking: Asking) -> list[Plot]:
    return _by_currency(asking.span, asking.rows(_REFUNDS, states=[str(state) for state in Refund.GIVEN_BACK]))


def _by_currency(span: Span, rows: list[Row]) -> list[Plot]:
    """A plot for each currency, a line for each source: currencies are never added."""
    plots = []
    for currency in sorted({row[1] for row in rows}):
        summed = _grouped([row for row in rows if row[1] == currency], lambda row: row[2], 4)
        lines = [Line(SOURCES[one], _filled(span, summed[one]), currency) for one in SOURCES if one in summed]
        plots.append(Plot(currency.upper(), tuple(lines)))
    return plots


def _grouped(rows: Iterable[Row], key: Any, place: int) -> dict[str, dict[date, int]]:
    found: dict[str, dict[date, int]] = {}
    for row in rows:
        values = found.setdefault(key(row) if key(row) in SOURCES else "other", {})
        values[row[0]] = values.get(row[0], 0) + int(row[place])
    return found


# --- education -------------------------------------------------------------------------------------------------------


def credit(asking: Asking) -> list[Plot]:
    rows = asking.rows(_CREDIT)
    earned = Line("Credit claimed", _filled(asking.span, {row[0]: int(row[1]) for row in rows}), "quarters")
    return [Plot("", (earned, Line("Certificates", _filled(asking.span, {row[0]: row[2] for row in rows}))))]


def _filled(span: Span, values: Mapping[date, int]) -> Values:
    return {bucket: values.get(bucket, 0) for bucket in span.buckets}
