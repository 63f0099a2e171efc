"""The days, weeks or months a figure shows: whole ones, in the journal's time zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from subscriptions.counter import months
from subscriptions.grants import end_of, start_of

DAY, WEEK, MONTH = "day", "week", "month"
UNITS = {DAY: "Days", WEEK: "Weeks", MONTH: "Months"}
MOST = 100  # columns that can be told apart
FIRST_YEAR, LAST_YEAR = 1990, 2200


@dataclass(frozen=True, slots=True)
class Span:
    """From the first to the last day, both included; weeks begin on Mondays."""

    unit: str
    first: date
    last: date

    @classmethod
    def around(cls, unit: str, first: date, last: date) -> "Span":
        """Widened to whole weeks or months."""
        if unit == WEEK:
            first, last = first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())
        if unit == MONTH:
            first, last = months.first_day(first), months.last_day(last)
        return cls(unit, first, last)

    @classmethod
    def latest(cls, unit: str, count: int, today: date) -> "Span":
        """The last `count` days, weeks or months, the running one included."""
        first = today
        if unit == MONTH:
            first = months.first_day(today)
            for _ in range(count - 1):
                first = months.before(first)
        else:
            first -= timedelta(days=(count - 1) * (7 if unit == WEEK else 1))
        return cls.around(unit, first, today)

    @property
    def begins(self) -> datetime:
        return start_of(self.first)

    @property
    def ends(self) -> datetime:
        """The moment after."""
        return end_of(self.last)

    @property
    def buckets(self) -> list[date]:
        """The first day of each day, week or month."""
        if self.unit == MONTH:
            return list(months.between(self.first, self.last))
        step = 7 if self.unit == WEEK else 1
        return [self.first + timedelta(days=n) for n in range(0, (self.last - self.first).days + 1, step)]

    def last_of(self, bucket: date) -> date:
        if self.unit == MONTH:
            return months.last_day(bucket)
        return bucket + timedelta(days=6 if self.unit == WEEK else 0)

    def name(self, bucket: date) -> str:
        """`Nov 29, 2026`, `Week of Nov 23, 2026`, `November 2026`."""
        if self.unit == MONTH:
            return f"{bucket:%B %Y}"
        return f"{'Week of ' if self.unit == WEEK else ''}{bucket:%b %-d, %Y}"

    def short(self, bucket: date) -> str:
        return f"{bucket:%b %Y}" if self.unit == MONTH else f"{bucket:%b %-d}"

    @property
    def query(self) -> str:
        return f"unit={self.unit}&first={self.first}&last={self.last}"

    @property
    def words(self) -> str:
        return f"{UNITS[self.unit]} from {self.first:%B %-d, %Y} to {self.last:%B %-d, %Y}"


class SpanForm(forms.Form):
    unit = forms.ChoiceField(label="Show", choices=list(UNITS.items()))
    first = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        unit, first, last = cleaned.get("unit"), cleaned.get("first"), cleaned.get("last")
        if not (unit and first and last):
            return cleaned
        if last < first:
            self.add_error("last", "The last day lies before the first.")
        elif not FIRST_YEAR <= first.year <= last.year <= LAST_YEAR:
            self.add_error("first", "There is nothing to show that long ago or ahead.")
        elif len(Span.around(unit, first, last).buckets) > MOST:
            coarser = {DAY: "weeks or months", WEEK: "months"}.get(unit, "fewer years")
            self.add_error("unit", f"More than {MOST} columns cannot be told apart. Choose {coarser}.")
        return cleaned

    @property
    def span(self) -> Span:
        told = self.cleaned_data
        return Span.around(told["unit"], told["first"], told["last"])


def presets(today: date) -> list[tuple[str, Span]]:
    return [
        ("30 days", Span.latest(DAY, 30, today)),
        ("13 weeks", Span.latest(WEEK, 13, today)),
        ("12 months", Span.latest(MONTH, 12, today)),
        ("3 years", Span.latest(MONTH, 36, today)),
    ]


def chosen(data: Any) -> tuple[SpanForm, Span]:
    """What the address asks for; what it does not say, or says wrongly, is the last 30 days."""
    usual = Span.latest(DAY, 30, timezone.localdate())
    if not data.get("unit"):
        return SpanForm(initial={"unit": usual.unit, "first": usual.first, "last": usual.last}), usual
    form = SpanForm(data)
    return form, form.span if form.is_valid() else usual
