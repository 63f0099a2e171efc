"""Taking a table out, and bringing it back: uploaded, looked at, applied."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from accounts import spreadsheets
from desk.bulk.plan import MOST_BYTES, Plan, Table
from desk.bulk.tables import TABLES
from desk.pages import desk_page, page, refused
from desk.what_if.pages import seen_by


class TableForm(forms.Form):
    file = forms.FileField(
        label="Table (CSV)", help_text="UTF-8, as spreadsheet programs save “CSV UTF-8”; at most 1 MB.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,text/csv"}),
    )  # fmt: skip

    def clean_file(self) -> str:
        try:
            return spreadsheets.text_of(self.cleaned_data["file"].read(MOST_BYTES + 1), MOST_BYTES)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


@desk_page()
def take(request: HttpRequest, name: str) -> HttpResponse:
    table = _found(name)
    if not request.user.has_perms(table.may_export):
        return refused(request, table.role or "Business")
    return spreadsheets.answer(f"{name}-{timezone.localdate()}", table.columns, table.rows())


@desk_page()
def bring(request: HttpRequest, name: str) -> HttpResponse:
    """The file is not kept: its text goes along on the page that says what it would do."""
    table = _found(name)
    if table.check is None:
        raise Http404
    if not request.user.has_perms(table.may_import):
        return refused(request, table.role)
    if request.method == "POST" and "content" in request.POST:
        return _applied(request, name, table, request.POST["content"])
    form = TableForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["file"]
        return _look(request, name, table, text, table.check(text))
    return _page(request, name, table, form=form)


def _found(name: str) -> Table:
    if name not in TABLES:
        raise Http404
    return TABLES[name]


def _applied(request: HttpRequest, name: str, table: Table, text: str) -> HttpResponse:
    assert table.check and table.apply  # noqa: S101  (`bring` has looked)
    plan = table.check(text)
    if not plan.is_possible or plan.digest != request.POST.get("digest"):
        messages.warning(request, "Nothing was changed: it would be something else by now. Look at it again.")
        return _look(request, name, table, text, plan)
    try:
        done = table.apply(plan, request.user.pk or 0)
    except IntegrityError:
        messages.warning(request, "Nothing was changed: somebody changed the same at this moment. Look at it again.")
        return _look(request, name, table, text, table.check(text))
    messages.success(request, f"{done:,} changed by the table.")
    return redirect(f"admin:{table.list_page}_changelist")


def _look(request: HttpRequest, name: str, table: Table, text: str, plan: Plan) -> HttpResponse:
    effect = seen_by(request, plan.effect) if plan.effect else None
    return _page(request, name, table, plan=plan, content=text, effect=effect)


def _page(request: HttpRequest, name: str, table: Table, **context: Any) -> HttpResponse:
    told = {"title": table.title, "name": name, "table": table, "list_page": f"admin:{table.list_page}_changelist"}
    return page(request, "admin/desk/overview_table.html", {"form": None, "plan": None, **told, **context})
