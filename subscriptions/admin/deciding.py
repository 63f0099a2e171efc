"""Rows that wait for a person's yes or no: one page to look and decide, for proofs and withdrawals alike."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from accounts.admin_pages import ReadOnlyAdmin, admin_url, refused
from subscriptions import gateway


class DecidableAdmin(ReadOnlyAdmin):
    """A read-only list with “Decide…”. The form has `act(by)`, which decides and says so in a sentence for the log, or
    raises ValueError with one for the page."""

    change_form_template = "admin/subscriptions/decidable.html"
    role = "Support"

    def is_open(self, row: Any) -> bool:
        raise NotImplementedError

    def form_for(self, row: Any, data: Any) -> Any:
        raise NotImplementedError

    def notes(self, row: Any) -> list[str]:
        """What staff should see beside the form."""
        raise NotImplementedError

    def preview(self, row: Any) -> Any:
        """What deciding would change, as HTML; nothing by default."""
        return ""

    def may_decide(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        may = {"may_decide": row is not None and self.is_open(row) and self.may_decide(request)}
        return super().change_view(request, object_id, form_url, {**may, **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_decide"
        return [path("<int:pk>/decide/", self.admin_site.admin_view(self.decide_view), name=name), *super().get_urls()]

    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = get_object_or_404(self.model, pk=pk)
        if not self.may_decide(request):
            return refused(self, request, self.role)
        form = self.form_for(row, request.POST or None)
        if request.method == "POST" and form.is_valid() and self._decided(request, row, form):
            return redirect(admin_url(row))
        context = {
            **self.admin_site.each_context(request), "title": "Decide", "opts": self.opts, "original": row,
            "form": form, "notes": self.notes(row), "is_open": self.is_open(row), "preview": self.preview(row),
        }  # fmt: skip
        return TemplateResponse(request, "admin/subscriptions/decide.html", context)

    def _decided(self, request: HttpRequest, row: Any, form: Any) -> bool:
        try:
            said = form.act(request.user)
        except ValueError as error:
            form.add_error(None, str(error))
            return False
        except gateway.GatewayError as error:
            form.add_error(None, f"Stripe did not answer as hoped, and nothing was changed: {error}")
            return False
        self.log_change(request, row, said)
        self.message_user(request, f"{row}: {said}", messages.SUCCESS)
        return True
