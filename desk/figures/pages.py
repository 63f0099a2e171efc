"""The page of figures and its tables for spreadsheets: each role sees the figures it may see."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts import spreadsheets
from desk.figures import books, series, spans
from desk.figures.drawing import columns
from desk.figures.series import Asking, Line, Plot
from desk.figures.spans import Span
from desk.pages import desk_page, page, refused

USAGE, CREDIT = ("subscriptions.view_usagemonth",), ("cme.view_credit",)
# Sums without names: for whoever sees payments, and for whoever sets prices.
MONEY = ("subscriptions.view_payment", "subscriptions.change_offer")


@dataclass(frozen=True, slots=True)
class Figure:
    key: str
    title: str
    about: str
    permissions: tuple[str, ...]
    plots: Callable[[Asking], list[Plot]]

    def is_for(self, request: HttpRequest) -> bool:
        return any(request.user.has_perm(permission) for permission in self.permissions)


NOT_KEPT = "What happened is kept until two weeks after its month; of days before, only the months are known."
FIGURES = (
    Figure(
        "readers", "Readers",
        "Different readers who opened an article: accounts, or browsers of those who are not signed in. Robots are"
        " left out. Somebody who reads on two days is one reader of each, so these are not added."
        f" {NOT_KEPT}", USAGE, series.readers,
    ),
    Figure(
        "reading", "Full texts read",
        f"Months are those of the usage reports; days and weeks count every opening. {NOT_KEPT}", USAGE, series.reading,
    ),
    Figure(
        "turnaways", "Turned away", "Readers who asked for an article and had no right to it.", USAGE, series.turnaways
    ),
    Figure(
        "sales", "Sales", "Payments for something new. Renewals have a figure of their own.", MONEY, series.sales
    ),
    Figure("renewals", "Renewals", "A subscription's payments after its first.", MONEY, series.renewals),
    Figure(
        "income", "Income",
        "What was charged, taxes included, by what it was for. Each currency by itself; refunds are not taken off.",
        MONEY, series.income,
    ),
    Figure(
        "refunds", "Refunds", "Asked for or made, on the day they were asked for. What failed or was canceled is left"
        " out.", MONEY, series.refunds,
    ),
    Figure(
        "cme", "CME credit", "Credit by the day it was claimed. What was revoked is left out.", CREDIT, series.credit
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plot with its picture, and the rows of its table, the newest first."""

    plot: Plot
    picture: SafeString
    rows: list[tuple[str, list[str]]]


def shown_to(request: HttpRequest) -> list[Figure]:
    return [figure for figure in FIGURES if figure.is_for(request)]


@desk_page()
def figures(request: HttpRequest) -> HttpResponse:
    shown = shown_to(request)
    if not shown:
        return refused(request, "Business")
    form, span = spans.chosen(request.GET)
    asking = Asking(span)
    context = {
        "title": "Figures", "form": form, "span": span,
        "figures": [(figure, _drawn(figure, asking)) for figure in shown],
        "has_books": _may_see_books(request),
        "presets": [(name, preset, preset == span) for name, preset in spans.presets(timezone.localdate())],
    }  # fmt: skip
    return page(request, "admin/desk/overview_figures.html", context)


def _drawn(figure: Figure, asking: Asking) -> list[Drawn] | None:
    """None where the database would have taken too long."""
    try:
        return [_draw(figure, plot, asking.span) for plot in figure.plots(asking)]
    except series.TooMuch:
        return None


def _draw(figure: Figure, plot: Plot, span: Span) -> Drawn:
    title = f"{figure.title}{f', {plot.name}' if plot.name else ''}: {span.words.lower()}"
    rows = [(span.name(one), [line.words(line.values[one]) for line in plot.lines]) for one in reversed(span.buckets)]
    return Drawn(plot, columns(plot, span, title), rows)


COLUMNS = ("What", "From", "To", "Currency", "Number", "Minor units")


@desk_page()
def as_csv(request: HttpRequest, key: str) -> HttpResponse:
    """One figure's numbers: a row for each line and day, week or month."""
    figure = next((figure for figure in FIGURES if figure.key == key), None)
    if figure is None:
        raise Http404
    if not figure.is_for(request):
        return refused(request, "Business")
    _, span = spans.chosen(request.GET)
    try:
        plots = figure.plots(Asking(span))
    except series.TooMuch:
        return HttpResponse("This takes too long to count. Choose fewer days.", status=503, content_type="text/plain")
    rows = (row for plot in plots for line in plot.lines for row in _rows(line, span))
    return spreadsheets.answer(f"{key}-{span.first}-{span.last}", COLUMNS, rows)


TOO_MUCH = "This is too much for one file. Choose fewer days."


def _may_see_books(request: HttpRequest) -> bool:
    return any(request.user.has_perm(permission) for permission in MONEY)


@desk_page()
def books_as_csv(request: HttpRequest) -> HttpResponse:
    """Every payment and refund of the time that is shown."""
    if not _may_see_books(request):
        return refused(request, "Business")
    _, span = spans.chosen(request.GET)
    if books.are_too_many(span):
        return HttpResponse(TOO_MUCH, status=503, content_type="text/plain")
    return spreadsheets.answer(f"payments-{span.first}-{span.last}", books.COLUMNS, books.rows(span))


def _rows(line: Line, span: Span) -> Iterator[list[Any]]:
    is_money = line.unit not in ("count", "quarters")
    for bucket, value in line.values.items():
        currency, minor = (line.unit.upper(), value) if is_money else ("", "")
        yield [line.name, bucket, span.last_of(bucket), currency, line.number(value), minor]
