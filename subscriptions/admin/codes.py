"""Packs of access codes: made in one go, downloaded as a table, stopped when they got into wrong hands."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import slugify

from accounts.admin_pages import ModelAdmin, PlainChoices, ReadOnlyAdmin, column, link_to, refused
from subscriptions import access_codes
from subscriptions.models import AccessCode, AccessCodeBatch


@admin.register(AccessCodeBatch)
class AccessCodeBatchAdmin(PlainChoices, ModelAdmin):
    list_display = ("name", "what", "number", "uses", "used", "days", "redeem_by", "stopped_at", "download")
    list_select_related = ("article", "issue", "journal")
    search_fields = ("name", "codes__code")
    search_help_text = "Name of the pack, or a code"
    autocomplete_fields = ("article", "issue")
    actions = ("stop", "go_on")
    fieldsets = (
        (None, {"fields": ("name",)}),
        ("What it opens", {"fields": ("article", "issue", "journal", "days")}),
        ("Codes", {"fields": ("number", "uses", "redeem_by")}),
    )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)  # codes that are out are not changed, but stopped

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(redeemed=Sum("codes__redeemed"))

    def save_model(self, request: HttpRequest, obj: AccessCodeBatch, form: Any, change: bool) -> None:
        obj.created_by = request.user  # type: ignore[assignment]
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            access_codes.make_codes(obj)

    @column("opens")
    def what(self, batch: AccessCodeBatch) -> str:
        return str(batch.scope)

    @column("redeemed")
    def used(self, batch: AccessCodeBatch) -> int:
        return batch.redeemed or 0  # type: ignore[attr-defined]

    @column("codes")
    def download(self, batch: AccessCodeBatch) -> str:
        address = reverse("admin:subscriptions_accesscodebatch_csv", args=[batch.pk])
        return format_html('<a href="{}">Download (CSV)</a>', address)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.csv_view)
        return [path("<int:pk>/codes.csv", view, name="subscriptions_accesscodebatch_csv"), *super().get_urls()]

    def csv_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch = get_object_or_404(AccessCodeBatch, pk=pk)
        if not request.user.has_perm("subscriptions.add_accesscodebatch"):
            return refused(self, request, "Business")
        self.log_change(request, batch, "Codes downloaded.")
        name = slugify(batch.name) or "codes"
        headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "private, no-store"}
        return HttpResponse(access_codes.as_csv(batch), content_type="text/csv; charset=utf-8", headers=headers)

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.change_accesscodebatch")

    @admin.action(description="Stop: take no code of these packs any more", permissions=["stop"])
    def stop(self, request: HttpRequest, queryset: "QuerySet[AccessCodeBatch]") -> None:
        for batch in queryset.filter(stopped_at=None):
            self._set_stopped(request, batch, "Stopped. What was redeemed stays open.")

    @admin.action(description="Go on: take codes of these packs again", permissions=["stop"])
    def go_on(self, request: HttpRequest, queryset: "QuerySet[AccessCodeBatch]") -> None:
        for batch in queryset.filter(stopped_at__isnull=False):
            self._set_stopped(request, batch, "Codes are taken again.")

    def _set_stopped(self, request: HttpRequest, batch: AccessCodeBatch, said: str) -> None:
        AccessCodeBatch.objects.filter(pk=batch.pk).update(stopped_at=None if batch.stopped_at else timezone.now())
        self.log_change(request, batch, said)
        self.message_user(request, f"“{batch}”: {said}", messages.SUCCESS)


@admin.register(AccessCode)
class AccessCodeAdmin(ReadOnlyAdmin):
    """One code, for the reader on the phone: is it ours, is it used up, by whom?"""

    list_display = ("code", "pack", "uses", "redeemed")
    list_select_related = ("batch",)
    show_full_result_count = False
    search_fields = ("code", "batch__name")
    search_help_text = "A code (7KQ4-9ACM-RXTD), or the name of a pack"
    fieldsets = ((None, {"fields": ("code", "pack", "uses", "redeemed")}),)

    @column("pack")
    def pack(self, code: AccessCode) -> str:
        return link_to(code.batch)
