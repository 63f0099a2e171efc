"""The files reference managers read: RIS, BibTeX, MEDLINE (.nbib). CSL-JSON is in `csl`.

RIS: the specification of Reference Manager, with the fields EndNote and Zotero add (C7 article number, C2 PMCID).
BibTeX: the fields of btxdoc, with `eid` for article numbers. MEDLINE: "MEDLINE/PubMed Data Element Descriptions" (NLM).
"""

import re
from collections.abc import Iterable, Iterator

from journal.citation.names import Name, nlm_name, one_line
from journal.citation.record import Record
from journal.citation.styles import MONTHS
from journal.models import Article

Field = tuple[str, str]
WIDTH = 87  # of a line of MEDLINE
#: ISO 639-1 to 639-2/B, which MEDLINE uses; other languages are `und`.
LANGUAGES = {
    "ar": "ara", "cs": "cze", "da": "dan", "de": "ger", "el": "gre", "en": "eng", "es": "spa", "fi": "fin",
    "fr": "fre", "he": "heb", "hu": "hun", "it": "ita", "ja": "jpn", "ko": "kor", "nl": "dut", "no": "nor",
    "pl": "pol", "pt": "por", "ro": "rum", "ru": "rus", "sv": "swe", "tr": "tur", "uk": "ukr", "zh": "chi",
}  # fmt: skip
#: JATS article types to MeSH publication types.
PUBLICATION_TYPES = {
    "editorial": "Editorial", "letter": "Letter", "review-article": "Review", "case-report": "Case Reports",
    "article-commentary": "Comment", "correction": "Published Erratum", "retraction": "Retraction Notice",
    "expression-of-concern": "Expression of Concern", "obituary": "Biography", "news": "News",
}  # fmt: skip


def _told(fields: Iterable[Field]) -> Iterator[Field]:
    """The fields that say something, each in one line."""
    return ((tag, text) for tag, value in fields if (text := one_line(value)))


def ris(article: Article) -> str:
    fields = _ris(Record.of(article), article)
    return "".join(f"{tag}  - {value}\r\n" for tag, value in _told(fields)) + "ER  - \r\n"


def _ris(record: Record, article: Article) -> Iterator[Field]:
    first, _, last = record.pages.partition("-")
    yield "TY", "JOUR"
    yield "TI", record.title
    yield from (("AU", name.inverted) for name in record.authors)
    yield from (
        ("T2", record.journal),
        ("JF", record.journal),
        ("JO", record.abbreviation),
        ("JA", record.abbreviation),
    )
    yield "PY", str(record.year or "")
    yield "DA", _ris_date(record)
    yield from (
        ("VL", record.volume),
        ("IS", record.number),
        ("SP", first or record.article_number),
        ("EP", last),
        ("C7", record.article_number),
    )
    yield from (("SN", issn) for issn in record.issns)
    yield from (("PB", record.publisher), ("DO", record.doi), ("UR", record.doi_url))
    yield from (("AN", record.pmid), ("C2", record.pmcid))
    yield from (("LA", article.language), ("M3", article.type_label), ("AB", article.abstract))
    yield from (("KW", word) for word in article.keywords)


def _ris_date(record: Record) -> str:
    """`2026/03/03/`, `2026/03//`: year, month, day and a fourth part for a season."""
    if record.is_online_first and record.day:
        return f"{record.day:%Y/%m/%d}/"
    return f"{record.year}/{record.month:02}//" if record.year and record.month else ""


def bibtex(article: Article) -> str:
    record = Record.of(article)
    key = re.sub(r"[^A-Za-z0-9]+", "_", record.doi or "article").strip("_")
    body = "".join(f"  {name} = {{{value}}},\n" for name, value in _bibtex(record, article) if value)
    return f"@article{{{key},\n{body}}}\n"


def _bibtex(record: Record, article: Article) -> Iterator[Field]:
    yield "author", " and ".join(_bibtex_name(name) for name in record.authors)
    yield "title", f"{{{tex(record.title)}}}"
    yield "journal", tex(record.journal)
    yield "year", str(record.year or "")
    yield "month", MONTHS[record.month or 0].lower()
    yield from (("volume", tex(record.volume)), ("number", tex(record.number)))
    yield "pages", tex(record.pages.replace("-", "--"))
    yield "eid", tex(record.article_number)
    yield "doi", _verbatim(record.doi)
    yield "url", _verbatim(record.doi_url)
    yield from (("pmid", record.pmid), ("pmcid", record.pmcid))
    yield from (("issn", ", ".join(record.issns)), ("publisher", tex(record.publisher)))
    yield from (("language", tex(article.language)), ("keywords", tex(", ".join(article.keywords))))
    yield "abstract", tex(article.abstract)


def _bibtex_name(name: Name) -> str:
    """`Okafor, Jr, Ngozi J.`, the order of BibTeX; in braces what must not be taken apart, as a group or an `and`."""
    if name.group:
        return f"{{{tex(name.group)}}}"
    parts = (name.surname, name.suffix, name.given) if name.suffix else (name.surname, name.given)
    return ", ".join(_guarded(tex(part)) for part in parts if part)


def _guarded(part: str) -> str:
    return f"{{{part}}}" if "," in part or re.search(r"\band\b", part, re.IGNORECASE) else part


_TEX = str.maketrans({
    # A brace counts for BibTeX even behind a backslash, so the words stand for it.
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", "%": r"\%", "&": r"\&", "$": r"\$", "#": r"\#", "_": r"\_", '"': "{\\textquotedbl}",
})  # fmt: skip


def tex(text: str) -> str:
    return one_line(text).translate(_TEX)


def _verbatim(text: str) -> str:
    """Addresses are not TeX, but their braces would count."""
    return text.replace("{", "%7B").replace("}", "%7D")


def nbib(article: Article) -> str:
    """MEDLINE as PubMed exports it. The line of the PMID leads, even empty: programs know the format by it."""
    record = Record.of(article)
    fields = _nbib(record, article)
    return "".join([f"PMID- {record.pmid}\r\n", *(_medline(tag, value) for tag, value in _told(fields)), "\r\n"])


def _nbib(record: Record, article: Article) -> Iterator[Field]:
    yield from _issn(article)
    yield from (("VI", record.volume), ("IP", record.number), ("DP", _nbib_date(record)), ("TI", record.title))
    yield "PG", record.short_pages
    yield "LID", f"{record.article_number} [pii]" if record.article_number else ""
    yield "LID", f"{record.doi} [doi]" if record.doi else ""
    yield "AB", article.abstract
    for name in record.authors:
        yield from (("CN", name.group),) if name.group else (("FAU", name.inverted), ("AU", nlm_name(name)))
        yield "AUID", f"ORCID: {name.orcid}" if name.orcid else ""
    yield "LA", LANGUAGES.get(article.language.partition("-")[0].lower(), "und")
    yield "PT", "Journal Article" if article.article_type not in ("editorial", "letter", "news") else ""
    yield "PT", PUBLICATION_TYPES.get(article.article_type, "")
    yield "PT", "Retracted Publication" if article.retracted_on else ""
    yield "DEP", f"{record.day:%Y%m%d}" if record.day else ""
    yield from (("TA", record.abbreviation), ("JT", record.journal), ("PB", record.publisher))
    yield from (("OT", word) for word in article.keywords)
    yield "PMC", record.pmcid
    yield "AID", f"{record.doi} [doi]" if record.doi else ""


def _issn(article: Article) -> Iterator[Field]:
    journal = article.journal
    yield "IS", f"{journal.issn_online} (Electronic)" if journal.issn_online else ""
    yield "IS", f"{journal.issn_print} (Print)" if journal.issn_print else ""


def _nbib_date(record: Record) -> str:
    """`2026 Mar`, and the day as well while there is no issue."""
    day = str(record.day.day) if record.is_online_first and record.day else ""
    return " ".join(filter(None, (str(record.year or ""), MONTHS[record.month or 0], day)))


def _medline(tag: str, value: str) -> str:
    """`TAG - value`, folded between words; what follows stands under the value."""
    lines, line = [], f"{tag:<4}- "
    for word in value.split():
        if len(line) + len(word) > WIDTH and len(line) > 6:
            lines.append(line.rstrip())
            line = " " * 6
        line += f"{word} "
    return "".join(f"{part}\r\n" for part in [*lines, line.rstrip()])
