"""The verb "Re-read from Stripe" for lists and pages of orders and subscriptions."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from accounts.admin_pages import ReadOnlyAdmin, admin_url, refused
from subscriptions import support

MOST_AT_ONCE = 20


class RereadableAdmin(ReadOnlyAdmin):
    """Rows whose truth lies at Stripe. Whoever may see them may have them read again: it only makes them true."""

    change_form_template = "admin/subscriptions/rereadable.html"
    actions = ("re_read_selected",)

    def target(self, row: Any) -> tuple[str, str] | None:
        """What to read at Stripe (kind and key of a SyncTarget), or None when the row never reached Stripe."""
        raise NotImplementedError

    @admin.action(description="Re-read from Stripe", permissions=["view"])
    def re_read_selected(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        rows = list(queryset[: MOST_AT_ONCE + 1])
        if len(rows) > MOST_AT_ONCE:
            sentence = f"Choose at most {MOST_AT_ONCE} at a time: each one waits for Stripe's answer."
            self.message_user(request, sentence, messages.ERROR)
            return
        for row in rows:
            self.re_read(request, row)

    def re_read(self, request: HttpRequest, row: Any) -> None:
        target = self.target(row)
        if target is None:
            self.message_user(request, f"{row} never reached Stripe: there is nothing to read.", messages.WARNING)
            return
        problem = support.re_read(*target)
        if problem:
            self.message_user(request, f"{row} was not re-read. {problem}", messages.ERROR)
            return
        row.refresh_from_db()
        self.log_change(request, row, "Re-read from Stripe.")
        self.message_user(request, f"{row} was re-read from Stripe: {self.outcome(row)}.", messages.SUCCESS)

    def outcome(self, row: Any) -> str:
        return str(row)

    def re_read_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row: Model = get_object_or_404(self.model, pk=object_id)
        if not self.has_view_permission(request, row):
            return refused(self, request, "Support")
        self.re_read(request, row)
        return redirect(admin_url(row))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.re_read_view))
        name = f"{self.opts.app_label}_{self.opts.model_name}_re_read"
        return [path("<path:object_id>/re-read/", view, name=name), *super().get_urls()]
