"""How an article is cited: the AMA line on its page and the files reference managers read.

AMA Manual of Style, 11th ed., 3.7-3.11: up to six authors are listed, of more the first three and "et al".
RIS: the specification of Reference Manager. BibTeX: the fields of btxdoc, with `eid` for article numbers.
"""

import html
import re
from collections.abc import Callable, Mapping
from typing import Any

from journal.models import Article

MOST_AUTHORS, SHOWN_OF_MORE = 6, 3
RIS_TYPE = "JOUR"


def ama_authors(authors: list[Mapping[str, Any]]) -> str:
    names = [_ama_name(author) for author in authors]
    if len(names) > MOST_AUTHORS:
        return ", ".join(names[:SHOWN_OF_MORE]) + ", et al"
    return ", ".join(names)


def _ama_name(author: Mapping[str, Any]) -> str:
    """`Okafor NJ Jr`, or a group's name."""
    if author.get("group"):
        return str(author["group"])
    initials = "".join(part[0].upper() for part in re.split(r"[\s.\-]+", author.get("given", "")) if part)
    return " ".join(
        part for part in (author.get("surname", ""), initials, author.get("suffix", "").rstrip(".")) if part
    )


def locator(article: Article) -> str:
    """`2026;12(3):977-979`, or `Published online March 3, 2026` while there is no issue yet."""
    if article.issue is None:
        day = article.published_online
        return f"Published online {day:%B} {day.day}, {day.year}" if day else "Not yet published"
    issue = article.issue
    pages = f":{article.pages}" if article.pages else ""
    return f"{issue.year};{issue.volume}({issue.number}){pages}"


def citation_line(article: Article) -> str:
    """The short line of the header: `J Abbrev. 2026;12(3):977-979. doi:10.5555/x` (no full stop after the DOI)."""
    return f"{article.journal.abbreviation}. {locator(article)}. doi:{article.doi}"


def ama(article: Article) -> str:
    """The whole reference in AMA style, as plain text."""
    authors = ama_authors(article.authors)
    title = article.title.rstrip(".")
    subtitle = f": {article.subtitle.rstrip('.')}" if article.subtitle else ""
    stop = "" if title.endswith(("?", "!")) and not subtitle else "."
    return f"{f'{authors}. ' if authors else ''}{title}{subtitle}{stop} {citation_line(article)}"


def ris(article: Article) -> str:
    day = article.published_online
    lines: list[tuple[str, str]] = [("TY", RIS_TYPE), ("TI", _full_title(article))]
    lines += [("AU", _inverted(author)) for author in article.authors]
    lines += [("T2", article.journal.title), ("JO", article.journal.abbreviation), ("JA", article.journal.abbreviation)]
    if day:
        lines += [("PY", str(article.issue.year if article.issue else day.year)), ("DA", f"{day:%Y/%m/%d}")]
    if article.issue:
        lines += [("VL", article.issue.volume), ("IS", article.issue.number)]
    lines += [("SP", article.first_page), ("EP", article.last_page), ("C7", article.elocation_id)]
    lines += [("DO", article.doi or ""), ("SN", article.journal.issn_online or article.journal.issn_print)]
    lines += [("PB", article.journal.publisher), ("AB", article.abstract), *(("KW", word) for word in article.keywords)]
    text = "".join(f"{tag}  - {_one_line(value)}\r\n" for tag, value in lines if value)
    return f"{text}ER  - \r\n"


def bibtex(article: Article) -> str:
    day = article.published_online
    issue = article.issue
    fields = {
        "author": " and ".join(_bibtex_name(author) for author in article.authors),
        "title": f"{{{_tex(_full_title(article))}}}",
        "journal": _tex(article.journal.title),
        "year": str(issue.year if issue else day.year if day else ""),
        "volume": issue.volume if issue else "",
        "number": issue.number if issue else "",
        "pages": article.pages.replace("-", "--") if article.first_page else "",
        "eid": article.elocation_id,
        "doi": article.doi or "",
        "issn": article.journal.issn_online or article.journal.issn_print,
        "publisher": _tex(article.journal.publisher),
    }
    key = re.sub(r"[^A-Za-z0-9]+", "_", article.doi or "article")
    body = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@article{{{key},\n{body}}}\n"


def csl(article: Article) -> dict[str, Any]:
    """CSL-JSON, the hub format (content negotiation of DOIs uses it)."""
    day = article.published_online
    data: dict[str, Any] = {
        "id": article.doi,
        "type": "article-journal",
        "title": _full_title(article),
        "container-title": article.journal.title,
        "container-title-short": article.journal.abbreviation,
        "author": [_csl_name(author) for author in article.authors],
        "DOI": article.doi,
        "ISSN": article.journal.issn_online or article.journal.issn_print,
        "publisher": article.journal.publisher,
        "language": article.language,
        "abstract": article.abstract,
    }
    if day:
        data["issued"] = {"date-parts": [[day.year, day.month, day.day]]}
    if article.issue:
        data |= {"volume": article.issue.volume, "issue": article.issue.number}
    if article.first_page:
        data["page"] = article.pages
    elif article.elocation_id:
        data["number"] = article.elocation_id
    return {name: value for name, value in data.items() if value}


FORMATS: dict[str, tuple[str, Callable[[Article], Any]]] = {
    "ris": ("application/x-research-info-systems", ris),
    "bib": ("application/x-bibtex", bibtex),
    "json": ("application/vnd.citationstyles.csl+json", csl),
    "txt": ("text/plain", ama),
}


def _full_title(article: Article) -> str:
    return f"{article.title}: {article.subtitle}" if article.subtitle else article.title


def _inverted(author: Mapping[str, Any]) -> str:
    if author.get("group"):
        return str(author["group"])
    return ", ".join(part for part in (author.get("surname"), author.get("given"), author.get("suffix")) if part)


def _csl_name(author: Mapping[str, Any]) -> dict[str, str]:
    if author.get("group"):
        return {"literal": author["group"]}
    name = {"family": author.get("surname", ""), "given": author.get("given", ""), "suffix": author.get("suffix", "")}
    return {part: value for part, value in name.items() if value}


def _bibtex_name(author: Mapping[str, Any]) -> str:
    return f"{{{_tex(author['group'])}}}" if author.get("group") else _tex(_inverted(author))


def _one_line(text: str) -> str:
    return " ".join(html.unescape(text).split())


_TEX = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "$": r"\$", "#": r"\#", "_": r"\_"}


def _tex(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in _one_line(text))
