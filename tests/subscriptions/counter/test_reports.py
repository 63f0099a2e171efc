"""Reports: from what people did to the numbers libraries read, as a table and through SUSHI, exact in form."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from journal.models import Article
from subscriptions.counter import asking, catalogue, counting, credentials, months, tabular
from subscriptions.models import Institution, UsageCount, UsageMonth
from tests.make import make_article, make_institution, make_issue, make_journal, make_right
from tests.subscriptions.counter import checker
from tests.subscriptions.counter.conftest import CAMPUS, Clock, browser, counted
from tests.subscriptions.counter.test_usage_of_pages import with_pdf


class Library:
    """An institution with its program."""

    def __init__(self, institution: Institution) -> None:
        self.institution = institution
        self.key = credentials.new_key(institution)
        self.access = credentials.of(institution)

    def signs(self, **parameters: str) -> dict[str, str]:
        own = {"customer_id": self.access.customer_id, "requestor_id": self.access.requestor_id, "api_key": self.key}
        return own | parameters

    def fetch(self, report: str, **parameters: str) -> Any:
        return Client().get(f"/sushi/r51/reports/{report}", self.signs(**parameters))

    def table(self, report: str, **parameters: str) -> tuple[dict[str, str], list[dict[str, str]]]:
        asked = asking.read(catalogue.REPORTS[report], parameters, tabular=True)
        return checker.read_table(tabular.tsv(counting.count(asked, self.institution)).encode())


@pytest.fixture
def library(db: None) -> Library:
    make_journal(issn_print="1234-567X")
    return Library(make_institution(name="Heron University", ror_id="https://ror.org/02mhbdp94"))


@pytest.fixture
def afternoon(library: Library, clock: Clock) -> dict[str, Article]:
    """Carol on the campus reads; a stranger elsewhere does, too."""
    issue = make_issue(year=2019)
    articles = {
        "licensed": with_pdf(make_article(title="Licensed\tand tabbed", issue=issue, authors=AUTHORS)),
        "foreign": make_article(title="Not licensed", issue=issue),
        "open": make_article(title="Open to all", access_type="open"),
    }
    make_right(library.institution, articles["licensed"], "institution")
    carol, stranger = browser(CAMPUS), browser()
    place = {name: article.get_absolute_url() for name, article in articles.items()}
    for client, path in [
        (carol, place["licensed"]),
        (carol, f"{place['licensed']}article.pdf"),
        (carol, f"{place['licensed']}article.pdf"),  # a double-click: the clock moves by ten seconds
        (carol, place["foreign"]),
        (carol, place["open"]),
        (carol, f"{place['open']}cite/"),
        (carol, "/search/?q=herons"),
        (stranger, place["licensed"]),
        (stranger, place["open"]),
    ]:
        assert client.get(path, follow=True).status_code == 200
        clock.forward(10)
    clock.forward(3600)
    carol.get(place["licensed"])
    counted()
    return articles


AUTHORS = [
    {"surname": "Okafor", "given": "Ngozi", "orcid": "https://orcid.org/0000-0002-1825-0097"},
    {"surname": "Nowak", "given": "Ewa"},
    {"group": "The Heron Group"},
    {"surname": "Fourth", "given": "Fred"},
]
HERON = {
    "tr_j1": {("Total_Item_Requests",): 3, ("Unique_Item_Requests",): 2},
    "tr_j2": {("No_License",): 1},
    "tr_j3": {
        ("Controlled", "Total_Item_Investigations"): 4, ("Controlled", "Total_Item_Requests"): 3,
        ("Controlled", "Unique_Item_Investigations"): 3, ("Controlled", "Unique_Item_Requests"): 2,
        ("Open", "Total_Item_Investigations"): 2, ("Open", "Total_Item_Requests"): 1,
        ("Open", "Unique_Item_Investigations"): 1, ("Open", "Unique_Item_Requests"): 1,
    },
    "tr_j4": {("2019", "Total_Item_Requests"): 3, ("2019", "Unique_Item_Requests"): 2},
    "pr_p1": {
        ("Journal", "Total_Item_Requests"): 4, ("Journal", "Unique_Item_Requests"): 3,
        ("Platform", "Searches_Platform"): 1,
    },
    "ir_a1": {
        ("Licensed and tabbed", "Controlled", "Total_Item_Requests"): 3,
        ("Licensed and tabbed", "Controlled", "Unique_Item_Requests"): 2,
        ("Open to all", "Open", "Total_Item_Requests"): 1, ("Open to all", "Open", "Unique_Item_Requests"): 1,
    },
}  # fmt: skip
SPLIT_BY = {"tr_j3": ["Access_Type"], "tr_j4": ["YOP"], "pr_p1": ["Data_Type"], "ir_a1": ["Item", "Access_Type"]}
ON_DEMAND = {
    "pr": {"attributes_to_show": "Access_Method"},
    "tr": {"attributes_to_show": "YOP|Access_Type|Access_Method"},
    "ir": {
        "attributes_to_show": "Authors|Publication_Date|Article_Version|YOP|Access_Type|Access_Method",
        "include_parent_details": "True",
    },
}


def test_the_standard_views_say_what_happened(library: Library, afternoon: dict[str, Article], clock: Clock) -> None:
    """The same numbers as a table and as JSON, and the form of both."""
    dates = {"begin_date": clock.name, "end_date": clock.name}
    for report, expected in HERON.items():
        header, rows = library.table(report, **dates)
        assert checker.numbers(rows, *SPLIT_BY.get(report, [])) == expected, report
        assert header["Institution_ID"] == f"ROR:02mhbdp94; firstpage:{library.access.customer_id}"
        answer = library.fetch(report, **dates)
        found = checker.read_json(answer.json())
        assert {key if report == "ir_a1" else key[1:]: number for key, number in found.items()} == expected
        assert not answer.content.startswith(b"\xef\xbb\xbf")
        assert b'": ' not in answer.content  # no whitespace that nobody needs
    item = library.fetch("ir_a1", **dates).json()["Report_Items"][0]["Items"][0]
    assert [author["Name"] for author in item["Authors"]] == ["Ngozi Okafor", "Ewa Nowak", "The Heron Group"]
    assert item["Authors"][0]["ORCID"] == "0000-0002-1825-0097"


def test_counter_reports_break_down_and_add_up(library: Library, afternoon: dict[str, Article], clock: Clock) -> None:
    """Breaking down changes no total; what is filtered and shown stands in the header, defaults do not."""
    dates = {"begin_date": f"{clock.name}-01", "end_date": clock.name}
    for report, attributes in ON_DEMAND.items():
        header, rows = library.table(report, **dates)
        assert (header["Report_Filters"], header["Report_Attributes"], header["Metric_Types"]) == ("", "", "")
        broken_down, more = library.table(report, **dates, **attributes, exclude_monthly_details="True")
        assert "Exclude_Monthly_Details=True" in broken_down["Report_Attributes"]
        assert _by_metric(rows) == _by_metric(more)
        assert len(more) >= len(rows)
        plain, shown = library.fetch(report, **dates).json(), library.fetch(report, **dates, **attributes).json()
        assert "Report_Attributes" not in plain["Report_Header"]
        assert sum(checker.read_json(plain).values()) == sum(checker.read_json(shown).values())
        by_month, in_all = [library.fetch(report, **dates, granularity=one) for one in ("Month", "Totals")]
        assert by_month.json()["Report_Items"] == in_all.json()["Report_Items"] == plain["Report_Items"]
        assert (codes(by_month), codes(in_all)) == ([], [3062]), "usage is told by month, and that is said"
    chosen = {"metric_type": "No_License|Total_Item_Requests", "access_type": "Controlled", "yop": "2019|9999-9999"}
    header, rows = library.table("tr", **dates, **chosen)
    assert header["Metric_Types"] == "Total_Item_Requests; No_License"
    assert header["Report_Filters"] == "Access_Type=Controlled; YOP=2019|9999"
    assert checker.numbers(rows) == {("Total_Item_Requests",): 3, ("No_License",): 1}
    assert codes(library.fetch("tr_j1", **dates, granularity="Month")) == [3050], "standard views are as they are"
    assert library.table("pr", **dates, data_type="Platform")[1][0]["Metric_Type"] == "Searches_Platform"
    assert library.table("tr", **dates, yop="1900-1950")[0]["Exceptions"].startswith("3030: ")


def _by_metric(rows: list[dict[str, str]]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for row in rows:
        totals[row["Metric_Type"]] = totals.get(row["Metric_Type"], 0) + int(row["Reporting_Period_Total"])
    return totals


def test_the_world_is_everybody(library: Library, afternoon: dict[str, Article], clock: Clock) -> None:
    asked = asking.read(catalogue.REPORTS["tr_j2"], {"begin_date": clock.name, "end_date": clock.name}, tabular=True)
    header, rows = checker.read_table(tabular.tsv(counting.count(asked, None)).encode())
    assert (header["Institution_Name"], header["Institution_ID"]) == ("The World", "firstpage:0000000000000000")
    assert checker.numbers(rows) == {("No_License",): 2}


def codes(answer: Any) -> list[int]:
    """What a report's header says, or what a refusal is."""
    found = answer.json()
    said = found.get("Report_Header", {}).get("Exceptions", []) if answer.status_code == 200 else [found]
    return [checker.check_exception(one) for one in said]


def test_months_that_are_not_there_are_told(library: Library, afternoon: dict[str, Article], clock: Clock) -> None:
    month, earlier = clock.month, months.before(clock.month)
    name = {one: f"{one:%Y-%m}" for one in (month, earlier, months.after(month))}
    both = library.fetch("tr_j1", begin_date=name[earlier], end_date=name[months.after(month)])
    assert codes(both) == [3031, 3032]
    assert both.json()["Report_Header"]["Report_Filters"]["End_Date"] == f"{months.last_day(month)}"
    assert sum(checker.read_json(both.json()).values()) == 5
    assert codes(library.fetch("tr_j1", begin_date=name[earlier], end_date=name[earlier])) == [3032]
    UsageMonth.objects.filter(pk=month).update(lost=7)
    told = library.fetch("tr_j1", begin_date=name[month], end_date=name[month])
    assert codes(told) == [3040]
    assert "7" in told.json()["Report_Header"]["Exceptions"][0]["Data"]
    UsageMonth.objects.update(closed_at=None, lost=0)  # the nightly job has not run
    waiting = library.fetch("tr_j1", begin_date=name[month], end_date=name[month])
    assert (codes(waiting), waiting.json()["Report_Items"]) == ([3031], [])
    UsageMonth.objects.filter(pk=month).update(closed_at=clock.now)
    UsageCount.objects.all().delete()
    assert codes(library.fetch("tr_j1", begin_date=name[month], end_date=name[month])) == [3030]
    assert library.table("ir_a1", begin_date=name[month], end_date=name[month])[1] == []


def test_an_article_that_is_gone_keeps_its_numbers(
    library: Library, afternoon: dict[str, Article], clock: Clock
) -> None:
    article = afternoon["open"]
    article.full_text.delete()
    article.public_page.delete()
    article.delete()
    dates = {"begin_date": clock.name, "end_date": clock.name}
    assert checker.numbers(library.table("tr_j3", **dates)[1], "Access_Type") == HERON["tr_j3"]
    row = next(row for row in library.table("ir_a1", **dates)[1] if not row["Item"])
    assert row["Proprietary_ID"].startswith("firstpage:article-")
    checker.read_json(library.fetch("ir_a1", **dates).json())


HOSTILE = [
    "' OR 1=1 --", "\0", "%00", "\r\nSet-Cookie: a=b", "<script>alert(1)</script>", "9" * 500, "|||", "..", "𝟚𝟘𝟚𝟞-𝟘𝟙",
    "2026-13", "2026-1", "0000-00", "9999-12-31", "-1", "2026-02-30",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_refused_or_left_out(library: Library, value: str) -> None:
    """Every parameter takes every value: an exception of COUNTER's list or a report, never a fault."""
    assert codes(library.fetch("tr", begin_date=value, end_date="2026-01")) == [3020]
    assert codes(library.fetch("tr", begin_date="2025-01", end_date=value)) in ([3020], [3031])
    dates = {"begin_date": "2025-01", "end_date": "2025-01"}
    for name in (
        "metric_type",
        "data_type",
        "access_method",
        "access_type",
        "yop",
        "attributes_to_show",
        "granularity",
    ):
        said = codes(library.fetch("tr", **dates, **{name: value}))
        assert set(said) <= {3031, 3060, 3062}
    assert 3050 in codes(library.fetch("tr_j1", **dates, **{value or "x": "1"}))
    assert library.fetch(f"tr_j1{value}", **dates).status_code in (404, 400)
    for name in ("customer_id", "requestor_id", "api_key"):
        assert codes(library.fetch("tr", **dates, **{name: value})) in ([2000], [2010], [2020], [1020])


def test_who_may_fetch_and_who_may_not(library: Library, settings: Any) -> None:
    other = Library(make_institution("203.0.113.0/24", name="Other College"))
    dates = {"begin_date": "2025-01", "end_date": "2025-01"}
    for change, status, code in [
        ({"customer_id": ""}, 400, 1030),
        ({"api_key": ""}, 400, 1030),
        ({"requestor_id": "nobody"}, 401, 2000),
        ({"api_key": "wrong"}, 401, 2020),
        ({"api_key": other.key}, 401, 2020),
        ({"customer_id": other.access.customer_id}, 403, 2010),
        ({"customer_id": "0" * 16}, 403, 2011),
    ]:
        for path in ("members", "reports", "reports/tr_j1"):
            answer = Client(REMOTE_ADDR=CAMPUS).get(f"/sushi/r51/{path}", library.signs(**dates, **change))
            assert (answer.status_code, codes(answer)) == (status, [code]), (path, change)
            assert "no-store" in answer["Cache-Control"]
    assert Client().get("/sushi/r51/status").json()["Service_Active"] is True
    members = Client().get("/sushi/r51/members", library.signs()).json()
    assert members == [
        {
            "Institution_Name": "Heron University",
            "Institution_ID": {"ROR": ["02mhbdp94"]},
            "Customer_ID": library.access.customer_id,
        }
    ]
    assert Client().get("/sushi/r51/reports", library.signs()).json() == []
    UsageMonth.objects.create(
        month=months.before(months.first_day(timezone.localdate())), closed_at="2026-01-01T00:00Z"
    )
    assert len(Client().get("/sushi/r51/reports", library.signs()).json()) == 9
    settings.COUNTER_GLOBAL_REPORTS = True
    assert (
        library.fetch("tr_j1", **dates, customer_id="0" * 16).json()["Report_Header"]["Institution_Name"] == "The World"
    )
    old = library.signs()
    assert credentials.new_key(library.institution) != library.key
    assert codes(Client().get("/sushi/r51/reports/tr_j1", old | dates)) == [2020]


def test_the_key_may_come_in_a_header_and_need_not_be_taken_in_the_address(library: Library, settings: Any) -> None:
    """In an address it lies in histories and logs (ASVS 14.2.1)."""
    names = {name: value for name, value in library.signs().items() if name != "api_key"}
    bearer = {"headers": {"authorization": f"Bearer {library.key}"}}
    wrong = {"headers": {"authorization": "Bearer guess"}}
    assert Client().get("/sushi/r51/members", names, **bearer).status_code == 200
    assert codes(Client().get("/sushi/r51/members", names, **wrong)) == [2020]
    assert Client().get("/sushi/r51/members", library.signs()).status_code == 200
    settings.SUSHI_KEY_IN_ADDRESS = False
    assert codes(Client().get("/sushi/r51/members", library.signs())) == [1030]
    assert Client().get("/sushi/r51/members", names, **bearer).status_code == 200


def test_tries_with_wrong_keys_end_and_do_not_lock_the_right_one_out(library: Library) -> None:
    wrong = [codes(library.fetch("tr_j1", api_key=f"guess{n}")) for n in range(32)]
    assert wrong[0] == [2020]
    assert wrong[-1] == [1020]
    assert codes(library.fetch("tr_j1", begin_date="2025-01", end_date="2025-01")) == [3031]
