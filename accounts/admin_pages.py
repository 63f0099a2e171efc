"""The kinds of admin pages every app uses: what staff only read, and the one row every page of the site shows."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

if TYPE_CHECKING:  # the classes are generic for the type checker only
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
    ModelForm = forms.ModelForm[Any]
else:
    ModelAdmin, TabularInline, ModelForm = admin.ModelAdmin, admin.TabularInline, forms.ModelForm

NOTHING = "–"


class ReadOnly:
    """What happened is shown, never typed: rows that selling, importing or Stripe have written."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, ModelAdmin):
    """A list and a page to read. Actions ask for permissions of their own."""

    view_on_site = False  # a reader's order or receipt is for that reader alone


class ReadOnlyInline(ReadOnly, TabularInline):
    """Rows below a page, to read. Every one of `fields` may also be a column that is worked out."""

    extra = 0
    max_num = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields


class PageAtOnce(ModelAdmin):
    """A list whose columns need more than its rows know: `of_page` looks it up once for all rows of the page."""

    def of_page(self, rows: list[Any]) -> None:
        raise NotImplementedError

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        rows = list(changelist.result_list)
        self.of_page(rows)
        changelist.result_list = rows
        return changelist


class PlainChoices:
    """Choices of other rows without the pencil, plus and cross that open their forms in windows."""

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        formfield = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        for button in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if formfield is not None and hasattr(formfield.widget, button):
                setattr(formfield.widget, button, False)
        return formfield


class OneRowAdmin(ModelAdmin):
    """A table with one row, shown in the frame of every page: no list, no second row, no deleting."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not self.model.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        row = self.model.objects.first()
        if row is None and self.has_add_permission(request):
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_add")
        return redirect(admin_url(row)) if row else super().changelist_view(request, extra_context)


def is_there(field: str, title: str, there: str, not_there: str) -> Any:
    """A filter by whether a column is filled, in the words of the list it stands beside."""

    class IsThere(admin.SimpleListFilter):
        parameter_name = f"{field}_there"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [("yes", there), ("no", not_there)]

        def queryset(self, request: HttpRequest, queryset: Any) -> Any:
            if self.value() not in ("yes", "no"):
                return queryset
            return queryset.filter(**{f"{field}__isnull": self.value() == "no"})

    IsThere.title = title
    return IsThere


def refused(model_admin: Any, request: HttpRequest, role: str) -> HttpResponse:
    """403 in words: which role the page needs, and who gives it."""
    context = {**model_admin.admin_site.each_context(request), "title": "Not with your role", "role": role}
    return TemplateResponse(request, "admin/refused.html", context, status=403)


def admin_url(row: Model) -> str:
    """The address of a row's admin page, or the empty text when it has none."""
    try:
        return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    except NoReverseMatch:
        return ""


def link_to(row: Model | None, text: str = "") -> str | SafeString:
    """A link to a row's admin page, for a column of a list."""
    if row is None:
        return NOTHING
    return format_html('<a href="{}">{}</a>', admin_url(row), text or str(row))


def column(title: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`@admin.display` with the title first, and a dash for what is empty."""
    shown: Callable[[Callable[..., Any]], Callable[..., Any]]
    shown = admin.display(description=title, empty_value=NOTHING, **options)
    return shown
