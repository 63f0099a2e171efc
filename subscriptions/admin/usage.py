"""Usage for staff: months at a glance, each institution's numbers, turnaways, everybody's reports as tables."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from accounts import spreadsheets
from accounts.admin_pages import NOTHING, ReadOnlyAdmin, column
from subscriptions.counter import catalogue, library_views, showing
from subscriptions.counter.exceptions import Refused
from subscriptions.counter.showing import Line
from subscriptions.models import UsageMonth

COLUMNS = ("Month", "Institution", *showing.GLANCE)


@admin.register(UsageMonth)
class UsageMonthAdmin(ReadOnlyAdmin):
    list_display = ("named", "requests", "investigations", "turned_away", "state", "lost")
    change_list_template = "admin/subscriptions/usagemonth/change_list.html"
    list_per_page = 36

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("usage.csv", self.admin_site.admin_view(self.as_csv), name="subscriptions_usage_csv"),
            path("<str:month>/reports/", self.admin_site.admin_view(self.report), name="subscriptions_usage_report"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._lines = {line.month: line for line in showing.by_month(None, most=self.list_per_page)}
        return super().changelist_view(request, extra_context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A month: a line for each institution, what was asked for most without a license, and the reports."""
        row = self.get_object(request, object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        context = {
            **self.admin_site.each_context(request), "title": str(row), "opts": self.opts, "row": row,
            "lines": showing.by_institution([row.month]), "reports": catalogue.REPORTS.items(),
            "turned_away": showing.turned_away_from(None, row.month),
        }  # fmt: skip
        return TemplateResponse(request, "admin/subscriptions/usagemonth/month.html", context)

    def report(self, request: HttpRequest, month: str) -> HttpResponseBase:
        """One of everybody's reports for one month."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = request.GET.copy()
        asked["begin_date"] = asked["end_date"] = month[:7]
        try:
            return library_views.download(asked, None)
        except Refused as refused:
            raise Http404(str(refused)) from None

    def as_csv(self, request: HttpRequest) -> HttpResponse:
        """All months and institutions, for a spreadsheet."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        lines = showing.by_institution(UsageMonth.objects.values_list("month", flat=True))
        return spreadsheets.answer("usage", COLUMNS, _rows(lines))

    @column("month", ordering="month")
    def named(self, row: UsageMonth) -> str:
        return f"{row.month:%B %Y}"

    @column("full texts read")
    def requests(self, row: UsageMonth) -> int:
        return self._line(row).requests

    @column("all uses")
    def investigations(self, row: UsageMonth) -> int:
        return self._line(row).investigations

    @column("turned away")
    def turned_away(self, row: UsageMonth) -> int:
        return self._line(row).turned_away

    @column("state")
    def state(self, row: UsageMonth) -> str:
        if row.closed_at is None:
            return f"counted on {timezone.localtime(row.counted_at):%Y-%m-%d}" if row.counted_at else NOTHING
        return "in reports, events deleted" if row.sealed_at else "in reports"

    def _line(self, row: UsageMonth) -> Line:
        return self._lines.get(row.month) or Line(row.month)


def _rows(lines: Iterable[Line]) -> Iterable[list[Any]]:
    for line in lines:
        yield [f"{line.month:%Y-%m}", line.name, *(line.of(metric) for metric in showing.GLANCE)]
