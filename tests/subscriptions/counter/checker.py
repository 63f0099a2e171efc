"""A strict reader of COUNTER reports, written from the Code of Practice 5.1 and not from our code.

Sections: 3.2 (header, columns, missing and zero values), 4.1, 4.3, 4.4 (each report's header, elements and filters),
5.1, 5.2 (delivery), and the COUNTER API specification's JSON objects.
"""

import re
from datetime import date
from typing import Any

HEADER = (
    "Report_Name", "Report_ID", "Release", "Institution_Name", "Institution_ID", "Metric_Types", "Report_Filters",
    "Report_Attributes", "Exceptions", "Reporting_Period", "Created", "Created_By", "Registry_Record",
)  # fmt: skip
NAMES = {
    "PR": "Platform Report", "PR_P1": "Platform Usage", "TR": "Title Report", "TR_J1": "Journal Requests (Controlled)",
    "TR_J2": "Journal Access Denied", "TR_J3": "Journal Usage by Access Type",
    "TR_J4": "Journal Requests by YOP (Controlled)", "IR": "Item Report", "IR_A1": "Journal Article Requests",
}  # fmt: skip
VIEW_METRICS = {
    "PR_P1": "Searches_Platform; Total_Item_Requests; Unique_Item_Requests; Unique_Title_Requests",
    "TR_J1": "Total_Item_Requests; Unique_Item_Requests",
    "TR_J2": "Limit_Exceeded; No_License",
    "TR_J3": "Total_Item_Investigations; Total_Item_Requests; Unique_Item_Investigations; Unique_Item_Requests",
    "TR_J4": "Total_Item_Requests; Unique_Item_Requests",
    "IR_A1": "Total_Item_Requests; Unique_Item_Requests",
}
VIEW_FILTERS = {
    "PR_P1": "Access_Method=Regular",
    "TR_J1": "Data_Type=Journal; Access_Type=Controlled; Access_Method=Regular",
    "TR_J2": "Data_Type=Journal; Access_Method=Regular",
    "TR_J3": "Data_Type=Journal; Access_Method=Regular",
    "TR_J4": "Data_Type=Journal; Access_Type=Controlled; Access_Method=Regular",
    "IR_A1": "Data_Type=Article; Access_Method=Regular",
}
TITLE = "Title Publisher Publisher_ID Platform DOI Proprietary_ID Print_ISSN Online_ISSN URI"
COLUMNS = {
    "PR": "Platform Data_Type Access_Method?",
    "PR_P1": "Platform Data_Type",
    "TR": (
        "Title Publisher Publisher_ID Platform DOI Proprietary_ID ISBN Print_ISSN Online_ISSN URI Data_Type YOP?"
        " Access_Type? Access_Method?"
    ),
    "TR_J1": TITLE,
    "TR_J2": TITLE,
    "TR_J3": f"{TITLE} Access_Type",
    "TR_J4": f"{TITLE} YOP",
    "IR": (
        "Item Publisher Publisher_ID Platform Authors? Publication_Date? Article_Version? DOI Proprietary_ID ISBN"
        " Print_ISSN Online_ISSN URI Parent_Title? Parent_Authors? Parent_Publication_Date? Parent_Article_Version?"
        " Parent_Data_Type? Parent_DOI? Parent_Proprietary_ID? Parent_ISBN? Parent_Print_ISSN? Parent_Online_ISSN?"
        " Parent_URI? Data_Type YOP? Access_Type? Access_Method?"
    ),
    "IR_A1": (
        "Item Publisher Publisher_ID Platform Authors Publication_Date Article_Version DOI Proprietary_ID Print_ISSN"
        " Online_ISSN URI Parent_Title Parent_Authors Parent_Article_Version Parent_DOI Parent_Proprietary_ID"
        " Parent_Print_ISSN Parent_Online_ISSN Parent_URI Access_Type"
    ),
}
FORMS = {
    "DOI": r"10\.[1-9][0-9.]+/.+", "Proprietary_ID": r"[a-zA-Z][a-zA-Z0-9_./]{1,17}:.+",
    "Print_ISSN": r"\d{4}-\d{3}[\dX]", "Online_ISSN": r"\d{4}-\d{3}[\dX]", "URI": r"https?://\S+", "YOP": r"\d{4}",
    "Access_Type": "Controlled|Open|Free_To_Read", "Access_Method": "Regular|TDM",
    "Publication_Date": r"\d{4}-\d\d-\d\d",
    "Article_Version": "VoR|CVoR", "Data_Type": "Journal|Article|Platform", "Parent_Data_Type": "Journal",
    "Authors": r"[^;]+(; [^;]+){0,2}", "Publisher_ID": r"(ISNI|ROR|\w+):.+", "ISBN": "",
}  # fmt: skip
MESSAGES = {
    1000: "Service Not Available", 1020: "Client has made too many requests",
    1030: "Insufficient Information to Process Request", 2000: "Requestor Not Authorized to Access Service",
    2010: "Requestor is Not Authorized to Access Usage for Institution", 2011: "Global Reports Not Supported",
    2020: "APIKey Invalid", 3020: "Invalid Date Arguments", 3030: "No Usage Available for Requested Dates",
    3031: "Usage Not Ready for Requested Dates", 3032: "Usage No Longer Available for Requested Dates",
    3040: "Partial Data Returned", 3050: "Parameter Not Recognized in this Context",
    3060: "Invalid ReportFilter Value", 3062: "Invalid ReportAttribute Value", 3063: "Components Not Supported",
}  # fmt: skip
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
Numbers = dict[tuple[str, ...], int]


def read_table(raw: bytes) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The header and the rows of a table, every rule looked at."""
    assert raw.startswith(b"\xef\xbb\xbf"), "a byte order mark comes first"
    lines = [line.split("\t") for line in raw.decode("utf-8-sig").split("\r\n")]
    assert lines.pop() == [""], "the last row ends like the others"
    assert tuple(line[0] for line in lines[:13]) == HEADER
    assert all(len(line) == 2 for line in lines[:13])
    assert lines[13] == [""], "row 14 is blank"
    header = {line[0]: line[1] for line in lines[:13]}
    _header(header)
    columns, rows = lines[14], [dict(zip(lines[14], line, strict=True)) for line in lines[15:]]
    months = _columns(header, columns)
    for row in rows:
        _row(row, months)
    keys = [tuple(row[name] for name in columns[: columns.index("Metric_Type") + 1]) for row in rows]
    assert len(keys) == len(set(keys)), "no row twice"
    _uniques(header["Report_ID"], rows, columns)
    return header, rows


def _header(header: dict[str, str]) -> None:
    report = header["Report_ID"]
    assert header["Report_Name"] == NAMES[report]
    assert header["Release"] == "5.1"
    assert re.fullmatch(r"(\w+:[^;]+)(; \w+:[^;]+)*", header["Institution_ID"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", header["Created"])
    assert header["Institution_Name"]
    assert header["Created_By"]
    if report in VIEW_METRICS:
        assert header["Metric_Types"] == VIEW_METRICS[report]
        assert header["Report_Filters"] == VIEW_FILTERS[report]
        assert header["Report_Attributes"] == ""
    for said in filter(None, header["Exceptions"].split("; 3")):
        code, message = re.match(r"(?:3)?(\d{3,4}): ([^(]+?)(?: \(|$)", said).groups()  # type: ignore[union-attr]
        assert MESSAGES[int(code) if len(code) == 4 else 3000 + int(code)] == message


def _columns(header: dict[str, str], columns: list[str]) -> list[str]:
    """The names of the months. Columns on demand are there exactly when the header says so."""
    report, attributes = header["Report_ID"], header["Report_Attributes"]
    shown = re.search(r"Attributes_To_Show=([^;]+)", attributes)
    asked = set(shown[1].split("|")) if shown else set()
    if "Include_Parent_Details=True" in attributes:
        asked |= {name.rstrip("?") for name in COLUMNS[report].split() if name.startswith("Parent_")}
    expected = [name.rstrip("?") for name in COLUMNS[report].split() if not name.endswith("?") or name[:-1] in asked]
    at = columns.index("Metric_Type")
    assert columns[:at] == expected
    assert columns[at + 1] == "Reporting_Period_Total"
    begin, end = re.fullmatch(  # type: ignore[union-attr]
        r"Begin_Date=(\d{4}-\d\d-01); End_Date=(\d{4}-\d\d-\d\d)", header["Reporting_Period"]
    ).groups()
    first, last = date.fromisoformat(begin), date.fromisoformat(end)
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    months = [] if "Exclude_Monthly_Details=True" in attributes else [f"{MONTHS[n % 12]}-{n // 12}" for n in numbers]
    assert columns[at + 2 :] == months
    return months


def _row(row: dict[str, str], months: list[str]) -> None:
    for name, value in row.items():
        form = FORMS.get(name.removeprefix("Parent_") if name != "Parent_Data_Type" else name)
        assert value == "" or form is None or re.fullmatch(form, value), (name, value)
    assert row["Platform"]
    assert any(row.get(name) for name in ("DOI", "Proprietary_ID", "URI")) or ("Title" not in row and "Item" not in row)
    assert int(row["Reporting_Period_Total"]) > 0, "rows without usage are left out"
    if months:
        assert sum(int(row[month]) for month in months) == int(row["Reporting_Period_Total"])
    assert not any(value.lower() in ("unknown", "n/a", "-", "none") for value in row.values())


def _uniques(report: str, rows: list[dict[str, str]], columns: list[str]) -> None:
    """Section 7.3: a unique never exceeds its total, an investigation is never rarer than a request."""
    front = columns[: columns.index("Metric_Type")]
    by: dict[tuple[str, ...], dict[str, int]] = {}
    for row in rows:
        key = tuple(row[name] for name in front)
        by.setdefault(key, {})[row["Metric_Type"]] = int(row["Reporting_Period_Total"])
    for counts in by.values():
        for what in ("Investigations", "Requests"):
            assert counts.get(f"Unique_Item_{what}", 0) <= counts.get(f"Total_Item_{what}", 0) or report == "PR_P1"
        if "Total_Item_Investigations" in counts:
            assert counts.get("Total_Item_Requests", 0) <= counts["Total_Item_Investigations"]


def numbers(rows: list[dict[str, str]], *names: str) -> Numbers:
    """{(named columns …, metric): total} of a table."""
    return {
        tuple(row[name] for name in (*names, "Metric_Type")): int(row["Reporting_Period_Total"]) for row in rows
    }  # fmt: skip


def read_json(report: dict[str, Any]) -> Numbers:
    """{(item or title or platform, attributes …, metric): total} of a report as JSON, every rule looked at."""
    assert set(report) == {"Report_Header", "Report_Items"}
    header = report["Report_Header"]
    needed = {
        "Report_Name", "Report_ID", "Release", "Institution_Name", "Institution_ID", "Report_Filters", "Created",
        "Created_By", "Registry_Record",
    }  # fmt: skip
    assert needed <= set(header) <= needed | {"Report_Attributes", "Exceptions"}
    kind = header["Report_ID"]
    assert header["Report_Name"] == NAMES[kind]
    assert header["Release"] == "5.1"
    assert all(re.fullmatch(r"[a-zA-Z]\w+:.+", own) for own in header["Institution_ID"].get("Proprietary", []))
    filters = dict(header["Report_Filters"])
    begin, end = filters.pop("Begin_Date"), filters.pop("End_Date")
    if kind in VIEW_METRICS:
        assert filters.pop("Metric_Type") == VIEW_METRICS[kind].split("; ")
        assert "; ".join(f"{name}={'|'.join(values)}" for name, values in filters.items()) == VIEW_FILTERS[kind]
        assert "Report_Attributes" not in header
    for said in header.get("Exceptions", []):
        check_exception(said)
    items = report["Report_Items"]
    if kind.startswith("IR"):
        assert len(items) <= 1, "one journal, one parent"
        items = items[0]["Items"] if items else []
    assert len({str(item.get("Item_ID", item["Platform"])) for item in items}) == len(items), "each item once"
    return {key: total for item in items for key, total in _performance(item, begin[:7], end[:7]).items()}


def _performance(item: dict[str, Any], begin: str, end: str) -> Numbers:
    found: Numbers = {}
    _no_empty(item)
    name = item.get("Item", item.get("Title", item["Platform"]))
    seen = [tuple(one[key] for key in one if key != "Performance") for one in item["Attribute_Performance"]]
    assert len(seen) == len(set(seen)), "each combination of attributes once"
    for one in item["Attribute_Performance"]:
        attributes = tuple(value for key, value in one.items() if key != "Performance")
        for metric, counts in one["Performance"].items():
            assert counts
            for month, number in counts.items():
                assert begin <= month <= end
                assert number > 0
            found[name, *attributes, metric] = sum(counts.values())
    assert found
    return found


def _no_empty(item: dict[str, Any]) -> None:
    for key, value in item.items():
        assert key in ("Title", "Item", "Publisher") or value not in ("", [], {}), (
            f"{key} is empty and should be left out"
        )


def check_exception(said: dict[str, Any]) -> int:
    assert {"Code", "Message"} <= set(said) <= {"Code", "Message", "Data", "Help_URL"}
    assert said["Message"] == MESSAGES[said["Code"]]
    code: int = said["Code"]
    return code
