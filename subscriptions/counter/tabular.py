"""A report as a table (COUNTER 5.1, section 3.2): 13 rows of header, an empty one, the columns, the numbers. TSV.

UTF-8 with a byte order mark, so that spreadsheets know the letters (section 5.2).
"""

from collections.abc import Iterable, Iterator
from datetime import date

from django.conf import settings

from journal.citation.names import one_line
from journal.models import Article
from subscriptions.counter import catalogue, describing, months
from subscriptions.counter.asking import Asked
from subscriptions.counter.counting import Counted, Line

BOM = "\ufeff"
TYPE = "text/tab-separated-values; charset=utf-8"


def tsv(counted: Counted) -> str:
    return BOM + "".join("\t".join(map(one_line, row)) + "\r\n" for row in rows(counted))


def rows(counted: Counted) -> Iterator[list[str]]:
    yield from _header(counted)
    yield []
    shown = _months(counted.asked)
    months_shown = [] if counted.asked.without_months else [months.name(month) for month in shown]
    yield [*counted.asked.columns, "Metric_Type", "Reporting_Period_Total", *months_shown]
    for line in counted.lines:
        described = _described(counted, line)
        front = [described.get(name, "") for name in counted.asked.columns]
        for metric, by_month in line.performance.items():
            if total := sum(by_month.values()):
                numbers = [] if counted.asked.without_months else [str(by_month.get(month, 0)) for month in shown]
                yield [*front, metric, str(total), *numbers]


def _months(asked: Asked) -> list[date]:
    """The columns: each month of the reporting period, also one without usage."""
    return list(months.between(asked.begin, asked.end))


def _header(counted: Counted) -> Iterable[list[str]]:
    asked, journal = counted.asked, counted.journal
    ids = describing.institution_ids(counted.institution)
    filters = {name: values for name, values in asked.filters.items() if name != "Metric_Type"}
    return [
        ["Report_Name", asked.report.name],
        ["Report_ID", asked.report.id],
        ["Release", "5.1"],
        ["Institution_Name", describing.institution_name(counted.institution)],
        ["Institution_ID", "; ".join(f"{space}:{value}" for space, value in ids.items())],
        ["Metric_Types", "; ".join(asked.filters.get("Metric_Type", ()))],
        ["Report_Filters", "; ".join(f"{name}={'|'.join(values)}" for name, values in filters.items())],
        ["Report_Attributes", "; ".join(_attributes(asked))],
        ["Exceptions", "; ".join(str(said) for said in sorted(asked.said, key=lambda said: said.code))],
        ["Reporting_Period", describing.months_of(counted)],
        ["Created", describing.created_at()],
        ["Created_By", describing.created_by(journal)],
        ["Registry_Record", settings.COUNTER_REGISTRY_RECORD],
    ]


def _attributes(asked: Asked) -> Iterator[str]:
    if asked.show:
        yield f"Attributes_To_Show={'|'.join(asked.show)}"
    if asked.without_months:
        yield "Exclude_Monthly_Details=True"
    if asked.with_parents:
        yield "Include_Parent_Details=True"


def _described(counted: Counted, line: Line) -> dict[str, str]:
    """Every column there may be; the report's own are taken from it."""
    journal = counted.journal
    both = {
        "Publisher": one_line(journal.publisher), "Platform": describing.platform_name(journal), **line.attributes,
    }  # fmt: skip
    if counted.asked.report.level == catalogue.ITEM and line.article:
        return both | _item(counted, line.article, counted.articles.get(line.article))
    return both | {"Title": one_line(journal.title)} | _ids(describing.journal_ids(journal))


def _item(counted: Counted, article_id: int, article: Article | None) -> dict[str, str]:
    journal = counted.journal
    parent = {"Title": one_line(journal.title), "Data_Type": "Journal"} | _ids(describing.journal_ids(journal))
    return {
        "Item": describing.item_name(article),
        "Authors": "; ".join(str(author) for author in describing.authors(article)),
        "Publication_Date": describing.published(article),
        "Article_Version": describing.version(article),
        **_ids(describing.article_ids(article_id, article)),
        **{f"Parent_{name}": value for name, value in parent.items()},
    }


def _ids(ids: dict[str, str]) -> dict[str, str]:
    return {"Proprietary_ID" if name == "Proprietary" else name: value for name, value in ids.items()}
