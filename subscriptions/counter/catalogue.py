"""The reports this platform has, as COUNTER 5.1 defines them (sections 4.1, 4.3 and 4.4): data, no code.

A journal's platform is an eJournal: its platform and title reports count with Data_Type Journal, its item reports with
Article and the journal as the parent (Tables 3.p and 3.q). There are no books, so Unique_Title metrics stay empty.
"""

from dataclasses import dataclass, field

PLATFORM, TITLE, ITEM = "platform", "title", "item"
ITEM_METRICS = (
    "Total_Item_Investigations", "Total_Item_Requests", "Unique_Item_Investigations", "Unique_Item_Requests",
)  # fmt: skip
DENIED_METRICS = ("Limit_Exceeded", "No_License")
REQUESTS = ("Total_Item_Requests", "Unique_Item_Requests")
UNIQUE_TITLES = ("Unique_Title_Investigations", "Unique_Title_Requests")
CONTROLLED = ("Controlled",)
REGULAR = ("Regular",)
TYPES = {PLATFORM: ("Journal", "Platform"), TITLE: ("Journal",), ITEM: ("Article",)}
ACCESS_TYPES = ("Controlled", "Free_To_Read", "Open")
ACCESS_METHODS = ("Regular", "TDM")

_TITLE_COLUMNS = (
    "Title", "Publisher", "Publisher_ID", "Platform", "DOI", "Proprietary_ID", "Print_ISSN", "Online_ISSN", "URI",
)  # fmt: skip
_PARENT = (
    "Parent_Title", "Parent_Authors", "Parent_Publication_Date", "Parent_Article_Version", "Parent_Data_Type",
    "Parent_DOI", "Parent_Proprietary_ID", "Parent_ISBN", "Parent_Print_ISSN", "Parent_Online_ISSN", "Parent_URI",
)  # fmt: skip
_IR_COLUMNS = (
    "Item", "Publisher", "Publisher_ID", "Platform", "Authors", "Publication_Date", "Article_Version", "DOI",
    "Proprietary_ID", "ISBN", "Print_ISSN", "Online_ISSN", "URI", *_PARENT, "Data_Type", "YOP", "Access_Type",
    "Access_Method",
)  # fmt: skip
# What of the columns is there only when it is asked for, and whether by its name or with Include_Parent_Details.
PARENT_COLUMNS = frozenset(_PARENT)


@dataclass(frozen=True)
class Report:
    """One report. `metrics` are all it may show; a Standard View's filters are set and its columns are fixed."""

    id: str
    name: str
    description: str
    level: str
    columns: tuple[str, ...]
    metrics: tuple[str, ...]
    attributes: tuple[str, ...] = ()  # a COUNTER Report's columns on demand
    set_filters: dict[str, tuple[str, ...]] = field(default_factory=dict)  # a Standard View's, in the header's order

    @property
    def is_view(self) -> bool:
        """A Standard View: only its dates can be chosen."""
        return bool(self.set_filters)

    @property
    def parents_on_demand(self) -> bool:
        return self.id == "IR"


_REPORTS = (
    Report(
        "PR", "Platform Report", "All activity on the platform, to filter and break down.", PLATFORM,
        ("Platform", "Data_Type", "Access_Method"), ("Searches_Platform", *ITEM_METRICS, *UNIQUE_TITLES),
        ("Access_Method",),
    ),
    Report(
        "PR_P1", "Platform Usage", "Platform-level usage by metric.", PLATFORM, ("Platform", "Data_Type"),
        ("Searches_Platform", *REQUESTS, "Unique_Title_Requests"), set_filters={"Access_Method": REGULAR},
    ),
    Report(
        "TR", "Title Report", "All activity by title, to filter and break down.", TITLE,
        (*_TITLE_COLUMNS[:6], "ISBN", *_TITLE_COLUMNS[6:], "Data_Type", "YOP", "Access_Type", "Access_Method"),
        (*ITEM_METRICS, *UNIQUE_TITLES, *DENIED_METRICS), ("YOP", "Access_Type", "Access_Method"),
    ),
    Report(
        "TR_J1", "Journal Requests (Controlled)", "Full text of controlled articles that was read.", TITLE,
        _TITLE_COLUMNS, REQUESTS,
        set_filters={"Data_Type": TYPES[TITLE], "Access_Type": CONTROLLED, "Access_Method": REGULAR},
    ),
    Report(
        "TR_J2", "Journal Access Denied", "Readers who were turned away.", TITLE, _TITLE_COLUMNS, DENIED_METRICS,
        set_filters={"Data_Type": TYPES[TITLE], "Access_Method": REGULAR},
    ),
    Report(
        "TR_J3", "Journal Usage by Access Type", "Usage of controlled, free and open articles.", TITLE,
        (*_TITLE_COLUMNS, "Access_Type"), ITEM_METRICS,
        set_filters={"Data_Type": TYPES[TITLE], "Access_Method": REGULAR},
    ),
    Report(
        "TR_J4", "Journal Requests by YOP (Controlled)", "Full text that was read, by year of publication.", TITLE,
        (*_TITLE_COLUMNS, "YOP"), REQUESTS,
        set_filters={"Data_Type": TYPES[TITLE], "Access_Type": CONTROLLED, "Access_Method": REGULAR},
    ),
    Report(
        "IR", "Item Report", "All activity by article, to filter and break down.", ITEM, _IR_COLUMNS,
        (*ITEM_METRICS, *DENIED_METRICS),
        ("Authors", "Publication_Date", "Article_Version", "YOP", "Access_Type", "Access_Method"),
    ),
    Report(
        "IR_A1", "Journal Article Requests", "Full text that was read, by article.", ITEM,
        (
            "Item", "Publisher", "Publisher_ID", "Platform", "Authors", "Publication_Date", "Article_Version", "DOI",
            "Proprietary_ID", "Print_ISSN", "Online_ISSN", "URI", "Parent_Title", "Parent_Authors",
            "Parent_Article_Version", "Parent_DOI", "Parent_Proprietary_ID", "Parent_Print_ISSN", "Parent_Online_ISSN",
            "Parent_URI", "Access_Type",
        ),
        REQUESTS, set_filters={"Data_Type": TYPES[ITEM], "Access_Method": REGULAR},
    ),
)  # fmt: skip
REPORTS = {report.id.lower(): report for report in _REPORTS}
