"""Figures over time against rows made by hand: in the journal's time zone, at month ends, each currency by itself."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from desk.figures import series
from desk.figures.series import Asking
from desk.figures.spans import DAY, MONTH, WEEK, Span, SpanForm
from subscriptions.models import (
    CreditNote,
    Order,
    Payment,
    Receipt,
    Refund,
    SiteLicense,
    Subscription,
    UsageCount,
    UsageEvent,
    UsageMonth,
)
from tests.admin.said import text_of
from tests.cme.make import make_credit
from tests.make import make_article, make_institution, make_journal, make_offer, make_user

pytestmark = pytest.mark.django_db
YEAR = Span.around(MONTH, date(2026, 1, 1), date(2026, 12, 31))
HALLOWEEN = Span.around(DAY, date(2026, 10, 31), date(2026, 11, 2))
_number = iter(range(1, 10_000))


def at(text: str) -> datetime:
    """A moment in New York, the journal's time zone in the tests."""
    return timezone.make_aware(datetime.fromisoformat(text))


def pay(when: str, amount: int = 3000, currency: str = "usd", kind: str = "purchase", **links: Any) -> Payment:
    number = next(_number)
    if kind and not links:
        offer = make_offer("purchase", active=False)
        links["order"] = Order.objects.create(
            user=make_user(), offer=offer, kind=kind, article=make_article(), journal=offer.journal, amount=amount,
            currency=currency, description="x", state="paid",
        )  # fmt: skip
    return Payment.objects.create(
        charge_id=f"ch_{number}", payment_intent_id=f"pi_{number}", amount=amount, currency=currency, paid_at=at(when),
        **links,
    )  # fmt: skip


def subscription(user: User) -> Subscription:
    return Subscription.objects.create(
        stripe_id=f"sub_{next(_number)}", user=user, journal=make_journal(), status="active", synced_at=timezone.now()
    )


def told(plots: list[series.Plot]) -> dict[tuple[str, str], dict[str, int]]:
    """{(plot, line): {day: number}} without the zeros."""
    return {
        (plot.name, line.name): {str(day): value for day, value in line.values.items() if value}
        for plot in plots
        for line in plot.lines
    }


def test_a_payment_belongs_to_the_month_it_was_made_in_here_not_in_london() -> None:
    assert timezone.get_default_timezone_name() == "America/New_York"
    pay("2026-10-31 23:59:59.999", 100)  # November 1, 03:59 in London
    pay("2026-11-01 00:00", 20)
    pay("2026-12-31 23:30", 3)
    assert told(series.income(Asking(YEAR)))["USD", "Articles bought"] == {
        "2026-10-01": 100, "2026-11-01": 20, "2026-12-01": 3,
    }  # fmt: skip


def test_the_day_on_which_clocks_change_has_twenty_five_hours() -> None:
    pay("2026-11-01 00:00", 1)
    Payment.objects.update(paid_at=datetime(2026, 11, 2, 4, 59, tzinfo=UTC))  # 23:59 on the first: it is winter by then
    pay("2026-10-31 23:59", 1)
    pay("2026-11-02 00:00", 1)
    pay("2026-11-03 00:00", 1)  # outside
    assert told(series.sales(Asking(HALLOWEEN)))["", "Articles bought"] == {
        "2026-10-31": 1, "2026-11-01": 1, "2026-11-02": 1,
    }  # fmt: skip


def test_weeks_begin_on_mondays_and_run_over_the_end_of_a_year() -> None:
    span = Span.around(WEEK, date(2026, 12, 30), date(2027, 1, 5))
    assert [str(day) for day in span.buckets] == ["2026-12-28", "2027-01-04"]
    pay("2027-01-03 23:59", 5)
    pay("2027-01-04 00:00", 7)
    assert told(series.income(Asking(span)))["USD", "Articles bought"] == {"2026-12-28": 5, "2027-01-04": 7}


def test_currencies_are_never_added_and_sources_are_told_apart() -> None:
    dan = make_user()
    pay("2026-03-31 12:00", 3000)
    pay("2026-03-31 12:00", 2500, "eur", "rental")
    pay("2026-03-31 12:00", 4500, "jpy", "issue")
    running = subscription(dan)
    for when in ("2026-03-31 10:00", "2026-04-30 10:00", "2026-05-31 10:00"):
        pay(when, 900, subscription=running)
    term = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31), "amount": 250_000}
    bought = SiteLicense.objects.create(institution=make_institution(), journal=make_journal(), **term)
    pay("2026-03-31 12:00", 250_000, license=bought)
    assert told(series.income(Asking(YEAR))) == {
        ("EUR", "Articles rented"): {"2026-03-01": 2500},
        ("JPY", "Issues bought"): {"2026-03-01": 4500},
        ("USD", "Articles bought"): {"2026-03-01": 3000},
        ("USD", "New subscriptions"): {"2026-03-01": 900},
        ("USD", "Renewals"): {"2026-04-01": 900, "2026-05-01": 900},
        ("USD", "Institutions’ licenses"): {"2026-03-01": 250_000},
    }
    assert told(series.renewals(Asking(YEAR))) == {("", "Renewals"): {"2026-04-01": 1, "2026-05-01": 1}}
    assert told(series.sales(Asking(YEAR)))["", "New subscriptions"] == {"2026-03-01": 1}
    (yen,) = [plot for plot in series.income(Asking(YEAR)) if plot.name == "JPY"]
    assert yen.lines[0].words(4500) == "¥4,500"


def test_refunds_that_failed_are_none() -> None:
    payment = pay("2026-03-01 12:00", 3000)
    for state, amount in (("succeeded", 1000), ("requested", 200), ("failed", 30), ("canceled", 4)):
        Refund.objects.create(payment=payment, amount=amount, state=state, created_at=at("2026-03-31 23:30"))
    assert told(series.refunds(Asking(YEAR))) == {("USD", "Refunds"): {"2026-03-01": 1200}}


def use(when: str, reader: str, **fields: Any) -> None:
    usual = {"page": "article", "access_type": "Controlled", "is_investigation": True, "article_id": 1}
    UsageEvent.objects.create(at=at(when), reader=reader, **{**usual, **fields})


def test_readers_are_counted_once_a_day_and_turnaways_each_time() -> None:
    use("2026-10-31 23:30", "anna", is_request=True)
    use("2026-10-31 23:40", "anna", is_request=True)
    use("2026-10-31 10:00", "ben", denied="No_License")
    use("2026-11-01 10:00", "anna", denied="Limit_Exceeded")
    use("2026-11-01 10:00", "carla", article_id=None, page="search:heron")
    assert told(series.readers(Asking(HALLOWEEN))) == {("", "Readers"): {"2026-10-31": 2, "2026-11-01": 1}}
    assert told(series.reading(Asking(HALLOWEEN))) == {("", "Full texts read"): {"2026-10-31": 2}}
    assert told(series.turnaways(Asking(HALLOWEEN))) == {("", "Turned away"): {"2026-10-31": 1, "2026-11-01": 1}}


def test_months_are_those_of_the_usage_reports_and_what_is_deleted_is_not_shown_as_nothing(sam: Client) -> None:
    for month, sealed in ((date(2026, 9, 1), timezone.now()), (date(2026, 10, 1), None)):
        UsageMonth.objects.create(month=month, sealed_at=sealed)
        for metric, count in (("Total_Item_Requests", 40), ("No_License", 5), ("Limit_Exceeded", 1)):
            UsageCount.objects.create(
                month=month, yop=2026, access_type="Controlled", access_method="Regular", metric=metric, count=count
            )
    institution = make_institution()
    UsageCount.objects.create(
        month=date(2026, 9, 1), institution=institution, yop=2026, access_type="Controlled", access_method="Regular",
        metric="No_License", count=5,
    )  # fmt: skip
    assert told(series.turnaways(Asking(YEAR))) == {("", "Turned away"): {"2026-09-01": 6, "2026-10-01": 6}}
    days = Span.around(DAY, date(2026, 9, 30), date(2026, 10, 1))
    assert list(series.turnaways(Asking(days))[0].lines[0].values.values()) == [None, 0]
    answer = sam.get("/admin/desk/figures/?unit=day&first=2026-09-30&last=2026-10-01")
    assert "Sep 30, 2026 not kept" in text_of(answer)


def test_credit_is_told_in_credits_and_what_was_revoked_is_none(ella: Client) -> None:
    kept, revoked = make_credit(), make_credit()
    type(kept).objects.filter(pk__in=[kept.pk, revoked.pk]).update(claimed_at=at("2026-02-28 23:30"), quarters=6)
    type(kept).objects.filter(pk=revoked.pk).update(revoked_at=timezone.now())
    assert told(series.credit(Asking(YEAR))) == {
        ("", "Credit claimed"): {"2026-02-01": 6}, ("", "Certificates"): {"2026-02-01": 1},
    }  # fmt: skip
    answer = ella.get(f"/admin/desk/figures/?{YEAR.query}")
    assert "February 2026 1.5 1" in text_of(answer)


def test_each_role_sees_its_figures(sam: Client, bea: Client, edith: Client, ella: Client) -> None:
    def titles(client: Client) -> list[str]:
        return [figure.key for figure, _ in client.get("/admin/desk/figures/").context["figures"]]

    everything = ["readers", "reading", "turnaways", "sales", "renewals", "income", "refunds"]
    assert titles(sam) == [*everything, "cme"]
    assert titles(bea) == everything
    assert titles(ella) == ["cme"]
    assert edith.get("/admin/desk/figures/").status_code == 403
    assert "Figures over time" not in text_of(edith.get("/admin/"))
    assert ella.get("/admin/desk/figures/income.csv").status_code == 403
    assert bea.get("/admin/desk/figures/nothing.csv").status_code == 404


def test_the_page_shows_plot_and_table_of_the_same_numbers(sam: Client) -> None:
    pay("2026-03-31 23:30", 123_456)
    answer = sam.get(f"/admin/desk/figures/?{YEAR.query}")
    assert "March 2026 $1,234.56" in text_of(answer)
    html = answer.content.decode()
    assert "<title>March 2026: $1,234.56</title>" in html
    assert 'aria-label="Income, USD: months from january 1, 2026 to december 31, 2026"' in html
    assert "None in this time." in text_of(answer)


def test_a_table_for_a_spreadsheet_says_currency_and_minor_units(bea: Client) -> None:
    pay("2026-03-31 23:30", 123_456)
    answer = bea.get(f"/admin/desk/figures/income.csv?{YEAR.query}")
    assert answer["Content-Disposition"] == 'attachment; filename="income-2026-01-01-2026-12-31.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert len(rows) == 12
    assert list(rows[2].values()) == ["Articles bought", "2026-03-01", "2026-03-31", "USD", "1234.56", "123456"]


def test_the_books_hold_every_payment_and_refund_by_its_paper_without_a_name(bea: Client, ella: Client) -> None:
    bought, living = pay("2026-03-31 23:30", 123_456, "jpy"), subscription(make_user("anna@example.org"))
    Receipt.objects.create(payment=bought, description="Article", tax={"amount": 100, "lines": []})
    first = pay("2026-03-02 10:00", 900, subscription=living)
    pay("2026-04-02 10:00", 900, subscription=living)
    pay("2026-04-03 10:00", 250_000, license=SiteLicense.objects.create(
        institution=make_institution(), journal=make_journal(), starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31),
        amount=250_000,
    ))  # fmt: skip
    refund = Refund.objects.create(payment=first, amount=400, state="succeeded", created_at=at("2026-04-01 09:00"))
    Refund.objects.create(payment=first, amount=1, state="failed", created_at=at("2026-04-01 09:00"))
    note = CreditNote.objects.create(refund=refund, receipt=Receipt.objects.create(payment=first, description="x"))
    assert "Every payment and refund of this time" in text_of(bea.get(f"/admin/desk/figures/?{YEAR.query}"))
    with CaptureQueriesContext(connection) as asked:
        answer = bea.get(f"/admin/desk/figures/payments.csv?{YEAR.query}")
    assert len(asked) < 15
    said = answer.content.decode("utf-8-sig")
    _, *rows = csv.reader(io.StringIO(said))
    assert [row[:6] for row in rows] == [
        ["2026-03-02", "Payment", f"Receipt {note.receipt.number}", "New subscriptions", "USD", "9.00"],
        ["2026-03-31", "Payment", f"Receipt {bought.receipt.number}", "Articles bought", "JPY", "123456"],
        ["2026-04-01", "Refund", f"Credit note {note.number}", "Refunds", "USD", "-4.00"],
        ["2026-04-02", "Payment", "", "Renewals", "USD", "9.00"],
        ["2026-04-03", "Payment", "", "Institutions’ licenses", "USD", "2500.00"],
    ]
    assert [row[6:8] for row in rows[:3]] == [["", "900"], ["100", "123456"], ["", "-400"]]
    assert "@" not in said
    assert ella.get("/admin/desk/figures/payments.csv").status_code == 403
    assert "payments.csv" not in ella.get("/admin/desk/figures/").content.decode()


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("unit=day&first=2026-02-30&last=2026-03-01", "Enter a valid date."),
        ("unit=day&first=2026-03-02&last=2026-03-01", "The last day lies before the first."),
        (
            "unit=day&first=2020-01-01&last=2026-03-01",
            "More than 100 columns cannot be told apart. Choose weeks or months.",
        ),
        ("unit=week&first=2020-01-01&last=2026-03-01", "Choose months."),
        ("unit=day&first=0001-01-01&last=9999-12-31", "There is nothing to show that long ago or ahead."),
        ("unit=hour&first=2026-01-01&last=2026-03-01", "Select a valid choice."),
    ],
)
def test_a_wrong_range_is_named_and_the_last_days_are_shown(sam: Client, asked: str, sentence: str) -> None:
    answer = sam.get(f"/admin/desk/figures/?{asked}")
    assert sentence in text_of(answer)
    assert answer.context["span"] == Span.latest(DAY, 30, timezone.localdate())


def test_what_takes_too_long_is_said_and_the_other_figures_stand(sam: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "_READERS", "SELECT pg_sleep(9)")
    monkeypatch.setattr(series, "SECONDS", 0.05)
    said = text_of(sam.get("/admin/desk/figures/"))
    assert said.count("This takes too long to count for these days.") == 1
    assert "Income" in said
    assert sam.get("/admin/desk/figures/readers.csv").status_code == 503


def test_months_go_back_over_years_and_february() -> None:
    span = Span.latest(MONTH, 13, date(2028, 2, 29))
    assert (str(span.first), str(span.last), len(span.buckets)) == ("2027-02-01", "2028-02-29", 13)
    assert SpanForm({"unit": "month", "first": "2026-01-31", "last": "2026-01-31"}).is_valid()
    assert span.last_of(date(2028, 2, 1)) - span.last_of(date(2027, 2, 1)) == timedelta(days=366)


def test_one_statement_serves_all_figures_of_payments(bea: Client) -> None:
    pay("2026-03-31 12:00")
    with CaptureQueriesContext(connection) as asked:
        assert bea.get(f"/admin/desk/figures/?{YEAR.query}").status_code == 200
    assert len([query for query in asked if "FROM subscriptions_payment p" in query["sql"]]) == 1
    assert len(asked) < 35
