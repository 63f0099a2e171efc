"""The styles of medicine, written here: AMA, APA, Vancouver, NLM. Others come from the journal's choice (`chosen`).

Each returns HTML: italics where the style has them, and the DOI as a link that ends before any full stop.
"""

from collections.abc import Callable
from urllib.parse import quote

from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString

from journal.citation.names import ama_name, apa_name, nlm_name
from journal.citation.record import Record

MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _first(names: list[str], most: int, shown: int) -> str:
    """`most` names at the most; of more, the first `shown` and "et al"."""
    return ", ".join([*names[:shown], "et al"]) if len(names) > most else ", ".join(names)


def _sentence(text: str) -> str:
    """With its full stop, unless it ends in a mark of its own."""
    return text if not text or text.endswith((".", "?", "!")) else f"{text}."


def _title(record: Record) -> SafeString:
    stop = _sentence(record.title).removeprefix(record.title)
    return format_html("{}{}", record.title_html, stop)


def _place(record: Record, pages: str) -> str:
    """`;72(9):977-979`, with whatever of it is known."""
    where = f"{record.volume}{f'({record.number})' if record.number else ''}"
    return f"{f';{where}' if where else ''}{f':{pages}' if pages else ''}"


def _link(record: Record, words: str) -> SafeString:
    if not record.doi:
        return SafeString("")
    return format_html('<a href="https://doi.org/{}">{}</a>', quote(record.doi, safe="/"), words)


def _parts(*parts: str) -> SafeString:
    """Joined by spaces, without those that are empty."""
    kept = [part for part in parts if part]
    return format_html(" ".join(["{}"] * len(kept)), *kept)


def ama(record: Record) -> SafeString:
    """AMA Manual of Style, 11th ed., 3.11: six authors, of more the first three."""
    authors = _sentence(_first([ama_name(name) for name in record.authors], 6, 3))
    when = f"{record.year or ''}{_place(record, record.pages or record.article_number)}."
    if record.is_online_first:
        when = f"Published online {format_date(record.day, 'F j, Y')}." if record.day else "Not yet published."
    journal = format_html("<i>{}</i>.", record.abbreviation)
    doi = format_html("doi:{}", _link(record, record.doi)) if record.doi else ""
    return _parts(authors, _title(record), journal, when, doi)


def apa(record: Record) -> SafeString:
    """APA Publication Manual, 7th ed., 10.1: twenty authors, of more the first nineteen and the last."""
    names = [apa_name(name) for name in record.authors]
    if len(names) > 20:
        authors = f"{', '.join(names[:19])}, … {names[-1]}"
    else:
        authors = ", & ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
    year = f"({record.year or 'n.d.'})."
    lead = (_sentence(authors), year, _title(record)) if authors else (_title(record), year)
    return _parts(*lead, _apa_source(record), _link(record, record.doi_url))


def _apa_source(record: Record) -> SafeString:
    if record.is_online_first:
        return format_html("<i>{}</i>. Advance online publication.", record.journal)
    number = f"({record.number})" if record.number else ""
    volume = format_html(", <i>{}</i>{}", record.volume, number) if record.volume else f", {number}" if number else ""
    pages = record.pages.replace("-", "–") or (f"Article {record.article_number}" if record.article_number else "")
    return format_html("<i>{}</i>{}{}.", record.journal, volume, f", {pages}" if pages else "")


def vancouver(record: Record) -> SafeString:
    """ICMJE Recommendations, sample references: six authors, of more those six and "et al", shortened pages."""
    authors = _sentence(_first([nlm_name(name) for name in record.authors], 6, 6))
    when = f"{record.year or ''}{_place(record, record.short_pages or record.article_number)}."
    if record.is_online_first and record.day:
        when = f"Published online {_day(record)}."
    doi = format_html("doi:{}", _link(record, record.doi)) if record.doi else ""
    return _parts(authors, _title(record), f"{record.abbreviation}.", when, doi)


def nlm(record: Record) -> SafeString:
    """Citing Medicine, 2nd ed., chapters 1 and 23: every author, year and month, shortened pages."""
    authors = _sentence(", ".join(nlm_name(name) for name in record.authors))
    year_and_month = " ".join(filter(None, (str(record.year or ""), MONTHS[record.month or 0])))
    when = f"{year_and_month}{_place(record, record.short_pages or record.article_number)}."
    after = ""
    if record.is_online_first:
        when, after = f"{_day(record)}." if record.day else "", "Online ahead of print."
    doi = format_html("doi: {}", _link(record, record.doi)) if record.doi else ""
    numbers = "; ".join(f"{name}: {n}" for name, n in (("PMID", record.pmid), ("PMCID", record.pmcid)) if n)
    if record.doi and (numbers or after):
        doi = format_html("{}.", doi)
    return _parts(authors, _title(record), f"{record.abbreviation}.", when, doi, after, numbers)


def _day(record: Record) -> str:
    """`2026 Mar 3`"""
    return f"{record.day.year} {MONTHS[record.day.month]} {record.day.day}" if record.day else ""


STYLES: dict[str, tuple[str, Callable[[Record], SafeString]]] = {
    "ama": ("AMA", ama),
    "apa": ("APA", apa),
    "vancouver": ("Vancouver", vancouver),
    "nlm": ("NLM", nlm),
}
