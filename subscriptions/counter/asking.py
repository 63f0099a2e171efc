"""What a report was asked for: parameters in COUNTER's words become an `Asked`, or an exception in COUNTER's words.

The same for SUSHI and for the library's page (section 8, and the parameters of the COUNTER API specification). What is
not understood is left out and said (3050, 3060, 3062); dates must be right (3020). Hostile values are compared with our
own lists, and that is all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from django.utils import timezone

from subscriptions.counter import catalogue, exceptions, months
from subscriptions.counter.catalogue import Report
from subscriptions.counter.exceptions import Refused, Said
from subscriptions.models import UsageMonth

SIGNING = frozenset({"customer_id", "requestor_id", "api_key"})
_DAY = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?", re.ASCII)
_YOP = re.compile(r"(\d{4})(?:-(\d{4}))?", re.ASCII)
LONGEST_SAID = 200
Years = tuple[tuple[int, int], ...]


@dataclass
class Asked:
    """A report, its months, what is filtered and what is shown, and what has to be said about it."""

    report: Report
    begin: date
    end: date
    ready: tuple[date, ...] = ()  # the months that are closed
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)  # those that were chosen, in the header's order
    years: Years = ()
    show: tuple[str, ...] = ()
    with_parents: bool = False
    without_months: bool = False
    said: list[Said] = field(default_factory=list)

    @property
    def metrics(self) -> tuple[str, ...]:
        return self.filters.get("Metric_Type", self.report.metrics)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that describe, without metric and months."""
        report = self.report
        if report.is_view:
            return report.columns
        return tuple(name for name in report.columns if self._is_shown(name))

    def _is_shown(self, name: str) -> bool:
        if name in catalogue.PARENT_COLUMNS:
            return self.with_parents
        return name not in self.report.attributes or name in self.show


def read(report: Report, parameters: Mapping[str, str], today: date | None = None, *, tabular: bool = False) -> Asked:
    """Raises `Refused` when the dates are missing or make no sense."""
    begin, end = _dates(parameters, today or timezone.localdate())
    asked = Asked(report, begin, end)
    if report.is_view:
        asked.filters = {"Metric_Type": report.metrics, **report.set_filters}
    else:
        _filters(asked, parameters)
        _attributes(asked, parameters, tabular)
    _unknown(asked, parameters, tabular)
    _months(asked, today or timezone.localdate())
    return asked


# --- dates -----------------------------------------------------------------------------------------------------------


def _dates(parameters: Mapping[str, str], today: date) -> tuple[date, date]:
    missing = [name for name in ("begin_date", "end_date") if not parameters.get(name)]
    if missing:
        raise Refused(exceptions.insufficient(f"{' and '.join(missing)} missing"))
    begin, end = _date(parameters["begin_date"], is_end=False), _date(parameters["end_date"], is_end=True)
    if begin is None or end is None:
        raise Refused(exceptions.wrong_dates("begin_date and end_date are written yyyy-mm or yyyy-mm-dd"))
    if begin.day != 1 or end != months.last_day(months.first_day(end)):
        raise Refused(exceptions.wrong_dates("begin_date is the first and end_date the last day of a month"))
    if end < begin:
        raise Refused(exceptions.wrong_dates("end_date lies before begin_date"))
    if begin >= months.first_day(today):
        raise Refused(exceptions.wrong_dates("begin_date lies in the current month or in the future"))
    return begin, end


def _date(text: str, *, is_end: bool) -> date | None:
    found = _DAY.fullmatch(text)
    if not found:
        return None
    year, month, day = (int(part) if part else 0 for part in found.groups())
    try:
        first = date(year, month, 1)
        return first.replace(day=day) if day else months.last_day(first) if is_end else first
    except ValueError:
        return None


def _months(asked: Asked, today: date) -> None:
    """Which of the months are there, and what is to be said of the others (3031, 3032, 3040)."""
    rows = list(UsageMonth.objects.filter(closed_at__isnull=False).order_by("month"))
    last_over = months.last_day(months.before(months.first_day(today)))
    wanted = set(months.between(asked.begin, asked.end)) if rows else set()
    asked.ready = tuple(row.month for row in rows if row.month in wanted)
    first, last = (rows[0].month, rows[-1].month) if rows else (None, None)
    if last is None or months.last_day(last) < asked.end:
        there = f"usage is available up to {last:%Y-%m}" if last else "no usage is available yet"
        asked.said.append(exceptions.not_ready(f"asked up to {asked.end:%Y-%m}; {there}"))
    if first and asked.begin < first:
        asked.said.append(exceptions.no_longer(f"usage is available from {first:%Y-%m} to {last:%Y-%m}"))
    asked.end = min(asked.end, last_over)
    if lost := [row for row in rows if row.month in wanted and row.lost]:
        told = ", ".join(f"{row.lost} in {row.month:%Y-%m}" for row in lost)
        asked.said.append(exceptions.partial(f"events that could not be recorded: {told}"))


# --- filters and attributes of COUNTER Reports -----------------------------------------------------------------------


def _filters(asked: Asked, parameters: Mapping[str, str]) -> None:
    report, wrong = asked.report, []
    choices = {
        "metric_type": ("Metric_Type", report.metrics),
        "data_type": ("Data_Type", catalogue.TYPES[report.level]),
        "access_method": ("Access_Method", catalogue.ACCESS_METHODS),
        **({} if report.level == catalogue.PLATFORM else {"access_type": ("Access_Type", catalogue.ACCESS_TYPES)}),
    }
    for parameter, (name, allowed) in choices.items():
        chosen = [value for value in parameters.get(parameter, "").split("|") if value]
        wrong += [f"{parameter}={value}" for value in chosen if value not in allowed]
        kept = tuple(value for value in allowed if value in chosen)
        if kept and kept != allowed:
            asked.filters[name] = kept
    if report.level != catalogue.PLATFORM:
        asked.years, refused = _years(parameters.get("yop", ""))
        wrong += refused
        if asked.years:
            asked.filters["YOP"] = tuple(_year(first, last) for first, last in asked.years)
    if wrong:
        asked.said.append(exceptions.wrong_filter(_short(wrong)))


def _years(text: str) -> tuple[Years, list[str]]:
    years, wrong = [], []
    for part in dict.fromkeys(part for part in text.split("|") if part):
        found = _YOP.fullmatch(part)
        first = int(found[1]) if found else 0
        last = int(found[2] or found[1]) if found else 0
        if 1 <= first <= last:
            years.append((first, last))
        else:
            wrong.append(f"yop={part}")
    return tuple(years), wrong


def _year(first: int, last: int) -> str:
    return f"{first:04}" if first == last else f"{first:04}-{last:04}"


def _attributes(asked: Asked, parameters: Mapping[str, str], tabular: bool) -> None:
    report, wrong = asked.report, []
    chosen = [value for value in parameters.get("attributes_to_show", "").split("|") if value]
    wrong += [f"attributes_to_show={value}" for value in chosen if value not in report.attributes]
    asked.show = tuple(name for name in report.attributes if name in chosen)
    flags = {"include_parent_details": report.parents_on_demand, "exclude_monthly_details": tabular}
    for name in (name for name, is_known in flags.items() if is_known):
        if parameters.get(name, "False") not in ("True", "False"):
            wrong.append(f"{name}={parameters[name]}")
    asked.with_parents = report.parents_on_demand and parameters.get("include_parent_details") == "True"
    asked.without_months = tabular and parameters.get("exclude_monthly_details") == "True"
    if not tabular and parameters.get("granularity", "Month") != "Month":
        # Totals are optional, and the API's schema has no place for them: its counts are named by months.
        wrong.append(f"granularity={parameters['granularity']} (usage is told by month)")
    if wrong:
        asked.said.append(exceptions.wrong_attribute(_short(wrong)))
    if report.id == "IR" and parameters.get("include_component_details") == "True":
        asked.said.append(exceptions.no_components())


def _unknown(asked: Asked, parameters: Mapping[str, str], tabular: bool) -> None:
    known = {"begin_date", "end_date", *SIGNING}
    if not asked.report.is_view:
        known |= {"metric_type", "data_type", "access_method", "attributes_to_show"}
        known |= {"exclude_monthly_details"} if tabular else {"granularity"}
        if asked.report.level != catalogue.PLATFORM:
            known |= {"access_type", "yop"}
        if asked.report.id == "IR":
            known |= {"include_parent_details", "include_component_details"}
    unknown = [name for name in parameters if name not in known]
    if unknown:
        asked.said.append(exceptions.unknown_parameters(_short(unknown)))


def _short(values: list[str]) -> str:
    """What was sent, fit to be printed: one line, no control characters, not endless."""
    text = ", ".join(values)[:LONGEST_SAID]
    return "".join(letter if letter.isprintable() else "�" for letter in text)
