"""The Django admin, named and sorted for the journal's staff: by what they came to do, not by app."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, include, path, reverse

from accounts import second_factor
from config.postgres.roles import for_staff
from desk.figures import pages as figures
from desk.overview import attention

DESKS = {
    "Publish": "Article ImportBatch Issue Section Topic Collection Journal",
    "Help a reader": "User Order Subscription Entitlement Payment Receipt Refund Dispute Finding SignInIncident"
    " DownloadQuestion Note AuditEntry",
    "Education (CME)": "Activity Provider Credit Report Commitment Attempt",
    "Sell": "RosterImport Offer PriceChange Policy ServiceCenter",
    "Institutions": "Institution SiteLicense RangeProposal InstitutionSignIn UsageMonth",
}
NAMES = {"Journal": "Journal", "ServiceCenter": "Service center", "SignInIncident": "Sign-in errors"}
BEHIND = "Behind the scenes"
SET_UP_FIRST = "Staff pages need a second factor. Set up an authenticator app or a passkey here, then open them again."


class FirstPageAdminSite(AdminSite):
    site_header = "First Page"
    site_title = "First Page staff"
    index_title = "Staff"
    enable_nav_sidebar = True
    index_template = "admin/desk/overview.html"

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [path("desk/", include("desk.urls")), *super().get_urls()]

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff with a second factor, where one is required (STAFF_SECOND_FACTOR)."""
        return super().has_permission(request) and not second_factor.is_missing(request.user)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The start page: first what needs attention, then the desks."""
        told = {"attention": attention.of(request), "has_figures": bool(figures.shown_to(request))}
        return super().index(request, {**told, **(extra_context or {})})

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The readers' own sign-in serves staff, too: one form with rate limits, codes and the error flow."""
        target = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(target)
        if self.has_permission(request):
            return super().login(request, extra_context)
        if request.user.is_staff:
            messages.warning(request, SET_UP_FIRST)
            return redirect("mfa_index")
        context = {**self.each_context(request), "title": "Only for staff", "target": target}
        return TemplateResponse(request, "admin/not_staff.html", context, status=403)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Staff's pages reach what readers' pages may not (config/postgres/roles.py), after the permission."""
        return super().admin_view(for_staff(view), cacheable)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The models at the desk they are used at; one app's own page (`app_label`) stays Django's."""
        apps = super().get_app_list(request, app_label)
        return apps if app_label else list(_desks(model for app in apps for model in app["models"]))


def _desks(models: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    by_name = {model["object_name"]: _named(model) for model in models}
    for name, words in DESKS.items():
        yield from _desk(name, [by_name.pop(word) for word in words.split() if word in by_name])
    yield from _desk(BEHIND, sorted(by_name.values(), key=lambda model: str(model["name"])))


def _named(model: dict[str, Any]) -> dict[str, Any]:
    """A table of one row is called by it, and articles are not typed in but imported."""
    add_word = "Import" if model["object_name"] == "Article" else "Add"
    return {**model, "name": NAMES.get(model["object_name"], model["name"]), "add_word": add_word}


def _desk(name: str, models: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    if models:
        label = name.lower().replace(" ", "-")
        address = f"{reverse('admin:index')}#{label}"
        yield {"name": name, "app_label": label, "app_url": address, "has_module_perms": True, "models": models}
