"""Reports to the accreditor: what waits, what was rejected and why, the files for PARS, and its answers."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from accounts.admin_pages import ReadOnlyAdmin, admin_url, column, link_to, refused
from cme import matcher, reports
from cme.models import Report


class AnswerForm(forms.Form):
    """What the accreditor said about a report that staff handed in themselves."""

    state = forms.ChoiceField(
        label="The accreditor has",
        choices=[(Report.State.ACCEPTED, "accepted it"), (Report.State.REJECTED, "rejected it")],
    )
    reason = forms.CharField(
        max_length=300, required=False, help_text="With a rejection: what the learner should look at again."
    )

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if told.get("state") == Report.State.REJECTED and not told.get("reason"):
            self.add_error("reason", "Write why: the learner reads it and can mend it.")
        return told


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    list_display = ("certificate", "activity", "state", "reason", "handed_in_at", "answered_at")
    list_filter = ("state",)
    list_select_related = ("credit__activity__article",)
    search_fields = ("credit__number", "credit__name", "credit__user__email")
    search_help_text = "Number of the certificate, name or email address"
    actions = ("download_table", "download_json", "hand_in")
    change_form_template = "admin/cme/report/change_form.html"
    fields = (
        "certificate", "state", "reason", "consented_at", "handed_in_at", "answered_at", "tries", "license_state",
        "wiped_at",
    )  # fmt: skip
    readonly_fields = ("certificate",)

    @column("certificate", ordering="credit__number")
    def certificate(self, report: Report) -> str:
        return link_to(report.credit, report.credit.number)

    @column("activity")
    def activity(self, report: Report) -> str:
        return str(report.credit.activity.article)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("cme.change_report")

    def _chosen(self, request: HttpRequest, queryset: "QuerySet[Report]", what: str) -> list[Report]:
        """What may be told, with a line in the log: these files hold license numbers."""
        rows = reports.reportable().filter(pk__in=queryset.values("pk"))
        found = list(rows.select_related("credit__activity__article", "credit__activity__provider"))
        for report in found:
            self.log_change(request, report, f"Exported as {what}.")
        return found

    @admin.action(description="Download for PARS (tab-delimited)", permissions=["export"])
    def download_table(self, request: HttpRequest, queryset: "QuerySet[Report]") -> HttpResponse:
        text = reports.as_table(self._chosen(request, queryset, "tab-delimited text"))
        return _file(text, "text/tab-separated-values; charset=utf-8", "txt")

    @admin.action(description="Download for PARS (JSON)", permissions=["export"])
    def download_json(self, request: HttpRequest, queryset: "QuerySet[Report]") -> HttpResponse:
        text = reports.as_json(self._chosen(request, queryset, "JSON"))
        return _file(text, "application/json", "json")

    @admin.action(description="Match what is queued now", permissions=["export"])
    def hand_in(self, request: HttpRequest, queryset: "QuerySet[Report]") -> None:
        try:
            answered = reports.hand_in_queued()
        except matcher.Unavailable as missing:
            self.message_user(request, f"Nothing was handed in. {missing}", messages.WARNING)
        else:
            self.message_user(request, f"{answered} answered.", messages.SUCCESS)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.answer_view)
        return [path("<int:pk>/answer/", view, name="cme_report_answer"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        may = {"may_answer": self.has_export_permission(request)}
        return super().change_view(request, object_id, form_url, {**may, **(extra_context or {})})

    def answer_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        report = get_object_or_404(Report.objects.select_related("credit"), pk=pk)
        if not self.has_export_permission(request):
            return refused(self, request, "Education")
        form = AnswerForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self._written_down(request, report, form.cleaned_data)
        context = {
            **self.admin_site.each_context(request), "title": "Write down the answer", "opts": self.opts,
            "report": report, "form": form,
        }  # fmt: skip
        return TemplateResponse(request, "admin/cme/report/answer.html", context)

    def _written_down(self, request: HttpRequest, report: Report, told: dict[str, Any]) -> HttpResponse:
        accepted = told["state"] == Report.State.ACCEPTED
        if reports.take_answer(report, matcher.Answer(accepted, "" if accepted else told["reason"])):
            self.log_change(request, report, f"Answer written down: {told['state']}. {told['reason']}".strip())
            mailed = "" if accepted else " The learner is mailed what to mend."
            self.message_user(request, f"Written down.{mailed}", messages.SUCCESS)
        else:
            self.message_user(request, "The learner has taken the wish back: nothing is reported.", messages.WARNING)
        return redirect(admin_url(report))


def _file(text: str, kind: str, ending: str) -> HttpResponse:
    name = f"pars-{timezone.localdate():%Y-%m-%d}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(text, content_type=kind, headers=headers)
