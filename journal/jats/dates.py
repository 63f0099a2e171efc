"""Dates of the front matter, in the old (`pub-type`) and the new (`date-type`, `publication-format`) vocabulary."""

import calendar
import re

from journal.jats.document import Dates, PartialDate
from journal.jats.render.rendering import Rendering
from journal.jats.tree import Element, children_of, text_of

_MONTHS = {
    month.lower(): number
    for names in (calendar.month_name, calendar.month_abbr)
    for number, month in enumerate(names)
    if month
}
_ISO = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")
_YEAR, _NUMBER = re.compile(r"(1[5-9]|2[01])\d\d"), re.compile(r"\d{1,2}")
_WRITTEN_YEAR = re.compile(r"\b(1[5-9]|20)\d\d\b")
_ONLINE = ("epub", "electronic", "online", "epub-ppub", "online-only", "")
_HISTORY = {
    "received": "received",
    "rev-recd": "revised",
    "revised": "revised",
    "rev-request": "",
    "accepted": "accepted",
    "corrected": "corrected",
    "retracted": "retracted",
}


def dates(meta: Element, r: Rendering) -> Dates:
    """All dates of an article-meta or front-stub; impossible ones become warnings."""
    published = [(_kind(el), found) for el in meta.iterchildren("pub-date") if (found := partial_date(el, r))]
    history = [
        (el.get("date-type", "event"), found) for el in meta.iterfind("history/date") if (found := partial_date(el, r))
    ]
    for event in meta.iterfind("pub-history/event"):
        kind = event.get("event-type", "event")
        history += [
            (el.get("date-type") or kind, found) for el in event.iterchildren("date") if (found := partial_date(el, r))
        ]
    named = {_HISTORY[kind]: found for kind, found in history if _HISTORY.get(kind)}
    return Dates(
        published_online=_best(published, "online"),
        issue=_best(published, "issue") or _best(published, "print"),
        received=named.get("received"),
        revised=named.get("revised"),
        accepted=named.get("accepted"),
        corrected=named.get("corrected"),
        retracted=named.get("retracted"),
        history=tuple(history),
    )


def _kind(el: Element) -> str:
    """online, print, issue, both, or "" for a date that is no publication (PMC's release, a preprint)."""
    old, new, form = el.get("pub-type", ""), el.get("date-type", ""), el.get("publication-format", "").lower()
    if old:
        return {"epub": "online", "epub-ppub": "both", "ppub": "print", "collection": "issue", "ecorrected": ""}.get(
            old, ""
        )
    if new == "collection":
        return "issue"
    if new not in ("pub", "epub", "publication", ""):
        return ""
    return "online" if form in _ONLINE else "print"


def _best(found: list[tuple[str, PartialDate]], kind: str) -> PartialDate | None:
    """The most precise date of a kind; the first of equals."""
    wanted = [date for its_kind, date in found if its_kind in (kind, "both")]
    return max(wanted, key=lambda date: date.precision, default=None)


def partial_date(el: Element, r: Rendering) -> PartialDate | None:
    """Year, month and day of a date element as far as they can be true."""
    iso = _ISO.match(el.get("iso-8601-date", ""))
    parts = {part.tag: part for part in reversed(children_of(el))}  # the first of each name
    year, month, day = text_of(parts.get("year")), text_of(parts.get("month")), text_of(parts.get("day"))
    if not year and iso:
        year, month, day = (part or "" for part in iso.groups())
    if not year and (spelled := _WRITTEN_YEAR.search(text_of(parts.get("string-date")))):
        year = spelled.group()
    if not _YEAR.fullmatch(year):
        if year or len(el):
            r.warn("bad-date", f'"{year[:20]}" is no year; the date is left out.', el)
        return None
    return _true_date(int(year), _month(month), int(day) if _NUMBER.fullmatch(day) else None, (month, day), el, r)


def _month(text: str) -> int | None:
    if _NUMBER.fullmatch(text):
        return int(text)
    return _MONTHS.get(text.strip(". ").lower())


def _true_date(
    year: int, month: int | None, day: int | None, said: tuple[str, str], el: Element, r: Rendering
) -> PartialDate:
    if month is None or not 1 <= month <= 12:
        if said[0]:
            r.warn("bad-date", f'"{said[0][:20]}" is no month; only the year {year} is used.', el)
        return PartialDate(year)
    if day is None or not 1 <= day <= calendar.monthrange(year, month)[1]:
        if said[1]:
            r.warn("bad-date", f"There is no day {said[1][:20]} in month {month} of {year}; the day is left out.", el)
        return PartialDate(year, month)
    return PartialDate(year, month, day)
