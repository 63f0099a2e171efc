"""A report as JSON, as the COUNTER API specification for Release 5.1 has it: nothing said twice, nothing empty."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from django.conf import settings

from journal.citation.names import one_line
from subscriptions.counter import catalogue, describing
from subscriptions.counter.asking import Asked
from subscriptions.counter.counting import Counted, Line

Json = dict[str, Any]


def report(counted: Counted) -> Json:
    return {"Report_Header": _header(counted), "Report_Items": list(_items(counted))}


def organization_ids(ids: dict[str, str]) -> Json:
    """{ROR: [value], Proprietary: [platform:value]}"""
    named: dict[str, list[str]] = {}
    for space, value in ids.items():
        is_own = space == settings.COUNTER_PLATFORM_ID
        named["Proprietary" if is_own else space] = [f"{space}:{value}" if is_own else value]
    return named


def _header(counted: Counted) -> Json:
    asked = counted.asked
    dates = {"Begin_Date": f"{asked.begin:%Y-%m-%d}", "End_Date": f"{asked.end:%Y-%m-%d}"}
    filters: Json = {name: list(values) for name, values in asked.filters.items()}
    attributes = _attributes(asked)
    said = [said.as_json() for said in sorted(asked.said, key=lambda said: said.code)]
    return {
        "Report_Name": asked.report.name,
        "Report_ID": asked.report.id,
        "Release": "5.1",
        "Institution_Name": describing.institution_name(counted.institution),
        "Institution_ID": organization_ids(describing.institution_ids(counted.institution)),
        "Report_Filters": {**filters, **dates},
        **({"Report_Attributes": attributes} if attributes else {}),
        **({"Exceptions": said} if said else {}),
        "Created": describing.created_at(),
        "Created_By": describing.created_by(counted.journal),
        "Registry_Record": settings.COUNTER_REGISTRY_RECORD,
    }


def _attributes(asked: Asked) -> Json:
    shown: Json = {"Attributes_To_Show": list(asked.show)} if asked.show else {}
    return shown | ({"Include_Parent_Details": "True"} if asked.with_parents else {})


def _items(counted: Counted) -> Iterator[Json]:
    if not counted.lines:
        return
    level, journal = counted.asked.report.level, counted.journal
    if level == catalogue.ITEM:
        items = [
            {**_item(counted, article), "Attribute_Performance": _performance(lines)}
            for article, lines in groupby(counted.lines, key=lambda line: line.article)
        ]
        yield {**_parent(counted), "Items": items}
        return
    platform = {"Platform": describing.platform_name(journal)}
    performance = {"Attribute_Performance": _performance(counted.lines)}
    if level == catalogue.PLATFORM:
        yield platform | performance
        return
    title = {"Title": one_line(journal.title), "Publisher": one_line(journal.publisher)}
    yield title | platform | {"Item_ID": describing.journal_ids(journal)} | performance


def _performance(lines: Iterable[Line]) -> list[Json]:
    return [{**line.attributes, "Performance": _counts(line)} for line in lines]


def _counts(line: Line) -> Json:
    return {
        metric: {f"{month:%Y-%m}": number for month, number in by_month.items() if number}
        for metric, by_month in line.performance.items()
    }


def _parent(counted: Counted) -> Json:
    """The journal around its articles: in IR_A1 always, in IR when it is asked for."""
    asked, journal = counted.asked, counted.journal
    if not asked.report.is_view and not asked.with_parents:
        return {}
    data_type = {} if asked.report.is_view else {"Data_Type": "Journal"}
    return {"Title": one_line(journal.title), "Item_ID": describing.journal_ids(journal), **data_type}


def _item(counted: Counted, article_id: int | None) -> Json:
    columns, journal = counted.asked.columns, counted.journal
    article = counted.articles.get(article_id or 0)
    item: Json = {
        "Item": describing.item_name(article),
        "Publisher": one_line(journal.publisher),
        "Platform": describing.platform_name(journal),
    }
    if "Authors" in columns and (authors := describing.authors(article)):
        item["Authors"] = [
            {"Name": author.name, **({"ORCID": author.orcid} if author.orcid else {})} for author in authors
        ]
    if "Publication_Date" in columns and (published := describing.published(article)):
        item["Publication_Date"] = published
    if "Article_Version" in columns and (version := describing.version(article)):
        item["Article_Version"] = version
    return {**item, "Item_ID": describing.article_ids(article_id or 0, article)}
